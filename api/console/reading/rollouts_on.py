"""All roll-outs that are on now, and what is tried beside, over all policies."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.engine.lifecycle.life import State

_WHOLE = 100
_ON = (State.ROLLING, State.SHADOW)


def rollouts(asked: Asked, names: Names, query: Query) -> Json:
    """Those of policies of which a version is rolled out, or decides beside the one that answers. Raises Refused."""
    told = asked.get("/v1/policies")
    now = asked.use().now()
    on = [each for each in told["policies"] if any(version["state"] in _ON for version in each["versions"])]
    found = [(each, asked.get(f"/v1/policies/{each['policy']}/rollout")["rollout"]) for each in on]
    return {
        "approvals": told["approvals"],
        "rollouts": [{**each, "owner": policy["owner"], **stages(each, now)} for policy, each in found if each],
    }


def stages(rollout: Json, now: dt.datetime) -> Json:
    """The schedule with what has begun, what comes next, which is nothing while it is paused, and whether the version
    decides for everybody: then it is activated, which ends the roll-out."""
    stages = [{**each, "begun": dt.datetime.fromisoformat(each["from"]) <= now} for each in rollout["stages"]]
    coming = [each for each in stages if not each["begun"]]
    paused = rollout["action"] == "pause"
    whole = not rollout["shadow"] and not rollout["where"] and Decimal(rollout["percent"]) == _WHOLE
    return {"stages": stages, "paused": paused, "whole": whole, "next": coming[0] if coming and not paused else None}
