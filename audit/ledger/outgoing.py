"""Entries in the order of the log, each with what has to be kept in order with it: for whoever tells others of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from ordain.audit.entry.entry import VERIFY, StoredEntry
from ordain.audit.entry.keys import Keyring
from ordain.audit.limits import LIMITS
from ordain.audit.store.rows import ENTRY
from ordain.audit.store.store import Store
from ordain.engine.errors import LedgerUnavailable

NOBODY, KEYLESS = b"nobody", b"keyless"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`leaf` is its place in the order. What has the same `line` goes out one after another.

    That is the name of the subject's data key, which is random and goes with the subject's erasure; `NOBODY` for what
    is about nobody, and `KEYLESS` once the key is gone, when nothing tells any more whose entry it was.
    """

    leaf: int
    line: bytes
    entry: StoredEntry


def outgoing(store: Store, keyring: Keyring, start: int, most: int) -> list[Outgoing]:
    """At most so many entries from leaf index `start` on. Raises LedgerUnavailable."""
    return _read(store, keyring, ENTRY.c.leaf_index.between(start, start + most - 1))


def outgoing_at(store: Store, keyring: Keyring, leaves: Sequence[int]) -> list[Outgoing]:
    """The entries at those places, in the order of the log. Raises LedgerUnavailable."""
    found = []
    for at in range(0, len(leaves), LIMITS.page):
        found += _read(store, keyring, ENTRY.c.leaf_index.in_(leaves[at : at + LIMITS.page]))
    return sorted(found, key=lambda each: each.leaf)


def _read(store: Store, keyring: Keyring, which: sa.ColumnElement[bool]) -> list[Outgoing]:
    with store.reading() as connection:
        rows = connection.execute(store.private.records.where(which).order_by(ENTRY.c.leaf_index)).all()
    house = keyring.tag(None)
    found = []
    for leaf, entry_id, envelope, _, key, tag, *_ in rows:
        if not (isinstance(entry_id, bytes) and len(entry_id) == 16 and isinstance(envelope, bytes)):
            raise LedgerUnavailable(f"the stored entry {leaf} is damaged", VERIFY)
        line = KEYLESS if key is None else NOBODY if tag == house else key
        found.append(Outgoing(leaf, line, StoredEntry(leaf, UUID(bytes=entry_id), envelope)))
    return found
