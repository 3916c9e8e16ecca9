"""`POST /v1/services/<service>/stop` and `/start`: a service decides nothing from now on, or again."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request

from ordain.api.access.admission import caller
from ordain.api.http.refusals import JSON
from ordain.api.services import Services
from ordain.api.stopped import fallback_of
from ordain.engine.errors import MalformedRequest, did_you_mean, quoted
from ordain.engine.values.json_text import read_json
from ordain.engine.values.types import format_raw

ROUTES = Blueprint("stopping", __name__, url_prefix="/v1/services")
_SHAPE = 'for example {"reason": "prices are wrong since the last version"}'


@ROUTES.post("/<service>/stop")
def stop(service: str) -> Response:
    """Other workers and servers follow within about a second."""
    use, data = _asked(service, "fallback")
    onto = data.get("fallback", False)
    if not isinstance(onto, bool):
        raise MalformedRequest(f"`fallback` is {format_raw(onto)}", "it is true or false")
    fallback = fallback_of(use.catalog.service(service)) if onto else ""
    use.stopped.stop(service, data.get("reason"), caller().name, fallback=fallback)
    return _told(use, service)


@ROUTES.post("/<service>/start")
def start(service: str) -> Response:
    """All stops of the service end; of one that is not stopped nothing is recorded."""
    use, data = _asked(service)
    use.stopped.start(service, data.get("reason"), caller().name)
    return _told(use, service)


def _asked(service: str, *more: str) -> tuple[Services, Any]:
    """Raises UnknownService, MalformedRequest."""
    use: Services = current_app.extensions["ordain"]
    use.catalog.service(service)
    body = request.get_data(cache=False)
    request.stream.read(1)  # as in `decisions`: a chunked body that is too large is not cut silently
    data = read_json(body, "the request")
    if not isinstance(data, dict):
        raise MalformedRequest(f"the request must be an object, not {format_raw(data)}", _SHAPE)
    for key in data:
        if key not in ("reason", *more):
            raise MalformedRequest(f"unknown field {quoted(key)}", did_you_mean(key, ("reason", *more)) or _SHAPE)
    return use, data


def _told(use: Services, service: str) -> Response:
    stop = use.stopped.now.get(service)
    told = {"service": service, "stopped": False} if stop is None else {**stop.as_json(), "stopped": True}
    return Response(orjson.dumps(told), mimetype=JSON)
