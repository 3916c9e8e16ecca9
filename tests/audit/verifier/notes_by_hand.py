"""Hashes, trees, keys and signed notes as the specifications say them, written again for the tests alone."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NEWLINE = b"\n"


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Tree:
    """RFC 6962 section 2.1, word for word, with the complete subtrees remembered."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self._known: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, end: int) -> bytes:
        """MTH of the leaves from `start` to `end`."""
        if (start, end) in self._known:
            return self._known[start, end]
        n = end - start
        if n == 0:
            return sha(b"")
        if n == 1:
            return sha(b"\0" + self.leaves[start])
        k = 1
        while k * 2 < n:
            k *= 2
        root = sha(b"\1" + self.root(start, start + k) + self.root(start + k, end))
        if n == 2 * k:
            self._known[start, end] = root
        return root

    def path(self, m: int, start: int, end: int) -> list[bytes]:
        """PATH(m, D[n]), section 2.1.1."""
        n = end - start
        if n == 1:
            return []
        k = 1
        while k * 2 < n:
            k *= 2
        if m < k:
            return [*self.path(m, start, start + k), self.root(start + k, end)]
        return [*self.path(m - k, start + k, end), self.root(start, start + k)]

    def consistency(self, m: int, start: int, end: int, whole: bool = True) -> list[bytes]:
        """SUBPROOF(m, D[n], b), section 2.1.2."""
        n = end - start
        if m == n:
            return [] if whole else [self.root(start, end)]
        k = 1
        while k * 2 < n:
            k *= 2
        if m <= k:
            return [*self.consistency(m, start, start + k, whole), self.root(start + k, end)]
        return [*self.consistency(m - k, start + k, end, False), self.root(start, start + k)]

    def tiles(self, size: int) -> list[tuple[int, int, bytes]]:
        """All full tiles: level, index, hashes."""
        made, level, step = [], 0, 1
        while size // step >= 256:
            for index in range(size // step // 256):
                first = index * 256
                hashes = [self.root((first + at) * step, (first + at + 1) * step) for at in range(256)]
                made.append((level, index, b"".join(hashes)))
            level, step = level + 1, step * 256
        return made


def vkey(origin: str, key: Ed25519PrivateKey) -> str:
    public = b"\1" + key.public_key().public_bytes_raw()
    return f"{origin}+{sha(origin.encode() + NEWLINE + public)[:4].hex()}+{base64.b64encode(public).decode()}"


def note(origin: str, size: int, root: bytes, time: str, key: Ed25519PrivateKey) -> str:
    body = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\ntime {time}\n"
    key_id = bytes.fromhex(vkey(origin, key).split("+")[1])
    signature = base64.b64encode(key_id + key.sign(body.encode())).decode()
    return f"{body}\n— {origin} {signature}\n"
