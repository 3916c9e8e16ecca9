"""The routes of alerts: what each is for, answers and refuses."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.alerts.measured import Signal
from ordain.api.alerts.open_alerts import CHANNELS, SEVERITIES
from ordain.api.contract.operation import TEXT, Json, Operation, an_object
from ordain.engine.errors import (
    LedgerRolledBack,
    LedgerUnavailable,
    MalformedRequest,
    NotRecorded,
    RequestTooLarge,
    UnknownDecision,
)

_MAYBE: Json = {"type": ["string", "null"]}
_ALERT: Json = an_object(
    *("id", "raised", "signal", "service", "severity", "channel", "step", "value", "acknowledged_by", "entries"),
    **dict.fromkeys(("id", "raised", "value"), TEXT),
    signal={"enum": [str(signal) for signal in Signal]},
    service=_MAYBE,
    severity={"enum": list(SEVERITIES)},
    channel={"enum": list(CHANNELS)},
    step={"type": "integer"},
    acknowledged_by=_MAYBE,
    entries={"type": "array", "items": TEXT, "description": "the entries that it is news of"},
)
_POSTED = (("RequestTimeout", 408), ("UnsupportedMediaType", 415), ("Forbidden", 403))

ALERT_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/v1/alerts"): Operation(
        "The alerts that are there now",
        an_object("alerts", alerts={"type": "array", "items": _ALERT}),
        Right.HEALTH,
        (LedgerUnavailable, LedgerRolledBack),
    ),
    ("POST", "/v1/alerts/<alert_id>/acknowledge"): Operation(
        "Says that the caller is on an alert: it escalates no further",
        _ALERT,
        Right.STOP_SERVICE,
        (MalformedRequest, RequestTooLarge, UnknownDecision, LedgerUnavailable, LedgerRolledBack, NotRecorded),
        by_http=_POSTED,
        asks={"type": "object", "properties": {}, "additionalProperties": False},
    ),
}
