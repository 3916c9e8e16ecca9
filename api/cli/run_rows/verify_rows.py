"""`ordain audit rows verify`: whether every row of a run is what it was."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.audit.rows.row_check import Evidence, check_rows
from ordain.audit.rows.run_files import RunFiles
from ordain.engine.errors import counted


@click.command("verify")
@click.argument("output", type=click.Path(path_type=Path))
@json_option("Print the evidence as JSON.")
@click.pass_obj
def verify_command(call: Invocation, output: Path, as_json: bool) -> None:
    """Make the hash of every row of OUTPUT and its rejects again, and hold them to the run's entry in the ledger.

    OUTPUT is the file or folder that `ordain batch` wrote; its proof file, and its rejects, stand beside it. Whether
    the ledger is what was signed, `ordain audit verify` says.

    Exit codes: 0 every row is what it was, 1 something differs, 2 there is no such output or proof file, 3 the ledger
    cannot be read.
    """
    with opened_ledger(call.config) as opened, progress_bar("verifying rows") as (bar, task):
        evidence = check_rows(
            opened, RunFiles(output), lambda done, total: bar.update(task, completed=done, total=total)
        )
    if as_json:
        OUT.print(json.dumps(evidence.data(), ensure_ascii=False), markup=False)
    else:
        _show(evidence)
    if not evidence:
        raise click.exceptions.Exit(1)


def _show(evidence: Evidence) -> None:
    for difference in evidence.differences:
        OUT.print(str(difference), markup=False)
    if evidence.unnamed:
        OUT.print(f"and {counted(evidence.unnamed, 'more range', 'more ranges')} of rows like these")
    if not evidence:
        OUT.print("[bold red]does not hold[/]: " + counted(len(evidence.differences) + evidence.unnamed, "difference"))
        return
    parts = [counted(evidence.rows, "row"), f"{evidence.decided:,} decided", f"{evidence.rejected:,} rejected"]
    if evidence.erased:
        parts.append(f"{evidence.erased:,} erased, still proven")
    parts.append(f"entry {evidence.entry_id}, root {evidence.root[:23]}...")
    OUT.print(f"[green]holds[/]: {', '.join(parts)}")
