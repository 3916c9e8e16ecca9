"""Whether every decision is answered at once: `GET /readyz`, for what sends requests to several servers."""

from __future__ import annotations

import orjson

from ordain.api.late_model import LateModel
from ordain.api.services import Services


def loading(use: Services) -> list[LateModel]:
    """The models that are still being read."""
    return [model for model in use.models.values() if isinstance(model, LateModel) and model.loading]


def readiness(use: Services) -> tuple[int, bytes]:
    """Status and body. Decisions that need no model that is loading are answered before it is ready, too.

    A reload that failed is told and is no reason not to send requests here: what decided before goes on.
    """
    names = sorted(model.name for model in loading(use))
    told: dict[str, object] = {"loading": names, "ready": not names}
    if use.not_reloaded:
        told["not_reloaded"] = list(use.not_reloaded)
    return 503 if names else 200, orjson.dumps(told)
