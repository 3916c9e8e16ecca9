"""The private part of an entry, sealed under a key of its own that comes from the subject's data key.

    key    = HMAC-SHA256(data key, "ordain payload key 1" 0x00 id)
    commit = HMAC-SHA256(key, "ordain key commitment 1" 0x00 id)
    sealed = nonce || AES-256-GCM(key, nonce, plaintext, associated data = id)

`id` are the 16 bytes of the entry's UUID. The first line is HKDF-Expand (RFC 5869) of one block in all but the
counter's place. AES-GCM alone binds a ciphertext to no key (two keys can open one ciphertext to two texts), so the
envelope carries `commit`, which is public, says nothing about the key, and fits one key only.
"""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12

_KEY = b"ordain payload key 1\0"
_COMMITMENT = b"ordain key commitment 1\0"


class DoesNotOpen(Exception):
    """The bytes were not sealed under this key for this entry, or have been changed."""


def seal(data_key: bytes, entry_id: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
    """The sealed bytes and the 32-byte key commitment."""
    key = hmac.digest(data_key, _KEY + entry_id, "sha256")
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, entry_id), _commitment(key, entry_id)


def unseal(data_key: bytes, entry_id: bytes, sealed: bytes, commitment: bytes) -> bytes:
    """The plaintext. Raises DoesNotOpen."""
    key = hmac.digest(data_key, _KEY + entry_id, "sha256")
    if not hmac.compare_digest(_commitment(key, entry_id), commitment):
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


def _commitment(key: bytes, entry_id: bytes) -> bytes:
    return hmac.digest(key, _COMMITMENT + entry_id, "sha256")
