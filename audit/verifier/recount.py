"""Counts the tree again while the entries go by, and compares it with the stored tiles.

Two trees grow side by side: that of the entries' bytes, and that which the stored tiles tell. They are one as long as
both agree. Where they part, the signed checkpoints say which of them is right, so that a changed entry can be named
and told from a changed tile.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ordain.audit.verifier.reading_limits import LIMITS
from ordain.audit.verifier.tree import TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, Frontier, complete_root, split

Hashes = list[bytes | None]
"""Leaf hashes or roots; None where an entry is missing."""


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots at one size, None where too much is missing to tell: of the entries, and as the tiles tell."""

    entries: bytes | None
    tiles: bytes | None


@dataclass(frozen=True, slots=True)
class Span:
    """Leaves `first` to `last` whose hashes a tile has otherwise."""

    level: int
    tile_index: int
    first: int
    last: int


@dataclass(slots=True)
class Recount:
    """`tile(level, index)` gives a stored tile, None when there is none. `sizes`: where roots are wanted."""

    tile: Callable[[int, int], object]
    sizes: Iterable[int]
    roots: dict[int, Roots] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    more_spans: int = 0
    broken: list[tuple[int, int]] = field(default_factory=list)
    """Tiles that are not 256 hashes: level and index."""
    absent: list[tuple[int, int, int]] = field(default_factory=list)
    """Runs of full tiles that are not stored: level, first and last index."""
    size: int = 0
    _of_entries: Frontier | None = field(default_factory=Frontier)
    _of_tiles: Frontier | None = field(default_factory=Frontier)
    _batch: Hashes = field(default_factory=list)
    _levels: list[tuple[Hashes, Hashes]] = field(default_factory=list)
    _wanted: array[int] = field(init=False)
    _lost: bool = False

    def __post_init__(self) -> None:
        self._wanted = array("q", sorted(set(self.sizes), reverse=True))
        self._note_roots(0, self._of_entries, self._of_tiles)

    @property
    def expects(self) -> int:
        """The place of the next leaf."""
        return self.size + len(self._batch)

    def add(self, leaf: bytes) -> None:
        """Adds the hash of the next leaf, 32 bytes."""
        self._batch.append(leaf)
        if len(self._batch) == TILE_WIDTH:
            self._close_tile()

    def skip_to(self, leaf_index: int) -> None:
        """Says that the leaves up to there are missing."""
        # Beyond a longer gap, what follows has no place in a tree.
        if self._lost or leaf_index - self.expects > LIMITS.gap:
            self._lost = True
            self._of_entries = self._of_tiles = None
            self._batch.clear()
            self.size = leaf_index
            return
        while self.expects < leaf_index:
            self._batch.append(None)
            if len(self._batch) == TILE_WIDTH:
                self._close_tile()

    def finish(self) -> None:
        """Takes the leaves of the last, partial tile into the roots."""
        self._at_sizes(self._batch, self._batch)
        self.size += len(self._batch)
        self._batch = []

    def _close_tile(self) -> None:
        batch, start = self._batch, self.size
        self._batch = []
        if self._lost:
            self.size = start + TILE_WIDTH
            return
        told = self._told(0, start // TILE_WIDTH, batch, batch, start)
        if self._wanted and self._wanted[-1] < start + TILE_WIDTH:
            self._at_sizes(batch, told)
        root = _root(batch)
        told_root = root if told is batch else _root(told)
        self._of_entries = _grown(self._of_entries, root, TILE_HEIGHT)
        self._of_tiles = _grown(self._of_tiles, told_root, TILE_HEIGHT)
        self.size = start + TILE_WIDTH
        self._note_roots(self.size, self._of_entries, self._of_tiles)
        self._rise(1, root, told_root)

    def _rise(self, level: int, root: bytes | None, told: bytes | None) -> None:
        """A tile of the level below is full: its root is a hash of this level."""
        if len(self._levels) < level:
            self._levels.append(([], []))
        roots, told_roots = self._levels[level - 1]
        roots.append(root)
        told_roots.append(told)
        if len(roots) == TILE_WIDTH:
            self._levels[level - 1] = ([], [])
            width = TILE_WIDTH ** (level + 1)
            self._told(level, self.size // width - 1, roots, told_roots, self.size - width)
            self._rise(level + 1, _root(roots), _root(told_roots))

    def _told(self, level: int, index: int, hashes: Hashes, below: Hashes, start: int) -> Hashes:
        """What the stored tile has in place of `hashes`, where it may also agree with the tiles below it."""
        stored = self.tile(level, index)
        if not isinstance(stored, bytes) or len(stored) != TILE_BYTES:
            if stored is not None:
                self.broken.append((level, index))
            elif self.absent and self.absent[-1][0] == level and self.absent[-1][2] == index - 1:
                self.absent[-1] = (level, self.absent[-1][1], index)
            else:
                self.absent.append((level, index, index))
            return hashes
        if None not in hashes and b"".join(hashes) == stored:  # type: ignore[arg-type]
            return hashes
        told: Hashes = list(split(stored))
        width = TILE_WIDTH**level
        for place, (mine, other, theirs) in enumerate(zip(hashes, below, told, strict=True)):
            if mine is not None and theirs not in (mine, other):
                self._differs(Span(level, index, start + place * width, start + (place + 1) * width - 1))
        return told

    def _differs(self, span: Span) -> None:
        last = self.spans[-1] if self.spans else None
        if last and (last.level, last.tile_index, last.last + 1) == (span.level, span.tile_index, span.first):
            self.spans[-1] = Span(span.level, span.tile_index, last.first, span.last)
        elif len(self.spans) < LIMITS.gap:
            self.spans.append(span)
        else:
            self.more_spans += 1

    def _at_sizes(self, batch: Hashes, told: Hashes) -> None:
        """Notes the roots wanted at sizes inside the tile that begins here."""
        entries, tiles = _copy(self._of_entries), _copy(self._of_tiles)
        size, end = self.size, min(self.size + len(batch), self.size + TILE_WIDTH - 1)
        while self._wanted and self._wanted[-1] <= end:
            while size < self._wanted[-1]:
                entries = _grown(entries, batch[size - self.size], 0)
                tiles = _grown(tiles, told[size - self.size], 0)
                size += 1
            self._note_roots(size, entries, tiles)

    def _note_roots(self, size: int, entries: Frontier | None, tiles: Frontier | None) -> None:
        while self._wanted and self._wanted[-1] <= size:
            if self._wanted.pop() == size:
                self.roots[size] = Roots(entries.root() if entries else None, tiles.root() if tiles else None)


def _root(hashes: Sequence[bytes | None]) -> bytes | None:
    whole = [each for each in hashes if each is not None]
    return complete_root(whole) if len(whole) == len(hashes) else None


def _grown(tree: Frontier | None, subtree: bytes | None, height: int) -> Frontier | None:
    if tree is None or subtree is None:
        return None
    tree.append(subtree, height)
    return tree


def _copy(tree: Frontier | None) -> Frontier | None:
    return None if tree is None else tree.copy()
