"""The private part of an entry, sealed under a key of its own that comes from the subject's data key.

    key    = HMAC-SHA256(data key, "ordain payload key 1" 0x00 id)
    commit = HMAC-SHA256(key, "ordain key commitment 1" 0x00 id)
    nonce  = HMAC-SHA256(key, "ordain nonce 1" 0x00 SHA-256(public) plaintext), its first 12 bytes
    sealed = nonce || AES-256-GCM(key, nonce, plaintext, associated data = id)

`id` are the 16 bytes of the entry's UUID. The first line is HKDF-Expand (RFC 5869) of one block in all but the
counter's place. AES-GCM alone binds a ciphertext to no key (two keys can open one ciphertext to two texts), so the
envelope carries `commit`, which is public, says nothing about the key, and fits one key only.

`public` is the envelope as it is before the hash of `sealed` stands in it. So who has no key can neither make an
entry nor change the public part of one: the nonce, which to a reader is any, would not fit. It is a synthetic one
(P. Rogaway, T. Shrimpton, "Deterministic authenticated-encryption", 2006): one nonce seals one text under a key.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12

_KEY = b"ordain payload key 1\0"
_COMMITMENT = b"ordain key commitment 1\0"
_NONCE = b"ordain nonce 1\0"


class DoesNotOpen(Exception):
    """The bytes were not sealed under this key for this entry, or have been changed."""


def seal(key: bytes, entry_id: bytes, plaintext: bytes, public: bytes) -> bytes:
    """The sealed bytes, under the key of that entry."""
    nonce = _nonce(key, plaintext, public)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, entry_id)


def is_sealed_with(data_key: bytes, entry_id: bytes, sealed: bytes, plaintext: bytes, public: bytes) -> bool:
    """Whether what opens to `plaintext` was sealed together with that public part."""
    key = entry_key(data_key, entry_id)
    return hmac.compare_digest(_nonce(key, plaintext, public), sealed[:NONCE_BYTES])


def is_committed(data_key: bytes, entry_id: bytes, commitment: bytes) -> bool:
    """Whether an entry with that commitment was sealed under that data key."""
    return hmac.compare_digest(commitment_of(entry_key(data_key, entry_id), entry_id), commitment)


def entry_key(data_key: bytes, entry_id: bytes) -> bytes:
    """The key of one entry, 32 bytes. It opens that one, and tells nothing of the data key or of other entries."""
    return hmac.digest(data_key, _KEY + entry_id, "sha256")


def unseal(data_key: bytes, entry_id: bytes, sealed: bytes, commitment: bytes) -> bytes:
    """The plaintext. Raises DoesNotOpen."""
    key = entry_key(data_key, entry_id)
    if not hmac.compare_digest(commitment_of(key, entry_id), commitment):
        raise DoesNotOpen
    return decrypt(key, sealed, entry_id)


def encrypt(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """`nonce || ciphertext`, for a key that is used for many texts: 2**32 at the most (NIST SP 800-38D, 8.3)."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def decrypt(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Raises DoesNotOpen."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError, TypeError):  # a database may hold a text where bytes belong
        raise DoesNotOpen from None


def _nonce(key: bytes, plaintext: bytes, public: bytes) -> bytes:
    return hmac.digest(key, _NONCE + sha256(public).digest() + plaintext, "sha256")[:NONCE_BYTES]


def commitment_of(key: bytes, entry_id: bytes) -> bytes:
    """What the envelope of that entry says of the key of it, 32 bytes."""
    return hmac.digest(key, _COMMITMENT + entry_id, "sha256")
