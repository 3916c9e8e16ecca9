"""What each route is for, answers and refuses, and the right that it needs; without one no application starts."""

from __future__ import annotations

from ordain.api.access.rights import OPEN, SIGNED, Right
from ordain.api.contract.alert_operations import ALERT_OPERATIONS
from ordain.api.contract.audit_operations import AUDIT_OPERATIONS, PURPOSE
from ordain.api.contract.console_operations import CONSOLE_OPERATIONS
from ordain.api.contract.feature_operations import FEATURE_OPERATIONS
from ordain.api.contract.follow_up_operations import FOLLOW_UP_OPERATIONS
from ordain.api.contract.link_operations import LINK_OPERATIONS
from ordain.api.contract.login_operations import LOGIN_OPERATIONS
from ordain.api.contract.model_operations import MODEL_OPERATIONS
from ordain.api.contract.operation import (
    FILLED,
    FLAG,
    NOT_BLANK,
    PRIVATE_PART,
    TEXT,
    Errors,
    Json,
    Operation,
    an_object,
    ref,
)
from ordain.api.contract.policy_operations import POLICY_OPERATIONS
from ordain.api.contract.policy_table_operations import POLICY_TABLE_OPERATIONS
from ordain.api.contract.settings_operations import SETTINGS_OPERATIONS
from ordain.api.limits import LIMITS
from ordain.engine.errors import (
    AnswerGone,
    CalculationFailed,
    ComplianceViolation,
    CustomerDataIncomplete,
    DataQualityIssue,
    EventTooOld,
    IdempotencyKeyReused,
    LedgerRolledBack,
    LedgerUnavailable,
    MalformedRequest,
    ModelDegradationDetected,
    NoRuleApplies,
    NotCovered,
    NotInForce,
    NotRecorded,
    PolicyError,
    PricingConstraintViolation,
    RequestTooLarge,
    RulesDisagree,
    ServiceStopped,
    SignatureRefused,
    TextLost,
    UnknownDecision,
    UnknownHook,
    UnknownService,
)
from ordain.engine.policy.model import Status

_EVENT: Json = an_object(
    *("specversion", "id", "source", "type", "time", "sequence", "data"),
    **dict.fromkeys(("specversion", "id", "source", "type", "time", "sequence"), TEXT),
    data={"type": "object"},
)
_PLACE: Json = {"type": "string", "pattern": "^([0-9]{1,16}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"}
_EVENTS: tuple[tuple[str, str, Json], ...] = (
    ("after", "the `sequence` or `id` of the last event that the caller has", _PLACE),
    ("type", "only events of these types, in which `*` stands for any letters", {"type": "array", "items": FILLED}),
    ("service", "only events of these services", {"type": "array", "items": FILLED}),
)
_LABEL = "[a-z][a-z0-9-]*@[1-9][0-9]{0,5}"
_SEVERAL: Json = {
    "type": "array",
    "items": {"type": "string", "pattern": f"^{_LABEL}(,{_LABEL})*$"},
    "minItems": 1,
    "maxItems": LIMITS.tried_sets,
}
_TRIED: Json = an_object(
    *("service", "at", "dry_run", "tried", "differs"),
    service=TEXT,
    at=TEXT,
    dry_run={"const": True},
    tried={
        "type": "array",
        "items": an_object("versions", versions=TEXT, answer={"type": "object"}, error={"type": "object"}),
        "description": "of each set of versions the answer of a dry run, or the error",
    },
    differs={
        "type": "array",
        "items": an_object("what", "values", what=TEXT, values={"type": "object"}),
        "description": "each part of the answers that is not the same in all, with its value by set",
    },
)
_LIMIT: Json = {"type": "integer", "minimum": 1, "maximum": LIMITS.events_page}
_OBJECTS: Json = {"type": "array", "items": {"type": "object"}}
_STATUS: Json = {"enum": [*(str(status) for status in Status), None]}
"""None of a decision that can no longer be read."""
_POSTED = (("RequestTimeout", 408), ("UnsupportedMediaType", 415), ("Forbidden", 403))
_UNCHANGED = (304, "Not changed since the `ETag` that `If-None-Match` names.", None)

_TRYING: Errors = (
    *(MalformedRequest, UnknownService, RequestTooLarge, CustomerDataIncomplete, DataQualityIssue, NoRuleApplies),
    *(RulesDisagree, CalculationFailed, NotInForce, PricingConstraintViolation, ComplianceViolation),
    ModelDegradationDetected,
)
_DECIDING: Errors = (
    *(*_TRYING, ServiceStopped, LedgerUnavailable, LedgerRolledBack, NotRecorded, IdempotencyKeyReused, AnswerGone),
)
_HOOKED: Errors = (
    *(UnknownHook, SignatureRefused, EventTooOld, ServiceStopped, LedgerUnavailable, LedgerRolledBack, NotRecorded),
    *(each for each in _TRYING if each not in (UnknownService, ComplianceViolation)),
)
_READING: Errors = (UnknownDecision, LedgerUnavailable, LedgerRolledBack, TextLost, NotRecorded)
_STOPPING: Errors = (
    *(MalformedRequest, RequestTooLarge, UnknownService, LedgerUnavailable, LedgerRolledBack, NotRecorded),
)
_REPLAYING: Errors = (*_READING, PolicyError)

_REASON: Json = {
    **an_object(
        "reason",
        reason={
            "type": "string",
            "minLength": 1,
            "maxLength": LIMITS.stop_reason_characters,
            "pattern": NOT_BLANK,
            "description": "one line that may be shown to whoever asks the service",
        },
    ),
    "additionalProperties": False,
}
_ONTO: Json = {**FLAG, "description": "the service that `fallback` names in services.yaml is asked in its place"}
_STOP: Json = {**_REASON, "properties": {**_REASON["properties"], "fallback": _ONTO}}
_STOPPED: Json = an_object(
    "service", "stopped", service=TEXT, stopped=FLAG, since=TEXT, reason=TEXT, entry_id=TEXT, alert=TEXT, fallback=TEXT
)

DECIDE, BATCH = ("POST", "/v1/decisions/<service>"), ("POST", "/v1/decisions/<service>/batch")
DRY_RUN, VERSIONS = ("POST", "/v1/decisions/<service>/dry-run"), ("POST", "/v1/decisions/<service>/dry-run/versions")
"""The routes that are told of for each service by itself."""

OPERATIONS: dict[tuple[str, str], Operation] = {
    DECIDE: Operation("Decides and records", ref("Answer"), Right.DECIDE, _DECIDING, by_http=_POSTED, is_once=True),
    DRY_RUN: Operation("Decides and records nothing", {"type": "object"}, Right.DRY_RUN, _TRYING, by_http=_POSTED),
    VERSIONS: Operation(
        "Decides by several versions side by side, and records nothing",
        _TRIED,
        Right.DRY_RUN,
        (*_TRYING, TextLost),
        by_http=_POSTED,
        query=(
            ("try", "a version such as retention-offer@4; several that decide together, joined by commas", _SEVERAL),
        ),
    ),
    BATCH: Operation(
        "Decides and records each line of a body",
        {"anyOf": [ref("Answer"), ref("ErrorLine")]},
        Right.DECIDE,
        (UnknownService, MalformedRequest),
        "application/x-ndjson",
        (*_POSTED, ("NotImplemented", 501)),
        is_once=True,
    ),
    ("GET", "/v1/decisions/<decision_id>"): Operation(
        "The record of a decision",
        an_object("private_part", "status", "decision_id", "recorded_at", private_part=PRIVATE_PART, status=_STATUS),
        Right.READ_RECORD,
        (*_READING, MalformedRequest),
        query=(PURPOSE,),
        is_read=True,
    ),
    ("GET", "/v1/decisions/<decision_id>/explanation"): Operation(
        "What was decided and why, for the person it is about",
        an_object("text", "private_part", "status", text=TEXT, private_part=PRIVATE_PART, status=_STATUS),
        Right.EXPLAIN,
        (*_READING, MalformedRequest),
        query=(PURPOSE,),
        is_read=True,
    ),
    ("GET", "/v1/decisions/<decision_id>/why-not"): Operation(
        "Why each other rule did not fire",
        an_object(
            "private_part", "rules", private_part=PRIVATE_PART, rules={"type": "array", "items": {"type": "object"}}
        ),
        Right.EXPLAIN,
        (*_REPLAYING, MalformedRequest),
        query=(PURPOSE,),
        is_read=True,
    ),
    ("GET", "/v1/decisions/<decision_id>/replay"): Operation(
        "Decides again from the record alone",
        an_object(
            *("agrees", "replayed", "private_part", "differs"),
            agrees=FLAG,
            replayed=FLAG,
            private_part=PRIVATE_PART,
            differs={"type": "array", "items": an_object("part", "message", part=TEXT, message=TEXT)},
        ),
        Right.REPLAY,
        _REPLAYING,
        is_read=True,
    ),
    ("GET", "/v1/decisions/<decision_id>/proof"): Operation(
        "A file that proves, offline, that the decision is in the signed log",
        TEXT,
        Right.PROVE,
        (*_READING, NotCovered),
        "text/plain",
        is_read=True,
    ),
    ("GET", "/v1/decisions/<decision_id>/receipt"): Operation(
        "The ledger's signed word that the decision is on record: a signed note, to be held against it",
        TEXT,
        Right.DECIDE,
        (UnknownDecision, LedgerUnavailable, LedgerRolledBack),
        "text/plain",
        is_read=True,
    ),
    **ALERT_OPERATIONS,
    **AUDIT_OPERATIONS,
    **CONSOLE_OPERATIONS,
    **FEATURE_OPERATIONS,
    **FOLLOW_UP_OPERATIONS,
    **LINK_OPERATIONS,
    **LOGIN_OPERATIONS,
    **MODEL_OPERATIONS,
    **POLICY_OPERATIONS,
    **POLICY_TABLE_OPERATIONS,
    **SETTINGS_OPERATIONS,
    ("GET", "/v1/services"): Operation(
        "The services that there are",
        ref("ServiceList"),
        Right.DESCRIBE,
        (MalformedRequest,),
        others=(_UNCHANGED,),
        takes_at=True,
    ),
    ("GET", "/v1/services/<service>"): Operation(
        "The facts of a service, what it gives, its policies in force, and a request that works",
        ref("ServiceSheet"),
        Right.DESCRIBE,
        (MalformedRequest, UnknownService, NotInForce),
        others=(_UNCHANGED,),
        takes_at=True,
    ),
    ("GET", "/v1/services/<service>/flow"): Operation(
        "A picture of what a service does: facts, decisions in their order, and what it gives",
        TEXT,
        Right.DESCRIBE,
        (UnknownService, NotInForce),
        "image/svg+xml",
        others=(_UNCHANGED,),
    ),
    ("POST", "/v1/services/<service>/stop"): Operation(
        "Stops a service: it decides nothing until it is started",
        _STOPPED,
        Right.STOP_SERVICE,
        _STOPPING,
        by_http=_POSTED,
        asks=_STOP,
    ),
    ("POST", "/v1/services/<service>/start"): Operation(
        "Starts a service that was stopped", _STOPPED, Right.STOP_SERVICE, _STOPPING, by_http=_POSTED, asks=_REASON
    ),
    ("POST", "/v1/hooks/<source>"): Operation(
        "Takes an event that a source has signed, and decides and records what its mapping asks, once",
        an_object(
            *("source", "event", "type", "result"),
            **dict.fromkeys(("source", "event", "type", "decision_id"), TEXT),
            result={"enum": ["decided", "repeated", "not mapped"]},
        ),
        SIGNED,
        _HOOKED,
        by_http=_POSTED,
        asks={"type": "object", "description": "the event, as its source sends and signs it"},
    ),
    ("GET", "/v1/events"): Operation(
        "Events after a place in the log: what the envelopes of entries say",
        an_object(
            *("events", "after", "more"),
            events={"type": "array", "items": _EVENT},
            after={"type": ["string", "null"]},
            more=FLAG,
        ),
        Right.READ_EVENTS,
        (MalformedRequest, LedgerUnavailable),
        query=(*_EVENTS, ("limit", "about so many events: those of one entry are not parted", _LIMIT)),
    ),
    ("GET", "/v1/events/stream"): Operation(
        "The same as they come, as server-sent events",
        TEXT,
        Right.READ_EVENTS,
        (MalformedRequest, LedgerUnavailable),
        "text/event-stream",
        query=_EVENTS,
    ),
    ("GET", "/openapi.json"): Operation(
        "This document", an_object("openapi", "info", "paths", openapi=TEXT), Right.DESCRIBE, others=(_UNCHANGED,)
    ),
    ("GET", "/docs"): Operation(
        "This document as a page for people", TEXT, Right.DESCRIBE, (), "text/html", others=(_UNCHANGED,)
    ),
    ("GET", "/metrics"): Operation(
        "Numbers for Prometheus, of all workers together", TEXT, Right.METRICS, (), "text/plain"
    ),
    ("GET", "/healthz"): Operation(
        "Whether the service is up and, for who has the right `health`, what it runs on",
        ref("Health"),
        OPEN,
        others=((503, "The ledger cannot be read.", ref("Health")),),
    ),
    ("GET", "/readyz"): Operation(
        "Whether decisions are answered at once and, for who has the right `health`, what is not there",
        ref("Ready"),
        OPEN,
        others=((503, "Models are still being read, or the ledger does not take entries.", ref("Ready")),),
    ),
}
