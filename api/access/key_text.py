"""The text of an API key: `ordain_<id>_<secret>`, of which only the SHA-256 of the secret is kept."""

from __future__ import annotations

import secrets
from hashlib import sha256

PREFIX = "ordain_"
_ID_BYTES, _SECRET_BYTES = 6, 32


def new_id() -> str:
    """12 hexadecimal digits, which are no secret."""
    return secrets.token_hex(_ID_BYTES)


def new_secret() -> str:
    """256 random bits, as 43 letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def key_text(key_id: str, secret: str) -> str:
    """What a caller sends."""
    return f"{PREFIX}{key_id}_{secret}"


def parts_of(text: str) -> tuple[str, bytes]:
    """The id in a key's text, and the digest of its secret; of any text that begins as a key does."""
    key_id, _, secret = text[len(PREFIX) :].partition("_")
    return key_id, digest_of(secret)


def digest_of(secret: str) -> bytes:
    """32 bytes. The secret has 256 random bits, so nothing slower is needed than one hash."""
    return sha256(secret.encode("utf-8", "replace")).digest()
