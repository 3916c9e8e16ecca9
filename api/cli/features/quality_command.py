"""`ordain quality`: whether a file, or a source of the feature store, is fit to be learned from and decided by."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.audit.readers import access, reader_options
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.cli.whole_files import write_page
from ordain.api.facts.late_store import LateStore
from ordain.api.ledger import open_for
from ordain.api.settings import Settings, load_settings
from ordain.api.stages.store_rows import opened
from ordain.audit.records.readings import Access, check_purpose, note_reading
from ordain.engine.errors import DataQualityIssue, MalformedRequest, did_you_mean
from ordain.models.features.definition import DAY, micros
from ordain.models.features.field_values import fields_of
from ordain.models.ingest.column_mapping import PLAIN
from ordain.models.ingest.files import lines_of
from ordain.models.limits import LIMITS
from ordain.models.monitoring.finding import Verdict
from ordain.models.monitoring.page import quality_page
from ordain.models.monitoring.table_quality import Quality, examine
from ordain.models.monitoring.terminal import quality_view
from ordain.models.store.store import FeatureStore

Rows = list[dict[str, object]]


@click.command("quality")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--source", metavar="NAME", help="In place of FILE: a kind of event, or `snapshot NAME`, of the store.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="Of a source: look at so many days."
)
@click.option("--before", type=click.Path(path_type=Path, dir_okay=False), help="An earlier file of the same kind.")
@click.option("--key", default="", metavar="COLUMN", help="The column that names the customer, one row for each.")
@click.option("--missing", multiple=True, metavar="TEXT", help="What a cell says that has no value. May be repeated.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as a page.")
@reader_options
@json_option("Print the report as JSON.")
@click.pass_obj
def quality_command(
    call: Invocation,
    file: Path | None,
    source: str | None,
    days: int,
    before: Path | None,
    key: str,
    missing: tuple[str, ...],
    page: Path | None,
    name: str | None,
    purpose: str | None,
    as_json: bool,
) -> None:
    """Report on FILE (CSV, JSONL, Parquet) or on a source of the feature store: what is missing, wrong, far out, twice,
    or not as before, and what to do about it.

    Of a source the records of the last --days are looked at, and held against those before them; of FILE, against
    --before. No row is shown, but the most frequent texts of a column are: looking at a source is on record as a
    reading.

    Exit codes: 0 nothing grave, 1 something is, 2 bad input, 3 the feature store cannot be reached, or not recorded.
    """
    if (file is None) == (source is None):
        raise MalformedRequest("name a FILE or a --source, and not both", "see `ordain quality --help`")
    if source is not None and before is not None:
        raise MalformedRequest("--before is an earlier file", "a source is held against its own earlier records")
    if file is not None:
        earlier = None if before is None else examine(before.name, _in_file(before), key=key, missing=missing).reference
        found = examine(file.name, _in_file(file), key=key, missing=missing, earlier=earlier)
    else:
        settings = load_settings(call.config)
        found = _of_source(settings, str(source), days, key, missing, access(settings, name, purpose))
    if page is not None:
        write_page(page, quality_page(found))
    OUT.print(json.dumps(found.told(), ensure_ascii=False), markup=False) if as_json else OUT.print(quality_view(found))
    if found.verdict is Verdict.MAJOR:
        click.get_current_context().exit(1)


def _in_file(path: Path) -> Rows:
    """Its cells by column. Raises SettingsError, MalformedRequest, DataQualityIssue for a line that cannot be read."""
    rows: Rows = []
    for line in lines_of(path, PLAIN, lambda done, of: None):
        if line.cells is None:
            raise DataQualityIssue(f"`{path.name}`, line {line.number}: {line.wrong}", "mend the line, or leave it out")
        rows.append(dict(line.cells))
    return rows


def _of_source(settings: Settings, source: str, days: int, key: str, missing: Sequence[str], by: Access) -> Quality:
    check_purpose(by)
    ledger = open_for(settings)
    try:
        with LateStore(settings) as features:
            store = opened(features)
            since = micros(dt.datetime.now(dt.UTC)) - days * DAY
            now, past = _split(store, source, since)
        if not now and not past:
            hint = did_you_mean(source, store.definitions.sources)
            raise DataQualityIssue(f"the feature store has no records of `{source}`", hint)
        query = {"source": source, "days": days}
        note_reading(ledger, "quality", by, [], entries=len(now) + len(past), query=query)
    finally:
        ledger.finish()
    told: dict[str, Any] = {"key": key, "missing": missing}
    earlier = examine(source, past, **told).reference if past and now else None
    return examine(f"{source}, the last {days} days", now, earlier=earlier, **told)


def _split(store: FeatureStore, source: str, since: int) -> tuple[Rows, Rows]:
    """The fields of records that happened since then, and of those before."""
    now: Rows = []
    past: Rows = []
    for subject, of_source, happened, _, _, fields in _records(store, source):
        if of_source == source:
            (now if happened > since else past).append({"subject": subject, **fields_of(fields)})
    return now, past


def _records(store: FeatureStore, source: str) -> Iterator[tuple[Any, ...]]:
    everybody = store.subjects()
    while some := list(islice(everybody, LIMITS.subjects_at_once)):
        try:
            for rows in store.database.bulk_records((source,), some):
                yield from rows
        except store.database.failures as error:
            raise store.database.explain(error) from None
