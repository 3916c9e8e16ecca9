"""The first page: what is in force, what was decided of late, what waits for somebody, and whether all is well."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.limits import LIMITS
from ordain.engine.lifecycle.life import State

VERDICTS = ("decided", "permit", "review", "deny")
_DAY = dt.timedelta(days=1)
_LISTED = 8
_UNTOLD = "no longer told"
"""Of decisions that are erased or restricted."""


def home(asked: Asked, names: Names, query: Query) -> Json:
    """Each part is None for who may not ask for it, and where it cannot be told now; then `unwell` says why."""
    unwell: list[str] = []
    policies = asked.part("/v1/policies", unwell)
    return {
        "me": asked.get("/v1/me"),
        "services": asked.get("/v1/services"),
        "policies": None if policies is None else _in_force(policies["policies"]),
        "waiting": _waiting(asked, policies),
        "recent": _recent(asked, unwell),
        "models": asked.part("/v1/models", unwell),
        "checkpoint": asked.part("/v1/audit/checkpoint", unwell),
        "health": asked.state("/healthz"),
        "ready": asked.state("/readyz"),
        "alerts": asked.part("/v1/alerts", unwell),
        "unwell": unwell,
    }


def _in_force(policies: list[Json]) -> Json:
    """How many decide now, which change next, the soonest first, and which are rolled out."""
    coming = [{"policy": each["policy"], **each["next"]} for each in policies if each["next"]]
    rolling = [
        {"policy": each["policy"], "version": version["version"]}
        for each in policies
        for version in each["versions"]
        if version["state"] == State.ROLLING
    ]
    return {
        "in_force": sum(each["in_force"] is not None for each in policies),
        "next": sorted(coming, key=lambda each: str(each["from"])),
        "rolling": rolling,
    }


_WAIT_FOR = {
    State.SUBMITTED: ("approve", Right.APPROVE_POLICIES),
    State.APPROVED: ("activate", Right.ACTIVATE_POLICIES),
    State.DRAFT: ("edit", Right.EDIT_POLICIES),
}
"""What is done next with a version in a state, and the right that it takes."""


def _waiting(asked: Asked, policies: Json | None) -> Json:
    """What this person could do now: drafts to go on with, versions to approve or to activate, whether to settle
    reviews. Where versions decide by their dates none is a draft that waits for anybody."""
    waiting: dict[str, list[Json]] = {name: [] for name, _ in _WAIT_FOR.values()}
    on_record = policies is not None and policies["approvals"] != "none"
    for each in policies["policies"] if policies is not None and on_record else []:
        for version in each["versions"]:
            name, right = _WAIT_FOR.get(version["state"], ("", None))
            if right is not None and asked.may(right):
                waiting[name].append({"policy": each["policy"], "version": version["version"]})
    return {**waiting, "settles": asked.may(Right.SETTLE)}


def reviews(asked: Asked, names: Names, query: Query) -> Json:
    """Open reviews among the newest decisions; a part of its own, since the log is looked through for them.

    None where nothing personal is read without a purpose: then it says where they are looked for.
    """
    if asked.use().settings.purpose == "required":
        return {"entries": [], "after": None, "more": True, "unreadable": 0}
    told: Json = asked.get("/v1/audit/search", review="open", order="newest", limit=_LISTED)
    return told


def _recent(asked: Asked, unwell: list[str]) -> Json | None:
    """Decisions of the last 24 hours by hour and verdict; of the newest only, if there are more than a page holds."""
    now = asked.use().now()
    since = (now - _DAY).isoformat(timespec="seconds")
    asks = {"kind": "decision", "order": "newest", "limit": LIMITS.found_most, "since": since}
    found = asked.part("/v1/audit/search", unwell, **asks)
    if found is None:
        return None
    entries = found["entries"]
    return {
        "count": len(entries),
        "more": found["more"],
        "by_verdict": dict(Counter(_verdict(each) for each in entries)),
        "plot": _by_hour(entries, now),
        "newest": entries[:_LISTED],
    }


def _by_hour(entries: list[Json], now: dt.datetime) -> Json:
    """As `console.js` draws it: hours as seconds since 1970."""
    this = now.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    hours = [this - dt.timedelta(hours=back) for back in range(23, -1, -1)]
    counted = Counter((_hour(each["recorded_at"]), _verdict(each)) for each in entries)
    colours = {"decided": "--one", "permit": "--three", "review": "--two", "deny": "--bad"}
    series: list[dict[str, Any]] = [
        {"label": verdict, "values": [counted[hour, verdict] for hour in hours], "colour": colours[verdict]}
        for verdict in VERDICTS
    ]
    shown = [each for each in series if any(each["values"])] or series[:1]
    return {"x": [int(hour.timestamp()) for hour in hours], "time": True, "stacked": True, "series": shown}


def _hour(moment: str) -> dt.datetime:
    return dt.datetime.fromisoformat(moment).replace(minute=0, second=0, microsecond=0)


def _verdict(entry: Json) -> str:
    return str(entry["verdict"] or (_UNTOLD if entry["status"] is None else VERDICTS[0]))
