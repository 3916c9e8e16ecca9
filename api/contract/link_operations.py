"""The routes of links by which a person sees a decision: what each is for, answers and refuses."""

from __future__ import annotations

from ordain.api.access.rights import OPEN, Right
from ordain.api.contract.audit_operations import PURPOSE
from ordain.api.contract.operation import TEXT, Json, Operation, an_object
from ordain.api.limits import LIMITS
from ordain.engine.errors import (
    LedgerRolledBack,
    LedgerUnavailable,
    MalformedRequest,
    NotRecorded,
    RequestTooLarge,
    TextLost,
    TooManyRequests,
    UnknownDecision,
)

_LEDGER = (LedgerUnavailable, LedgerRolledBack, TextLost, NotRecorded)
_POSTED = (("RequestTimeout", 408), ("UnsupportedMediaType", 415), ("Forbidden", 403))
_LINK: Json = an_object("url", "expires", url=TEXT, expires={"type": "string", "format": "date-time"})
_DAYS: Json = {"type": "integer", "minimum": 1, "maximum": LIMITS.link_days}

LINK_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/decisions/<decision_id>/link"): Operation(
        "Makes a link by which whoever has it reads why a decision came out so, without a log-in, until it expires",
        _LINK,
        Right.EXPLAIN,
        (MalformedRequest, RequestTooLarge, UnknownDecision, *_LEDGER),
        by_http=_POSTED,
        query=(PURPOSE,),
        asks={"type": "object", "properties": {"days": _DAYS}, "additionalProperties": False},
    ),
    ("GET", "/price/<token>"): Operation(
        "Why a decision came out so, as a page for the person whom a link was made for",
        TEXT,
        OPEN,
        (TooManyRequests, *_LEDGER),
        "text/html",
        others=(
            (404, "Nobody made that link here, as a page.", None),
            (410, "It has expired, or what it was about can no longer be shown, as a page.", None),
        ),
        is_read=True,
        is_page=True,
    ),
}
