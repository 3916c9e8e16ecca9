"""`ordain audit rows`: the rows of a run over a table. Each subcommand is in a file of this folder."""

from __future__ import annotations

import click

from ordain.api.cli.lazy import LazyGroup

_COMMANDS = {
    "verify": (
        "ordain.api.cli.run_rows.verify_rows:verify_command",
        "Hold every row of a run's output to what is on record.",
    ),
    "prove": ("ordain.api.cli.run_rows.prove_rows:prove_command", "Prove single rows, in a file to take away."),
    "erase": ("ordain.api.cli.run_rows.erase_rows:erase_command", "Erase a person from a run's output and its proof."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def rows() -> None:
    """The rows that a run over a table decided: verified, proved, erased."""
