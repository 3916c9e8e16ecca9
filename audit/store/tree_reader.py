"""The Merkle tree of a ledger, read from its database: stored tiles, and the stored bytes of entries beyond them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from ordain.audit.entry.entry import VERIFY
from ordain.audit.store.rows import ENTRY, TILE
from ordain.audit.store.store import Store
from ordain.audit.tlog.merkle import leaf_hash
from ordain.audit.tlog.tiles import TILE_HEIGHT, TileSubtrees
from ordain.engine.errors import LedgerUnavailable

Answer = TypeVar("Answer")


class KeptTree:
    """The tree of a ledger for those who ask again and again: what was read stays in memory, up to `LIMITS`.

    The log may grow meanwhile. Whether an answer is that of the ledger is for who asks to check against a signed root;
    if it is not, as after a backup was put back under an open ledger, `forget` and ask once more. Safe to use from
    several threads.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tree = stored_tree(store)
        self._lock = threading.Lock()

    def ask(self, question: Callable[[TileSubtrees], Answer]) -> Answer:
        """What `question` finds in the tree. Raises LedgerUnavailable when the database cannot be read."""
        with self._lock:
            return question(self._tree)

    def forget(self) -> None:
        """Reads everything anew from here on."""
        with self._lock:
            self._tree = stored_tree(self._store)


def stored_tree(store: Store, signed: int | None = None) -> TileSubtrees:
    """The subtrees of the entries that have a place in the order. Raises LedgerUnavailable as it is used.

    With `signed`, tiles that go beyond so many leaves are not believed: the entries themselves are read.
    """

    def tile(level: int, index: int) -> bytes | None:
        if signed is not None and (index + 1) << TILE_HEIGHT * (level + 1) > signed:
            return None
        wanted = sa.select(TILE.c.hashes).where(TILE.c.level == level, TILE.c.tile_index == index)
        with store.reading() as connection:
            return connection.execute(wanted).scalar()

    def leaves(start: int, end: int) -> list[bytes]:
        wanted = (
            sa.select(ENTRY.c.envelope)
            .where(ENTRY.c.leaf_index >= start, ENTRY.c.leaf_index < end)
            .order_by(ENTRY.c.leaf_index)
        )
        with store.reading() as connection:
            envelopes = [row[0] for row in connection.execute(wanted)]
        if not all(isinstance(envelope, bytes) for envelope in envelopes):
            raise LedgerUnavailable(f"an entry from leaf {start} on is damaged", VERIFY)
        return [leaf_hash(envelope) for envelope in envelopes]

    return TileSubtrees(tile, leaves)
