"""Requests that are good, and what every error must look like."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import ordain.engine.errors
from ordain.engine.errors import OrdainError, Severity

ADVICE: dict[str, object] = {"usage_gb": 95, "plan_gb": 100}
RETENTION: dict[str, object] = {
    "churn_risk": 0.85,
    "clv_tier": "high",
    "offers_last_90_days": 0,
    "jurisdiction": "IN",
    "marketing_objection": False,
    "opted_out_channels": [],
    "consented_channels": ["phone"],
    "consent_kind": "explicit",
    "promotions_blocked": False,
    "recipient_time_zone": "Asia/Kolkata",
}
NOON = "2026-06-01T12:00:00+05:30"
QUOTE: dict[str, object] = {
    "base_price": 500,
    "plan_min_price": 400,
    "plan_max_price": 600,
    "current_price": 500,
    "demand": 0.3,
    "price_elasticity": -0.3,
    "churn_risk": 0.1,
    "contract_start": "2026-01-01",
    "contract_price": 500,
    "plan": "standard",
    "tenure_months": 8,
    "jurisdiction": "IN",
    "plan_enrolled_on": "2025-01-01",
    "upfront_paid": False,
    "pays_by_e_mandate": False,
    "price_personalised": True,
    "personal_data_inputs": ["usage"],
    "vulnerable_customer": False,
}
ACCESS: dict[str, object] = {"access_role": "reviewer", "access_right": "export"}
ALERTS: dict[str, object] = {
    "alert_signal": "deny rate",
    "alert_service": "price-quote",
    "alert_value": 60,
    "alert_count": 500,
    "alert_minutes": 0,
    "alert_acknowledged": False,
    "alert_hour": 9,
    "alert_weekday": "monday",
}
PROMOTION: dict[str, object] = {
    "model_step": "promote",
    "model_stage": "candidate",
    "model_gives": "probability",
    "model_compared": False,
    "model_synthetic": False,
    "model_beats_baseline": True,
    "model_auc": 0.87,
}
ROLLOUTS: dict[str, object] = {"guard_standing": "pause", "guard_resumed": False}
CUSTOMER: dict[str, object] = {
    "usage_gb": 60,
    "usage_decline_percent": 70,
    "days_since_login": 40,
    "payment_failures": 4,
    "tickets": 6,
    "contract_months": 3,
}
"""What the churn model reads of one who is likely to leave."""
_KEYS = {"code", "message", "details", "timestamp", "requestId", "severity"}
_DETAIL = {"message", "hint", "fact", "place"}
_DENIAL = {"decision_id", "policy", "version", "rule", "receipt", "dry_run"}
_WANTED = {"type", "unit", "values", "range"}
_MORE = {
    "CustomerDataIncomplete": _WANTED,
    "DataQualityIssue": _WANTED,
    "ComplianceViolation": _DENIAL,
    "ServiceStopped": {"service", "since", "reason"},
    "TooManyRequests": {"limit", "retry_after"},
}
_OF_HTTP = dict.fromkeys(
    [
        *("NotFound", "MethodNotAllowed", "RequestTimeout", "UnsupportedMediaType", "ServiceUnavailable"),
        *("Forbidden", "MisdirectedRequest", "NotAcceptable"),
    ],
    "low",
)


def body(facts: dict[str, object], **more: object) -> bytes:
    return json.dumps({"subject": "C-1", "facts": facts, **more}).encode()


def tells(text: str, number: int) -> bool:
    """Whether a text has that number. Ids, digests and fractions of a second have any digits, and are none."""
    return re.search(rf"(?<![0-9a-f.]){number}(?![0-9a-f])", text) is not None


def error_in(text: str | bytes) -> dict[str, Any]:
    """The error that `text` holds, after a look at its shape: nothing more, nothing less, and no traceback."""
    data = json.loads(text)
    assert set(data) == {"error"}, data
    error: dict[str, Any] = data["error"]
    assert set(error) == _KEYS
    for name in _KEYS - {"details"}:
        assert isinstance(error[name], str), name
        assert error[name], name
    assert dt.datetime.fromisoformat(error["timestamp"]).utcoffset() == dt.timedelta(0)
    assert error["severity"] == severity_of(error["code"])
    for detail in error["details"]:
        assert set(detail) <= _DETAIL | _MORE.get(error["code"], set())
        assert all(isinstance(value, str) and value for name, value in detail.items() if name in _DETAIL)
    assert ("message" in error["details"][0]) == (len(error["details"]) > 1) if error["details"] else True
    assert "Traceback" not in str(text)
    assert ".py" not in str(text)
    return error


def severity_of(code: str) -> str:
    if code in _OF_HTTP:
        return _OF_HTTP[code]
    kind = getattr(ordain.engine.errors, code)
    assert issubclass(kind, OrdainError)
    severity: Severity = kind.severity
    return str(severity)
