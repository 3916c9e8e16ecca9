"""All policies: which version decides, which one is next, and in what state the newest one is."""

from __future__ import annotations

from typing import Any

from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.engine.lifecycle.life import State


def policies(asked: Asked, names: Names, query: Query) -> Json:
    """Those in which `q` stands somewhere, and of which a version is in the `state`."""
    told = asked.get("/v1/policies")
    words, state = query.get("q", "").casefold().split(), query.get("state", "")
    shown = [
        {**each, "newest": each["versions"][-1]}
        for each in told["policies"]
        if all(word in _said(each) for word in words)
        and (not state or any(version["state"] == state for version in each["versions"]))
    ]
    return {
        "approvals": told["approvals"],
        "policies": shown,
        "all": len(told["policies"]),
        "states": [str(each) for each in State],
        "q": query.get("q", ""),
        "state": state,
    }


def _said(policy: Json) -> str:
    parts: tuple[Any, ...] = tuple(policy[name] or "" for name in ("policy", "kind", "owner", "purpose"))
    return " ".join(parts).casefold()
