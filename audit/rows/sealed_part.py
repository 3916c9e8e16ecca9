"""The leaves of a run's rows, a part of them at a time: salted hashes, and the roots of the blocks over them.

    leaf  = SHA-256(0x00 || salt || text of the row)
    node  = SHA-256(0x01 || left || right)                     (RFC 6962 section 2.1)
    salts = AES-256 in counter mode over zeros, from counter 0 on, under the key of the block: 16 bytes a row

A part and a block are complete subtrees but for the last of a run. This is the one step that is done for every row:
it makes two hashes a row and little else, and runs in as many processes as there are parts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

PART_ROWS = 2**18
BLOCK_ROWS = 2**10
KEY_BYTES = 32
SALT_BYTES = 16
HASH_BYTES = 32
EMPTY = sha256(b"").digest()
"""The root over no row."""

_FROM_ZERO = bytes(16)
_ZEROS = bytes(SALT_BYTES * BLOCK_ROWS)


@dataclass(frozen=True, slots=True)
class SealedPart:
    """The rows from number `first` on, from 0, `rows` of them. `keys` and `blocks` are those of its blocks, joined:
    32 bytes of key and 32 of root each. `root` is that of all of it.
    """

    first: int
    rows: int
    keys: bytes
    blocks: bytes
    root: bytes


def seal_part(texts: Sequence[str], first: int) -> SealedPart:
    """Hashes the texts of the rows from number `first` on, at most `PART_ROWS`, under new keys.

    Raises ValueError for a part that is none, or begins in the middle of one.
    """
    if not 0 < len(texts) <= PART_ROWS or first % PART_ROWS:
        raise ValueError(f"{len(texts)} rows from number {first} on are no part")
    keys, roots = [], []
    for start in range(0, len(texts), BLOCK_ROWS):
        key = os.urandom(KEY_BYTES)
        keys.append(key)
        some = texts[start : start + BLOCK_ROWS]
        roots.append(root_over(leaves_of(some, salts_of(key, len(some)))))
    return SealedPart(first, len(texts), b"".join(keys), b"".join(roots), root_over(roots))


def salts_of(key: bytes, rows: int) -> bytes:
    """The salts of the first rows of the block with that key, joined."""
    return Cipher(AES(key), CTR(_FROM_ZERO)).encryptor().update(_ZEROS[: SALT_BYTES * rows])


def leaves_of(texts: Sequence[str], salts: bytes) -> list[bytes]:
    """The leaf of each text, with its salt."""
    at = range(0, SALT_BYTES * len(texts), SALT_BYTES)
    return [
        sha256(b"\0%b%b" % (salts[i : i + SALT_BYTES], text.encode())).digest()
        for i, text in zip(at, texts, strict=False)
    ]


def leaf_of(text: str, salt: bytes) -> bytes:
    """The leaf of one row."""
    return sha256(b"\0" + salt + text.encode()).digest()


def root_over(hashes: Sequence[bytes]) -> bytes:
    """The root over leaves, or over complete subtrees of one size of which only the last may be smaller."""
    if not hashes:
        return EMPTY
    level = list(hashes)
    while len(level) > 1:
        above = [sha256(b"\x01%b%b" % pair).digest() for pair in zip(level[::2], level[1::2], strict=False)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def root_of(parts: Iterable[SealedPart]) -> bytes:
    """The root over all rows of a run, of its parts in their order. Raises ValueError where they do not follow."""
    roots, rows = [], 0
    for part in parts:
        if part.first != rows or rows % PART_ROWS:
            raise ValueError(f"a part begins at row {part.first}, after {rows} rows")
        roots.append(part.root)
        rows += part.rows
    return root_over(roots)
