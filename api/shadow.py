"""A version that decides beside the one that answers: what it would have said is kept, and told to nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ordain.api.ask import Ask
from ordain.api.services import Rules
from ordain.engine.errors import OrdainError
from ordain.engine.gather import gather
from ordain.engine.lifecycle.assigned import Assigned


def beside(watched: Assigned, ask: Ask, at: dt.datetime, given: Mapping[str, object], use: Rules) -> dict[str, Any]:
    """The verdict and outcome of the service with that version in the place of the one that answers.

    Facts are gathered anew, as it may read others. Whatever keeps it from deciding is told by its code, and keeps the
    other from nothing.
    """
    plan = use.catalog.pick(ask.service, at, {watched.policy: watched.version})
    policy = next(each.policy for each in plan.policies if each.policy.name == watched.policy)
    told: dict[str, Any] = {"policy": watched.policy, "version": watched.version, "digest": policy.digest}
    try:
        outcome = plan.evaluate(gather(given, plan.needs, use.vocabulary, use.models), at)
    except OrdainError as error:
        return told | {"error": error.code}
    return told | {"verdict": None if outcome.verdict is None else str(outcome.verdict), "outcome": outcome.given()}
