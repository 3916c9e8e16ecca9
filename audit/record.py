"""What one decision leaves in the ledger, and the part of it that a replay must make again byte for byte."""

from __future__ import annotations

import datetime as dt
from typing import Any

from engine.evaluate import Outcome
from engine.facts import Facts
from engine.values import plain

Json = dict[str, Any]
FORMAT = 1


def decision_record(
    *,
    decision_id: str,
    recorded: dt.datetime,
    at: dt.datetime,
    tenant: str,
    subject: str,
    engine: str,
    documents: Json,
    facts: Facts,
    outcome: Outcome,
) -> Json:
    """The body of a decision's entry.

    `recorded` is when it was made, `at` the time it was decided for, with the tenant's offset. `documents` are the
    digests of vocabulary and services. Numbers are decimal strings, so the bytes are the same everywhere.
    """
    plan = outcome.plan
    return {
        "v": FORMAT,
        "id": decision_id,
        "kind": "decision",
        "time": recorded.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "at": at.isoformat(),
        "tenant": tenant,
        "service": plan.service.name,
        "subject": subject,
        "engine": engine,
        "documents": documents,
        "policies": [
            {"policy": policy.name, "version": policy.version, "digest": policy.digest}
            for policy in (compiled.policy for compiled in plan.policies)
        ],
        "models": [
            {
                "model": model.name,
                "version": model.version,
                "digest": model.digest,
                "fact": name,
                "score": plain(score.value),
                "inputs": plain(score.inputs),
                "reasons": [
                    {"feature": r.feature, "value": plain(r.value), "contribution": plain(r.contribution)}
                    for r in score.reasons
                ],
            }
            for name, (model, score) in facts.scores.items()
        ],
        "facts": {name: {"value": plain(value), "source": facts.sources[name]} for name, value in facts.values.items()},
        **decided(outcome),
    }


def decided(outcome: Outcome) -> Json:
    """What the policies made of the facts."""
    return {
        "outcome": outcome.given(),
        "verdict": None if outcome.verdict is None else str(outcome.verdict),
        "reasons": outcome.reasons(),
        "obligations": outcome.obligations(),
        "trace": outcome.trace(),
    }
