"""What each route is for, answers and refuses. A route that is not told of here has its docstring alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ordain.api.problems import status_of
from ordain.engine.errors import (
    CalculationFailed,
    ComplianceViolation,
    CustomerDataIncomplete,
    DataQualityIssue,
    InternalError,
    LedgerRolledBack,
    LedgerUnavailable,
    MalformedRequest,
    ModelDegradationDetected,
    NoRuleApplies,
    NotCovered,
    NotInForce,
    NotRecorded,
    OrdainError,
    PolicyError,
    PricingConstraintViolation,
    RequestTooLarge,
    RulesDisagree,
    TextLost,
    UnknownDecision,
    UnknownService,
)

Json = dict[str, Any]
Errors = tuple[type[OrdainError], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """`answer` is the schema of a 200 in `media`; `errors` may be raised, `by_http` are the codes and statuses of HTTP.

    `others` are answers of other statuses that are no errors.
    """

    summary: str
    answer: Json
    errors: Errors = ()
    media: str = "application/json"
    by_http: tuple[tuple[str, int], ...] = ()
    others: tuple[tuple[int, str, Json | None], ...] = ()
    takes_at: bool = False

    def codes(self) -> dict[int, list[str]]:
        """The codes of errors by their status."""
        codes: dict[int, list[str]] = {}
        for error in (*self.errors, InternalError):
            codes.setdefault(status_of(error("x")), []).append(error.__name__)
        for code, status in (*self.by_http, ("ServiceUnavailable", 503), ("MisdirectedRequest", 421)):
            codes.setdefault(status, []).append(code)
        return {status: sorted(set(codes[status])) for status in sorted(codes)}


def ref(name: str) -> Json:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def an_object(*required: str, **properties: Json) -> Json:
    """A JSON object that has `required`, and may have more."""
    return {"type": "object", "properties": properties, "required": list(required)}


_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_STATUS: Json = {"enum": ["readable", "restricted", "erased", "expired"]}
_POSTED = (("RequestTimeout", 408), ("UnsupportedMediaType", 415), ("Forbidden", 403))
_UNCHANGED = (304, "Not changed since the `ETag` that `If-None-Match` names.", None)

_DECIDING: Errors = (
    *(MalformedRequest, UnknownService, RequestTooLarge, CustomerDataIncomplete, DataQualityIssue, NoRuleApplies),
    *(RulesDisagree, CalculationFailed, NotInForce, PricingConstraintViolation, ComplianceViolation),
    *(ModelDegradationDetected, LedgerUnavailable, LedgerRolledBack, NotRecorded),
)
_READING: Errors = (UnknownDecision, LedgerUnavailable, LedgerRolledBack, TextLost, NotRecorded)
_REPLAYING: Errors = (*_READING, PolicyError)

DECIDE, BATCH = ("POST", "/v1/decisions/<service>"), ("POST", "/v1/decisions/<service>/batch")
"""The routes that are told of for each service by itself."""

OPERATIONS: dict[tuple[str, str], Operation] = {
    DECIDE: Operation("Decides and records", ref("Answer"), _DECIDING, by_http=_POSTED),
    BATCH: Operation(
        "Decides and records each line of a body",
        {"anyOf": [ref("Answer"), ref("ErrorLine")]},
        (UnknownService,),
        "application/x-ndjson",
        (*_POSTED, ("NotImplemented", 501)),
    ),
    ("GET", "/v1/decisions/<decision_id>"): Operation(
        "The record of a decision", an_object("status", "id", "kind", status=_STATUS, kind=_TEXT), _READING
    ),
    ("GET", "/v1/decisions/<decision_id>/explanation"): Operation(
        "What was decided and why, for the person it is about",
        an_object("text", "status", text=_TEXT, status=_STATUS),
        _READING,
    ),
    ("GET", "/v1/decisions/<decision_id>/why-not"): Operation(
        "Why each other rule did not fire",
        an_object("status", "rules", status=_STATUS, rules={"type": "array", "items": {"type": "object"}}),
        _REPLAYING,
    ),
    ("GET", "/v1/decisions/<decision_id>/replay"): Operation(
        "Decides again from the record alone",
        an_object(
            *("agrees", "replayed", "status", "differs"),
            agrees=_FLAG,
            replayed=_FLAG,
            status=_STATUS,
            differs={"type": "array", "items": an_object("part", "message", part=_TEXT, message=_TEXT)},
        ),
        _REPLAYING,
    ),
    ("GET", "/v1/decisions/<decision_id>/proof"): Operation(
        "A file that proves, offline, that the decision is in the signed log",
        _TEXT,
        (*_READING, NotCovered),
        "text/plain",
    ),
    ("GET", "/v1/services"): Operation(
        "The services that there are", ref("ServiceList"), (MalformedRequest,), others=(_UNCHANGED,), takes_at=True
    ),
    ("GET", "/v1/services/<service>"): Operation(
        "The facts of a service, what it gives, its policies in force, and a request that works",
        ref("ServiceSheet"),
        (MalformedRequest, UnknownService, NotInForce),
        others=(_UNCHANGED,),
        takes_at=True,
    ),
    ("GET", "/openapi.json"): Operation(
        "This document", an_object("openapi", "info", "paths", openapi=_TEXT), others=(_UNCHANGED,)
    ),
    ("GET", "/docs"): Operation("This document as a page for people", _TEXT, (), "text/html", others=(_UNCHANGED,)),
    ("GET", "/metrics"): Operation("Numbers for Prometheus, of all workers together", _TEXT, (), "text/plain"),
    ("GET", "/healthz"): Operation(
        "Whether the service is up, and what it runs on",
        an_object("status", "faults", "services", "policies", "models", status={"enum": ["ok", "degraded"]}),
        (LedgerUnavailable,),
    ),
    ("GET", "/readyz"): Operation(
        "Whether all of it is loaded",
        ref("Ready"),
        others=((503, "Models are still being read.", ref("Ready")),),
    ),
}


def operation_of(method: str, rule: str, told: str) -> Operation:
    """What is known of a route; `told` is its docstring."""
    known = OPERATIONS.get((method, rule))
    return known or Operation(told.strip().partition("\n")[0] or f"{method} {rule}", {})
