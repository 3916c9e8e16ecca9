"""`ordain sql`: a service as one SQL statement, which decides every row of a table of facts."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from ordain.api.ask import asked_time
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.lifecycle.in_force import load_in_force
from ordain.api.settings import load_settings
from ordain.engine.catalog import Catalog
from ordain.engine.evaluate import Plan
from ordain.engine.late import late
from ordain.engine.values.temporal import fixed_offset

DIALECTS = ("duckdb", "postgres", "spark", "snowflake", "bigquery")


@click.command("sql")
@click.argument("service")
@click.option("--dialect", type=click.Choice(DIALECTS), default="duckdb", show_default=True, help="Whose SQL.")
@click.option("--table", default="facts", show_default=True, help="The table, or view, with a column for each fact.")
@click.option("--keep", multiple=True, metavar="COLUMN", help="A column that is handed on, such as a key; repeatable.")
@click.option(
    "--columns",
    "like",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A Parquet file with the table's columns: their own digits count, and what is not there is missing.",
)
@click.option("--at", help="A day (its noon), or a time such as 2026-01-31T08:00:00+05:30; now if left out.")
@click.option("--plain", is_flag=True, help="Without the rules that fired and their reasons: the outcome alone.")
@json_option("Print the statement with its columns and outputs as JSON.")
@click.pass_obj
def sql_command(
    call: Invocation,
    service: str,
    dialect: str,
    table: str,
    keep: tuple[str, ...],
    like: Path | None,
    at: str | None,
    plain: bool,
    as_json: bool,
) -> None:
    """Print SERVICE as one SELECT: for each row of facts the outcome, verdict, rules that fired, reasons, or the error.

    Decimals are exact, nulls and errors are those of the language. What cannot be said in SQL is an error with its
    place; nothing is approximated. Nothing is decided or recorded here. The comments above the statement say which
    columns it reads. It needs sqlglot: pip install 'ordain[sql]'.

    Exit codes: 0 printed, 2 bad input, policies or settings, or a policy that cannot be said in SQL.
    """
    settings = load_settings(call.config)
    catalog = load_in_force(settings, service)
    moment = fixed_offset(dt.datetime.now(settings.zone)) if at is None else asked_time(at, settings.zone)
    plan = catalog.pick(service, moment)
    columns = None
    if like is not None:
        types = {need.fact.name: need.fact.type for need in plan.needs}
        columns = late("ordain.engine.statements.parquet_columns:columns_of")(like, types)
    written = late("ordain.engine.statements.statement:statement")(
        plan,
        moment,
        dialect=dialect,
        table=table,
        columns=columns,
        keep=keep,
        explained=not plain,
    )
    for policy in _rolled_out(catalog, service, moment):
        ERR.print(
            f"`{policy}` is being rolled out: the statement decides everybody by the version in force",
            markup=False,
            soft_wrap=True,
        )
    if as_json:
        OUT.print(json.dumps(_as_json(plan, written, moment), ensure_ascii=False), markup=False, soft_wrap=True)
        return
    click.echo("\n".join(_comments(plan, written, moment)))
    click.echo(written.text)


def _rolled_out(catalog: Catalog, service: str, moment: dt.datetime) -> Iterator[str]:
    return (each.policy for each in catalog.assigned(service, moment, "", {}))


def _versions(plan: Plan) -> list[str]:
    return [compiled.policy.label for compiled in plan.policies]


def _comments(plan: Plan, written: Any, moment: dt.datetime) -> Iterator[str]:
    """What somebody wants to know who finds the statement later."""
    yield f"-- {plan.service.name}, for {written.dialect.title}, as of {moment.isoformat()}"
    yield f"-- by {', '.join(_versions(plan))}"
    if plan.service.purpose:
        yield f"-- {' '.join(plan.service.purpose.split())}"
    if written.columns:
        yield "-- reads these columns; a NULL counts as not given:"
    for each in written.columns:
        needed = "" if each.required else ", may be NULL"
        yield f"--   {each.fact} {each.type}{needed}: {' '.join(each.note.split())}"


def _as_json(plan: Plan, written: Any, moment: dt.datetime) -> Mapping[str, Any]:
    return {
        "service": plan.service.name,
        "dialect": written.dialect.name,
        "at": moment.isoformat(),
        "policies": _versions(plan),
        "columns": [
            {"fact": each.fact, "type": each.type, "required": each.required, "meaning": each.note}
            for each in written.columns
        ],
        "outputs": [{"name": each.name, "type": str(each.type)} for each in written.outputs],
        "sql": written.text,
    }
