"""Tiles: the tree's hashes as stored, 256 at a time (https://c2sp.org/tlog-tiles).

Tile `index` of `level` holds the hashes of the 256 subtrees of height 8 * level that lie side by side from subtree
256 * index on; at level 0 these are leaf hashes. Only full tiles are stored: 8,192 bytes that never change again.
What no full tile covers yet is hashed from the loose ends: at most 255 leaves, and 255 tile roots per level.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TypeVar

from ordain.audit.limits import LIMITS
from ordain.audit.tlog.merkle import HASH_SIZE, Subtrees
from ordain.engine.errors import LedgerUnavailable

TILE_HEIGHT = 8
"""Levels of the tree within one tile."""

TILE_WIDTH = 1 << TILE_HEIGHT
"""Hashes in a full tile."""

TILE_BYTES = TILE_WIDTH * HASH_SIZE

Tile = Callable[[int, int], bytes | None]
"""(level, index) -> the 8,192 bytes of a full tile, or None when there is none (yet)."""

Leaves = Callable[[int, int], list[bytes]]
"""(start, end) -> the leaf hashes of leaves start to end - 1."""


Kept = TypeVar("Kept")


class TileSubtrees:
    """Answers `Subtrees` from full tiles and loose leaves, and keeps what it read.

    What is kept never goes stale, because a complete subtree of a growing ledger does not change: one instance may
    serve many sizes. But leaves that were read before their commit and then rolled back are not of the ledger: make a
    new instance after a rollback. Stored tiles are believed; to check them, compare them with the leaves. To be used
    by one thread at a time.
    """

    def __init__(self, tile: Tile, leaves: Leaves) -> None:
        self._tile, self._leaves = tile, leaves
        self._tiles: dict[tuple[int, int], list[bytes]] = {}
        self._hashes: dict[tuple[int, int], bytes] = {}

    def __call__(self, height: int, index: int) -> bytes:
        """The hash of the complete subtree over the 2**height leaves from leaf index * 2**height on.

        Raises LedgerUnavailable when a leaf of it is missing or a stored tile is damaged.
        """
        known = self._hashes.get((height, index))
        if known is not None:
            return known
        level, up = divmod(height, TILE_HEIGHT)
        rows = self._rows(level, index >> TILE_HEIGHT - up)
        if rows is not None:
            at = (index % (TILE_WIDTH >> up)) * HASH_SIZE
            return rows[up][at : at + HASH_SIZE]
        if up == 0 and level:
            return self._tile_root(level - 1, index)
        return _kept(self._hashes, (height, index), self._loose(level, up, index), LIMITS.hashes_cached)

    def _rows(self, level: int, index: int) -> list[bytes] | None:
        """A full tile's hashes and the eight rows above them, the last a single hash; None when there is no tile."""
        rows = self._tiles.get((level, index))
        if rows is None:
            hashes = self._tile(level, index)
            if hashes is None:
                return None
            if len(hashes) != TILE_BYTES:
                raise LedgerUnavailable(
                    f"tile {index} of level {level} on record has {len(hashes)} bytes, not {TILE_BYTES}",
                    "the ledger file is damaged; `ordain audit verify` says where",
                )
            rows = _kept(self._tiles, (level, index), _rise(hashes, TILE_HEIGHT), LIMITS.tiles_cached)
        return rows

    def _tile_root(self, level: int, index: int) -> bytes:
        """The hash over a whole tile. One that is full but not stored yet is made from what lies below it."""
        place = ((level + 1) * TILE_HEIGHT, index)
        known = self._hashes.get(place)
        if known is not None:
            return known
        rows = self._rows(level, index)
        if rows is None:
            rows = _rise(self._row(level, index << TILE_HEIGHT, TILE_WIDTH), TILE_HEIGHT)
            _kept(self._tiles, (level, index), rows, LIMITS.tiles_cached)
        return _kept(self._hashes, place, rows[TILE_HEIGHT], LIMITS.hashes_cached)

    def _loose(self, level: int, up: int, index: int) -> bytes:
        """The hash over the 2**up hashes of a tile that is not full."""
        return _rise(self._row(level, index << up, 1 << up), up)[up]

    def _row(self, level: int, start: int, count: int) -> bytes:
        """`count` hashes of a level side by side, from where there is no full tile at that level."""
        if level:
            return b"".join([self._tile_root(level - 1, place) for place in range(start, start + count)])
        leaves = self._leaves(start, start + count)
        hashes = b"".join(leaves)
        if len(leaves) != count or len(hashes) != count * HASH_SIZE:
            raise LedgerUnavailable(
                f"leaves {start} to {start + count - 1} are not all on record ({len(leaves)} of {count})",
                "the ledger file is damaged; `ordain audit verify` says where",
            )
        return hashes


def new_tiles(old_size: int, new_size: int, subtrees: Subtrees) -> Iterator[tuple[int, int, bytes]]:
    """The tiles that become full when the tree grows: (level, index, 8,192 bytes), in the order they fill up.

    Raises ValueError unless 0 <= old_size <= new_size.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError(f"tiles from {old_size} to {new_size} leaves: a tree only grows, from 0")
    for full in range((old_size >> TILE_HEIGHT) + 1, (new_size >> TILE_HEIGHT) + 1):
        level, count = 0, full
        yield level, count - 1, _tile(level, count - 1, subtrees)
        while count % TILE_WIDTH == 0:
            level, count = level + 1, count >> TILE_HEIGHT
            yield level, count - 1, _tile(level, count - 1, subtrees)


def _tile(level: int, index: int, subtrees: Subtrees) -> bytes:
    subtrees(level * TILE_HEIGHT + TILE_HEIGHT, index)  # whoever reads from a store then reads the 256 at once
    return hashes_in(level, index, TILE_WIDTH, subtrees)


def hashes_in(level: int, index: int, width: int, subtrees: Subtrees) -> bytes:
    """The first `width` hashes of a tile, 1 to 256, one after the other."""
    first = index << TILE_HEIGHT
    return b"".join([subtrees(level * TILE_HEIGHT, place) for place in range(first, first + width)])


def _rise(row: bytes, height: int) -> list[bytes]:
    """`row`, 2**height hashes side by side, and each row of parents above it."""
    rows, sha256 = [row], hashlib.sha256
    for _ in range(height):
        row = b"".join(
            [sha256(b"\x01" + row[at : at + 2 * HASH_SIZE]).digest() for at in range(0, len(row), 2 * HASH_SIZE)]
        )
        rows.append(row)
    return rows


def _kept(memory: dict[tuple[int, int], Kept], key: tuple[int, int], value: Kept, limit: int) -> Kept:
    """The value, now in memory, in place of the oldest there when that is full."""
    if len(memory) >= limit:
        del memory[next(iter(memory))]
    memory[key] = value
    return value
