"""A version that decides beside the one that answers: what it would have said is kept, and told to nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ordain.api.ask import Ask
from ordain.api.problems import unforeseen_in
from ordain.api.services import Rules
from ordain.engine.errors import OrdainError
from ordain.engine.fact_store import OnFile
from ordain.engine.gather import gather
from ordain.engine.lifecycle.assigned import Assigned


def beside(
    watched: Assigned, ask: Ask, at: dt.datetime, given: Mapping[str, object], use: Rules, on_file: OnFile | None
) -> dict[str, Any]:
    """The verdict and outcome of the service with that version, and all others as they decide for this customer.

    Facts are gathered anew, as it may read others. Whatever keeps it from deciding is told by its code, and keeps the
    answer from nothing.
    """
    text = next(each.policy for each in use.catalog.versions[watched.policy] if each.policy.version == watched.version)
    told: dict[str, Any] = {"policy": watched.policy, "version": watched.version, "digest": text.digest}
    assigned = use.catalog.assigned(ask.service, at, ask.subject, ask.facts)
    instead = {each.policy: each.version for each in assigned if each.decides} | {watched.policy: watched.version}
    try:
        plan = use.catalog.pick(ask.service, at, instead)
        outcome = plan.evaluate(gather(given, plan.needs, use.vocabulary, use.models, on_file), at)
    except OrdainError as error:
        return told | {"error": error.code}
    except Exception as error:  # a fault of ours, which the log has
        return told | {"error": unforeseen_in("what is tried beside", error).code}
    return told | {"verdict": None if outcome.verdict is None else str(outcome.verdict), "outcome": outcome.given()}
