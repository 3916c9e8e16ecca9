"""Where the private parts of entries are kept: sealed bytes, and which key opens them. Each database has its way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from ordain.audit.store.rows import SUBJECT_KEY

STATE = (SUBJECT_KEY.c.key, SUBJECT_KEY.c.tag, SUBJECT_KEY.c.wrapped, SUBJECT_KEY.c.erase_not_before)
"""What is read of the key that opens a private part, to stand after its sealed bytes."""


class Removed(NamedTuple):
    """What one step of a removal by age took: `erased` of the `payloads` had lost their key already.

    `last` is the id that the next step goes on after.
    """

    payloads: int
    erased: int
    last: bytes


class PrivateParts(ABC):
    """All that is asked of private parts. Everything but the selects is called inside a transaction."""

    records: sa.Select[Any]
    """leaf_index, id and envelope of entries, the sealed bytes (or None), and `STATE`; by `ENTRY.c.leaf_index`."""

    @abstractmethod
    def of_entry(self, entry_id: bytes) -> sa.Select[Any]:
        """The sealed bytes and `STATE` of one entry; no row, or None in it, when its private part was removed."""

    @abstractmethod
    def ids(self, connection: sa.Connection, key: bytes) -> list[bytes]:
        """The ids of the entries under a subject's key, in order."""

    @abstractmethod
    def lose_keys(self, connection: sa.Connection, keys: Sequence[bytes]) -> int:
        """Takes the names of keys that are being destroyed away from what they open. Returns how many that were."""

    @abstractmethod
    def remove(
        self, connection: sa.Connection, after: bytes, before: bytes, stays: sa.Select[bytes], most: int
    ) -> Removed:
        """Removes private parts of ids from `after` on, without it, and below `before`, but for keys in `stays`.

        At most so many, oldest first.
        """

    @abstractmethod
    def forget_unused(self, connection: sa.Connection, before: bytes, stays: sa.Select[bytes]) -> None:
        """Deletes the keys that open nothing any more since private parts below `before` were removed."""
