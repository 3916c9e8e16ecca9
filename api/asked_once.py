"""`Idempotency-Key`: a request that is sent again gets the answer that it got, and decides nothing.

Who asks is a part of the key: nobody is answered by another caller's key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from ordain.api.decide import refusal
from ordain.audit.entry.once import Once
from ordain.audit.ledger.repeats import Repeats, Told
from ordain.engine.errors import IdempotencyKeyReused, MalformedRequest, NotRecorded

IDEMPOTENCY_KEY, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
_KEY = re.compile("[!-~]{1,255}")


def read_key(given: Sequence[str]) -> str:
    """The key of a request that has the header, once or more often. Raises MalformedRequest."""
    if len(given) > 1:
        raise MalformedRequest(f"`{IDEMPOTENCY_KEY}` is there {len(given)} times", "send one key with a request")
    if not given or not _KEY.fullmatch(given[0]):  # a server leaves out a value that is no text
        raise MalformedRequest(
            f"`{IDEMPOTENCY_KEY}` must have 1 to 255 visible ASCII characters and no blank",
            "a UUID, made anew for each new request",
        )
    return given[0]


def once_of(given: Sequence[str], repeats: Repeats, service: str, body: bytes, caller: str) -> Once:
    """What stands for a request of that caller under the key in its headers. Raises MalformedRequest."""
    return repeats.once(caller, read_key(given), service, body)


def earlier(repeats: Repeats, once: Once) -> UUID | None:
    """The entry of the same request, if it came before. Raises IdempotencyKeyReused, LedgerUnavailable."""
    found = repeats.find((once,)).get(once)
    if found is None:
        return None
    if not found.same:
        raise reused()
    return found.entry_id


def told_again(repeats: Repeats, once: Once) -> Told:
    """What was answered to a request that somebody else decided just now. Raises as `Repeats.told` does, too."""
    entry_id = earlier(repeats, once)
    if entry_id is None:
        raise NotRecorded("the same request was being decided at the same time; try again", "nothing was recorded")
    return repeats.told(entry_id)


def answer_again(told: Told) -> bytes:
    """The answer, byte for byte. Raises ComplianceViolation when that was the answer."""
    if told.refused:
        raise refusal(told.reasons, told.receipt)
    return told.answer


def reused() -> IdempotencyKeyReused:
    return IdempotencyKeyReused(
        f"another request was sent under this `{IDEMPOTENCY_KEY}` before; nothing was decided",
        "send a new key with each new request, and with the same key the same bytes",
    )
