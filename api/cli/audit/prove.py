"""`ordain audit prove` and `consistency`: proofs to take away."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import click

from ordain.api.cli.audit.readers import (
    access,
    legal_claim_option,
    only_public,
    parsed_id,
    read_one,
    reader_options,
)
from ordain.api.cli.finite import PLACE
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.api.settings import load_settings
from ordain.audit.ledger.bundles import bundle
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.proving import NO_CHECKPOINT, consistency
from ordain.audit.ledger.reader import Disclosed
from ordain.audit.records.readings import Access
from ordain.engine.errors import MalformedRequest, NotCovered, SettingsError, reason_of


@click.command("prove")
@click.argument("entry_id")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the proof to this file.")
@click.option("--reveal", is_flag=True, help="With what opens this entry, and no other; goes on record as a reading.")
@legal_claim_option
@reader_options
@json_option("Print the proof inside a JSON object, with the public key and the timestamp, if there is one.")
@click.pass_obj
def prove_command(
    call: Invocation,
    entry_id: str,
    output: Path | None,
    reveal: bool,
    legal_claim: str | None,
    name: str | None,
    purpose: str | None,
    as_json: bool,
) -> None:
    """Prove that ENTRY_ID is in the log, against the newest checkpoint (https://c2sp.org/tlog-proof).

    The proof holds nothing personal. It verifies offline, with the ledger's public key: ordain audit verify-proof.
    With --reveal the file also shows what the entry holds: sealed bytes, and the key of this entry alone.

    Exit codes: 0 proven, 2 there is no such entry, it cannot be opened, or no checkpoint covers it yet, 3 the ledger
    cannot be read, or the reading not recorded.
    """
    by = access(load_settings(call.config), name, purpose, legal_claim)
    with opened_ledger(call.config, restricted=legal_claim is not None) as opened:
        try:
            whole = bundle(opened, parsed_id(entry_id), _revealed(opened, entry_id, by) if reveal else None)
        except NotCovered as error:
            raise NotCovered(error.message, NO_CHECKPOINT) from None
    text = json.dumps(whole, ensure_ascii=False)
    if output is not None:
        _write(output, text + "\n" if reveal else whole["proof"])
    if as_json or (reveal and output is None):
        OUT.print(text, markup=False)
    elif output is None:
        OUT.print(whole["proof"], markup=False, end="")
    else:
        OUT.print(f"{output}; it verifies with the key {whole['key']}", markup=False)


def _revealed(opened: OpenLedger, text: str, by: Access) -> Disclosed:
    """What opens the entry; that it is given away is on record before. Raises MalformedRequest."""
    record = read_one(opened, text, "prove --reveal", by)
    disclosed = opened.reader.disclosed(record.entry.id)
    if disclosed is None:
        raise MalformedRequest(f"the entry `{record.entry.id}` cannot be revealed", only_public(record) or "see `show`")
    return disclosed


@click.command("consistency")
@click.argument("old", type=PLACE)
@click.argument("new", type=PLACE, required=False)
@json_option("Print checkpoints and proof as JSON.")
@click.pass_obj
def consistency_command(call: Invocation, old: int, new: int | None, as_json: bool) -> None:
    """Prove that the log of OLD entries is the beginning of the log of NEW.

    NEW is the newest checkpoint if left out, with witnesses the newest that they cosigned. Both are sizes of
    checkpoints on record. Printed: the older checkpoint, the hashes of the proof (RFC 9162 section 2.1.4, base64),
    the newer checkpoint.

    Exit codes: 0 proven, 2 no such checkpoint, 3 the ledger cannot be read or is not what was signed.
    """
    with opened_ledger(call.config) as opened:
        proof, key = consistency(opened.store, old, new, opened.published), opened.identity.key
    hashes = [base64.b64encode(hashed).decode() for hashed in proof.hashes]
    if as_json:
        data = {
            "key": key,
            "old": {"size": proof.old_size, "checkpoint": proof.old_note},
            "proof": hashes,
            "new": {"size": proof.new_size, "checkpoint": proof.new_note},
        }
        OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
    else:
        OUT.print("\n".join([proof.old_note, *hashes, "", proof.new_note]), markup=False, end="")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SettingsError(
            f"`{file}` cannot be written: {reason_of(error)}", "check its folder and the disk"
        ) from None
