"""`GET /healthz`: the service is up, and what it runs on. `/readyz`: whether all is loaded. `/metrics`: numbers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app

from ordain.api.access.admission import caller, gate, may
from ordain.api.access.rights import Right
from ordain.api.http.readiness import readiness
from ordain.api.http.refusals import JSON, retry_after
from ordain.api.late_model import LateModel
from ordain.api.ledger import ENGINE
from ordain.api.metrics.text_format import CONTENT_TYPE
from ordain.api.rates.limiter import Limiter
from ordain.api.services import Services
from ordain.audit.entry.decision import version_number
from ordain.engine.errors import LedgerUnavailable, ModelDegradationDetected
from ordain.engine.policy.facts import FactSource

ROUTES = Blueprint("health", __name__)


@ROUTES.get("/healthz")
def health() -> tuple[dict[str, Any], int, dict[str, str]]:
    """One shape, whatever is wrong; 503 when the ledger cannot be read."""
    use: Services = current_app.extensions["ordain"]
    ledger, faults, status = use.ledger, [], 200
    entries = waiting = None
    try:
        missing = ledger.store.missing()
        faults += [missing.message] if missing else []
        faults += [f"not recorded: {ledger.ledger.fault}"] if ledger.ledger.fault else []
        entries, waiting = ledger.reader.size(), len(ledger.store.waiting())
    except LedgerUnavailable as error:
        faults, status = [error.message], 503
    if ledger.checkpointer.fault:
        faults.append(f"not signed: {ledger.checkpointer.fault}")
    faults += use.not_reloaded
    faults += gate().faults
    limiter: Limiter | None = current_app.extensions["ordain_limiter"]
    faults += limiter.faults if limiter is not None else []
    faults += [f"not anchored in {place}: {why}" for place, why in ledger.unanchored().items() if why]
    faults += [f"not cosigned by {name}: {why}" for name, why in ledger.unwitnessed().items()]
    state = "degraded" if faults or use.stopped.now else "ok"
    headers = dict([retry_after()]) if status == 503 else {}
    if not may(Right.HEALTH):
        return {"status": state}, status, headers
    mine = {name: each for name, each in use.catalog.services.by_name.items() if caller().may_ask(name)}
    stops = [stop.as_json() for stop in use.stopped.now.values() if caller().may_ask(stop.service)]
    faults += [f"the service {stop['service']} is stopped since {stop['since']}: {stop['reason']}" for stop in stops]
    named = None if caller().services is None else {name for each in mine.values() for name in each.policies}
    found = (policy for policy in use.catalog.policies() if named is None or policy.name in named)
    policies = sorted((policy.name, policy.version) for policy in found)
    told = {
        "status": state,
        "faults": faults,
        "engine": ENGINE,
        "services": sorted(mine),
        "stopped": stops,
        "policies": [{"policy": name, "version": version} for name, version in policies],
        "models": [
            *({"model": name, **_state(model)} for name, model in use.models.items()),
            *({"model": name, **_state(each.model)} for name, each in use.partly.items()),
        ],
        "entries": entries,
        "waiting": waiting,
        "ledger": ledger.identity.origin,
    }
    return told, status, headers


@ROUTES.get("/readyz")
def ready() -> Response:
    """The same as `api/http/front.py` answers without Flask."""
    status, body = readiness(current_app.extensions["ordain"], may(Right.HEALTH))
    return Response(body, status, dict([retry_after()]) if status == 503 else {}, mimetype=JSON)


@ROUTES.get("/metrics")
def metrics() -> Response:
    """The same as `api/http/front.py` answers without Flask."""
    return Response(current_app.extensions["ordain_metrics"](), content_type=CONTENT_TYPE)


def _state(model: FactSource | ModelDegradationDetected) -> dict[str, Any]:
    if isinstance(model, ModelDegradationDetected):
        return {"version": None, "state": "unusable", "fault": model.message}
    version = version_number(model.version)
    if isinstance(model, LateModel) and model.loading:
        return {"version": version, "state": "loading"}
    if isinstance(model, LateModel) and model.fault is not None:
        return {"version": version, "state": "unusable", "fault": model.fault.message}
    return {"version": version, "state": "ready"}
