"""What every page of one policy begins with: the policy, the version that is looked at, what may be done with it."""

from __future__ import annotations

from typing import Any

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked, Refused
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.lifecycle.who import APPROVER, EDITOR, OPERATOR
from ordain.engine.lifecycle.life import State

_OPEN = frozenset({State.DRAFT, State.SUBMITTED, State.APPROVED, State.PLANNED, State.WITHDRAWN})
"""The states in which a text may still be another one; what keeps it from that beside, its route says."""


def of_policy(asked: Asked, names: Names, query: Query) -> Json:
    """`version` is the one that the query calls `v`; else the one in force, else the newest. Raises Refused."""
    told = asked.get(f"/v1/policies/{names['policy']}")
    chosen = version_of(told, query.get("v", ""))
    me = asked.get("/v1/me")
    newest = told["versions"][-1]
    use = asked.use().settings
    return {
        "policy": told,
        "version": chosen,
        "newest": newest["version"],
        "approvals": use.approvals,
        "may": {
            "edit": asked.may(Right.EDIT_POLICIES),
            "approve": asked.may(Right.APPROVE_POLICIES),
            "activate": asked.may(Right.ACTIVATE_POLICIES),
            "backtest": asked.may(Right.BACKTEST),
            "try": asked.may(Right.DRY_RUN),
        },
        "roles": {
            "edit": _own(me, EDITOR),
            "approve": _own(me, APPROVER),
            "activate": _own(me, APPROVER, OPERATOR),
        },
        "open": is_open(chosen, use.approvals),
    }


def version_of(told: Json, number: str) -> Json:
    """A version of a policy by its number, in digits. Raises Refused for one that there is not."""
    versions: list[Json] = told["versions"]
    if not number:
        in_force = told["in_force"]
        wanted: Any = in_force["version"] if in_force else versions[-1]["version"]
        return next(each for each in versions if each["version"] == wanted)
    for each in versions:
        if str(each["version"]) == number:
            return each
    known = ", ".join(str(each["version"]) for each in versions)
    said = f"there is no version `{number[:20]}` of `{told['policy']}`"
    raise Refused(404, {"code": "UnknownPolicy", "message": said, "details": [{"hint": f"there are: {known}"}]})


def is_open(version: Json, approvals: str) -> bool:
    """Whether its text may be edited here: it is a YAML file, and no version that was activated."""
    is_yaml = (version["file"] or "").endswith(".yaml")
    return is_yaml and approvals != "none" and version["state"] in _OPEN


def _own(me: Json, *roles: str) -> list[str]:
    """The roles of who looks, of those that a step is taken in; a company's own roles are not asked about."""
    return [role for role in roles if role in me["roles"]]
