"""Where the private parts of entries are kept: sealed bytes, and which key opens them. Each database has its way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from ordain.audit.store.rows import ENTRY, INBOX, SUBJECT_KEY

KEY = (SUBJECT_KEY.c.key, SUBJECT_KEY.c.tag, SUBJECT_KEY.c.wrapped)
"""What a key is, to stand after what names it."""
STATE = (SUBJECT_KEY.c.key, SUBJECT_KEY.c.tag, SUBJECT_KEY.c.wrapped, SUBJECT_KEY.c.erase_not_before)
"""What is read of the key that opens a private part, to stand after its sealed bytes."""


class Stored(NamedTuple):
    """An entry with its private part as they are stored. `named` is the key that this names; `key`, `tag` and `wrapped`
    are of that key, None when it is not there. `leaf_index` is None while it has no place in the order.
    """

    leaf_index: int | None
    id: bytes
    envelope: bytes
    sealed: bytes | None
    named: bytes | None
    key: bytes | None
    tag: bytes
    wrapped: bytes | None


Only = tuple[bytes, ...]
"""What has to stand in an envelope, as its canonical bytes have it: `"service":"plan-advice"`."""


class PrivateParts(ABC):
    """All that is asked of private parts. Everything but the selects is called inside a transaction."""

    records: sa.Select[Any]
    """leaf_index, id and envelope of entries, the sealed bytes (or None), and `STATE`; by `ENTRY.c.leaf_index`."""

    stored: sa.Select[Any]
    """`Stored`s that have a place; by `ENTRY.c.leaf_index`."""

    stored_waiting: sa.Select[Any] | None = None
    """Those that have none yet."""

    @abstractmethod
    def holds(self, column: sa.ColumnElement[bytes], part: bytes) -> sa.ColumnElement[bool]:
        """The condition that the bytes of a column have those of `part` in them."""

    def of_kinds(self, connection: sa.Connection, *kinds: str) -> list[Stored]:
        """All entries of some kinds, in order, those without a place last. Every envelope is looked at."""
        marks = [b'"kind":"%b"' % kind.encode() for kind in kinds]
        waiting: Sequence[Any] = ()
        if self.stored_waiting is not None:  # first: what gets its place meanwhile is not to be missed
            speaks = sa.or_(*(self.holds(INBOX.c.envelope, mark) for mark in marks))
            waiting = connection.execute(self.stored_waiting.where(speaks).order_by(INBOX.c.id)).all()
        speaks = sa.or_(*(self.holds(ENTRY.c.envelope, mark) for mark in marks))
        placed = connection.execute(self.stored.where(speaks).order_by(ENTRY.c.leaf_index)).all()
        known = {row[1] for row in placed}
        return [Stored._make(row) for row in (*placed, *(row for row in waiting if row[1] not in known))]

    @abstractmethod
    def of_entry(self, entry_id: bytes) -> sa.Select[Any]:
        """The sealed bytes and `STATE` of one entry; no row, or None in it, when its private part was removed."""

    @abstractmethod
    def ids(self, connection: sa.Connection, key: bytes) -> list[bytes]:
        """The ids of the entries under a subject's key, in order."""

    @abstractmethod
    def ids_since(self, connection: sa.Connection, key: bytes, mark: bytes) -> tuple[list[bytes], bytes]:
        """The ids that came since the call that gave `mark`, or all for an empty one, and the next mark.

        Some that an earlier call gave may be among them, for what commits late may have a smaller id.
        """

    @abstractmethod
    def lose_keys(self, connection: sa.Connection, keys: Sequence[bytes]) -> int:
        """Takes the names of keys that are being destroyed away from what they open. Returns how many that were."""

    def old(
        self,
        connection: sa.Connection,
        after: bytes,
        before: bytes,
        stays: sa.Select[bytes],
        only: Only,
        signed: int,
        most: int,
    ) -> list[Stored]:
        """The entries with private parts of ids from `after` on, without it, and below `before`, but for keys in
        `stays`: at most so many, oldest first. Those from place `signed` on, or without one, are not among them.
        """
        wanted = self.stored.where(ENTRY.c.id > after, *self._old(before, stays, only, signed))
        return [Stored._make(row) for row in connection.execute(wanted.order_by(ENTRY.c.id).limit(most))]

    def count_old(
        self, connection: sa.Connection, before: bytes, stays: sa.Select[bytes], only: Only, signed: int
    ) -> tuple[int, int]:
        """How many private parts `old` would give, and how many of them have lost their key."""
        found = self.stored.where(*self._old(before, stays, only, signed)).subquery()
        counts = sa.select(sa.func.count(), sa.func.count(found.c.named)).select_from(found)
        count, keyed = connection.execute(counts).one()
        return count, count - keyed

    def _old(self, before: bytes, stays: sa.Select[bytes], only: Only, signed: int) -> list[sa.ColumnElement[bool]]:
        told = [self.holds(ENTRY.c.envelope, mark) for mark in only]
        return [ENTRY.c.id < before, ENTRY.c.leaf_index < signed, self.goes(stays), *told]

    @abstractmethod
    def goes(self, stays: sa.Select[bytes]) -> sa.ColumnElement[bool]:
        """The condition that an entry has a private part whose key is not in `stays`."""

    @abstractmethod
    def remove(self, connection: sa.Connection, ids: Sequence[bytes]) -> int:
        """Removes the private parts of these entries. Returns how many that were."""

    @abstractmethod
    def forget_unused(self, connection: sa.Connection, before: bytes, stays: sa.Select[bytes]) -> None:
        """Deletes the keys that open nothing any more since private parts below `before` were removed."""
