"""Whether the service is well, what goes wrong, and which services decide: for who keeps it running."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked, Refused
from ordain.api.console.page_shape import Json, Names, Query


def operations(asked: Asked, names: Names, query: Query) -> Json:
    """Services with the stop of each that is stopped. `alerts` is None for who may not ask for them, and where they are
    `unread`: while the ledger is away this page has to be there.
    """
    health = asked.state("/healthz") or {}
    stops = {each["service"]: each for each in health.get("stopped", ())}
    services = asked.get("/v1/services")["services"]
    alerts, unread = None, ""
    try:
        alerts = asked.get_if("/v1/alerts")
    except Refused as refused:
        unread = refused.error["message"]
    return {
        "health": health,
        "ready": asked.state("/readyz"),
        "services": [{**each, "stop": stops.get(each["service"])} for each in services],
        "alerts": None if alerts is None else alerts["alerts"],
        "unread": unread,
        "may": {"stop": asked.may(Right.STOP_SERVICE), "health": asked.may(Right.HEALTH)},
    }
