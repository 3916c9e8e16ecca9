"""One policy: what it is for, its versions and their states, what is rolled out, and what waits for whom."""

from __future__ import annotations

from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.of_policy import is_open, of_policy
from ordain.api.console.reading.rollouts_on import stages
from ordain.engine.lifecycle.life import State

_STEPS: dict[str, tuple[str, ...]] = {
    State.DRAFT: ("submit",),
    State.SUBMITTED: ("approve",),
    State.APPROVED: ("activate", "rollout"),
    State.PLANNED: (),
    State.ACTIVE: (),
    State.ROLLING: ("share", "pause", "resume", "revert", "activate"),
    State.SHADOW: ("revert", "activate"),
    State.REPLACED: ("back",),
    State.WITHDRAWN: ("submit",),
}
"""The buttons that a version in each state has. Whether a step may be taken is for its route to say."""
_WAITING = (State.SUBMITTED, State.APPROVED, State.DRAFT, State.ROLLING, State.SHADOW)
"""The states in which somebody has to do something with a version."""
_RIGHTS = {"submit": "edit", "approve": "approve"}
"""What each takes, of `may` and `roles` of a policy's page; all others take that of activating."""


def policy(asked: Asked, names: Names, query: Query) -> Json:
    """`buttons` of each version are those that its reader may press, with the roles that they may press them in."""
    told = of_policy(asked, names, query)
    on_record = told["approvals"] != "none"
    rollout = asked.get_if(f"/v1/policies/{names['policy']}/rollout") if on_record else None
    on = rollout["rollout"] if rollout else None
    versions = [
        {
            "steps": [],
            "edited": None,
            **each,
            "may_edit": is_open(each, told["approvals"]) and told["may"]["edit"],
            "buttons": _buttons(told, each, on) if on_record else [],
        }
        for each in reversed(told["policy"]["versions"])
    ]
    waiting = [each for each in versions if each["state"] in _WAITING] if on_record else []
    whole = on is not None and stages(on, asked.use().now())["whole"]
    return {**told, "rollout": on, "rollout_whole": whole, "versions": versions, "waiting": waiting}


def _buttons(told: Json, version: Json, rollout: Json | None) -> list[Json]:
    buttons = []
    for name in _STEPS[version["state"]]:
        right = _RIGHTS.get(name, "activate")
        if told["may"][right] and not _is_idle(name, rollout):
            roles = told["roles"][right]
            buttons.append({"name": name, "roles": roles[::-1] if name == "back" else roles})
    return buttons


def _is_idle(name: str, rollout: Json | None) -> bool:
    """A roll-out that is paused cannot be paused again, and one that is not cannot go on."""
    if rollout is None:
        return name in ("pause", "resume", "share", "revert")
    is_paused = rollout["action"] == "pause"
    return (name == "pause" and is_paused) or (name == "resume" and not is_paused)
