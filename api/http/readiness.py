"""Whether every decision is answered at once: `GET /readyz`, for what sends requests to several servers."""

from __future__ import annotations

import orjson

from ordain.api.late_model import LateModel
from ordain.api.services import Services


def loading(use: Services) -> list[LateModel]:
    """The models that are still being read."""
    return [model for model in use.models.values() if isinstance(model, LateModel) and model.loading]


def readiness(use: Services) -> tuple[int, bytes]:
    """Status and body. Decisions that need no model that is loading are answered before it is ready, too."""
    names = sorted(model.name for model in loading(use))
    return 503 if names else 200, orjson.dumps({"loading": names, "ready": not names})
