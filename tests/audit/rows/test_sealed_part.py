"""Rows become leaves of the tree of RFC 6962, under salts that their block's key gives."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.audit.rows.sealed_part import (
    BLOCK_ROWS,
    KEY_BYTES,
    PART_ROWS,
    SealedPart,
    leaf_of,
    leaves_of,
    root_of,
    root_over,
    salts_of,
    seal_part,
)
from ordain.audit.tlog import merkle


def by_definition(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1 over hashes of leaves."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    at = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + by_definition(leaves[:at]) + by_definition(leaves[at:])).digest()


def leaves_in(part: SealedPart, texts: Sequence[str]) -> list[bytes]:
    keys = [part.keys[at : at + KEY_BYTES] for at in range(0, len(part.keys), KEY_BYTES)]
    pieces = [texts[at : at + BLOCK_ROWS] for at in range(0, len(texts), BLOCK_ROWS)]
    return [leaf for key, some in zip(keys, pieces, strict=True) for leaf in leaves_of(some, salts_of(key, len(some)))]


@settings(max_examples=30)
@given(st.integers(1, 3 * BLOCK_ROWS + 1))
def test_the_root_of_a_part_is_that_of_its_leaves(size: int) -> None:
    texts = [f"row {number} é" for number in range(size)]
    part = seal_part(texts, 0)
    leaves = leaves_in(part, texts)
    assert part.root == by_definition(leaves) == root_of([part])
    assert part.blocks[:32] == by_definition(leaves[:BLOCK_ROWS])
    assert leaves[0] == sha256(b"\0" + salts_of(part.keys[:32], 1) + texts[0].encode()).digest()
    assert leaves[-1] == leaf_of(texts[-1], salts_of(part.keys[-32:], (size - 1) % BLOCK_ROWS + 1)[-16:])
    assert part.root == merkle.root(size, lambda height, at: by_definition(leaves[at << height : (at + 1) << height]))


def test_the_root_of_several_parts_is_that_of_all_their_leaves() -> None:
    texts = [str(number) for number in range(PART_ROWS + BLOCK_ROWS + 1)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as others:
        first = others.submit(seal_part, texts[:PART_ROWS], 0).result()
    second = seal_part(texts[PART_ROWS:], PART_ROWS)
    leaves = leaves_in(first, texts[:PART_ROWS]) + leaves_in(second, texts[PART_ROWS:])
    assert root_of([first, second]) == root_over(leaves) == by_definition(leaves)


def test_two_rows_alike_have_different_leaves_and_two_parts_alike_different_keys() -> None:
    one, other = seal_part(["same"] * 3, 0), seal_part(["same"] * 3, 0)
    assert len({*leaves_in(one, ["same"] * 3), *leaves_in(other, ["same"] * 3)}) == 6


def test_no_rows_have_the_root_of_the_empty_tree() -> None:
    assert root_of([]) == merkle.EMPTY


@pytest.mark.parametrize(("size", "first"), [(0, 0), (PART_ROWS + 1, 0), (1, 5), (1, -PART_ROWS - 1)])
def test_what_is_no_part_is_refused(size: int, first: int) -> None:
    with pytest.raises(ValueError, match="are no part"):
        seal_part([""] * size, first)


def test_parts_that_do_not_follow_are_refused() -> None:
    part = seal_part(["a"], 0)
    with pytest.raises(ValueError, match="begins at row 0, after 1 rows"):
        root_of([part, part])
    with pytest.raises(ValueError, match="begins at row 262144, after 1 rows"):
        root_of([part, SealedPart(PART_ROWS, 1, part.keys, part.blocks, part.root)])
