"""`ordain backtest`: recorded decisions, or rows of a table, decided again under other versions of some policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ordain.api.backtest.customers import customer_pairs
from ordain.api.backtest.leaves import paths
from ordain.api.backtest.over_record import OverRecord, Wanted
from ordain.api.backtest.report_page import page_of
from ordain.api.backtest.rows_file import RowsFile
from ordain.api.backtest.tried_versions import Chosen, chosen_versions, service_of
from ordain.api.cli.audit.query import check_found, make_query
from ordain.api.cli.audit.readers import access, reader_options
from ordain.api.cli.backtest.summary import print_summary
from ordain.api.cli.ending import ending_interrupts
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import OUT
from ordain.api.cli.whole_files import write_whole
from ordain.api.cli.whole_tables.asks_file import Table, read_asks
from ordain.api.cli.whole_tables.seen_table import SeenTable
from ordain.api.ledger import opened_ledger
from ordain.api.services import wire_rules
from ordain.api.settings import Settings, load_settings
from ordain.audit.records.query import Query
from ordain.audit.records.target import check_target
from ordain.engine.catalog import Catalog, load_catalog, read_texts
from ordain.engine.errors import ExportFailed, MalformedRequest, reason_of

Json = dict[str, Any]

EXIT_NOTHING = 1
"""No decision could be compared."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The options that say what comes of it."""

    told: Wanted
    as_json: bool
    csv: Path | None
    html: Path | None
    replace: bool


@click.command("backtest")
@click.argument("policy", metavar="POLICY[@VERSION]")
@click.option("--with", "further", multiple=True, metavar="NAME@N", help="Another version to try too. Repeatable.")
@click.option(
    "--shadow", is_flag=True, help="Do not decide again: what it said when it was tried beside the one that answered."
)
@click.option("--since", metavar="TIME", help="Recorded from this date on, or from 2026-01-31T08:00:00+05:30.")
@click.option("--until", metavar="TIME", help="Recorded through this date, inclusive, or until this moment.")
@click.option("--service", metavar="NAME", help="Decided by this service alone; for --table: the service to ask.")
@click.option(
    "--table",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Decide each row of this .csv, .parquet, .jsonl or .ndjson instead of what is on record.",
)
@click.option("--subject-column", default="subject", show_default=True, help="The column of whom a row is about.")
@click.option("--ignore-column", multiple=True, metavar="NAME", help="A column of the table that is no fact.")
@click.option("--by", multiple=True, metavar="FACT", help="Segments by this fact. Repeatable.")
@click.option("--groups", multiple=True, metavar="FACT", help="Rates by the groups of this fact. Repeatable.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="A row for each decision.")
@click.option("--html", "html_file", type=click.Path(path_type=Path, dir_okay=False), help="A report with plots.")
@click.option("--replace", is_flag=True, help="Replace these files if they exist.")
@click.option(
    "--synthetic", is_flag=True, help="Say in the report that the data is SYNTHETIC: invented, of no customer."
)
@reader_options
@json_option("Print the result as JSON.")
@click.pass_obj
def backtest(
    call: Invocation,
    /,
    policy: str,
    further: tuple[str, ...],
    shadow: bool,
    since: str | None,
    until: str | None,
    service: str | None,
    table: Path | None,
    subject_column: str,
    ignore_column: tuple[str, ...],
    by: tuple[str, ...],
    groups: tuple[str, ...],
    csv_file: Path | None,
    html_file: Path | None,
    replace: bool,
    synthetic: bool,
    name: str | None,
    purpose: str | None,
    as_json: bool,
) -> None:
    """Decide again what is on record, under POLICY@VERSION, and show what would have come out otherwise.

    Without a version the highest is tried. All other versions, facts and times are those of the record; of a table's
    rows, what is in force now. Nothing is recorded but that personal data were read.

    Exit codes: 0 done, 1 no decision could be compared, 2 bad input or a file cannot be written, 3 the ledger cannot be
    read, or the reading not recorded.
    """
    if table is not None and (since is not None or until is not None):
        raise click.UsageError("--since and --until are of recorded decisions, not of --table")
    if shadow and (table is not None or further):
        raise click.UsageError("--shadow is of recorded decisions and of one version, not of --table or --with")
    settings = load_settings(call.config)
    wanted = _Wanted(Wanted(by, groups, synthetic, shadow=shadow), as_json, csv_file, html_file, replace)
    _check_files(wanted, table)
    named = (policy, *further)
    with ending_interrupts():
        if table is None:
            query = make_query(settings.zone, since=since, until=until, service=service)
            data = _of_ledger(call, settings, named, query, wanted, name, purpose)
        else:
            data = _of_table(settings, named, Table(table, subject_column, frozenset(ignore_column)), service, wanted)
    _show(data, wanted)
    if not data["compared"]:
        raise click.exceptions.Exit(EXIT_NOTHING)


def _check_files(wanted: _Wanted, table: Path | None) -> None:
    """Before long work is begun."""
    for file, ending in ((wanted.csv, ".csv"), (wanted.html, ".html")):
        if file is None:
            continue
        check_target(file, wanted.replace, ending)
        if table is not None and file.resolve() == table.resolve():
            raise MalformedRequest(f"`{file}` is the table itself", "name another file")
    if wanted.csv is not None and wanted.html is not None and wanted.csv.resolve() == wanted.html.resolve():
        raise MalformedRequest(f"`{wanted.csv}` is named twice", "name one file for --csv and another for --html")


def _of_ledger(
    call: Invocation,
    settings: Settings,
    named: Sequence[str],
    query: Query,
    wanted: _Wanted,
    name: str | None,
    purpose: str | None,
) -> Json:
    who = access(settings, name, purpose)
    catalog = load_catalog(read_texts(settings.policies, settings.zone))
    chosen = chosen_versions(catalog, named)
    file = None if wanted.csv is None else wanted.csv.name
    with opened_ledger(call.config) as opened, _rows(wanted, catalog, chosen) as rows:
        trial = OverRecord(opened, catalog.vocabulary, chosen, who, wanted.told, file=file)
        with progress_bar("deciding again") as (bar, task):
            data = trial.run(
                query,
                lambda found, asked: check_found(found, opened.reader, asked, settings),
                added=None if rows is None else rows.add,
                progress=lambda at, total: bar.update(task, completed=at, total=total),
            )
        if rows is not None:
            rows.finish()
    return data


def _of_table(settings: Settings, named: Sequence[str], table: Table, service: str | None, wanted: _Wanted) -> Json:
    asked = service_of(settings, named, service)
    seen = SeenTable.counted(table.path)
    use = wire_rules(settings, asked)
    chosen = chosen_versions(use.catalog, named)
    tally = wanted.told.tally(use.catalog.vocabulary)
    with _rows(wanted, use.catalog, chosen) as rows, progress_bar("deciding twice") as (bar, task):
        bar.update(task, total=seen.rows)
        for pair in customer_pairs(read_asks(table, asked, use.vocabulary), use, asked, chosen.compiled):
            changed = tally.add(pair)
            if rows is not None:
                rows.add(pair, changed)
            bar.update(task, completed=tally.decisions)
        seen.check(tally.decisions)
        if rows is not None:
            rows.finish()
    source = {"source": "table", "table": table.path.name, "service": asked}
    return {**source, **wanted.told.result(tally, chosen)}


@contextmanager
def _rows(wanted: _Wanted, catalog: Catalog, chosen: Chosen) -> Iterator[RowsFile | None]:
    if wanted.csv is None:
        yield None
        return
    columns: dict[str, None] = {}
    for service in catalog.services.by_name.values():
        if chosen.policies.keys() & set(service.policies):
            policies = (catalog.versions[policy][0].policy for policy in service.policies if policy in catalog.versions)
            gives = {name: type for policy in policies for name, type in policy.gives.items()}
            told: Mapping[str, Any] = {name: gives[name] for name in service.gives if name in gives}
            columns.update(dict.fromkeys(paths(told)))
    with RowsFile(wanted.csv, columns, replace=wanted.replace) as rows:
        yield rows


def _make_own(file: Path) -> None:
    """Only its owner may read what tells of people; `write_whole` keeps the mode. Raises ExportFailed."""
    try:
        file.touch(0o600)
        file.chmod(0o600)
    except OSError as error:
        raise ExportFailed(f"`{file}` cannot be written: {reason_of(error)}") from None


def _show(data: Json, wanted: _Wanted) -> None:
    if wanted.html is not None:
        _make_own(wanted.html)
        write_whole(wanted.html, page_of(data).encode())
    if wanted.as_json:
        OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
        return
    print_summary(data)
    for what, file in (("a row for each decision", wanted.csv), ("the report with plots", wanted.html)):
        if file is not None:
            OUT.print(f"{what}: {file}", markup=False)
