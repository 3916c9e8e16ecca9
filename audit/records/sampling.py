"""Records that pass by while they are counted or drawn from, and samples that go on record as read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.records.counting import sample
from ordain.audit.records.export import places_with
from ordain.audit.records.query import Query
from ordain.audit.records.readings import Access, note_search
from ordain.audit.records.search import Looked, Progress, matching, nothing_shown, search


class Passed:
    """Records as they pass by: how many, which, and where they stand."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records, self.entries = records, 0
        self.ids: list[str] = []
        self.places: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[Record]:
        for record in self._records:
            self.entries += 1
            self.ids.append(str(record.entry.id))
            self.places = places_with(self.places, record)
            yield record


class Drawn(NamedTuple):
    """A sample: its records in the order of the log, and of how many they are."""

    records: list[Record]
    of: int


def passing(reader: Reader, query: Query, show: Progress, looked: Looked) -> Passed:
    """What fits, opened no further than the query takes."""
    return Passed((search if query.is_personal else matching)(reader, query, show, looked))


def draw(
    opened: OpenLedger,
    query: Query,
    size: int,
    seed: str,
    by: Access,
    action: str,
    show: Progress = nothing_shown,
    looked: Looked | None = None,
) -> Drawn:
    """`size` of what fits, the same for the same seed; what was opened for that goes on record as read.

    Raises NotRecorded, UnknownSubject, MalformedRequest; then nothing may be shown.
    """
    read = passing(opened.reader, query, show, looked or Looked())
    records = sample(read, lambda record: str(record.entry.id), size, seed)
    if query.is_personal:
        note_search(opened, action, by, query, read.ids, read.entries, read.places)
    return Drawn(records, read.entries)
