"""What a call raises.

OrdainError
├── NoAnswer        nothing came, or not all of it, however often it was sent
└── Refused         the service answered with an error
    ├── Invalid     the request is wrong (400, 413, 415, 422)
    │   └── Denied  compliance denies it; the denial is on record
    ├── NotAllowed  the key is unknown, or may not do this (401, 403)
    ├── NotFound    there is no such service or decision, or not any more (404, 410)
    └── Unavailable it cannot be done now (408, 429, 5xx): sent again already, and still so
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class OrdainError(Exception):
    """Anything that a call may raise."""


class NoAnswer(OrdainError):
    """Nothing came. Under the same idempotency key the request may be sent again: it is one decision."""


class Refused(OrdainError):
    """`code` is what to branch on, `details` say more, `line` is that of a batch, `retry_after` are seconds."""

    def __init__(self, status: int, error: Mapping[str, Any], line: int | None, retry_after: float | None) -> None:
        self.status = status
        self.code = str(error.get("code", "Unknown"))
        self.message = str(error.get("message", ""))
        self.details: list[dict[str, Any]] = list(error.get("details", ()))
        self.request_id: str | None = error.get("requestId")
        self.severity: str | None = error.get("severity")
        self.line = line
        self.retry_after = retry_after
        super().__init__(f"{self.code}: {self.message}")


class Invalid(Refused):
    """The request is wrong, or the rules cannot decide it."""


class Denied(Invalid):
    """Compliance denies it, and the service refuses then."""

    @property
    def decision_id(self) -> str | None:
        """The denied decision, which is on record; none of a dry run."""
        found = [each["decision_id"] for each in self.details if "decision_id" in each]
        return found[0] if found else None


class NotAllowed(Refused):
    """The key is unknown, or may not do this."""


class NotFound(Refused):
    """There is no such thing, or not any more."""


class Unavailable(Refused):
    """It cannot be done now."""


_BY_STATUS = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 410: NotFound, 408: Unavailable, 429: Unavailable}


def refusal(
    status: int, error: Mapping[str, Any], line: int | None = None, retry_after: float | None = None
) -> Refused:
    """The exception of an error that was answered."""
    if error.get("code") == "ComplianceViolation":
        return Denied(status, error, line, retry_after)
    kind = _BY_STATUS.get(status, Unavailable if status >= 500 else Invalid)
    return kind(status, error, line, retry_after)
