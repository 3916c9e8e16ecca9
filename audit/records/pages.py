"""A search page by page, for who asks again with the cursor of the page before.

What is recorded meanwhile changes no page: of a subject the newest entries come first, and other searches go over the
log, forth or back, as it was at the first page, to which the cursor holds. One page looks at `LIMITS.pages_looked`
entries at the most, so it may have none and not be the last.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.limits import LIMITS
from ordain.audit.records.query import Query
from ordain.audit.records.search import Looked, bounds, found_of, matching, search
from ordain.engine.errors import MalformedRequest, quoted

_CURSOR = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """`after` is the cursor for the next page, None when this is the last. `unreadable` as in `Looked`."""

    records: Sequence[Record]
    after: str | None
    unreadable: int


def page_of(reader: Reader, query: Query, after: str | None) -> Page:
    """The page after that cursor, or the first, of `query.limit` records at the most.

    Records have no private part, and `Status.READABLE` says nothing, where the query needs none of it.
    Raises MalformedRequest for a cursor that is none.
    """
    return _of_subject(reader, query, after) if query.subject is not None else _of_log(reader, query, after)


def _of_subject(reader: Reader, query: Query, after: str | None) -> Page:
    ids = sorted(reader.ids_of(query.subject or ""))
    if after is not None:
        ids = ids[: bisect_left(ids, _id(after))]
    ids.reverse()
    looked_at, looked = ids[: LIMITS.pages_looked], Looked()
    records = list(found_of(reader, query, looked_at, looked))
    if not ids:
        return Page([], None, 0)
    last = records[-1].entry.id if len(records) == query.limit else looked_at[-1]
    return Page(records, None if last == ids[-1] else str(last), looked.unreadable)


def _of_log(reader: Reader, query: Query, after: str | None) -> Page:
    if query.newest:
        return _back_from(reader, query, after)
    first, size = _from(reader, after, (0, reader.size()))
    start, end = bounds(reader, replace(query, places=(first, size)))
    until = min(end, start + LIMITS.pages_looked)
    within, looked = replace(query, places=(start, until)), Looked()
    found = search(reader, within, looked=looked) if query.is_personal else matching(reader, within, looked=looked)
    records = list(found)
    following = until
    if len(records) == query.limit:
        following = (records[-1].entry.leaf_index or 0) + 1
    return Page(records, f"{following}-{size}" if following < end else None, looked.unreadable)


def _from(reader: Reader, after: str | None, first: tuple[int, int]) -> tuple[int, int]:
    """Where a page begins, and where the log ended at the first page. Raises MalformedRequest."""
    if after is None:
        return first
    at, size = _places(after)
    if not at <= size <= reader.size():  # of another ledger, or of one that was restored
        raise _no_cursor(after)
    return at, size


def _back_from(reader: Reader, query: Query, after: str | None) -> Page:
    """The same, from the end of the log at the first page to its beginning: the cursor says where it had come to."""
    upto, size = _from(reader, after, (reader.size(),) * 2)
    start, end = bounds(reader, replace(query, places=(0, min(upto, size))))
    least, looked = max(start, end - LIMITS.pages_looked), Looked()
    within = replace(query, places=(least, end))
    found = search(reader, within, looked=looked) if query.is_personal else matching(reader, within, looked=looked)
    records = list(found)
    following = least
    if len(records) == query.limit:
        following = records[-1].entry.leaf_index or 0
    return Page(records, f"{following}-{size}" if following > start else None, looked.unreadable)


def _places(cursor: str) -> tuple[int, int]:
    """Where to go on, and where the log ended at the first page."""
    if (match := _CURSOR.fullmatch(cursor)) is None:
        raise _no_cursor(cursor)
    return int(match[1]), int(match[2])


def _id(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError:
        raise _no_cursor(cursor) from None


def _no_cursor(cursor: str) -> MalformedRequest:
    return MalformedRequest(f"`after` is {quoted(cursor[:60])}", "it is the `after` of the page before")
