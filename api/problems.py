"""One error shape for every answer that is none, over HTTP and on the command line."""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any

from ordain.engine.errors import (
    AnchorUnavailable,
    AnswerGone,
    ComplianceViolation,
    CustomerDataIncomplete,
    DataQualityIssue,
    DecisionError,
    EditedMeanwhile,
    EventTooOld,
    FeaturesUnavailable,
    IdempotencyKeyReused,
    InternalError,
    Issue,
    LedgerUnavailable,
    MalformedRequest,
    ModelDegradationDetected,
    NotCovered,
    NotInReview,
    NotPermitted,
    NotRecorded,
    OrdainError,
    PolicyError,
    PolicyRefused,
    RequestTooLarge,
    ServiceStopped,
    SettingsError,
    SignatureRefused,
    StepRefused,
    TooManyRequests,
    Unauthenticated,
    UnknownDecision,
    UnknownHook,
    UnknownModel,
    UnknownPolicy,
    UnknownService,
    UnknownSubject,
)

# The first that fits counts, so a class stands before its parent.
_STATUS: tuple[tuple[type[OrdainError], int], ...] = (
    (MalformedRequest, 400),
    (RequestTooLarge, 413),
    (UnknownService, 404),
    (Unauthenticated, 401),
    (NotPermitted, 403),
    (TooManyRequests, 429),
    (UnknownDecision, 404),
    (UnknownSubject, 404),
    (NotCovered, 409),
    (NotInReview, 409),
    (UnknownPolicy, 404),
    (UnknownModel, 404),
    (StepRefused, 409),
    (PolicyRefused, 422),
    (EditedMeanwhile, 412),
    (UnknownHook, 404),
    (SignatureRefused, 400),
    (EventTooOld, 400),
    (AnswerGone, 410),
    (IdempotencyKeyReused, 422),
    (CustomerDataIncomplete, 422),
    (DataQualityIssue, 422),
    (ComplianceViolation, 422),
    (DecisionError, 422),
    (ModelDegradationDetected, 503),
    (ServiceStopped, 503),
    (LedgerUnavailable, 503),
    (NotRecorded, 503),
    (AnchorUnavailable, 503),
    (FeaturesUnavailable, 503),
    (PolicyError, 500),
    (SettingsError, 500),
)
_LOG = logging.getLogger("ordain")
EXIT_BAD_INPUT, EXIT_NOT_RECORDED = 2, 3


def status_of(error: OrdainError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def exit_code_of(error: OrdainError) -> int:
    """2 bad input or settings, 3 not recorded: ledger or feature store cannot take it, or the service is stopped."""
    not_now = NotRecorded | LedgerUnavailable | FeaturesUnavailable | ServiceStopped
    return EXIT_NOT_RECORDED if isinstance(error, not_now) else EXIT_BAD_INPUT


def shape(code: str, message: str, details: list[Any], severity: str, request_id: str) -> dict[str, Any]:
    return {
        "error": {
            "code": code,
            "message": message,
            "details": details,
            "timestamp": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "requestId": request_id,
            "severity": severity,
        }
    }


def shape_of(error: OrdainError, request_id: str) -> dict[str, Any]:
    """An error of ours in that shape; `details` has one object for each finding.

    The message of a single one is that of the error, and is not said twice.
    """
    details = [_detail(issue) for issue in error.issues]
    if len(details) == 1:
        del details[0]["message"]
    return shape(error.code, error.message, [each for each in details if each], error.severity, request_id)


def _detail(issue: Issue) -> dict[str, object]:
    detail = {"message": issue.message, "hint": issue.hint, "fact": issue.fact}
    if issue.span is not None:
        detail["place"] = str(issue.span)
    return {**{key: value for key, value in detail.items() if value or key == "message"}, **issue.fields}


def encoded(data: dict[str, Any]) -> bytes:
    """An error's JSON in UTF-8: half of a surrogate pair, quoted from a request, is no character, and becomes `?`."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")


def unforeseen_in(what: str, error: Exception) -> InternalError:
    """The error of one answer among several that `error`, a fault of ours, kept from being made."""
    _LOG.error("%s failed", what, exc_info=error)
    return InternalError("something went wrong here; nothing was answered", "the log says what: report it")
