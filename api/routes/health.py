"""`GET /healthz`: the service is up, and what it runs on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app

from api.services import ENGINE, Services
from engine.errors import ModelDegradationDetected

ROUTES = Blueprint("health", __name__)


@ROUTES.get("/healthz")
def health() -> dict[str, Any]:
    use: Services = current_app.extensions["ordain"]
    models = {
        name: f"unusable: {model.message}" if isinstance(model, ModelDegradationDetected) else model.version
        for name, model in use.models.items()
    }
    return {
        "status": "ok",
        "engine": ENGINE,
        "services": sorted(use.catalog.services.by_name),
        "policies": sorted(policy.label for policy in use.catalog.policies()),
        "models": models,
        "entries": use.ledger.size(),
    }
