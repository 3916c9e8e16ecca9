"""`ordain audit rows prove`: a row of a run, to take away."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from ordain.api.cli.finite import PLACE
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.audit.ledger.proving import NO_CHECKPOINT
from ordain.audit.rows.row_proofs import row_proof
from ordain.audit.rows.run_files import RunFiles
from ordain.engine.errors import ExportFailed, NotCovered, counted, reason_of


@click.command("prove")
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--key", "value", help="The rows whose key column has exactly this text.")
@click.option("--row", type=PLACE, help="The row of this number, from 0 in the order of the run's input.")
@click.option("-o", "--output", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file.")
@json_option("Print the proof as JSON, as it is without -o.")
@click.pass_obj
def prove_command(
    call: Invocation, output: Path, value: str | None, row: int | None, file: Path | None, as_json: bool
) -> None:
    """Prove rows of OUTPUT against the signed ledger: the rows, their salts, and nothing of any other row.

    It verifies offline, with the ledger's public key: ordain audit verify-proof.

    Exit codes: 0 proven, 2 there is no such row, it is not what it was, or no checkpoint covers the run yet, 3 the
    ledger cannot be read.
    """
    if (value is None) == (row is None):
        raise click.UsageError("give --key or --row")
    with opened_ledger(call.config) as opened:
        try:
            proof = row_proof(opened, RunFiles(output), key=value, row=row)
        except NotCovered as error:
            raise NotCovered(error.message, NO_CHECKPOINT) from None
    text = json.dumps(proof, ensure_ascii=False)
    if file is not None:
        _write(file, text + "\n")
    if file is None or as_json:
        OUT.print(text, markup=False)
    else:
        rows = counted(len(proof["rows"]), "row")
        OUT.print(f"{rows} in {file}; it verifies with the key {proof['entry']['key']}", markup=False)


def _write(file: Path, text: str) -> None:
    """What it shows is somebody's: a new file is for its owner alone."""
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise ExportFailed(f"`{file}` cannot be written: {reason_of(error)}", "check its folder and the disk") from None
