"""Signatures of webhooks as Standard Webhooks has them (https://www.standardwebhooks.com), by HMAC-SHA256."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Sequence

PREFIX = "whsec_"
_LEAST, _MOST = 24, 64
"""Bytes of a secret, as the specification has it."""


def secrets_in(text: str) -> tuple[bytes, ...]:
    """The secrets of a text such as `whsec_...`; several, while one takes the other's place, with spaces or lines.

    Raises ValueError, which does not say the secret.
    """
    secrets = tuple(_secret(part) for part in text.split())
    if not secrets:
        raise ValueError("it is empty")
    return secrets


def _secret(text: str) -> bytes:
    if not text.startswith(PREFIX):
        raise ValueError(f"it does not begin with `{PREFIX}`")
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"what follows `{PREFIX}` is not base64") from None
    if not _LEAST <= len(secret) <= _MOST:
        raise ValueError(f"it has {len(secret)} bytes; it needs {_LEAST} to {_MOST}")
    return secret


def signed(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that a receiver checks; a signature by each secret. `timestamp` is in seconds since 1970."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures(secrets, message_id, timestamp, body)),
    }


def signatures(secrets: Iterable[bytes], message_id: str, timestamp: int | str, body: bytes) -> list[str]:
    """`v1,` and base64, by each secret."""
    text = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    return [f"v1,{base64.b64encode(hmac.digest(secret, text, 'sha256')).decode()}" for secret in secrets]
