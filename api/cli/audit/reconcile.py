"""`ordain audit reconcile`: what was done against what was decided."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.audit.readers import access, reader_options
from ordain.api.cli.finite import Finite
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.api.limits import LIMITS
from ordain.api.settings import load_settings
from ordain.audit.entry.entry import Kind
from ordain.audit.explain.plain_words import one_line
from ordain.audit.records.actions import Columns, actions_on_record, read_actions
from ordain.audit.records.export import safe_cell
from ordain.audit.records.query import Condition, Query
from ordain.audit.records.readings import note_reading
from ordain.audit.records.reconcile import Finding, Reconciliation, Rules, reconcile
from ordain.engine.errors import MalformedRequest, counted, reason_of

_COLUMNS = ("wrong", "row", "decision_id", "subject", "message")


@click.command("reconcile")
@click.argument("table", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--on-record", is_flag=True, help="In place of TABLE, what apps have confirmed as done.")
@click.option("--id-column", default="decision_id", show_default=True, help="The column of decision ids.")
@click.option("--subject-column", default="subject", show_default=True, help="The column of customers or accounts.")
@click.option("--service-column", default="service", show_default=True, help="The column of services.")
@click.option("--time-column", default="time", show_default=True, help="The column of the time of each action.")
@click.option("--service", "services", multiple=True, help="Report its decisions that nobody carried out. Repeatable.")
@click.option(
    "--unless",
    multiple=True,
    metavar="PATH=VALUE",
    help="Outcome that needs no action: offer.action=none.",
)
@click.option(
    "--within",
    type=Finite(min=0),
    default=24.0,
    show_default=True,
    help="Most hours from decision to action.",
)
@reader_options
@click.option("--csv", "as_csv", type=click.Path(path_type=Path, dir_okay=False), help="Write the findings here, too.")
@json_option("Print findings and counts as JSON.")
@click.pass_obj
def reconcile_command(
    call: Invocation,
    table: Path | None,
    on_record: bool,
    id_column: str,
    subject_column: str,
    service_column: str,
    time_column: str,
    services: tuple[str, ...],
    unless: tuple[str, ...],
    within: float,
    name: str | None,
    purpose: str | None,
    as_csv: Path | None,
    as_json: bool,
) -> None:
    """Compare TABLE, business actions as CSV, JSON Lines or Parquet, with the ledger; or what is on record as done.

    Each row names its decision, or subject and time; columns such as outcome.offer.action are compared with what was
    decided. Found: done without a decision, or otherwise than decided, or although denied or for a person to review,
    or before it was decided, or twice on one decision; and decided within the time of the table, and not done.

    Exit codes: 0 nothing found, 1 something found, 2 bad input, 3 the ledger cannot be read, or the reading not
    recorded.
    """
    if as_csv is not None and as_csv.exists():
        raise MalformedRequest(f"`{as_csv}` already exists", "name another file, or remove it")
    columns = Columns(id_column, subject_column, service_column, time_column)
    if on_record is (table is not None):
        raise MalformedRequest("either a TABLE or --on-record is needed", "and not both")
    settings = load_settings(call.config)
    actions = [] if table is None else read_actions(table, columns, settings.zone)
    rules = Rules(within=dt.timedelta(hours=within), services=services, unless=tuple(map(Condition.parse, unless)))
    by = access(settings, name, purpose)
    with opened_ledger(call.config) as opened, progress_bar("comparing") as (bar, task):
        if table is None and not (actions := actions_on_record(opened.reader)):
            raise MalformedRequest("no app has confirmed anything as done", "see POST /v1/decisions/<id>/performed")
        done = reconcile(actions, opened.reader, rules, lambda at, total: bar.update(task, completed=at, total=total))
        note_reading(opened, "reconcile", by, done.ids, query=_asked(table, len(actions), done))
    if as_csv is not None:
        _write_csv(as_csv, done.findings)
    if as_json:
        OUT.print(json.dumps(_data(done), ensure_ascii=False), markup=False)
    else:
        _print(done)
    if not done:
        raise click.exceptions.Exit(1)


def _asked(table: Path | None, rows: int, done: Reconciliation) -> dict[str, Any]:
    """What was read: every decision between two moments, if the table has times."""
    asked = Query(kind=Kind.DECISION, since=done.read_since, until=done.read_until)
    return {**asked.as_json(), "table": None if table is None else table.name, "rows": rows}


def _data(done: Reconciliation) -> dict[str, Any]:
    return {
        "agrees": bool(done),
        "actions": done.actions,
        "matched": done.matched,
        "unreadable": done.unreadable,
        "since": None if done.since is None else done.since.isoformat(),
        "until": None if done.until is None else done.until.isoformat(),
        "counts": done.counts(),
        "findings": [_as_json(finding) for finding in done.findings],
    }


def _as_json(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in _COLUMNS}


def _print(done: Reconciliation) -> None:
    for finding in done.findings[: LIMITS.listed]:
        place = "ledger" if finding.row is None else f"row {finding.row}"
        named = f" ({finding.decision_id})" if finding.decision_id else ""
        OUT.print(one_line(f"{place}: {finding.wrong}: {finding.message}{named}"), markup=False)
    if len(done.findings) > LIMITS.listed:
        OUT.print(f"and {len(done.findings) - LIMITS.listed:,} more: see --csv or --json")
    counts = ", ".join(f"{count:,} {wrong}" for wrong, count in done.counts().items() if count)
    words = f"[bold red]{counts}[/]" if counts else "[green]all agree[/]"
    OUT.print(f"{done.actions:,} actions, {done.matched:,} with their decision: {words}")
    if done.unreadable:
        OUT.print(f"{counted(done.unreadable, 'decision')} can no longer be read: only their envelopes were compared")


def _write_csv(file: Path, findings: list[Finding]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    writer.writerows([{name: safe_cell(value) for name, value in _as_json(finding).items()} for finding in findings])
    try:
        file.write_text(text.getvalue(), encoding="utf-8", newline="")
    except OSError as error:
        raise click.FileError(str(file), reason_of(error)) from None
