"""Answers that are no decision, as status and JSON, for whatever serves them: one error shape for all routes."""

from __future__ import annotations

import logging
import math
import re
from typing import NamedTuple

import uuid_utils

from ordain.api.limits import LIMITS
from ordain.api.problems import encoded, shape, shape_of, status_of
from ordain.engine.errors import (
    AnchorUnavailable,
    ComplianceViolation,
    FeaturesUnavailable,
    InternalError,
    LedgerUnavailable,
    NotCovered,
    NotRecorded,
    OrdainError,
    RequestTooLarge,
    ServiceStopped,
    Severity,
    TooManyRequests,
    Unauthenticated,
)

JSON = "application/json"
RECORD = "/v1/decisions/"
"""Before a decision's id, where its record is."""
ASKS_FOR = ("www-authenticate", 'Bearer realm="ordain"')
"""The header of an answer to who is not known (RFC 6750 section 3)."""

_LOG = logging.getLogger("ordain")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Refusal(NamedTuple):
    """An answer that is an error. The body's type is `JSON`; `code` is the one in it."""

    status: int
    body: bytes
    code: str


def request_id_for(given: str) -> str:
    """The caller's X-Request-ID when it is a plain one, otherwise one of ours."""
    return given if _REQUEST_ID.fullmatch(given) else str(uuid_utils.uuid7())


def refused(error: OrdainError, request_id: str) -> Refusal:
    """What an error of ours says."""
    return Refusal(status_of(error), encoded(shape_of(error, request_id)), error.code)


def headers_for(error: OrdainError) -> list[tuple[str, str]]:
    """What its answer has in its head beside the type: what to send, when to ask again if that may help, or where the
    decision is on record that was refused.

    A model or a text that is lost, or a ledger that was rolled back, is not mended in seconds.
    """
    if isinstance(error, Unauthenticated):
        return [ASKS_FOR]
    if isinstance(error, ComplianceViolation):
        named = (issue.fields.get("decision_id") for issue in error.issues)
        return [("location", f"{RECORD}{each}") for each in named if each is not None][:1]  # none of a dry run
    if isinstance(error, TooManyRequests):
        return [retry_after(max(1, math.ceil(error.wait)))]
    if isinstance(error, ServiceStopped):
        return [retry_after(LIMITS.stopped_seconds)]
    if isinstance(error, NotCovered):
        return [retry_after(LIMITS.covered_seconds)]
    if isinstance(error, NotRecorded | AnchorUnavailable | FeaturesUnavailable) or type(error) is LedgerUnavailable:
        return [retry_after()]
    return []


def retry_after(seconds: int = LIMITS.retry_seconds) -> tuple[str, str]:
    """The header that says in how many seconds to ask again."""
    return "retry-after", str(seconds)


def refused_by_http(status: int, name: str, message: str, request_id: str) -> Refusal:
    """A fault of the request as HTTP has it: `name` is that of its status, such as "Not Found"."""
    code = name.title().replace(" ", "")
    return Refusal(status, encoded(shape(code, message, [], Severity.LOW, request_id)), code)


def unforeseen(error: Exception, request_id: str) -> Refusal:
    """A fault of ours: the log gets everything, the caller an id to ask about."""
    _LOG.error("request %s failed", request_id, exc_info=error)
    message = "something went wrong here; nothing was answered"
    body = encoded(shape(InternalError.__name__, message, [], InternalError.severity, request_id))
    return Refusal(500, body, InternalError.__name__)


def too_large(limit: int) -> RequestTooLarge:
    """A body of more than `limit` bytes."""
    return RequestTooLarge(f"the request is larger than {limit:,} bytes", "send fewer facts at once")
