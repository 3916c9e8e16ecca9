"""The tree is RFC 6962's, its proofs hold for what they were made for, and for nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ordain.audit.tlog.merkle import (
    EMPTY,
    Subtrees,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

CASES = Path(__file__).parents[1] / "cases" / "ledger"
KNOWN: dict[str, Any] = yaml.safe_load((CASES / "rfc6962.yaml").read_text(encoding="utf-8"))
REKOR: dict[str, Any] = yaml.safe_load((CASES / "signed_notes.yaml").read_text(encoding="utf-8"))["rekor"]
LEAVES = [leaf_hash(b"leaf %d" % number) for number in range(1025)]
PAIRS_TO = 64
MUTATED_TO = 32


def subtrees_of(leaves: Sequence[bytes], size: int | None = None) -> Subtrees:
    """Answers from memory, and refuses what does not lie wholly within the first `size` leaves."""
    rows = [list(leaves)]
    while len(rows[-1]) > 1:
        below = rows[-1]
        rows.append([node_hash(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)])

    def answer(height: int, index: int) -> bytes:
        assert height >= 0
        assert 0 <= index << height < (index + 1) << height <= (len(leaves) if size is None else size)
        return rows[height][index]

    return answer


SUBTREES = subtrees_of(LEAVES)

# The definitions of RFC 6962 section 2.1, word for word and slow.


def split(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def mth(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), mth(leaves[k:])]
    return [*path(index - k, leaves[k:]), mth(leaves[:k])]


def subproof(old: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*subproof(old, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(old - k, leaves[k:], False), mth(leaves[:k])]


def turns(index: int, size: int) -> list[str]:
    """On which side the siblings of a leaf stand, from the leaf up."""
    if size == 1:
        return []
    k = split(size)
    return [*turns(index, k), "right"] if index < k else [*turns(index - k, size - k), "left"]


def prefix_turns(old: int, new: int, whole: bool = True) -> list[str]:
    """On which side the hashes of a consistency proof stand, and whether it begins with the old root itself."""
    if old == new:
        return ["whole" if whole else "part"]
    k = split(new)
    if old <= k:
        return [*prefix_turns(old, k, whole), "right"]
    return [*prefix_turns(old - k, new - k, False), "left"]


ROOTS = [mth(LEAVES[:size]) for size in range(PAIRS_TO + 1)]


def changed(data: bytes, every_bit: bool = False) -> Iterator[bytes]:
    """`data` with one byte changed, for each of its bytes, by one bit or by each of the eight."""
    for place in range(len(data)):
        for bit in range(8) if every_bit else [place % 8]:
            copy = bytearray(data)
            copy[place] ^= 1 << bit
            yield bytes(copy)


def changed_proofs(proof: list[bytes], every_bit: bool = False) -> Iterator[list[bytes]]:
    """The proof with one byte changed, cut, longer, doubled, and in another order."""
    for place, part in enumerate(proof):
        yield from ([*proof[:place], other, *proof[place + 1 :]] for other in changed(part, every_bit))
        yield [*proof[:place], *proof[place + 1 :]]
        yield [*proof[:place], part, part, *proof[place + 1 :]]
        yield [*proof[:place], part[:-1], *proof[place + 1 :]]
        yield [*proof[:place], part + b"\0", *proof[place + 1 :]]
        yield proof[:place]
    for extra in (EMPTY, bytes(32), b""):
        yield [extra, *proof]
        yield [*proof, extra]
    for place in range(1, len(proof)):
        yield [*proof[: place - 1], proof[place], proof[place - 1], *proof[place + 1 :]]


class TestKnownVectors:
    leaves: tuple[bytes, ...] = tuple(leaf_hash(bytes.fromhex(data)) for data in KNOWN["leaves"])

    def test_leaves_nodes_and_roots_are_those_of_the_reference_implementation(self) -> None:
        assert [leaf.hex() for leaf in self.leaves] == KNOWN["subtrees"][0]
        for below, above in pairwise(KNOWN["subtrees"]):
            pairs = zip(below[::2], below[1::2], strict=True)
            assert [node_hash(bytes.fromhex(left), bytes.fromhex(right)).hex() for left, right in pairs] == above
        for size, known in enumerate(KNOWN["roots"]):
            assert root(size, subtrees_of(self.leaves, size)).hex() == known
        assert EMPTY.hex() == KNOWN["roots"][0]

    @pytest.mark.parametrize("case", KNOWN["inclusion"], ids=lambda case: f"{case['index']}-of-{case['size']}")
    def test_inclusion_proofs_are_those_of_the_reference_implementation(self, case: dict[str, Any]) -> None:
        proof = [bytes.fromhex(part) for part in case["proof"]]
        index, size = case["index"], case["size"]
        assert inclusion_proof(index, size, subtrees_of(self.leaves, size)) == proof
        assert verify_inclusion(self.leaves[index], index, size, proof, bytes.fromhex(KNOWN["roots"][size]))

    @pytest.mark.parametrize("case", KNOWN["consistency"], ids=lambda case: f"{case['old']}-to-{case['new']}")
    def test_consistency_proofs_are_those_of_the_reference_implementation(self, case: dict[str, Any]) -> None:
        proof = [bytes.fromhex(part) for part in case["proof"]]
        old, new = case["old"], case["new"]
        old_root, new_root = (bytes.fromhex(KNOWN["roots"][size]) for size in (old, new))
        assert consistency_proof(old, new, subtrees_of(self.leaves, new)) == proof
        assert verify_consistency(old, old_root, new, new_root, proof)

    def test_the_proofs_of_the_seven_leaf_tree_are_those_that_rfc_9162_section_2_1_5_names(self) -> None:
        a, b, c, d, e, f, j = self.leaves[:7]
        g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
        k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741 - the letters of the RFC's drawing
        tree = subtrees_of(self.leaves[:7])
        assert root(7, tree) == node_hash(k, l)
        assert inclusion_proof(0, 7, tree) == [b, h, l]
        assert inclusion_proof(3, 7, tree) == [c, g, l]
        assert inclusion_proof(4, 7, tree) == [f, j, k]
        assert inclusion_proof(6, 7, tree) == [i, k]
        assert consistency_proof(3, 7, tree) == [c, d, g, l]
        assert consistency_proof(4, 7, tree) == [l]
        assert consistency_proof(6, 7, tree) == [i, j, k]

    def test_a_proof_from_a_public_log_of_412115_leaves_verifies(self) -> None:
        leaf = leaf_hash(base64.b64decode(REKOR["leaf"]))
        proof = [base64.b64decode(part) for part in REKOR["proof"]]
        assert verify_inclusion(leaf, REKOR["index"], REKOR["size"], proof, base64.b64decode(REKOR["root"]))


class TestAgainstTheDefinition:
    def test_the_root_is_the_definitions_for_every_size_from_0_to_1025(self) -> None:
        for size in range(len(LEAVES) + 1):
            assert root(size, subtrees_of(LEAVES[:size])) == mth(LEAVES[:size])

    def test_every_inclusion_proof_to_size_64_is_the_definitions_and_verifies(self) -> None:
        for size in range(1, PAIRS_TO + 1):
            tree = subtrees_of(LEAVES[:size])
            for index in range(size):
                proof = inclusion_proof(index, size, tree)
                assert proof == path(index, LEAVES[:size])
                assert verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])

    def test_every_consistency_proof_to_size_64_is_the_definitions_and_verifies(self) -> None:
        for new in range(PAIRS_TO + 1):
            tree = subtrees_of(LEAVES[:new])
            for old in range(new + 1):
                proof = consistency_proof(old, new, tree)
                assert proof == (subproof(old, LEAVES[:new], True) if old else [])
                assert verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)

    @given(st.data())
    def test_proofs_hold_in_trees_of_any_size_and_ask_for_few_subtrees(self, data: st.DataObject) -> None:
        """Leaves are all alike here, so that a subtree's hash depends on its height only."""
        by_height = [leaf_hash(b"alike")]
        asked: list[tuple[int, int]] = []

        def alike(height: int, index: int) -> bytes:
            assert 0 <= index << height < (index + 1) << height <= size
            asked.append((height, index))
            while len(by_height) <= height:
                by_height.append(node_hash(by_height[-1], by_height[-1]))
            return by_height[height]

        new = size = data.draw(st.integers(1, 2**63 - 1) | st.integers(1, 2**20))
        index, old = data.draw(st.integers(0, new - 1)), data.draw(st.integers(0, new))
        proof = inclusion_proof(index, new, alike)
        assert len(asked) <= 64 + 64
        assert verify_inclusion(by_height[0], index, new, proof, root(new, alike))
        asked.clear()
        proof = consistency_proof(old, new, alike)
        assert len(asked) <= 64 + 64
        new_root = root(new, alike)
        size = old
        assert verify_consistency(old, root(old, alike), new, new_root, proof)


class TestWhatIsChangedIsRefused:
    @pytest.mark.parametrize("size", range(1, MUTATED_TO + 1))
    def test_an_inclusion_proof_with_any_byte_of_proof_leaf_or_root_changed(self, size: int) -> None:
        for index in range(size):
            proof, leaf = inclusion_proof(index, size, SUBTREES), LEAVES[index]
            assert verify_inclusion(leaf, index, size, proof, ROOTS[size])
            for other in changed_proofs(proof, every_bit=size <= 8):
                assert not verify_inclusion(leaf, index, size, other, ROOTS[size])
            for other_hash in [*changed(leaf, every_bit=True), leaf[:-1], leaf + b"\0", b"", EMPTY]:
                assert not verify_inclusion(other_hash, index, size, proof, ROOTS[size])
            for other_hash in [*changed(ROOTS[size], every_bit=True), ROOTS[size][:-1], b"", EMPTY]:
                assert not verify_inclusion(leaf, index, size, proof, other_hash)

    @pytest.mark.parametrize("new", range(1, MUTATED_TO + 1))
    def test_a_consistency_proof_with_any_byte_of_proof_or_roots_changed(self, new: int) -> None:
        for old in range(new + 1):
            proof, roots = consistency_proof(old, new, SUBTREES), (ROOTS[old], ROOTS[new])
            assert verify_consistency(old, roots[0], new, roots[1], proof)
            for other in changed_proofs(proof, every_bit=new <= 8):
                assert not verify_consistency(old, roots[0], new, roots[1], other)
            for other_root in [*changed(roots[0], every_bit=True), roots[0][:-1], b""]:
                assert not verify_consistency(old, other_root, new, roots[1], proof)
            if old:  # to the empty tree every tree is a successor
                for other_root in [*changed(roots[1], every_bit=True), roots[1][:-1], b"", EMPTY]:
                    assert not verify_consistency(old, roots[0], new, other_root, proof)

    def test_a_path_longer_than_the_tree_is_high_although_it_hashes_to_the_root(self) -> None:
        for size in range(1, 9):
            for index in range(size):
                proof, above = inclusion_proof(index, size, SUBTREES), LEAVES[-1]
                for root_above in (node_hash(above, ROOTS[size]), node_hash(ROOTS[size], above)):
                    assert not verify_inclusion(LEAVES[index], index, size, [*proof, above], root_above)

    def test_hashes_cut_at_another_place_although_they_join_to_the_same_bytes(self) -> None:
        whole = LEAVES[0] + LEAVES[1]
        verified = [verify_inclusion(whole[:cut], 0, 2, [whole[cut:]], ROOTS[2]) for cut in range(len(whole) + 1)]
        assert [cut for cut, holds in enumerate(verified) if holds] == [32]

    def test_another_index_never_verifies(self) -> None:
        for size in range(1, PAIRS_TO + 1):
            for index in range(size):
                proof = inclusion_proof(index, size, SUBTREES)
                others = {*range(-1, size + 2), *(index ^ 1 << bit for bit in range(64)), -index - 1} - {index}
                assert not any(verify_inclusion(LEAVES[index], other, size, proof, ROOTS[size]) for other in others)

    def test_another_size_with_its_own_root_never_verifies(self) -> None:
        for size in range(1, PAIRS_TO + 1):
            for index in range(size):
                proof = inclusion_proof(index, size, SUBTREES)
                for other in set(range(PAIRS_TO + 1)) - {size}:
                    assert not verify_inclusion(LEAVES[index], index, other, proof, ROOTS[other])

    def test_another_size_with_the_old_root_verifies_only_where_the_path_has_the_same_shape(self) -> None:
        """As the RFC has it: the size is no part of the root, it is bound to it by the checkpoint's signature."""
        for size in range(1, MUTATED_TO + 1):
            for index in range(size):
                proof = inclusion_proof(index, size, SUBTREES)
                for other in {*range(-1, 2 * size + 2), *(size ^ 1 << bit for bit in range(64))} - {size}:
                    same = other > index and turns(index, other) == turns(index, size)
                    assert verify_inclusion(LEAVES[index], index, other, proof, ROOTS[size]) == same

    def test_other_sizes_with_their_own_roots_are_never_consistent_by_the_same_proof(self) -> None:
        for new in range(2, 20):
            for old in range(1, new):
                proof = consistency_proof(old, new, SUBTREES)
                for other_old, other_new in ((m, n) for n in range(1, 24) for m in range(1, n) if (m, n) != (old, new)):
                    verified = verify_consistency(other_old, ROOTS[other_old], other_new, ROOTS[other_new], proof)
                    assert not verified

    def test_other_sizes_with_the_old_roots_are_consistent_only_where_the_proof_has_the_same_shape(self) -> None:
        for new in range(2, MUTATED_TO + 1):
            for old in range(1, new):
                proof, shape = consistency_proof(old, new, SUBTREES), prefix_turns(old, new)
                for other in set(range(1, 2 * new + 2)) - {old, new}:
                    same = other < new and prefix_turns(other, new) == shape
                    assert verify_consistency(other, ROOTS[old], new, ROOTS[new], proof) == same
                    same = other > old and prefix_turns(old, other) == shape
                    assert verify_consistency(old, ROOTS[old], other, ROOTS[new], proof) == same

    @pytest.mark.parametrize(
        ("index", "size"), [(-1, 3), (3, 3), (4, 3), (0, 0), (0, -1), (-1, -1), (2**70, 2**70), (2, 2**4000), (0, 1.5)]
    )
    def test_an_index_outside_the_tree_is_false_and_no_error(self, index: int, size: Any) -> None:
        proof = inclusion_proof(2, 3, SUBTREES)
        assert not verify_inclusion(LEAVES[2], index, size, proof, ROOTS[3])

    @pytest.mark.parametrize("sizes", [(-1, 3), (4, 3), (-2, -1), (1, 2**4000), ("1", 3), (None, None), (1.0, 3)])
    def test_sizes_that_cannot_be_are_false_and_no_error(self, sizes: tuple[Any, Any]) -> None:
        assert not verify_consistency(sizes[0], ROOTS[1], sizes[1], ROOTS[3], consistency_proof(1, 3, SUBTREES))

    def test_what_is_not_bytes_is_false_and_no_error(self) -> None:
        text: Any = LEAVES[0].hex()[:32]
        assert not verify_inclusion(text, 0, 1, [], text)
        assert not verify_inclusion(LEAVES[0], 0, 2, [text], ROOTS[2])
        assert not verify_consistency(1, text, 1, text, [])
        assert not verify_consistency(1, ROOTS[1], 2, ROOTS[2], [text])

    def test_every_tree_begins_with_the_empty_one_whose_root_is_known(self) -> None:
        assert verify_consistency(0, EMPTY, 5, ROOTS[5], [])
        assert verify_consistency(0, EMPTY, 0, EMPTY, [])
        assert not verify_consistency(0, ROOTS[1], 5, ROOTS[5], [])
        assert not verify_consistency(0, EMPTY, 0, ROOTS[1], [])
        assert not verify_consistency(0, EMPTY, 5, ROOTS[5], [ROOTS[5]])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, -1)])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"leaf {index} of a tree of {size} leaves"):
        inclusion_proof(index, size, SUBTREES)


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3), (0, -1)])
def test_no_proof_is_made_from_a_larger_tree_to_a_smaller_one(old: int, new: int) -> None:
    with pytest.raises(ValueError, match=f"from {old} to {new} leaves"):
        consistency_proof(old, new, SUBTREES)


def test_a_tree_has_no_negative_size() -> None:
    with pytest.raises(ValueError, match="a tree of -1 leaves"):
        root(-1, SUBTREES)
