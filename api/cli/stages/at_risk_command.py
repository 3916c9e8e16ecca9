"""`ordain models at-risk`: who may leave, with reasons and the value at risk."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from ordain.api.cli.audit.readers import access, reader_options
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT, print_whole
from ordain.api.cli.whole_files import write_whole
from ordain.api.facts.late_store import LateStore
from ordain.api.ledger import open_for
from ordain.api.lifecycle.in_force import load_in_force
from ordain.api.settings import load_settings
from ordain.api.stages.at_risk_list import HORIZONS, LEVELS, AtRisk, AtRiskList, Filter, Found
from ordain.api.stages.model_record import stages_on_record
from ordain.audit.records.readings import check_purpose, note_reading


@click.command("at-risk")
@click.option("--model", default="churn", show_default=True, help="The model whose live version scores.")
@click.option("--days", type=click.Choice([str(days) for days in HORIZONS]), default="90", show_default=True)
@click.option("--level", type=click.Choice(LEVELS), default=None, help="This level of risk and those above.")
@click.option("--segment", default="", metavar="NAME", help="One segment, as the live model `segments` names it.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many are listed.")
@click.option("--csv", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write all of them to this file.")
@reader_options
@json_option("Print the list as JSON.")
@click.pass_obj
def at_risk_command(
    call: Invocation,
    model: str,
    days: str,
    level: str | None,
    segment: str,
    limit: int,
    file: Path | None,
    name: str | None,
    purpose: str | None,
    as_json: bool,
) -> None:
    """List the customers of the feature store by the value that may be lost within so many days, and sum it up.

    The live version scores everybody of the feature store but who objected (`scores: unless` of services.yaml) and who
    has left. Value at risk is what 12 months bring, by the live lifetime_value or else the monthly price, times the
    probability of leaving. The reading goes on record before anything is shown.

    Exit codes: 0 listed, 2 bad input or no live version, 3 the feature store cannot be reached, or the reading not
    recorded.
    """
    settings = load_settings(call.config)
    asked = Filter(int(days), level or "", segment)
    by = access(settings, name, purpose)
    check_purpose(by)
    ledger = open_for(settings)
    try:
        with LateStore(settings) as features:
            people = AtRiskList(settings, features, load_in_force(settings), stages_on_record(settings), model)
            found = people.found(asked, dt.datetime.now(dt.UTC))
            rows = people.with_reasons(found, found.rows if file is not None else found.rows[:limit])
            query = {"model": f"{model}@{found.model.version}", **asked.as_json(), "file": file is not None}
            note_reading(ledger, "at-risk", by, [], entries=len(rows), query=query)
    finally:
        ledger.finish()
    if file is not None:
        write_whole(file, _separated(rows))
    if as_json:
        OUT.print(json.dumps(found.told(rows[:limit]), ensure_ascii=False), markup=False)
        return
    _show(found, rows[:limit])
    if file is not None:
        OUT.print(f"{len(rows):,} rows are in {file.name}", markup=False)


def _show(found: Found, rows: Sequence[AtRisk]) -> None:
    told = found.told(rows)
    left = told["left_out"]
    OUT.print(
        f"{found.model.name}@{found.model.version}, within {found.asked.days} days: {told['people']:,} people, value at"
        f" risk {told['value_at_risk']}; left out: {left['objected']:,} objected, {left['gone']:,} left already, "
        f"{left['not_scored']:,} could not be scored",
        markup=False,
    )
    for by in ("level", "segment"):
        sums = Table(by, "people", "value at risk")
        for each in told[f"{by}s"]:
            sums.add_row(Text(each[by]), f"{each['people']:,}", each["value_at_risk"])
        OUT.print(sums)
    table = Table("customer", "level", "probability", "value at risk", "12 months", "by", "segment", "reasons")
    for row in rows:
        amounts = ("" if row.at_risk is None else str(row.at_risk), "" if row.value is None else str(row.value))
        cells = (row.subject, row.level, f"{row.probability:.1%}", *amounts, row.value_from, row.segment)
        table.add_row(*(Text(cell) for cell in cells), Text("\n".join(row.reasons[:3])))
    print_whole(table)


def _separated(rows: Sequence[AtRisk]) -> bytes:
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["subject", "level", "probability", "segment", "value", "value_from", "value_at_risk", "reasons"])
    for row in rows:
        told = {**row.as_json(), "reasons": "; ".join(row.reasons)}
        lines.writerow(["" if each is None else _harmless(each) for each in told.values()])
    return out.getvalue().encode()


def _harmless(text: str) -> str:
    """A spreadsheet runs no cell as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
