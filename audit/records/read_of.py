"""Who read what of whom: the reading entries in which something about one person was read (GDPR Article 15, C-579/21).

A reading of one person is sealed under that person's key, and found by it. One of many, such as an export, keeps what
was asked for, between which places in the log it read, and the ids of the first `LIMITS.ids_named`. Whether it held
something about a person is found by asking the same of that person's entries again: the log never changes. So nothing
is kept twice, and after an erasure nobody finds out any more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import merge
from typing import Any, NamedTuple
from uuid import UUID

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import Kind, StoredEntry
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.limits import LIMITS
from ordain.audit.records.by_envelope import EnvelopeTest
from ordain.audit.records.by_private import PrivateTest
from ordain.audit.records.query import Query, read_query
from ordain.engine.errors import OrdainError

Json = dict[str, Any]
_MARK = canonical({"kind": Kind.READ})[1:-1]


def readings_of(reader: Reader, subject: str) -> list[UUID]:
    """The ids of all reading entries that held something about `subject`, in the order of their times.

    Empty when the ledger knows nobody of that name. Every reading entry of more than one person is opened.
    Raises LedgerUnavailable.
    """
    own = reader.ids_of(subject)
    if not own:
        return []
    kept = [entry for each in own if (entry := reader.entry(each)) is not None]
    about = [entry for entry in kept if _MARK not in entry.envelope]
    found = {entry.id for entry in kept if _MARK in entry.envelope}
    found |= {record.entry.id for record in _of_many(reader) if _held(reader, record, about)}
    return sorted(found)


class Read(NamedTuple):
    """The newest readings of an entry, opened; `more` where older ones may be there that were not looked at."""

    readings: list[Record]
    more: bool


def readings_of_entry(reader: Reader, record: Record, most: int) -> Read:
    """The reading entries that held this one, the newest first, at most so many: as `readings_of`, for one entry.

    Readings are opened from the newest back, whether they held it or not: `LIMITS.readings_opened` of them at the most,
    and for `LIMITS.readings_seconds`.
    None of an entry whose subject is not known any more. Raises LedgerUnavailable.
    """
    subject = (record.private or {}).get("subject")
    if not isinstance(subject, str):
        return Read([], False)
    own = (each for entry_id in reversed(reader.ids_of(subject)) if (each := reader.entry(entry_id)) is not None)
    found: dict[UUID, Record] = {}
    seen: set[UUID] = set()
    late = time.monotonic() + LIMITS.readings_seconds
    more = False
    for entry in merge(own, _backwards(reader, record.entry.leaf_index or 0), key=lambda each: each.id, reverse=True):
        is_new = entry.id not in seen and _read_something(entry)
        if (is_new and len(found) == most) or len(seen) == LIMITS.readings_opened or time.monotonic() > late:
            more = True
            break
        if not is_new:
            continue
        seen.add(entry.id)
        reading = reader.record(entry.id)
        if reading is not None and reading.private is not None and _held(reader, reading, [record.entry]):
            found[entry.id] = reading
    return Read([found[each] for each in sorted(found, reverse=True)], more)


def _backwards(reader: Reader, start: int) -> Iterator[StoredEntry]:
    """The entries from the end of the log back to a place."""
    end = reader.size()
    while end > start:
        begin = max(start, end - LIMITS.page)
        yield from reversed(list(reader.entries(begin, end)))
        end = begin


def _read_something(entry: StoredEntry) -> bool:
    """Whether it is a reading of one entry or more, as far as its envelope says."""
    return _MARK in entry.envelope and entry.read()["about"].get("entries") != 0


def _of_many(reader: Reader) -> Iterator[Record]:
    for entry in reader.entries():
        if _MARK in entry.envelope and (record := reader.record(entry.id)) is not None and record.private is not None:
            yield record


def _held(reader: Reader, reading: Record, about: Sequence[StoredEntry]) -> bool:
    """Whether it read one of the entries about a person."""
    private, told = reading.private or {}, reading.envelope["about"]
    ids, asked = set(private.get("ids") or ()), private.get("query") or {}
    if any(str(entry.id) in ids for entry in about):
        return True
    if told.get("entries", 0) <= len(ids) or "id" in asked or "place" in asked:  # all that was read is named
        return False
    try:
        query = read_query(asked)
        return any(_fits(reader, query, entry) for entry in about if entry.id < reading.entry.id)
    except (OrdainError, ValueError, TypeError):
        return True  # what was asked can no longer be told: it may have held it, and nobody is told that it did not


def _fits(reader: Reader, query: Query, entry: StoredEntry) -> bool:
    first, end = query.places or (0, None)
    at = entry.leaf_index
    if at is None or at < first or (end is not None and at >= end):
        return False
    test = EnvelopeTest(replace(query, subject=None), reader)
    if not (test.may_fit(entry) and test.fits(reader.told_of(entry).envelope) is not False):
        return False
    if not query.asks_of_decisions:
        return True
    record = reader.record(entry.id)
    return record is not None and PrivateTest(query, reader).fits(record) is not False
