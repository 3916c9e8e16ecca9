"""`GET /healthz`: the service is up, and what it runs on. `/readyz`: whether all is loaded. `/metrics`: numbers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app

from ordain.api.http.readiness import readiness
from ordain.api.http.refusals import JSON
from ordain.api.late_model import LateModel
from ordain.api.ledger import ENGINE
from ordain.api.metrics.text_format import CONTENT_TYPE
from ordain.api.services import Services
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.facts import FactSource

ROUTES = Blueprint("health", __name__)


@ROUTES.get("/healthz")
def health() -> dict[str, Any]:
    use: Services = current_app.extensions["ordain"]
    models = {name: _state(model) for name, model in use.models.items()}
    ledger = use.ledger
    missing = ledger.store.missing()
    faults = [missing.message] if missing else []
    if ledger.checkpointer.fault:
        faults.append(f"not signed: {ledger.checkpointer.fault}")
    faults += use.not_reloaded
    faults += [f"not anchored in {place}: {why}" for place, why in ledger.checkpointer.unanchored.items()]
    return {
        "status": "degraded" if faults else "ok",
        "faults": faults,
        "engine": ENGINE,
        "services": sorted(use.catalog.services.by_name),
        "policies": sorted(policy.label for policy in use.catalog.policies()),
        "models": models,
        "entries": ledger.reader.size(),
        "waiting": len(ledger.store.waiting()),
        "ledger": ledger.identity.origin,
    }


@ROUTES.get("/readyz")
def ready() -> Response:
    """The same as `api/http/front.py` answers without Flask."""
    status, body = readiness(current_app.extensions["ordain"])
    return Response(body, status, mimetype=JSON)


@ROUTES.get("/metrics")
def metrics() -> Response:
    """The same as `api/http/front.py` answers without Flask."""
    return Response(current_app.extensions["ordain_metrics"](), content_type=CONTENT_TYPE)


def _state(model: FactSource | ModelDegradationDetected) -> str:
    if isinstance(model, LateModel):
        if model.loading:
            return f"loading: {model.version}"
        return _state(model.fault) if model.fault is not None else model.version
    return f"unusable: {model.message}" if isinstance(model, ModelDegradationDetected) else model.version
