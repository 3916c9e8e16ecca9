"""A search page by page, for who asks again with the cursor of the page before.

What is recorded meanwhile changes no page: of a subject the newest entries come first, and other searches go over the
log, forth or back, as it was at the first page, to which the cursor holds. One page looks at `LIMITS.pages_looked`
entries and for some `LIMITS.pages_seconds` at the most, so it may have none and not be the last.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
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
    found = _Found(reader, query)
    until = start
    while until < end and not found.is_enough(until - start):
        begin, until = until, min(end, until + found.step)
        found.look(begin, until)
    following = until if found.left else (found.records[-1].entry.leaf_index or 0) + 1
    return Page(found.records, f"{following}-{size}" if following < end else None, found.looked.unreadable)


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
    found = _Found(reader, query)
    least = end
    while least > start and not found.is_enough(end - least):
        upto, least = least, max(start, least - found.step)
        found.look(least, upto)
    following = least if found.left else found.records[-1].entry.leaf_index or 0
    return Page(found.records, f"{following}-{size}" if following > start else None, found.looked.unreadable)


class _Found:
    """What one page has found so far, looking at one stretch of the log after the other.

    A condition in FEEL is judged over all that a page looks at, where it is said whether it fits any decision.
    """

    def __init__(self, reader: Reader, query: Query) -> None:
        self._reader, self._query, self._begun = reader, query, monotonic()
        self.records: list[Record] = []
        self.looked = Looked()
        self.step = LIMITS.pages_looked if query.where else min(LIMITS.pages_step, LIMITS.pages_looked)

    @property
    def left(self) -> int:
        """How many more the page takes; 1 and on where it takes any number."""
        return 1 if self._query.limit is None else self._query.limit - len(self.records)

    def is_enough(self, looked_at: int) -> bool:
        """Whether the page is full, or has looked at so much, or for so long, that it ends here."""
        is_long = monotonic() - self._begun > LIMITS.pages_seconds
        return not self.left or looked_at >= LIMITS.pages_looked or is_long

    def look(self, start: int, end: int) -> None:
        """At the entries of these places, the second without itself."""
        limit = None if self._query.limit is None else self.left
        within = replace(self._query, places=(start, end), limit=limit)
        look = search if within.is_personal else matching
        self.records += look(self._reader, within, looked=self.looked)


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
