"""`ordain audit verify-proof`: what a customer has in hand, checked without the ledger."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ordain.api.cli.invocation import json_option
from ordain.api.cli.report import report
from ordain.api.cli.terminal import OUT
from ordain.audit.verifier.notes import read_key
from ordain.audit.verifier.proof import verify_proof
from ordain.audit.verifier.reading_limits import LIMITS
from ordain.engine.errors import CheckpointRefused, MalformedRequest, ProofRefused, reason_of


@click.command("verify-proof")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", required=True, help="The ledger's public key, `ordain.ledger/...+...+...`, or a file with it.")
@click.option("--leaf-hash", help="The leaf hash of the receipt: the proof must be of that entry.")
@click.option("--entry-id", help="The entry id of the receipt: the proof must be of that entry.")
@json_option("Print what is proven as JSON.")
def verify_proof_command(file: Path, key: str, leaf_hash: str | None, entry_id: str | None, as_json: bool) -> None:
    """Verify the proof FILE, offline: neither the ledger nor the settings are looked at.

    Exit codes: 0 it holds, 1 it does not, 2 bad input.
    """
    vkey, text = known_key(key), _read(file)
    try:
        proven = verify_proof(text, vkey, leaf_hash=leaf_hash, entry_id=entry_id)
    except (ProofRefused, CheckpointRefused) as refused:
        report(refused, as_json=as_json)
        raise click.exceptions.Exit(1) from None
    if as_json:
        data = {
            "holds": True,
            "entry_id": proven.entry_id,
            "leaf_index": proven.index,
            "leaf_hash": proven.leaf_hash,
            "size": proven.size,
            "root": proven.root,
            "signed_at": proven.signed_at,
            "envelope": proven.envelope,
        }
        OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
        return
    signed = f" on {proven.signed_at}" if proven.signed_at else ""
    OUT.print(
        f"[green]holds[/]: the entry {proven.entry_id} of {proven.time} is leaf {proven.index} of the {proven.size:,} "
        f"that were signed{signed}"
    )


def known_key(given: str) -> str:
    """The key itself, read from a file when there is one of that name. Raises CheckpointRefused."""
    try:
        is_file = Path(given).is_file()
    except OSError:  # longer than a name may be
        is_file = False
    key = _read(Path(given)).decode("utf-8", "replace").strip() if is_file else given.strip()
    read_key(key)
    return key


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LIMITS.proof + 1)
    except OSError as error:
        raise MalformedRequest(f"`{file}` cannot be read: {reason_of(error)}") from None
