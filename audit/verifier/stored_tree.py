"""The tree as the database stores it: tiles where they are full, the entries themselves where they are not.

Nothing here is trusted. What is read is worth something once a path made of it leads to a signed root.
"""

from __future__ import annotations

from ordain.audit.verifier.reading_limits import LIMITS
from ordain.audit.verifier.source import Source
from ordain.audit.verifier.tree import TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, join, leaf_hash, row_above, split


class Incomplete(Exception):
    """A tile or an entry that the tree needs is not there, or is none; says which."""


class StoredTree:
    """Hashes of complete subtrees by height and place, of the tree of `size` leaves. May raise Incomplete."""

    def __init__(self, source: Source, size: int) -> None:
        self.size = size
        self._source = source
        self._tiles: dict[tuple[int, int], list[list[bytes]]] = {}

    def subtree(self, height: int, index: int) -> bytes:
        """The root over the 2**height leaves from leaf `index` * 2**height on, which must lie in the tree."""
        level, inside = divmod(height, TILE_HEIGHT)
        width = TILE_HEIGHT - inside
        tile, place = index >> width, index & ((1 << width) - 1)
        rows = self._rows(level, tile)
        if place >= len(rows[inside]):
            raise Incomplete(f"tile {tile} of level {level}")
        return rows[inside][place]

    def peaks(self, start: int, end: int) -> list[bytes]:
        """The roots of the complete subtrees that the leaves from `start` to the tree's edge `end` fall into."""
        roots = []
        while start < end:
            height = (end - start).bit_length() - 1
            if start:
                height = min(height, (start & -start).bit_length() - 1)
            roots.append(self.subtree(height, start >> height))
            start += 1 << height
        return roots

    def root(self) -> bytes:
        """The root of all that is stored, 32 bytes (RFC 6962 section 2.1)."""
        return join(self.peaks(0, self.size))

    def path(self, index: int) -> list[bytes]:
        """The inclusion path of a leaf, from its sibling up (RFC 6962 section 2.1.1)."""
        start, end, siblings = 0, self.size, []
        while end - start > 1:
            middle = start + (1 << ((end - start - 1).bit_length() - 1))
            if index < middle:
                siblings.append(join(self.peaks(middle, end)))
                end = middle
            else:
                siblings.append(join(self.peaks(start, middle)))
                start = middle
        return siblings[::-1]

    def _rows(self, level: int, tile: int) -> list[list[bytes]]:
        """The hashes of a tile and the nodes over them, row by row; of a partial one what is complete."""
        rows = self._tiles.get((level, tile))
        if rows is None:
            rows = [self._hashes(level, tile)]
            while len(rows[-1]) > 1:
                rows.append(row_above(rows[-1][: len(rows[-1]) // 2 * 2]))
            rows += [[]] * (TILE_HEIGHT + 1 - len(rows))
            if len(self._tiles) >= LIMITS.tiles_cached:
                self._tiles.clear()
            self._tiles[level, tile] = rows
        return rows

    def _hashes(self, level: int, tile: int) -> list[bytes]:
        start = tile * TILE_WIDTH
        end = min(start + TILE_WIDTH, self.size // TILE_WIDTH**level)
        if end == start + TILE_WIDTH:
            row = self._source.row("SELECT hashes FROM tile WHERE level = ? AND tile_index = ?", level, tile)
            if row is None or not isinstance(row[0], bytes) or len(row[0]) != TILE_BYTES:
                raise Incomplete(f"tile {tile} of level {level}")
            return split(row[0])
        if level:
            return [self._rows(level - 1, index)[TILE_HEIGHT][0] for index in range(start, end)]
        query = "SELECT leaf_index, envelope FROM entry WHERE leaf_index >= ? AND leaf_index < ? ORDER BY leaf_index"
        rows = list(self._source.rows(query, start, end))
        if [row[0] for row in rows] != list(range(start, end)) or not all(isinstance(row[1], bytes) for row in rows):
            raise Incomplete(f"one of the entries {start} to {end - 1}")
        return [leaf_hash(row[1]) for row in rows]
