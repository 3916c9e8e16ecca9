"""Search: entries by what their envelopes say, by their subject, and by what was decided.

Private parts are opened for what is found, and for a condition on what is sealed. To tell verdict, law, models or rules
of decisions they are opened no further than that (`Reader.told`): nobody gets to see more of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.limits import LIMITS
from ordain.audit.records.by_envelope import EnvelopeTest
from ordain.audit.records.by_private import PrivateTest
from ordain.audit.records.query import Query
from ordain.audit.records.read_of import readings_of

Json = dict[str, Any]
Progress = Callable[[int, int], None]
"""Called with how many entries have been looked at so far, and how many there are to look at."""


Each = TypeVar("Each")


def nothing_shown(done: int, total: int) -> None:
    """The progress of what nobody watches."""


_WORTH_READING_ON = LIMITS.page // 20  # so many of a page, and opening one after another beats fetching each by its id


@dataclass(slots=True)
class Looked:
    """Counts of one search: entries that fitted but for their private part, which can no longer be read."""

    unreadable: int = 0


def search(
    reader: Reader,
    query: Query,
    progress: Progress = nothing_shown,
    looked: Looked | None = None,
) -> Iterator[Record]:
    """What fits, opened; in the order of the log, or of time when the subject is given, the newest first if asked so.

    Of the readings of a subject those of many, too, that held something about it. Entries of a subject are found as
    soon as they are durable, others once they have a place in the order.
    Raises MalformedRequest for a condition in FEEL that is none, or fits no decision of this ledger.
    """
    looked = looked or Looked()
    if query.subject is not None:
        ids = readings_of(reader, query.subject) if query.kind == Kind.READ else reader.ids_of(query.subject)
        records = _of_ids(reader, query, ids[::-1] if query.newest else ids, progress, looked)
    else:
        records = _streamed(reader, query, progress, looked)
    yield from islice(_by_private(reader, records, query, looked), query.limit)


def matching(
    reader: Reader, query: Query, progress: Progress = nothing_shown, looked: Looked | None = None
) -> Iterator[Record]:
    """Like `search`, without private parts: no more is told of a decision than what `Reader.told` does.

    Raises ValueError for a query that takes more.
    """
    if query.is_personal:
        raise ValueError("a search by subject, decision or outcome opens what is personal")
    records = (record for chunk in _chunks(reader, query, progress, looked or Looked()) for record in chunk)
    yield from islice(records, query.limit)


def found_of(reader: Reader, query: Query, ids: Sequence[UUID], looked: Looked) -> Iterator[Record]:
    """What fits among these entries, opened, in their order."""
    records = _of_ids(reader, query, ids, nothing_shown, looked)
    yield from islice(_by_private(reader, records, query, looked), query.limit)


def _by_private(reader: Reader, records: Iterator[Record], query: Query, looked: Looked) -> Iterator[Record]:
    """The records that fit the conditions which no envelope can settle."""
    test = PrivateTest(query, reader)
    for record in records:
        if query.asks_of_decisions and record.envelope.get("kind") != Kind.DECISION:
            continue
        fits = test.fits(record)
        if fits:
            yield record
        looked.unreadable += fits is None
    test.check()


def _of_ids(reader: Reader, query: Query, ids: Sequence[UUID], progress: Progress, looked: Looked) -> Iterator[Record]:
    """Those of the entries that fit, in the same order; only these are opened."""
    test = EnvelopeTest(query, reader)
    for done, entry in enumerate(reader.entries_of(ids), start=1):
        if test.may_fit(entry):
            fits = test.fits(reader.told_of(entry).envelope)
            looked.unreadable += fits is None
            if fits and (record := reader.record(entry.id)) is not None:
                yield record
        progress(done, len(ids))


def _streamed(reader: Reader, query: Query, progress: Progress, looked: Looked) -> Iterator[Record]:
    chosen = (query.service, query.policy, query.rule, query.denied_by, query.model, query.jurisdiction)
    is_rare = query.kind not in (None, Kind.DECISION)
    if not is_rare and not any((*chosen, query.verdict, query.status, query.review, query.until)):
        yield from _read_on(reader, query, progress)
        return
    for chunk in _chunks(reader, query, progress, looked):
        if len(chunk) < _WORTH_READING_ON:
            for told in chunk:
                if (record := reader.record(told.entry.id)) is not None:
                    yield record
        else:
            wanted = {told.entry.id for told in chunk}
            places = sorted((chunk[0].entry.leaf_index or 0, chunk[-1].entry.leaf_index or 0))
            records = list(reader.records(places[0], places[1] + 1))
            yield from (record for record in _ordered(records, query) if record.entry.id in wanted)


def _read_on(reader: Reader, query: Query, progress: Progress) -> Iterator[Record]:
    """For a query that most entries fit: opening them at once is cheaper than reading envelopes first."""
    test = EnvelopeTest(query, reader)
    for start, end in _pages(reader, query, progress):
        records = reader.records(start, end)
        for record in _ordered(list(records), query) if query.newest else records:
            if test.fits(record.envelope):
                yield record


def _chunks(reader: Reader, query: Query, progress: Progress, looked: Looked) -> Iterator[list[Record]]:
    """What fits among each page of the order."""
    test = EnvelopeTest(query, reader)
    for start, end in _pages(reader, query, progress):
        fitting = []
        for record in reader.told(start, end, test.may_fit, test.sealed_marks, test.marks):
            fits = test.fits(record.envelope)
            looked.unreadable += fits is None
            if fits:
                fitting.append(record)
        if fitting:
            yield _ordered(fitting, query)


def _ordered(found: list[Each], query: Query) -> list[Each]:
    return found[::-1] if query.newest else found


def _pages(reader: Reader, query: Query, progress: Progress) -> Iterator[tuple[int, int]]:
    """Where each page that is looked at begins and ends; the newest page first if the query asks for that."""
    start, end = bounds(reader, query)
    starts = range(start, end, LIMITS.page)
    for number, at in enumerate(reversed(starts) if query.newest else starts, start=1):
        yield at, min(at + LIMITS.page, end)
        progress(min(number * LIMITS.page, end - start), end - start)


def bounds(reader: Reader, query: Query) -> tuple[int, int]:
    """The leaf indices between which everything in the query's time is, and in its places."""
    if query.since is None and query.until is None:
        start, end = query.places or (0, reader.size())
    else:
        test = EnvelopeTest(query)
        start, end = reader.bounds(test.first, test.last)
    first, last = query.places or (start, end)
    return max(start, first), min(end, last)
