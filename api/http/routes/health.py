"""`GET /healthz`: the service is up, and what it runs on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app

from ordain.api.ledger import ENGINE
from ordain.api.services import Services
from ordain.engine.errors import ModelDegradationDetected

ROUTES = Blueprint("health", __name__)
HEALTH = "/healthz"


@ROUTES.get(HEALTH)
def health() -> dict[str, Any]:
    use: Services = current_app.extensions["ordain"]
    models = {
        name: f"unusable: {model.message}" if isinstance(model, ModelDegradationDetected) else model.version
        for name, model in use.models.items()
    }
    ledger = use.ledger
    missing = ledger.store.missing()
    faults = [missing.message] if missing else []
    if ledger.checkpointer.fault:
        faults.append(f"not signed: {ledger.checkpointer.fault}")
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
