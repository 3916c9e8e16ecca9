"""Merkle trees as RFC 6962 section 2.1 (the same in RFC 9162 section 2.1) hashes them, without recursion.

A leaf is hashed behind a 0x00 byte, a node behind a 0x01 byte, all with SHA-256. A tree of n leaves is the complete
subtrees that the bits of n name, the largest first; its root joins them from the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE_WIDTH = 256
"""Hashes in a tile: eight levels of the tree (https://c2sp.org/tlog-tiles)."""

TILE_BYTES = TILE_WIDTH * HASH_BYTES
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """32 bytes: SHA-256(0x00 || data)."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """32 bytes: SHA-256(0x01 || left || right)."""
    return sha256(b"\1" + left + right).digest()


def row_above(row: Sequence[bytes]) -> list[bytes]:
    """The parents of an even number of neighbours."""
    return [sha256(b"\1" + row[at] + row[at + 1]).digest() for at in range(0, len(row), 2)]


def complete_root(row: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes, a full tile for example."""
    while len(row) > 1:
        row = row_above(row)
    return row[0]


def split(hashes: bytes) -> list[bytes]:
    """The hashes that stand one after the other in `hashes`."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


class Frontier:
    """A tree that grows at its right end and remembers only the roots of its complete subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, subtree: bytes, height: int = 0) -> None:
        """Adds a complete subtree of 2**height leaves; the size so far must be a multiple of that."""
        place = self.size >> height
        while place & 1:
            subtree = node_hash(self._peaks.pop(), subtree)
            place >>= 1
        self._peaks.append(subtree)
        self.size += 1 << height

    def root(self) -> bytes:
        """The root of the leaves so far, 32 bytes."""
        return join(self._peaks)

    def copy(self) -> Frontier:
        """Another one that grows on its own from here."""
        other = Frontier()
        other.size, other._peaks = self.size, list(self._peaks)
        return other


def join(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees, largest first."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` shows that `leaf` is leaf `index` of the tree of `size` leaves (RFC 9162 section 2.1.3.2).

    False for everything malformed too.
    """
    if not (0 <= index < size and _are_hashes(leaf, root, *path)):
        return False
    at, last, climbed = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            climbed = node_hash(sibling, climbed)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            climbed = node_hash(climbed, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and climbed == root


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `new` leaves begins with that of `old` (RFC 9162 section 2.1.4.2).

    False for everything malformed too.
    """
    if not (0 <= old <= new and _are_hashes(old_root, new_root, *proof)):
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _are_hashes(*values: object) -> bool:
    return all(isinstance(value, bytes) and len(value) == HASH_BYTES for value in values)
