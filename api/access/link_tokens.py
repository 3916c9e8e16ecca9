"""Links by which a person sees one decision without a log-in: who has the link may read it, until it expires.

A token is the decision's id, the second in which it expires, and a code over both (HMAC-SHA-256 under a key of the
ledger, which the master key opens), so nobody else can make one, and nothing has to be kept for it.
"""

from __future__ import annotations

import binascii
import datetime as dt
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hmac import compare_digest
from typing import NamedTuple
from uuid import UUID

from ordain.audit.entry.keys import Keyring

_ID, _TIME, _CODE = 16, 8, 32  # bytes


class Opened(NamedTuple):
    """What a token that was made here says."""

    decision: UUID
    expires: dt.datetime


def token_of(keyring: Keyring, decision: UUID, expires: dt.datetime) -> str:
    """75 characters of URL-safe base64. `expires` counts in whole seconds."""
    said = decision.bytes + int(expires.timestamp()).to_bytes(_TIME, "big")
    return urlsafe_b64encode(said + keyring.code_of_link(said)).decode().rstrip("=")


def opened(keyring: Keyring, token: str) -> Opened | None:
    """What it says, whether it has expired or not; None for what was not made here, or was changed."""
    sent = _decoded(token)
    said, code = sent[: _ID + _TIME], sent[_ID + _TIME :]
    if not compare_digest(code, keyring.code_of_link(said)) or len(sent) != _ID + _TIME + _CODE:
        return None
    expires = dt.datetime.fromtimestamp(int.from_bytes(said[_ID:], "big"), dt.UTC)
    return Opened(UUID(bytes=said[:_ID]), expires)


def _decoded(token: str) -> bytes:
    """Empty for what is no base64."""
    if len(token) != -(-(_ID + _TIME + _CODE) * 4 // 3) or not token.isascii():
        return b""
    try:
        return urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return b""
