"""What the running service is set to: read only."""

from __future__ import annotations

from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query


def settings(asked: Asked, names: Names, query: Query) -> Json:
    """What `GET /v1/settings` tells, and the state of each model. Raises Refused."""
    told: Json = asked.get("/v1/settings")
    health = asked.state("/healthz") or {}
    chosen = [each for each in told["settings"] if not _is_default(each)]
    others = [each for each in told["settings"] if _is_default(each)]
    return {**told, "settings": {"chosen": chosen, "as_it_comes": others}, "models": health.get("models")}


def _is_default(setting: Json) -> bool:
    """Whether it is what it would be if nobody had said anything; a path counts from some folder."""
    value, default = setting["value"], setting["default"]
    if isinstance(default, str) and isinstance(value, str) and "/" in default:
        return value.endswith(f"/{default.removeprefix('sqlite:///')}")
    return bool(value == default) or (isinstance(value, str) and value.endswith(f"/{default}"))
