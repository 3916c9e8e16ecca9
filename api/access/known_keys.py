"""The API keys that are known, made ready to be looked up by every request."""

from __future__ import annotations

import math
from collections.abc import Iterable
from hmac import compare_digest
from typing import NamedTuple

from ordain.api.access.caller import Caller
from ordain.api.access.key_text import parts_of
from ordain.api.access.rates import read_rate
from ordain.api.access.stored_key import StoredKey, read_time


class _Held(NamedTuple):
    """`until` and `older_until` are seconds since 1970: when the secret, and the one before it, stop to open."""

    caller: Caller
    digest: bytes
    until: float
    older: bytes
    older_until: float


_NONE = b"\0" * 32
_NOBODY = _Held(Caller("nobody", frozenset()), _NONE, 0.0, _NONE, 0.0)
"""Stands for an id that there is not, so that all the same is done for it."""


class KnownKeys:
    """Looks keys up: one SHA-256, one look into a dict, comparisons in constant time."""

    def __init__(self, keys: Iterable[StoredKey], tenant: str) -> None:
        self._held = {key.id: _held(key, tenant) for key in keys}
        self.ids = frozenset(self._held)

    def caller_of(self, text: str, now: float) -> Caller | None:
        """Whose key the text is, if it is one that still opens at `now`."""
        key_id, digest = parts_of(text)
        held = self._held.get(key_id, _NOBODY)
        is_newest, is_older = compare_digest(digest, held.digest), compare_digest(digest, held.older)
        if (is_newest and now < held.until) or (is_older and now < held.older_until):
            return held.caller
        return None


def _held(key: StoredKey, tenant: str) -> _Held:
    caller = Caller(
        key.name,
        frozenset(key.roles),
        key.id,
        None if key.services is None else frozenset(key.services),
        None if key.rate is None else read_rate(key.rate),
        tenant,
    )
    until = math.inf if key.expires is None else read_time(key.expires).timestamp()
    if key.revoked is not None:
        until = 0.0
    older, older_until = _NONE, 0.0
    if key.older is not None:
        older, older_until = bytes.fromhex(key.older.sha256), read_time(key.older.until).timestamp()
    return _Held(caller, bytes.fromhex(key.sha256), until, older, min(older_until, until))
