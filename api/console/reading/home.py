"""The first page: what is in force, what waits for somebody, and whether all is well."""

from __future__ import annotations

from ordain.api.console.asked import Asked
from ordain.api.console.page import Json, Names, Query


def home(asked: Asked, names: Names, query: Query) -> Json:
    """Each part is None for who may not ask for it."""
    return {
        "me": asked.get("/v1/me"),
        "services": asked.get("/v1/services"),
        "policies": asked.get_if("/v1/policies"),
        "models": asked.get_if("/v1/models"),
        "checkpoint": asked.get_if("/v1/audit/checkpoint"),
        "ready": asked.get_if("/readyz"),
    }
