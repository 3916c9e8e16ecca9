"""`ordain audit rows erase`: a person out of a run's output, rejects and proof."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click

from ordain.api.cli.actor import actor
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.ledger import opened_ledger
from ordain.api.settings import load_settings
from ordain.audit.rows.row_erasure import RowErasure, RowsErased, erase_rows, finish_erasure
from ordain.audit.rows.run_files import RunFiles
from ordain.engine.errors import counted


@click.command("erase")
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--key", "value", help="Whose rows: those whose key column has exactly this text.")
@click.option("--finish", is_flag=True, help="Only finish an erasure that was interrupted.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--reason", default="", help="The reason; goes on record, encrypted. No personal data.")
@click.option("--as", "name", help="Who asks for it. Default: the user of this machine.")
@json_option("Print the result as JSON.")
@click.pass_obj
def erase_command(
    call: Invocation,
    output: Path,
    value: str | None,
    finish: bool,
    yes: bool,
    reason: str,
    name: str | None,
    as_json: bool,
) -> None:
    """Erase one person's rows from OUTPUT, its rejects and its proof file. This cannot be undone.

    What the ledger has about that person `ordain audit erase` erases. The input of the run, copies and backups are not
    touched. When it is interrupted, the same command, or --finish, does what is left.

    Exit codes: 0 erased, 4 not yet: a legal hold stands or the law has the rows kept (`keep_days`), 2 bad input, no
    such row among it, or a file cannot be written, 3 not recorded: nothing was erased.
    """
    if finish == (value is not None):
        raise click.UsageError("say whose rows with --key, or give --finish")
    if value is not None and not (yes or as_json):
        click.confirm(f"Erase the rows of `{value}` from `{output}`, for good?", abort=True, err=True)
    settings, files = load_settings(call.config), RunFiles(output)
    with opened_ledger(call.config) as opened:
        if value is None:
            erasure = finish_erasure(opened, files, _tell)
        else:
            private, keep = {"actor": actor(name), "reason": reason}, dt.timedelta(days=settings.keep_days)
            erasure = erase_rows(opened, files, value, private=private, keep=keep, step=_tell)
    if as_json:
        OUT.print(json.dumps(erasure.data()), markup=False)
    else:
        OUT.print(_described(erasure), markup=False)
        if erasure.receipt is not None:
            OUT.print(f"on record: {erasure.receipt.entry_id}, leaf hash {erasure.receipt.leaf_hash}", markup=False)
    if erasure.status is not RowsErased.DONE:
        raise click.exceptions.Exit(4)


def _tell(step: str) -> None:
    """On a terminal: large files take a while."""
    if ERR.is_terminal:
        ERR.print(f"{step} ...", markup=False)


def _described(erasure: RowErasure) -> str:
    rows = counted(erasure.rows, "row")
    match erasure.status:
        case RowsErased.DONE if not erasure.rows:
            return "nothing was left to be done"
        case RowsErased.DONE:
            before = f", {erasure.finished:,} of them by an erasure that was interrupted" if erasure.finished else ""
            return f"erased: {rows} of the run {erasure.run}{before}; every other row is proved as before"
        case RowsErased.HELD:
            return f"not erased: a legal hold stands; {rows} kept"
        case RowsErased.KEPT:
            return f"not erased: {rows} kept until {erasure.not_before}, as the law asks for (`keep_days`)"
