"""Rows taken into the feature store, many in one transaction, and what is wrong with others told and kept.

A batch is durable before the next one is written. What was taken before is told by its id, so whoever is stopped begins
again with the first row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from ordain.engine.errors import Issue, counted, quoted
from ordain.engine.values.types import plain
from ordain.models.ingest.line import Line
from ordain.models.ingest.quarantine import keep
from ordain.models.ingest.row_reading import RowReader, Seen, Unfit
from ordain.models.limits import LIMITS
from ordain.models.store.records import Added, Event, Quarantined, Snapshot
from ordain.models.store.store import FeatureStore


class Untaken(NamedTuple):
    """A row by its place, and why it was not taken."""

    line: int
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Taken:
    """What came of rows: new ones, those that were there, and those that were not taken, `told` the first of them.

    `notes` say in sentences what was noticed of the others.
    """

    added: int = 0
    repeated: int = 0
    quarantined: int = 0
    told: list[Untaken] = field(default_factory=list)
    notes: tuple[str, ...] = ()


def take(
    lines: Iterable[Line], reader: RowReader, store: FeatureStore, file: str, most_told: int = LIMITS.reasons_told
) -> Taken:
    """Takes all rows of `file`, which is how the quarantine calls where they came from. Raises FeaturesUnavailable."""
    tally, rows = _Tally(most_told), iter(lines)
    with ThreadPoolExecutor(1, thread_name_prefix="ingest") as writer:
        writing: Future[_Batch] | None = None
        while lines_read := list(islice(rows, LIMITS.rows_together)):
            reader.begin()
            batch = _Batch(lines_read, reader, file)
            if writing is not None:
                tally.add(writing.result())
            # While the database works on one batch the next is read.
            writing = writer.submit(batch.write, store)
        if writing is not None:
            tally.add(writing.result())
    tally.taken.notes = tuple(_notes(reader.seen, reader.without_offset, tally.unkept))
    return tally.taken


class _Tally:
    """What came of all batches so far."""

    def __init__(self, most_told: int) -> None:
        self.taken, self.unkept, self._most = Taken(), 0, most_told

    def add(self, batch: _Batch) -> None:
        taken = self.taken
        taken.added += batch.added
        taken.repeated += batch.repeated
        taken.quarantined += len(batch.refused)
        room = max(0, self._most - len(taken.told))
        taken.told += [Untaken(row.line, row.reasons) for row in batch.refused[:room]]
        self.unkept += batch.unkept


class _Batch:
    """Some rows, read: events and snapshots with their lines, and those that are `refused`."""

    def __init__(self, lines: list[Line], reader: RowReader, file: str) -> None:
        self.refused: list[Quarantined] = []
        self.added = self.repeated = self.unkept = 0
        self._events: list[tuple[Line, Event]] = []
        self._snapshots: list[tuple[Line, Snapshot]] = []
        self._file, self._at = file, reader.now
        for line in lines:
            if line.cells is None:
                self._refuse(line, (line.wrong,), None)
                continue
            try:
                record = reader.read(line.cells)
            except Unfit as unfit:
                self._refuse(line, unfit.reasons, unfit.subject)
                continue
            if isinstance(record, Event):
                self._events.append((line, record))
            else:
                self._snapshots.append((line, record))

    def write(self, store: FeatureStore) -> _Batch:
        """Raises FeaturesUnavailable."""
        if self._events:
            self._note(store.add([record for _, record in self._events]), self._events)
        if self._snapshots:
            self._note(store.put([record for _, record in self._snapshots]), self._snapshots)
        self.refused.sort(key=lambda row: row.line)
        self.unkept = keep(store, self.refused)
        return self

    def _note(self, added: Added, records: Sequence[tuple[Line, Event | Snapshot]]) -> None:
        self.added += added.added
        self.repeated += added.repeated
        for refused in added.refused:
            line, record = records[refused.place]
            self._refuse(line, (_said(refused.issue),), record.subject)

    def _refuse(self, line: Line, reasons: tuple[str, ...], subject: str | None) -> None:
        text = line.text or json.dumps(line.cells, default=_told_as, ensure_ascii=False)
        self.refused.append(Quarantined(self._file, line.number, text, reasons, self._at, subject))


def _told_as(value: object) -> object:
    try:
        return str(plain(value))
    except TypeError:
        return str(value)


def _said(issue: Issue) -> str:
    return f"{issue.message}; {issue.hint}" if issue.hint else issue.message


def _notes(seen: Seen, without_offset: int, unkept: int) -> Iterable[str]:
    if without_offset:
        yield f"{counted(without_offset, 'time')} without an offset, taken in the time zone of tenant or mapping"
    if seen.without_id:
        rows = counted(seen.without_id, "event")
        yield f"{rows} without `event_id`: a digest of the row is the id, so rows that say the same are one event"
    if seen.kinds:
        said = [f"{quoted(kind)} ({count:,})" for kind, count in seen.kinds.most_common(LIMITS.unread_told)]
        yield f"no feature reads {', '.join(said)}{_more(len(seen.kinds))}; kept all the same"
    if seen.fields:
        most = seen.fields.most_common(LIMITS.unread_told)
        said = [f"{quoted(field)} of {quoted(source)} ({count:,})" for (source, field), count in most]
        yield f"no feature reads the fields {', '.join(said)}{_more(len(seen.fields))}; kept all the same"
    if unkept:
        rows = counted(unkept, "row")
        yield f"the quarantine is full: {rows} not kept there; `ordain ingest --quarantine --drop` empties it"


def _more(count: int) -> str:
    return f" and {count - LIMITS.unread_told:,} more" if count > LIMITS.unread_told else ""
