"""The verifier, run for who asks over HTTP: in a process of its own, one at a time, for no longer than a bound."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ordain.api.apart import TooLong, answered
from ordain.api.ledger import compared_places
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings
from ordain.engine.errors import MalformedRequest

Json = dict[str, Any]


class VerifiesAlready(Exception):
    """This ledger is being verified for somebody else on this machine."""


def verified(settings: Settings, asked: Mapping[str, Any], ends: Callable[[float], bool]) -> Json:
    """The evidence as `ordain audit verify --json` gives it; `asked` has `from`, `to`, `sample`, `seed`, `key`, if any.

    `ends` waits so many seconds and says whether the server is to end. Raises VerifiesAlready, ServerEnds;
    MalformedRequest for what cannot be verified, or not in `LIMITS.verify_seconds`.
    """
    question = {
        "database_url": settings.database_url,
        "start": asked.get("from"),
        "end": asked.get("to"),
        "sample": asked.get("sample"),
        "seed": asked.get("seed"),
        "key": asked.get("key"),
        **dict(zip(("anchors", "lost"), _folders(settings), strict=True)),
    }
    with _alone(settings.database_url):
        try:
            answer = answered("ordain.api.verifier_process", question, LIMITS.verify_seconds, ends)
        except TooLong:
            raise MalformedRequest(
                f"the log is too long to be verified in {LIMITS.verify_seconds:g} seconds",
                "ask for a part, with `from` and `to` or a `sample`, or run `ordain audit verify`",
            ) from None
    if "refused" in answer:
        message, hint = answer["refused"]
        raise MalformedRequest(message, hint)
    evidence: Json = answer["evidence"]
    return evidence


def _folders(settings: Settings) -> list[list[str]]:
    return [[str(folder) for folder in folders] for folders in compared_places(settings)]


@contextmanager
def _alone(database_url: str) -> Iterator[None]:
    """One of this user's processes on this machine at a time, whichever worker is asked."""
    name = hashlib.sha256(database_url.encode()).hexdigest()[:16]
    file = Path(tempfile.gettempdir()) / f"ordain-{os.getuid()}-{name}.verifying"
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VerifiesAlready from None
        yield
    finally:
        os.close(lock)
