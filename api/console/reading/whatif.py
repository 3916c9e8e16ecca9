"""What would be decided: a form of a service's facts."""

from __future__ import annotations

from typing import Any

from ordain.api.console.asked import Asked
from ordain.api.console.fact_fields import PREFIX, fields_of
from ordain.api.console.page_shape import Json, Names, Query


def whatifs(asked: Asked, names: Names, query: Query) -> Json:
    """The services that can be tried."""
    told: Json = asked.get("/v1/services")
    return told


def whatif(asked: Asked, names: Names, query: Query) -> Json:
    """The form, filled with the service's example, with a recorded decision (`from`), or with what the address says."""
    service = names["service"]
    sheet = asked.get(f"/v1/services/{service}")
    example = (sheet.get("example") or {}).get("request") or {}
    given, subject = dict(example.get("facts") or {}), example.get("subject", "")
    begun_from = query.get("from", "").strip()
    if begun_from:
        record = asked.get(f"/v1/decisions/{begun_from}", purpose=query.get("purpose"))
        given = {name: fact.get("value") for name, fact in (record.get("facts") or {}).items() if _was_given(fact)}
        subject = record.get("subject") or ""
    given |= {name.removeprefix(PREFIX): value for name, value in query.items() if name.startswith(PREFIX)}
    return {
        "service": service,
        "purpose": sheet["purpose"],
        "from": begun_from,
        "subject": subject,
        "at": query.get("at", ""),
        "try": query.getlist("try"),
        "fields": fields_of(sheet["facts"], given),
        "policies": [f"{each['policy']}@{each['version']}" for each in sheet["policies"]],
        "others": _others(asked, sheet["policies"]),
        "gives": sheet["gives"],
    }


def _others(asked: Asked, in_force: list[Json]) -> list[str]:
    """The versions of a service's policies that do not decide now, the newest first."""
    now = {each["policy"]: each["version"] for each in in_force}
    told = asked.get_if("/v1/policies")
    return [
        f"{each['policy']}@{version['version']}"
        for each in (told["policies"] if told else ())
        if each["policy"] in now
        for version in reversed(each["versions"])
        if version["version"] != now[each["policy"]]
    ]


def _was_given(fact: Any) -> bool:
    return isinstance(fact, dict) and fact.get("source") not in (None, "missing", "default")
