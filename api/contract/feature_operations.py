"""The routes of the feature store: events that come in, and what is known of one person."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.contract.audit_operations import PURPOSE
from ordain.api.contract.operation import FILLED, FLAG, TEXT, Json, Operation, an_object
from ordain.api.limits import LIMITS
from ordain.engine.errors import (
    FeaturesUnavailable,
    LedgerRolledBack,
    LedgerUnavailable,
    MalformedRequest,
    ModelDegradationDetected,
    NotRecorded,
    PolicyError,
    RequestTooLarge,
    SettingsError,
    UnknownModel,
)

_WHOLE: Json = {"type": "integer", "minimum": 0}
_TEXTS: Json = {"type": "array", "items": TEXT}
_EVENT: Json = an_object(
    *("subject", "happened_at"),
    event_id={**FILLED, "description": "its own; a digest of the rest if left out"},
    subject=FILLED,
    kind={**FILLED, "description": "what happened"},
    snapshot={**FILLED, "description": "in place of `kind`: the source whose state of the subject this is"},
    happened_at={**TEXT, "format": "date-time"},
    known_at={**TEXT, "format": "date-time", "description": "when it was learned of; now if left out"},
) | {"description": "every other key is a field"}
_FACT: Json = an_object(
    *("name", "value", "type", "as_of", "stale", "source", "owner", "personal", "meaning"),
    **dict.fromkeys(("name", "type", "as_of", "source", "owner", "meaning"), TEXT),
    value={"type": ["string", "boolean", "null"], "description": "a number is the text of its digits"},
    stale=FLAG,
    personal=FLAG,
    protected={**FLAG, "description": "policies of prices may not read it"},
)

_NONE: Json = {"type": ["string", "null"]}
_AT_RISK: Json = an_object(
    *("subject", "level", "probability", "segment", "value", "value_from", "value_at_risk", "reasons"),
    **dict.fromkeys(("subject", "level", "probability", "segment"), TEXT),
    **dict.fromkeys(("value", "value_from", "value_at_risk"), _NONE),
    reasons=_TEXTS,
)


def _sums(by: str) -> Json:
    rows = an_object(*(by, "people", "value_at_risk"), **{by: TEXT}, people=_WHOLE, value_at_risk=TEXT)
    return {"type": "array", "items": rows}


FEATURE_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/events"): Operation(
        "Takes events and snapshots into the feature store, each once; what is no good is told, and kept in quarantine",
        an_object(
            *("added", "repeated", "quarantined", "notes"),
            added=_WHOLE,
            repeated=_WHOLE,
            quarantined={"type": "array", "items": an_object("line", "reasons", line=_WHOLE, reasons=_TEXTS)},
            quarantined_count=_WHOLE,
            notes=_TEXTS,
        ),
        Right.INGEST,
        (MalformedRequest, RequestTooLarge, FeaturesUnavailable, SettingsError, PolicyError),
        by_http=(("RequestTimeout", 408), ("UnsupportedMediaType", 415), ("Forbidden", 403)),
        asks={"anyOf": [_EVENT, {"type": "array", "items": _EVENT, "maxItems": LIMITS.ingest_events}]},
        takes_lines=True,
    ),
    ("GET", "/v1/facts/<path:subject>"): Operation(
        "Every feature of one person, from the feature store",
        an_object("subject", "at", "facts", subject=TEXT, at=TEXT, facts={"type": "array", "items": _FACT}),
        Right.READ_FACTS,
        (
            *(MalformedRequest, FeaturesUnavailable, SettingsError, PolicyError),
            *(LedgerUnavailable, LedgerRolledBack, NotRecorded),
        ),
        by_http=(("NotFound", 404),),  # a name with a line break in it is no address
        query=(("at", "as it was known at this date or moment; now if left out", FILLED), PURPOSE),
        is_read=True,
    ),
    ("GET", "/v1/models/<model>/at-risk"): Operation(
        "Who may leave, by the live version: level, probability, reasons, value at risk, the most of it first",
        an_object(
            *("model", "version", "at", "days", "level", "segment", "people", "value_at_risk", "levels", "segments"),
            *("tenths", "left_out", "rows", "next"),
            **dict.fromkeys(("model", "at", "value_at_risk"), TEXT),
            **dict.fromkeys(("level", "segment"), _NONE),
            **dict.fromkeys(("version", "days", "people"), _WHOLE),
            levels=_sums("level"),
            segments=_sums("segment"),
            tenths={"type": "array", "items": _WHOLE, "description": "people by tenth of the probability"},
            left_out=an_object(*("objected", "gone", "not_scored"), objected=_WHOLE, gone=_WHOLE, not_scored=_WHOLE),
            rows={"type": "array", "items": _AT_RISK},
            next={"type": ["integer", "null"], "description": "`after` of the next page; null: there is none"},
        ),
        Right.READ_FACTS,
        (
            *(MalformedRequest, FeaturesUnavailable, SettingsError, PolicyError, ModelDegradationDetected),
            *(LedgerUnavailable, LedgerRolledBack, NotRecorded, UnknownModel),
        ),
        query=(
            ("days", "leave within 30, 60 or 90 days; 90 if left out", {**TEXT, "enum": ["30", "60", "90"]}),
            ("level", "this level and those above", {**TEXT, "enum": ["low", "medium", "high", "critical"]}),
            ("segment", "one segment, by its name", FILLED),
            ("subject", "this customer alone", FILLED),
            ("limit", "rows of one page", {"type": "integer", "minimum": 1, "maximum": LIMITS.found_most}),
            ("after", "how many rows come before the page", _WHOLE),
            PURPOSE,
        ),
        is_read=True,
    ),
}
