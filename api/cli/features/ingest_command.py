"""`ordain ingest`: events and snapshots of a file, taken into the feature store; what could not be taken."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from ordain.api.cli.ending import ending_interrupts
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import OUT
from ordain.api.facts.late_store import LateStore, definitions_of
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings, load_settings
from ordain.engine.errors import MalformedRequest, SettingsError, counted
from ordain.engine.late import late

if TYPE_CHECKING:
    from ordain.models.ingest.column_mapping import ColumnMapping
    from ordain.models.ingest.row_reading import Reading
    from ordain.models.ingest.taking import Taken
    from ordain.models.store.store import FeatureStore


@click.command("ingest")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--kind", help="What each row is: an event of this kind. Default: the column `kind`.")
@click.option("--snapshot", help="What each row is: the state of its subject in this source.")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A YAML file that says what columns are called and how times are written.",
)
@click.option(
    "--synthetic",
    type=click.IntRange(1, LIMITS.synthetic_customers),
    metavar="COUNT",
    help="In place of FILE: so many invented (SYNTHETIC) customers.",
)
@click.option("--strict", is_flag=True, help="Do not take what no feature reads.")
@click.option("--dry-run", is_flag=True, help="Take nothing; say what would be wrong.")
@click.option("--quarantine", is_flag=True, help="List what could not be taken, of FILE or of all files.")
@click.option("--drop", is_flag=True, help="With --quarantine: remove what it lists.")
@json_option("Print the result as JSON.")
@click.pass_obj
def ingest_command(
    call: Invocation,
    file: Path | None,
    kind: str | None,
    snapshot: str | None,
    mapping: Path | None,
    synthetic: int | None,
    strict: bool,
    dry_run: bool,
    quarantine: bool,
    drop: bool,
    as_json: bool,
) -> None:
    """Take the events or snapshots in FILE into the feature store, each of them once.

    FILE is separated text (.csv, .tsv), JSON lines (.jsonl, .ndjson), either also as .gz, or .parquet. Its columns are
    subject, kind, happened_at, event_id, known_at; all others are fields. Rows that are no good are kept in quarantine,
    with why, and the others are taken. Run again, it takes nothing twice, also after it was interrupted.

    Exit codes: 0 all taken, 1 rows were put into quarantine, 2 bad input, 3 the feature store cannot be reached.
    """
    settings = load_settings(call.config)
    if synthetic is not None:
        if any((file, kind, snapshot, mapping, strict, dry_run, quarantine, drop)):
            raise click.UsageError("--synthetic goes with --json alone")
        _invent(settings, synthetic, as_json)
        return
    if quarantine:
        if any((kind, snapshot, mapping, strict, dry_run)):
            raise click.UsageError("--quarantine goes with FILE, --drop and --json alone")
        _quarantine(settings, None if file is None else file.name, drop, as_json)
        return
    if file is None or drop:
        raise click.UsageError(
            "--drop goes with --quarantine" if drop else "name a FILE, or give --quarantine or --synthetic"
        )
    late("ordain.models.ingest.files:check_file")(file)
    reading = _reading(settings, kind, snapshot, mapping, strict)
    with _store(settings, dry_run) as store, progress_bar(f"reading {file.name}") as (bar, task):
        reader = late("ordain.models.ingest.row_reading:RowReader")(reading, lambda: dt.datetime.now(dt.UTC))
        lines = late("ordain.models.ingest.files:lines_of")(
            file,
            reading.mapping,
            lambda done, total: bar.update(task, completed=done, total=total),
            late("ordain.models.ingest.row_reading:needed_columns")(reading.source),
        )
        with ending_interrupts():
            taken: Taken = late("ordain.models.ingest.taking:take")(lines, reader, store, file.name)
    _show(taken, file.name, dry_run, as_json)
    if taken.quarantined:
        raise click.exceptions.Exit(1)


def _invent(settings: Settings, count: int, as_json: bool) -> None:
    """Takes SYNTHETIC customers in, as they are now. Raises SettingsError where there are such already: invented again
    at another moment, each would have used and paid twice."""
    events, snapshots = late("ordain.models.ingest.invented:records")(count, 0, dt.datetime.now(dt.UTC))
    with _store(settings, dry_run=False) as store:
        if store.database.known(snapshots[0].subject) is not None:
            message = f"SYNTHETIC customers are in the feature store already, such as `{snapshots[0].subject}`"
            raise SettingsError(message, "ask about these, or name another store: `features_url`")
        store.put(snapshots)
        for first in range(0, len(events), LIMITS.synthetic_batch):
            store.add(events[first : first + LIMITS.synthetic_batch])
    first_of_them = snapshots[0].subject
    if as_json:
        told = {"customers": count, "events": len(events), "snapshots": len(snapshots), "first": first_of_them}
        OUT.print(json.dumps(told), markup=False)
        return
    OUT.print(
        f"{counted(count, 'SYNTHETIC customer')}: {len(events):,} events and {len(snapshots):,} snapshots; "
        f"the first is {first_of_them}",
        markup=False,
    )


@contextmanager
def _store(settings: Settings, dry_run: bool) -> Iterator[FeatureStore]:
    """Where rows go; of a dry run into one of its own, which ends with it, and so is judged by the same rules."""
    if not dry_run:
        with LateStore(settings) as late_store:
            yield late_store.opened()
        return
    with (
        TemporaryDirectory(prefix="ordain-dry-run-") as folder,
        LateStore(replace(settings, features_url=f"sqlite:///{folder}/features.db")) as late_store,
    ):
        yield late_store.opened()


def _reading(settings: Settings, kind: str | None, snapshot: str | None, file: Path | None, strict: bool) -> Reading:
    plain = late("ordain.models.ingest.column_mapping:PLAIN")
    mapping: ColumnMapping = plain
    if file is not None:
        mapping = late("ordain.models.ingest.column_mapping:read_column_mapping")(file)
    if kind is not None and snapshot is not None:
        raise click.UsageError("--kind and --snapshot do not go together: a row is an event, or a snapshot")
    if kind is None and snapshot is None:
        kind, snapshot = mapping.kind, mapping.snapshot
    prefix = late("ordain.models.features.definition:SNAPSHOT")
    source = f"{prefix}{snapshot}" if snapshot else kind or ""
    if kind and kind.startswith(prefix):
        raise MalformedRequest(f"`{kind}` is no kind of event", f"write --snapshot {kind.removeprefix(prefix)}")
    zone = ZoneInfo(mapping.time_zone) if mapping.time_zone else settings.zone
    moments = late("ordain.models.ingest.moments:Moments")(zone, mapping.time_format, mapping.date_format)
    made: Reading = late("ordain.models.ingest.row_reading:Reading")(
        definitions_of(settings), moments, mapping, source, strict, dt.timedelta(seconds=settings.clock_skew_seconds)
    )
    return made


def _show(taken: Taken, file: str, dry_run: bool, as_json: bool) -> None:
    if as_json:
        told = {"file": file, "added": taken.added, "repeated": taken.repeated, "quarantined": taken.quarantined}
        rows = [{"line": row.line, "reasons": list(row.reasons)} for row in taken.told]
        told |= {"reasons": rows, "notes": list(taken.notes), "dry_run": dry_run}
        OUT.print(json.dumps(told, ensure_ascii=False), markup=False)
        return
    added = f"{taken.added:,} would be taken" if dry_run else f"{taken.added:,} added"
    kept = "would be put into quarantine" if dry_run else "in quarantine"
    OUT.print(f"{file}: {added}, {taken.repeated:,} repeated, {taken.quarantined:,} {kept}", markup=False)
    for note in taken.notes:
        OUT.print(f"  {note}", markup=False)
    for row in taken.told:
        OUT.print(f"  line {row.line:,}: {'; '.join(row.reasons)}", markup=False)
    if (more := taken.quarantined - len(taken.told)) > 0:
        rest = "" if dry_run else "; `ordain ingest --quarantine` lists them"
        OUT.print(f"  and {counted(more, 'row')} more{rest}", markup=False)


def _quarantine(settings: Settings, file: str | None, drop: bool, as_json: bool) -> None:
    with LateStore(settings) as late_store:
        rows: list[Any] = []
        if late_store.is_there:
            store = late_store.opened()
            rows = [row for row in store.quarantined() if file in (None, row.file)]
            if drop:
                late("ordain.models.ingest.quarantine:drop")(store, file)
    if as_json:
        told = [
            {"file": row.file, "line": row.line, "text": row.raw, "reasons": list(row.reasons)}
            | {"at": row.at.isoformat(timespec="seconds")}
            for row in rows
        ]
        OUT.print(
            json.dumps({"quarantined": told, "dropped": len(told) if drop else 0}, ensure_ascii=False), markup=False
        )
        return
    for row in rows[: LIMITS.listed]:
        OUT.print(f"{row.file}, line {row.line:,}: {'; '.join(row.reasons)}", markup=False)
        OUT.print(f"    {row.raw[: LIMITS.line_characters]}", markup=False)
    if len(rows) > LIMITS.listed:
        OUT.print(f"and {counted(len(rows) - LIMITS.listed, 'row')} more; --json has all", markup=False)
    said = f"{counted(len(rows), 'row')} in quarantine" if not drop else f"{counted(len(rows), 'row')} dropped"
    OUT.print(said if rows else "nothing is in quarantine")
