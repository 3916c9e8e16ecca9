"""`GET /v1/alerts` and `POST /v1/alerts/<alert_id>/acknowledge`: what goes wrong with services, and who is on it."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from ordain.api.access.admission import caller
from ordain.api.alerts.open_alerts import Alert
from ordain.api.alerts.shared_alerts import SharedAlerts
from ordain.api.http.routes.reading import fields_sent, shown_json
from ordain.engine.errors import UnknownDecision, quoted

ROUTES = Blueprint("alerting", __name__, url_prefix="/v1/alerts")


@ROUTES.get("")
def alerts() -> Response:
    """The alerts that are there now, the oldest first: those of services that the caller may ask."""
    return shown_json({"alerts": [alert.as_json() for alert in _theirs()]})


@ROUTES.post("/<alert_id>/acknowledge")
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
