"""The hash chain: each entry's hash covers its bytes and the hash of the entry before it.

    hash = SHA-256("ordain entry 1\\n" || previous hash || SHA-256(body))

The first part separates this use of SHA-256 from every other and names the construction's version. All parts
but the last are of fixed length and the last is too, so no two inputs give the same concatenation. The body
enters as its digest, so that the chain can be checked by who holds the digests and not the bodies.
"""

from __future__ import annotations

import hashlib

GENESIS = bytes(32)
"""Stands as the previous hash of the first entry."""

_DOMAIN = b"ordain entry 1\n"


def link(previous: bytes, body: bytes) -> bytes:
    """The 32-byte hash of the entry with the canonical bytes `body` after the entry hashed `previous`."""
    return hashlib.sha256(_DOMAIN + previous + hashlib.sha256(body).digest()).digest()
