"""A decision's path, from the question to the recorded answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from ordain.api.ask import Ask
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.audit.entry.decision import DecisionEntry
from ordain.audit.entry.entry import Receipt, new_id
from ordain.engine.errors import ComplianceViolation, Issue, MalformedRequest
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Facts
from ordain.engine.policy.model import Verdict
from ordain.engine.values.temporal import fixed_offset


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided, as recorded in `entry`."""

    entry: DecisionEntry
    receipt: Receipt

    def as_bytes(self) -> bytes:
        """The answer as an app gets it: canonical JSON (RFC 8785)."""
        return self.entry.answer_with(self.receipt.leaf_hash)

    def as_json(self) -> dict[str, Any]:
        """The same as data."""
        answer: dict[str, Any] = orjson.loads(self.as_bytes())
        return answer


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and is not on record yet: nobody may be told of it. `refused`: its service refuses it."""

    entry: DecisionEntry
    refused: bool

    def recorded(self, receipt: Receipt) -> Answer:
        """The answer, now that the entry is durable. Raises ComplianceViolation when the service refuses it."""
        if self.refused:
            raise refusal(self.entry.outcome.reasons(), self.entry.id)
        return Answer(self.entry, receipt)


def decide(ask: Ask, use: Services) -> Answer:
    """Decides and records. There is an answer only once its entry is durable.

    Raises DataError, DecisionError, ModelDegradationDetected; NotRecorded when the ledger cannot take the entry; and
    ComplianceViolation, with the decision on record, when a service that refuses denied outcomes was asked.
    """
    decision = make_decision(ask, use)
    return decision.recorded(use.ledger.ledger.append(decision.entry, decision.entry.form.texts))


def make_decision(ask: Ask, use: Services) -> Decision:
    """Decides, and records nothing. Raises DataError, DecisionError, ModelDegradationDetected."""
    now = use.now()
    at = now if ask.at is None else _local(ask.at, use.settings.zone)
    plan = use.catalog.pick(ask.service, at)
    facts = gather(ask.facts, plan.needs, use.vocabulary, use.models)
    outcome = plan.evaluate(facts, at)
    form = use.forms.of(plan)
    entry = DecisionEntry(form, new_id(now), now, at, ask.subject, _jurisdiction(facts, use), facts, outcome)
    return Decision(entry, plan.service.refuses and outcome.verdict is Verdict.DENY)


def _jurisdiction(facts: Facts, use: Services) -> str | None:
    """Whose law the decision is under, if a fact with a closed list of values says so: the envelope is public."""
    name = use.settings.jurisdiction_fact
    fact = use.vocabulary.facts.get(name)
    value = facts.values.get(name)
    return value if fact is not None and fact.type.values and isinstance(value, str) else None


@lru_cache(maxsize=LIMITS.times_kept)
def _local(at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """`at` in the tenant's zone, whose calendar says which day it is. Many are asked about the same moment."""
    try:
        return fixed_offset(at.astimezone(zone))
    except OverflowError:
        raise MalformedRequest(f"`at`: `{at.isoformat()}` is out of the calendar") from None


def refusal(reasons: list[dict[str, Any]], decision_id: object) -> ComplianceViolation:
    """Which rules denied, and where the decision is on record; the outcome itself stays out of the answer."""
    denials = [reason for reason in reasons if reason.get("verdict") == Verdict.DENY]
    return ComplianceViolation(
        [
            Issue(
                f"`{denial['rule']}` denies it: {denial['because'] or denial['source']}",
                f"{denial['source']}; on record as decision {decision_id}",
            )
            for denial in denials
        ]
    )
