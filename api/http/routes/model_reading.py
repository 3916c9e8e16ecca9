"""`GET /v1/models`, `/v1/models/<model>/<version>`: which versions there are, in which stage, and their cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from ordain.api.access.admission import caller
from ordain.api.http.routes.reading import in_use, shown_json
from ordain.api.limits import LIMITS
from ordain.api.stages.shown_models import card_shown, models_shown
from ordain.engine.errors import NotPermitted, UnknownModel, did_you_mean
from ordain.engine.late import late

if TYPE_CHECKING:
    from ordain.models.registry.registry import Registry

ROUTES = Blueprint("model_reading", __name__, url_prefix="/v1/models")


@ROUTES.before_request
def refuse_some_services() -> None:
    """Raises NotPermitted: a model scores for all services that ask it."""
    if caller().services is not None:
        raise NotPermitted(
            "this caller is one of some services, and models are those of all of them",
            "whoever manages keys can make one that is for all services",
        )


@ROUTES.get("")
def listed() -> Response:
    """As `ordain models list --json`; of each version the card is read, and no more."""
    registry = _registry()
    return shown_json({"models": models_shown(registry, in_use().record.now(), registry.card)})


@ROUTES.get("/<model>/<version>")
def card(model: str, version: str) -> Response:
    """As `ordain models show --json`."""
    registry, record = _registry(), in_use().record
    record.look()
    known = known_versions(registry, model)
    number = int(version) if version.isascii() and version.isdecimal() and len(version) <= LIMITS.version_digits else 0
    if number not in known:
        listed = ", ".join(str(each) for each in known[-12:])
        raise UnknownModel(f"the model `{model}` has no version `{version[:20]}`", f"known: {listed}")
    return shown_json(card_shown(record.of(model), registry.card(model, number)))


def known_versions(registry: Registry, model: str) -> list[int]:
    """Those on file. Raises UnknownModel where there is none."""
    if known := registry.versions(model):
        return list(known)
    raise UnknownModel(
        f"there is no model `{model[:64]}`", did_you_mean(model, registry.names()) or "see: GET /v1/models"
    )


def check_model(model: str) -> None:
    """Raises UnknownModel."""
    known_versions(_registry(), model)


def _registry() -> Registry:
    settings = in_use().settings
    registry: Registry = late("ordain.models.registry.registry:Registry")(settings.models, settings.keys)
    return registry
