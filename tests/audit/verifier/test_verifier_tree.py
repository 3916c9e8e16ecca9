"""The verifier's own hashing and proofs, against RFC 6962 word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notes_by_hand import Tree

from ordain.audit.verifier.recount import Recount
from ordain.audit.verifier.tree import (
    EMPTY_ROOT,
    Frontier,
    complete_root,
    leaf_hash,
    split,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [bytes([at % 251, at // 251]) for at in range(1026)]
REFERENCE = Tree(LEAVES)
MOST = 64


def frontier(size: int) -> Frontier:
    tree = Frontier()
    for leaf in LEAVES[:size]:
        tree.append(leaf_hash(leaf))
    return tree


def test_the_roots_are_those_known_from_certificate_transparency() -> None:
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf_hash(bytes.fromhex(leaf)))
    assert tree.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_growing_tree_has_the_root_of_the_definition_at_every_size() -> None:
    tree = Frontier()
    for size in range(len(LEAVES)):
        assert tree.root() == REFERENCE.root(0, size)
        tree.append(leaf_hash(LEAVES[size]))


def test_every_inclusion_proof_to_64_leaves_holds_and_none_for_another_place_or_leaf() -> None:
    for size in range(1, MOST + 1):
        root = REFERENCE.root(0, size)
        for index in range(size):
            path = REFERENCE.path(index, 0, size)
            leaf = leaf_hash(LEAVES[index])
            assert verify_inclusion(leaf, index, size, path, root)
            assert not verify_inclusion(leaf_hash(LEAVES[index + 1]), index, size, path, root)
            assert not verify_inclusion(leaf, index + 1, size, path, root)
            assert not verify_inclusion(leaf, index, size, [*path, root], root)
            if path:
                assert not verify_inclusion(leaf, index, size, path[:-1], root)


def test_every_consistency_proof_to_64_leaves_holds_and_none_for_another_size() -> None:
    for new in range(1, MOST + 1):
        for old in range(1, new + 1):
            proof = REFERENCE.consistency(old, 0, new)
            roots = REFERENCE.root(0, old), REFERENCE.root(0, new)
            assert verify_consistency(old, roots[0], new, roots[1], proof)
            assert not verify_consistency(old, REFERENCE.root(0, old - 1), new, roots[1], proof)
            assert not verify_consistency(old, roots[0], new, REFERENCE.root(0, new + 1), proof)
            assert not verify_consistency(old, roots[0], new, roots[1], [*proof, roots[0]])
            if proof:
                assert not verify_consistency(old, roots[0], new, roots[1], proof[:-1])


@given(st.integers(1, 200), st.data())
def test_a_changed_byte_of_a_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path, root = REFERENCE.path(index, 0, size), REFERENCE.root(0, size)
    joined = bytearray(b"".join((leaf_hash(LEAVES[index]), root, *path)))
    joined[data.draw(st.integers(0, len(joined) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    leaf, root, *path = split(bytes(joined))
    assert not verify_inclusion(leaf, index, size, path, root)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0), (0, -1)])
def test_a_place_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    assert not verify_inclusion(EMPTY_ROOT, index, size, [], EMPTY_ROOT)
    assert not verify_consistency(3, EMPTY_ROOT, 2, EMPTY_ROOT, [])
    assert not verify_inclusion(b"short", 0, 1, [], b"short")


@given(st.integers(0, 1025), st.lists(st.integers(0, 1025), max_size=8))
def test_a_recount_gives_the_roots_at_the_sizes_asked_for(size: int, sizes: list[int]) -> None:
    tiles = {(level, index): hashes for level, index, hashes in REFERENCE.tiles(size)}
    recount = Recount(lambda level, index: tiles.get((level, index)), sizes)
    for leaf in LEAVES[:size]:
        recount.add(leaf_hash(leaf))
    recount.finish()
    expected = {at: REFERENCE.root(0, at) for at in sizes if at <= size}
    assert {at: roots.entries for at, roots in recount.roots.items()} == expected
    assert {at: roots.tiles for at, roots in recount.roots.items()} == expected
    assert (recount.spans, recount.absent, recount.broken) == ([], [], [])
    assert recount.size == size


def test_a_recount_names_the_leaf_and_goes_on_with_what_the_tile_tells() -> None:
    tiles = {(level, index): hashes for level, index, hashes in REFERENCE.tiles(512)}
    recount = Recount(lambda level, index: tiles.get((level, index)), [100, 300, 512, 600])
    for at, leaf in enumerate(LEAVES[:600]):
        if at in (299, 300):
            recount.add(leaf_hash(b"changed"))
        elif at == 400:
            recount.skip_to(401)
        else:
            recount.add(leaf_hash(leaf))
    recount.finish()
    assert [(span.first, span.last) for span in recount.spans] == [(299, 300)]
    good = {size: REFERENCE.root(0, size) for size in (100, 300, 512, 600)}
    assert {size: roots.tiles for size, roots in recount.roots.items()} == good
    assert recount.roots[100].entries == good[100]
    assert recount.roots[300].entries not in (None, good[300])
    assert recount.roots[512].entries is None


def test_the_root_of_a_full_tile_is_the_definitions() -> None:
    assert complete_root([leaf_hash(leaf) for leaf in LEAVES[:256]]) == REFERENCE.root(0, 256)
