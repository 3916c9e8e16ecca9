"""`POST /v1/services/<service>/stop` and `/start`: a service decides nothing from now on, or again.

`GET /v1/alerts` and `POST /v1/alerts/<alert_id>/acknowledge`: what goes wrong with services, and who is on it.
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request

from ordain.api.access.admission import caller
from ordain.api.alerts.open_alerts import Alert
from ordain.api.alerts.shared_alerts import SharedAlerts
from ordain.api.http.refusals import JSON
from ordain.api.http.routes.reading import fields_sent, shown_json
from ordain.api.services import Services
from ordain.api.stopped import fallback_of
from ordain.engine.errors import MalformedRequest, UnknownDecision, did_you_mean, quoted
from ordain.engine.values.json_text import read_json
from ordain.engine.values.types import format_raw

ROUTES = Blueprint("stopping", __name__, url_prefix="/v1/services")
ALERTS = Blueprint("alerts", __name__, url_prefix="/v1/alerts")
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


@ALERTS.get("")
def alerts() -> Response:
    """The alerts that are there now, the oldest first: those of services that the caller may ask."""
    return shown_json({"alerts": [alert.as_json() for alert in _theirs()]})


@ALERTS.post("/<alert_id>/acknowledge")
def acknowledge(alert_id: str) -> Response:
    """The caller is on it. One that somebody is on already stays theirs, and nothing is recorded."""
    if not any(alert.id == alert_id for alert in _theirs()):
        raise UnknownDecision(f"there is no open alert {quoted(alert_id[:64])}", "/v1/alerts has their ids")
    fields_sent()
    return shown_json(_shared().acknowledge(alert_id, caller().name).as_json())


def _theirs() -> list[Alert]:
    return [alert for alert in _shared().now() if caller().may_ask(alert.service)]


def _shared() -> SharedAlerts:
    kept: SharedAlerts = current_app.extensions["ordain_alerts"]
    return kept
