"""`ordain audit verify-receipt`: what the ledger promised, checked without it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ordain.api.cli.audit.verify_proof import known_key, read_file
from ordain.api.cli.invocation import json_option
from ordain.api.cli.report import report
from ordain.api.cli.terminal import OUT
from ordain.audit.verifier.bundle import Bundle, read_bundle
from ordain.audit.verifier.promises import verify_receipt
from ordain.audit.verifier.proof import verify_proof
from ordain.engine.errors import CheckpointRefused, ProofRefused

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("verify-receipt")
@click.argument("file", type=_FILE)
@click.option("--key", required=True, help="The ledger's public key, or a file with it.")
@click.option("--proof", type=_FILE, help="What `ordain audit prove` wrote: the promise must be kept by it.")
@json_option("Print what was promised as JSON.")
def verify_receipt_command(file: Path, key: str, proof: Path | None, as_json: bool) -> None:
    """Verify the signed receipt FILE, offline: that the ledger said that this entry is on record.

    With --proof, also that the entry is in the log now. If no proof can be had after the day that the receipt names,
    receipt and newest checkpoint together show that the promise was broken.

    Exit codes: 0 it holds, 1 it does not, 2 bad input.
    """
    vkey = known_key(key)
    try:
        promise = verify_receipt(read_file(file), vkey)
        proven = None
        if proof is not None:
            data = read_file(proof)
            bundle = read_bundle(data) or Bundle(data.decode("utf-8", "replace"))
            proven = verify_proof(bundle.proof, vkey, leaf_hash=promise.leaf_hash, entry_id=promise.entry_id)
    except (ProofRefused, CheckpointRefused) as refused:
        report(refused, as_json=as_json)
        raise click.exceptions.Exit(1) from None
    if as_json:
        told = {
            "holds": True,
            "entry_id": promise.entry_id,
            "leaf_hash": promise.leaf_hash,
            "origin": promise.origin,
            "time": promise.time,
            "covered_by": promise.due,
            "leaf_index": None if proven is None else proven.index,
        }
        OUT.print(json.dumps(told), markup=False)
        return
    OUT.print(f"holds: {promise.origin} said on {promise.time} that the entry {promise.entry_id} is on record")
    if proven is None:
        OUT.print(f"checkpoints signed from {promise.due} on must cover it: ask for a proof")
    else:
        when = proven.signed_at or "an unknown day"
        OUT.print(f"and it is: leaf {proven.index} of the {proven.size:,} signed on {when}")
