"""`ordain audit prove` and `consistency`: proofs to take away."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import click

from ordain.api.cli.audit.readers import parsed_id
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.audit.ledger.proving import consistency, proof_file
from ordain.engine.errors import SettingsError, reason_of


@click.command("prove")
@click.argument("entry_id")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the proof to this file.")
@json_option("Print the proof inside a JSON object, with the public key.")
@click.pass_obj
def prove_command(call: Invocation, entry_id: str, output: Path | None, as_json: bool) -> None:
    """Prove that ENTRY_ID is in the log, against the newest checkpoint (https://c2sp.org/tlog-proof).

    The proof holds nothing personal. It verifies offline, with the ledger's public key: ordain audit verify-proof.

    Exit codes: 0 proven, 2 there is no such entry or no checkpoint covers it yet, 3 the ledger cannot be read.
    """
    with opened_ledger(call.config) as opened:
        text, key = proof_file(opened.store, opened.reader, parsed_id(entry_id)), opened.identity.key
    if output is not None:
        _write(output, text)
    if as_json:
        OUT.print(json.dumps({"entry_id": entry_id, "key": key, "proof": text}, ensure_ascii=False), markup=False)
    elif output is None:
        OUT.print(text, markup=False, end="")
    else:
        OUT.print(f"{output}; it verifies with the key {key}", markup=False)


@click.command("consistency")
@click.argument("old", type=click.IntRange(min=0))
@click.argument("new", type=click.IntRange(min=0), required=False)
@json_option("Print checkpoints and proof as JSON.")
@click.pass_obj
def consistency_command(call: Invocation, old: int, new: int | None, as_json: bool) -> None:
    """Prove that the log of OLD entries is the beginning of the log of NEW (the newest checkpoint if left out).

    Both are sizes of checkpoints on record. Printed: the older checkpoint, the hashes of the proof (RFC 9162
    section 2.1.4, base64), the newer checkpoint.

    Exit codes: 0 proven, 2 no such checkpoint, 3 the ledger cannot be read or is not what was signed.
    """
    with opened_ledger(call.config) as opened:
        proof, key = consistency(opened.store, old, new), opened.identity.key
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
