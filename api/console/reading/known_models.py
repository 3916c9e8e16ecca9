"""The models: which version of each is live, and what a version's card says."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.at_risk import RISK_MODEL


def models(asked: Asked, names: Names, query: Query) -> Json:
    """All of them, as `GET /v1/models` has them. `lists` is the model of which there is a list of who may leave."""
    told: Json = asked.get("/v1/models")
    return {**told, "lists": RISK_MODEL, "may": {"list": asked.may(Right.READ_FACTS)}}


def model(asked: Asked, names: Names, query: Query) -> Json:
    """One version: its card, and what was done to it."""
    told: Json = asked.get(f"/v1/models/{names['model']}/{names['version']}")
    return told
