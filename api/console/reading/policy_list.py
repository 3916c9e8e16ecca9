"""All policies: which version decides, which one is next, and in what state the newest one is."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from ordain.api.console.asked import Asked, Refused
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
        "found": _by_policy(asked.get_if("/v1/findings", count="known")),
        "policies": shown,
        "all": len(told["policies"]),
        "states": [str(each) for each in State],
        "q": query.get("q", ""),
        "state": state,
    }


def policies_findings(asked: Asked, names: Names, query: Query) -> Json:
    """How much a check finds in the newest version of each policy: what takes seconds for texts that nobody checked.

    `found` is None while they are counted for somebody else.
    """
    try:
        return {"found": _by_policy(asked.get("/v1/findings"))}
    except Refused as refused:
        if refused.status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return {"found": None}


def _by_policy(told: Json | None) -> Json | None:
    """The counts of the newest version, which comes last."""
    versions = None if told is None else told["versions"]
    return None if versions is None else {each["policy"]: each for each in versions}


def _said(policy: Json) -> str:
    parts: tuple[Any, ...] = tuple(policy[name] or "" for name in ("policy", "kind", "owner", "purpose"))
    return " ".join(parts).casefold()
