"""Tiles hold the tree's hashes, and the tree is read back from them with few reads."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.audit.limits import LIMITS
from ordain.audit.tlog.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from ordain.audit.tlog.tiles import TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, TileSubtrees, new_tiles
from ordain.engine.errors import LedgerUnavailable

SIZE = 70_000
"""The example of https://c2sp.org/tlog-tiles: 273 full tiles of level 0, one of level 1, and loose ends at each."""

LEAVES = [leaf_hash(b"leaf %d" % number) for number in range(SIZE)]


def complete_subtrees(leaves: list[bytes]) -> list[list[bytes]]:
    """Every complete subtree's hash, by height and index."""
    rows = [leaves]
    while len(rows[-1]) > 1:
        below = rows[-1]
        rows.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return rows


ROWS = complete_subtrees(LEAVES)


def from_memory(height: int, index: int) -> bytes:
    return ROWS[height][index]


def expected_tiles(size: int) -> dict[tuple[int, int], bytes]:
    """The full tiles of the first `size` leaves, by the formula of the specification."""
    tiles = {}
    for level in range(3):
        for index in range(size // TILE_WIDTH ** (level + 1)):
            hashes = ROWS[level * 8][index * TILE_WIDTH : (index + 1) * TILE_WIDTH]
            tiles[level, index] = b"".join(hashes)
    return tiles


TILES = expected_tiles(SIZE)


class Stored:
    """A store of tiles and leaves that counts what is read, and has no more leaves than `size`."""

    def __init__(self, tiles: dict[tuple[int, int], bytes], size: int = SIZE) -> None:
        self.tiles, self.size = dict(tiles), size
        self.tiles_read = self.leaves_read = self.asked_for_leaves = 0

    def tile(self, level: int, index: int) -> bytes | None:
        tile = self.tiles.get((level, index))
        self.tiles_read += tile is not None
        return tile

    def leaves(self, start: int, end: int) -> list[bytes]:
        assert 0 <= start < end <= self.size
        self.asked_for_leaves += 1
        self.leaves_read += end - start
        return LEAVES[start:end]

    def subtrees(self) -> TileSubtrees:
        return TileSubtrees(self.tile, self.leaves)


def test_the_full_tiles_of_70000_leaves_are_those_that_the_specification_counts() -> None:
    assert [sum(level == wanted for level, _ in TILES) for wanted in range(3)] == [273, 1, 0]
    assert {len(hashes) for hashes in TILES.values()} == {TILE_BYTES} == {8192}


def test_every_complete_subtree_is_answered_from_tiles_and_loose_leaves() -> None:
    subtrees = Stored(TILES).subtrees()
    for height, row in enumerate(ROWS):
        step = 1 if height >= TILE_HEIGHT else 7
        for index in [*range(0, len(row), step), len(row) - 1]:
            assert subtrees(height, index) == row[index]


def test_it_is_answered_as_well_when_tiles_are_not_stored_yet() -> None:
    rng = random.Random(6962)  # noqa: S311
    some = {place: hashes for place, hashes in TILES.items() if rng.random() < 0.5}
    for tiles in ({}, some, {place: hashes for place, hashes in TILES.items() if place[0] == 1}):
        subtrees = Stored(tiles).subtrees()
        assert root(SIZE, subtrees) == root(SIZE, from_memory)
        for height, row in enumerate(ROWS):
            index = rng.randrange(len(row))
            assert subtrees(height, index) == row[index]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, 69_887, SIZE])
def test_a_root_reads_at_most_255_leaves_and_255_tiles_and_the_second_time_nothing(size: int) -> None:
    stored = Stored(expected_tiles(size), size)
    subtrees = stored.subtrees()
    assert root(size, subtrees) == root(size, from_memory)
    assert stored.leaves_read == size % TILE_WIDTH
    assert stored.tiles_read <= 255 + 1
    read = stored.tiles_read, stored.asked_for_leaves
    assert root(size, subtrees) == root(size, from_memory)
    assert (stored.tiles_read, stored.asked_for_leaves) == read


def test_the_root_of_a_size_without_loose_ends_reads_one_tile_a_level() -> None:
    stored = Stored(TILES)
    assert root(65_536, stored.subtrees()) == ROWS[16][0]
    assert (stored.tiles_read, stored.leaves_read) == (1, 0)


def test_proofs_from_tiles_are_those_from_memory_and_read_few_tiles_each() -> None:
    rng = random.Random(9162)  # noqa: S311
    stored = Stored(TILES)
    subtrees = stored.subtrees()
    known = root(SIZE, subtrees)
    stored.tiles_read = 0
    for count in range(1, 51):
        index, old = rng.randrange(SIZE), rng.randrange(1, SIZE)
        proof = inclusion_proof(index, SIZE, subtrees)
        assert proof == inclusion_proof(index, SIZE, from_memory)
        assert verify_inclusion(LEAVES[index], index, SIZE, proof, known)
        proof = consistency_proof(old, SIZE, subtrees)
        assert proof == consistency_proof(old, SIZE, from_memory)
        assert verify_consistency(old, root(old, from_memory), SIZE, known, proof)
        assert stored.tiles_read <= 4 * count


def test_what_was_kept_stays_right_as_the_ledger_grows() -> None:
    stored = Stored({}, 0)
    subtrees = stored.subtrees()
    for size in [*range(0, 1200, 37), *range(65_500, 66_100, 61)]:
        before, stored.size = stored.size, size
        for level, index, hashes in new_tiles(before, size, subtrees):
            stored.tiles[level, index] = hashes
        assert root(size, subtrees) == root(size, from_memory)
    assert stored.tiles == expected_tiles(stored.size)


def test_the_tiles_that_become_full_are_the_specifications() -> None:
    made = list(new_tiles(0, SIZE, from_memory))
    assert {(level, index): hashes for level, index, hashes in made} == TILES
    assert len(made) == len(TILES)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, SIZE) | st.sampled_from([255, 256, 257, 65_535, 65_536, 65_537]), max_size=6))
def test_growing_in_steps_gives_each_tile_once_and_in_the_same_order(steps: list[int]) -> None:
    cuts = [0, *sorted(steps), SIZE]
    made = [tile for old, new in pairwise(cuts) for tile in new_tiles(old, new, from_memory)]
    assert made == list(new_tiles(0, SIZE, from_memory))


def test_a_tile_is_given_after_all_that_it_is_made_of() -> None:
    seen: set[tuple[int, int]] = set()
    for level, index, _ in new_tiles(0, SIZE, from_memory):
        if level:
            assert {(level - 1, index * TILE_WIDTH + place) for place in range(TILE_WIDTH)} <= seen
        seen.add((level, index))


def test_new_tiles_read_the_leaves_256_at_a_time_whether_the_caller_stores_what_it_is_given_or_not() -> None:
    for stores in (True, False):
        stored = Stored({})
        for level, index, hashes in new_tiles(0, SIZE, stored.subtrees()):
            assert hashes == TILES[level, index]
            if stores:
                stored.tiles[level, index] = hashes
        assert stored.asked_for_leaves == 273
        assert stored.leaves_read == 273 * TILE_WIDTH


def test_a_ledger_does_not_shrink() -> None:
    with pytest.raises(ValueError, match="from 512 to 256 leaves"):
        next(new_tiles(512, 256, from_memory))


@pytest.mark.parametrize("damage", [lambda tile: tile[:-1], lambda tile: tile + b"\0", lambda tile: b""])
def test_a_stored_tile_of_a_wrong_length_is_named(damage: Callable[[bytes], bytes]) -> None:
    tiles = {**TILES, (0, 3): damage(TILES[0, 3])}
    with pytest.raises(LedgerUnavailable, match=r"tile 3 of level 0 on record has \d+ bytes, not 8192"):
        Stored(tiles).subtrees()(0, 3 * TILE_WIDTH + 5)


@pytest.mark.parametrize(
    "answer", [lambda hashes: hashes[:-1], lambda hashes: [*hashes[:-1], hashes[-1][:-1]], lambda hashes: []]
)
def test_leaves_that_are_not_there_are_named(answer: Callable[[list[bytes]], list[bytes]]) -> None:
    def leaves(start: int, end: int) -> list[bytes]:
        return answer(LEAVES[start:end])

    with pytest.raises(LedgerUnavailable, match="leaves 4 to 7 are not all on record"):
        TileSubtrees(lambda level, index: None, leaves)(2, 1)


def test_the_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.audit.tlog.tiles.LIMITS", replace(LIMITS, tiles_cached=3, hashes_cached=5))
    stored = Stored(TILES)
    subtrees = stored.subtrees()
    for _ in range(2):
        stored.tiles_read = 0
        assert [subtrees(0, tile * TILE_WIDTH) for tile in range(4)] == LEAVES[: 4 * TILE_WIDTH : TILE_WIDTH]
        assert stored.tiles_read == 4
    assert root(SIZE, subtrees) == root(SIZE, from_memory)
