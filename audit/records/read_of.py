"""Who read what of whom: the reading entries in which something about one person was read (GDPR Article 15, C-579/21).

A reading of one person is sealed under that person's key, and found by it. One of many, such as an export, keeps what
was asked for, between which places in the log it read, and the ids of the first `LIMITS.ids_named`. Whether it held
something about a person is found by asking the same of that person's entries again: the log never changes. So nothing
is kept twice, and after an erasure nobody finds out any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any
from uuid import UUID

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import Kind, StoredEntry
from ordain.audit.ledger.reader import Reader, Record
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


def readings_of_entry(reader: Reader, record: Record) -> list[Record]:
    """The reading entries that held this one, opened, the newest first: as `readings_of`, for one entry.

    Empty for an entry whose subject is not known any more. Raises LedgerUnavailable.
    """
    subject = (record.private or {}).get("subject")
    if not isinstance(subject, str):
        return []
    own = (reader.entry(each) for each in reader.ids_of(subject))
    of_one = (reader.record(entry.id) for entry in own if entry is not None and _MARK in entry.envelope)
    found = {
        each.entry.id: each
        for each in chain(of_one, _of_many(reader))
        if each is not None and each.private is not None and _held(reader, each, [record.entry])
    }
    return [found[each] for each in sorted(found, reverse=True)]


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
