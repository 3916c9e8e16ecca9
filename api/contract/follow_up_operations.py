"""The routes for what follows on a decision: a review settled, what was shown, what was done."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.contract.operation import NOT_BLANK, PRIVATE_PART, TEXT, Errors, Json, Operation, an_object
from ordain.api.limits import LIMITS
from ordain.engine.errors import (
    IdempotencyKeyReused,
    LedgerRolledBack,
    LedgerUnavailable,
    MalformedRequest,
    NotInReview,
    NotRecorded,
    RequestTooLarge,
    TextLost,
    UnknownDecision,
    UnknownSubject,
)
from ordain.engine.policy.model import Status

_STATUS: Json = {"enum": [str(status) for status in Status]}
_STATUS_NOW: Json = {
    "enum": [*_STATUS["enum"], None],
    "description": "null where it can no longer be told: the private part of the decision is erased",
}
_POSTED = (("RequestTimeout", 408), ("UnsupportedMediaType", 415), ("Forbidden", 403))
_READ: Errors = (UnknownDecision, LedgerUnavailable, LedgerRolledBack, TextLost, NotRecorded)
_KEPT: Errors = (*_READ, MalformedRequest, RequestTooLarge, UnknownSubject)
_AT: Json = {
    "type": ["string", "null"],
    "description": "when it was: 2026-01-31T08:00:00+05:30; now if left out",
}
_REASON: Json = {"type": "string", "minLength": 1, "maxLength": LIMITS.reason_characters, "pattern": NOT_BLANK}
_RECEIPT: Json = an_object("entry_id", "leaf_hash", entry_id=TEXT, leaf_hash=TEXT)
_CONFIRMED: Json = an_object(
    "decision_id", "kind", "receipt", decision_id=TEXT, kind={"enum": ["shown", "performed"]}, receipt=_RECEIPT
)
_SHOWN: Json = {
    "type": ["array", "null"],
    "items": {"type": "string", "pattern": NOT_BLANK},
    "description": "what was shown; all that had to be, if left out",
}
_DONE: Json = {"type": ["object", "null"], "description": "what was really charged or sent, as the answer has it"}


def _confirming(summary: str, name: str, schema: Json) -> Operation:
    return Operation(
        summary,
        _CONFIRMED,
        Right.CONFIRM,
        (*_KEPT, IdempotencyKeyReused),
        by_http=_POSTED,
        is_once=True,
        asks=an_object(at=_AT, **{name: schema}) | {"additionalProperties": False},
    )


FOLLOW_UP_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/decisions/<decision_id>/settle"): Operation(
        "Closes the review of a decision: a person permits or denies it",
        an_object("decision_id", "status", "settled", decision_id=TEXT, status=_STATUS, settled={"type": "object"}),
        Right.SETTLE,
        (*_KEPT, NotInReview),
        by_http=_POSTED,
        asks=an_object("verdict", "reason", verdict={"enum": ["permit", "deny"]}, reason=_REASON)
        | {"additionalProperties": False},
    ),
    ("GET", "/v1/decisions/<decision_id>/status"): Operation(
        "What has become of a decision, for the app that asked for it",
        an_object(
            *("decision_id", "status", "private_part"),
            decision_id=TEXT,
            status=_STATUS_NOW,
            private_part=PRIVATE_PART,
            settled=an_object("verdict", "recorded_at", verdict=TEXT, recorded_at=TEXT),
            outcome={"type": ["object", "null"]},
        ),
        Right.CONFIRM,
        _READ,
        is_read=True,
    ),
    ("POST", "/v1/decisions/<decision_id>/shown"): _confirming(
        "Puts on record that what had to be shown was shown", "texts", _SHOWN
    ),
    ("POST", "/v1/decisions/<decision_id>/performed"): _confirming(
        "Puts on record what was really done on a decision", "outcome", _DONE
    ),
}
