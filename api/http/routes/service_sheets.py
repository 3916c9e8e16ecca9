"""`GET /v1/services`: what an app can ask for. `GET /v1/services/<service>`: what it has to know to ask."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request

from ordain.api.access.admission import caller
from ordain.api.ask import asked_time
from ordain.api.contract.flow_svg import svg
from ordain.api.contract.service_flow import flow_of
from ordain.api.contract.service_sheet import Offer, service_list, service_sheet
from ordain.api.http.refusals import JSON
from ordain.api.services import Services

ROUTES = Blueprint("services", __name__, url_prefix="/v1/services")


@ROUTES.get("")
def services() -> Response:
    """The services, what each gives, and the policies in force for it at `?at=`, or now."""
    return shown(orjson.dumps(service_list(offer(), _at())), JSON)


@ROUTES.get("/<service>")
def service(service: str) -> Response:
    """The sheet of a service at `?at=`, or now."""
    return shown(orjson.dumps(service_sheet(offer(), service, _at())), JSON)


@ROUTES.get("/<service>/flow")
def flow(service: str) -> Response:
    """The picture that `ordain service flow` draws, of what is in force now."""
    return shown(svg(flow_of(service_sheet(offer(), service, now()))), "image/svg+xml")


def offer() -> Offer:
    """What is described now."""
    use: Services = current_app.extensions["ordain"]
    examples = current_app.extensions["examples"]
    told = use.catalog, use.vocabulary, use.models, use.settings.zone, examples
    return Offer(*told, caller().services, use.features.stores)


def shown(body: bytes | str, media: str, **headers: Any) -> Response:
    """An answer with its `ETag`, or 304 when the client has it already."""
    answer = Response(body, mimetype=media, headers={"Cache-Control": "no-cache", **headers})
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def now() -> dt.datetime:
    """The tenant's time."""
    use: Services = current_app.extensions["ordain"]
    return use.now()


def _at() -> dt.datetime:
    text = request.args.get("at")
    use: Services = current_app.extensions["ordain"]
    return now() if text is None else asked_time(text, use.settings.zone)
