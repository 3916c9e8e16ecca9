"""What one decision leaves in the ledger, and the part of it that a replay must make again byte for byte."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from ordain.audit.entry.entry import Entry, Kind
from ordain.engine.evaluate import Outcome
from ordain.engine.policy.facts import Facts
from ordain.engine.values.types import plain

Json = dict[str, Any]


def decision_entry(
    *,
    decision_id: UUID,
    recorded: dt.datetime,
    at: dt.datetime,
    subject: str,
    jurisdiction: str | None,
    documents: Json,
    facts: Facts,
    outcome: Outcome,
) -> Entry:
    """The entry of a decision.

    `recorded` is when it was made, `at` the time it was decided for, with the tenant's offset. `documents` are the
    digests of vocabulary and services. Numbers are decimal strings, so the bytes are the same everywhere.
    """
    plan = outcome.plan
    policies = [compiled.policy for compiled in plan.policies]
    outcome_parts = decided(outcome)
    private = {
        "at": at.isoformat(),
        "subject": subject,
        "models": _scores(facts),
        "facts": {name: {"value": plain(value), "source": facts.sources[name]} for name, value in facts.values.items()},
        **outcome_parts,
        "disclosures": [due["disclose"] for due in outcome_parts["obligations"] if "disclose" in due],
    }
    return Entry(
        id=decision_id,
        time=recorded,
        kind=Kind.DECISION,
        private=private,
        subject=subject,
        service=plan.service.name,
        jurisdiction=jurisdiction,
        policies=[{"policy": p.name, "version": p.version, "digest": p.digest} for p in policies],
        documents=documents,
        models=[
            {"model": model.name, "version": model.version, "digest": model.digest}
            for model, _ in facts.scores.values()
        ],
        outcome_class="decided" if outcome.verdict is None else str(outcome.verdict),
        reason_codes=[
            f"{reason['policy']}/{reason.get('rule') or reason['decision']}" for reason in private["reasons"]
        ],
    )


def decided(outcome: Outcome) -> Json:
    """What the policies made of the facts."""
    return {
        "outcome": outcome.given(),
        "verdict": None if outcome.verdict is None else str(outcome.verdict),
        "reasons": outcome.reasons(),
        "obligations": outcome.obligations(),
        "trace": outcome.trace(),
    }


def _scores(facts: Facts) -> list[Json]:
    return [
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
    ]
