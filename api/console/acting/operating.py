"""Services stopped and started in an emergency, and alerts that somebody is on."""

from __future__ import annotations

from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Go, Names, Query


def stop_service(asked: Asked, names: Names, form: Query) -> Go:
    """From within a second on it decides nothing; with `fallback`, another one is asked in its place."""
    said = {"reason": form.get("reason", "").strip()}
    more = {"fallback": True} if form.get("fallback") else {}
    asked.post(f"/v1/services/{names['service']}/stop", said | more)
    return Go("operations", query={"service": names["service"]})


def start_service(asked: Asked, names: Names, form: Query) -> Go:
    asked.post(f"/v1/services/{names['service']}/start", {"reason": form.get("reason", "").strip()})
    return Go("operations", query={"service": names["service"]})


def acknowledge(asked: Asked, names: Names, form: Query) -> Go:
    asked.post(f"/v1/alerts/{names['alert_id']}/acknowledge")
    return Go("operations")
