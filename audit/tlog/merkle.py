"""The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): its root, its proofs, and their verification.

    MTH({})   = SHA-256()
    MTH({d})  = SHA-256(0x00 || d)
    MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))    k: the largest power of two below n

Pure: what the tree holds is asked of a callback, which may answer from memory or from stored tiles. Only complete
subtrees are asked for, and a complete subtree of a tree that only grows never changes.

A size is not part of a root. A proof for (size, root) can therefore also hold for another size together with the
same root, when the path has the same shape there. What binds the two is the signature of the checkpoint that
states both: verify against the size and the root of one checkpoint, never against a size from elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

HASH_SIZE = 32
"""Bytes of a hash."""

EMPTY = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""

Subtrees = Callable[[int, int], bytes]
"""(height, index) -> the hash of the complete subtree over the 2**height leaves from leaf index * 2**height on."""


def leaf_hash(data: bytes) -> bytes:
    """The 32-byte hash of a leaf: SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32-byte hash of an inner node: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(size: int, subtrees: Subtrees) -> bytes:
    """The root of the first `size` leaves, 32 bytes. Asks for one subtree per bit set in `size`.

    Raises ValueError for a negative size.
    """
    if size < 0:
        raise ValueError(f"a tree of {size} leaves: a size counts from 0")
    return _range(0, size, subtrees)


def inclusion_proof(index: int, size: int, subtrees: Subtrees) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1: the siblings on the way up, the leaf's own first.

    Raises ValueError when there is no leaf `index` (from 0) in a tree of `size`.
    """
    if not 0 <= index < size:
        raise ValueError(f"a proof for leaf {index} of a tree of {size} leaves: there is no such leaf")
    start, end, proof = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range(middle, end, subtrees))
            end = middle
        else:
            proof.append(_range(start, middle, subtrees))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, subtrees: Subtrees) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962 section 2.1.2: that the first `old` leaves are a prefix of the first `new`.

    Empty when the sizes are equal and when `old` is 0. Raises ValueError unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a proof from {old} to {new} leaves: a tree only grows, from 0")
    if old in (0, new):
        return []
    start, end, proof = 0, new, []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_range(middle, end, subtrees))
            end = middle
        else:
            proof.append(_range(start, middle, subtrees))
            start = middle
    if start:  # otherwise it is the old root, which the verifier has
        proof.append(_range(start, end, subtrees))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf hashed `leaf` is leaf `index` (from 0) of the tree of `size` leaves with this root.

    RFC 9162 section 2.1.3.2. Never raises for what a stranger may send: anything out of shape is False.
    """
    if not (_are_sizes(index, size) and 0 <= index < size and _are_hashes([leaf, root, *proof])):
        return False
    at, last, seen = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            seen = node_hash(sibling, seen)
            at, last = _past_left_edge(at, last)
        else:
            seen = node_hash(seen, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and seen == root


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `new` leaves with `new_root` begins with the tree of `old` leaves with `old_root`.

    RFC 9162 section 2.1.4.2; every tree begins with the empty one. Never raises for what a stranger may send:
    anything out of shape is False.
    """
    if not (_are_sizes(old, new) and 0 <= old <= new and _are_hashes([old_root, new_root, *proof])):
        return False
    if old == 0:
        return not proof and old_root == EMPTY and (new > 0 or new_root == EMPTY)
    if old == new:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:  # a power of two: the old root is a node of the new tree, and is left out of the proof
        path.insert(0, old_root)
    if not path:
        return False
    at, last = _past_right_turns(old - 1, new - 1)
    old_seen = new_seen = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_seen, new_seen = node_hash(sibling, old_seen), node_hash(sibling, new_seen)
            at, last = _past_left_edge(at, last)
        else:
            new_seen = node_hash(new_seen, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old_seen == old_root and new_seen == new_root


def _range(start: int, end: int, subtrees: Subtrees) -> bytes:
    """MTH(D[start:end]), where `start` is a multiple of the largest power of two within the length."""
    parts = []
    while start < end:
        height = (end - start).bit_length() - 1
        parts.append(subtrees(height, start >> height))
        start += 1 << height
    if not parts:
        return EMPTY
    seen = parts.pop()
    while parts:
        seen = node_hash(parts.pop(), seen)
    return seen


def _split(length: int) -> int:
    """The largest power of two below `length`, which is at least 2."""
    return 1 << (length - 1).bit_length() - 1


def _past_left_edge(at: int, last: int) -> tuple[int, int]:
    """Up to where the node is a right child: above, on the right edge, it has no sibling to be hashed with."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _past_right_turns(at: int, last: int) -> tuple[int, int]:
    """Up to the largest complete subtree that ends the old tree: where the proof begins."""
    while at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _are_sizes(*values: object) -> bool:
    return all(type(value) is int for value in values)


def _are_hashes(values: Sequence[object]) -> bool:
    return all(isinstance(value, bytes) and len(value) == HASH_SIZE for value in values)
