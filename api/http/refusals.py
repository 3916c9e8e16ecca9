"""Answers that are no decision, as status and JSON, for whatever serves them: one error shape for all routes."""

from __future__ import annotations

import logging
import re
from typing import NamedTuple

import uuid_utils

from ordain.api.problems import encoded, shape, shape_of, status_of
from ordain.engine.errors import InternalError, OrdainError, RequestTooLarge, Severity

JSON = "application/json"

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
