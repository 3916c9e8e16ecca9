"""A decision's path, from the question to the recorded answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from ordain.api.ask import Ask
from ordain.api.limits import LIMITS
from ordain.api.services import Rules, Services
from ordain.api.settings import Settings
from ordain.api.shadow import beside
from ordain.api.stages.beside_live import score_beside
from ordain.api.stages.partly_live import models_for
from ordain.audit.entry.decision import DecisionEntry
from ordain.audit.entry.entry import Receipt, moment_in, new_id
from ordain.audit.entry.once import Once
from ordain.engine.errors import ComplianceViolation, Issue, MalformedRequest, quoted
from ordain.engine.evaluate import Plan, by_name
from ordain.engine.fact_store import OnFile
from ordain.engine.gather import gather
from ordain.engine.lifecycle.assigned import Assigned
from ordain.engine.policy.facts import Facts, Vocabulary
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
            raise refusal(self.entry.outcome.reasons(), receipt)
        return Answer(self.entry, receipt)

    def on_trial(self) -> bytes:
        """The answer without a record, canonical JSON. Raises ComplianceViolation when the service refuses it."""
        if self.refused:
            raise refusal(self.entry.outcome.reasons(), None)
        return self.entry.answer_on_trial()


def decide(ask: Ask, use: Services, once: Once | None = None) -> Answer:
    """Decides and records. There is an answer only once its entry is durable.

    Raises ServiceStopped, DataError, DecisionError, ModelDegradationDetected; NotRecorded when the ledger cannot take
    the entry; and ComplianceViolation, with the decision on record, when a service that refuses denied outcomes was
    asked. With `once` AskedBefore, when the same request was decided before or meanwhile.
    """
    decision = make_decision(use.stopped.asked(ask), use)
    score_beside([(ask, decision.entry)], use)
    return decision.recorded(use.ledger.ledger.append(decision.entry, decision.entry.form.texts, once=once))


def make_decision(ask: Ask, use: Rules, planned: UUID | None = None) -> Decision:
    """Decides, and records nothing. Raises DataError, DecisionError, ModelDegradationDetected; MalformedRequest for a
    time that the service takes on trial alone.

    With `planned`, an id that was given to it earlier, it is decided for that moment and has that id.
    """
    if ask.at is not None and not ask.on_trial and not use.catalog.service(ask.service).takes_time:
        raise MalformedRequest(
            f"the service {quoted(ask.service)} takes no `at`: it decides for the moment it is asked",
            "leave `at` out; a dry run may try another time",
        )
    use = _for(ask.subject, use)
    now = use.now() if planned is None else fixed_offset(moment_in(planned.bytes).astimezone(use.settings.zone))
    at = time_of(ask, now, use.settings)
    known = gathered(ask, use, at)
    plan, facts = known.plan, known.facts
    if facts.fallbacks and not ask.on_trial:
        use.fallen_back.tell(facts)
    outcome = plan.evaluate(facts, at)
    form = use.forms.of(plan)
    differs = ask.at is not None and abs(at - now) > dt.timedelta(seconds=use.settings.as_of_seconds)
    entry = DecisionEntry(
        *(form, planned or new_id(now), now, at, ask.subject, _jurisdiction(facts, use), facts, outcome, ask.caller),
        as_of=differs,
        rollouts=[each.as_json() for each in known.assigned],
        shadows=[beside(each, ask, at, known.given, use, known.on_file) for each in known.assigned if each.watches]
        if not ask.on_trial
        else (),
    )
    return Decision(entry, plan.service.refuses and outcome.verdict is Verdict.DENY)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a decision is made of. `assigned` are the roll-outs that the subject takes part in, `given` the raw facts
    that count of those that were sent."""

    assigned: Sequence[Assigned]
    plan: Plan
    given: Mapping[str, object]
    on_file: OnFile | None
    facts: Facts


def gathered(ask: Ask, use: Rules, at: dt.datetime) -> Gathered:
    """The versions that decide about a subject at `at`, and the facts for them. Raises DataError,
    ModelDegradationDetected, and what a store raises that cannot be read."""
    use = _for(ask.subject, use)
    assigned = use.catalog.assigned(ask.service, at, ask.subject, ask.facts)
    plan = use.catalog.pick(ask.service, at, {each.policy: each.version for each in assigned if each.decides})
    given = ask.facts if not ask.may_be_unknown else _without_unknown(ask, use.vocabulary)
    on_file = OnFile(use.facts_from, ask.subject, at) if use.facts_from else None
    facts = gather(given, plan.needs, use.vocabulary, use.models, on_file)
    return Gathered(assigned, plan, given, on_file, facts)


def _for(subject: str, use: Rules) -> Rules:
    """With the versions of models that score for that subject."""
    models = models_for(subject, use.models, use.partly) if use.partly else use.models
    return use if models is use.models else replace(use, models=models)


def _without_unknown(ask: Ask, vocabulary: Vocabulary) -> Mapping[str, object]:
    """The facts but for those that nobody here knows, and of which the caller said that this may be so."""
    return {name: raw for name, raw in ask.facts.items() if name in vocabulary or name not in ask.may_be_unknown}


def _jurisdiction(facts: Facts, use: Rules) -> str | None:
    """Whose law the decision is under, if a fact with a closed list of values says so: the envelope is public."""
    name = use.settings.jurisdiction_fact
    fact = use.vocabulary.facts.get(name)
    value = facts.values.get(name)
    return value if fact is not None and fact.type.values and isinstance(value, str) else None


def time_of(ask: Ask, now: dt.datetime, settings: Settings) -> dt.datetime:
    """The time that is decided for, in the tenant's zone: `now`, unless it is chosen.

    Raises MalformedRequest when it is further from now than a caller may choose.
    """
    return now if ask.at is None else _chosen(ask.at, now, settings)


def _chosen(at: dt.datetime, now: dt.datetime, settings: Settings) -> dt.datetime:
    days = (now - at).total_seconds() / 86_400
    if -settings.at_ahead_days <= days <= settings.at_back_days:
        return _local(at, settings.zone)
    back, ahead = settings.at_back_days, settings.at_ahead_days
    far = f"more than {back:,} days ago" if days > 0 else f"more than {ahead:,} days ahead"
    first, last = (_local(now + dt.timedelta(days=by), settings.zone) for by in (-back, ahead))
    hint = f"from {first.isoformat(timespec='seconds')} to {last.isoformat(timespec='seconds')} it may be chosen here"
    raise MalformedRequest(f"`at`: `{at.isoformat()}` is {far}", hint)


@lru_cache(maxsize=LIMITS.times_kept)
def _local(at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """`at` in the tenant's zone, whose calendar says which day it is. Many are asked about the same moment."""
    try:
        return fixed_offset(at.astimezone(zone))
    except OverflowError:
        raise MalformedRequest(f"`at`: `{at.isoformat()}` is out of the calendar") from None


def refusal(reasons: list[dict[str, Any]], receipt: Receipt | None) -> ComplianceViolation:
    """Which rules denied, and where the decision is on record; the outcome itself stays out of the answer.

    `reasons` are those of a record. Without `receipt` nothing is on record.
    """
    where = ""
    fields: dict[str, object] = {"dry_run": True}
    if receipt is not None:
        where = f"; on record as decision {receipt.entry_id}"
        told = {"entry_id": receipt.entry_id, "leaf_hash": receipt.leaf_hash}
        fields = {"decision_id": receipt.entry_id, "receipt": told}
    return ComplianceViolation(
        [
            Issue(
                f"`{denial['rule']}` denies it: {denial['because'] or denial['source']}",
                f"{denial['source']}{where}",
                fields={**by_name(denial["policy"]), "rule": denial["rule"], **fields},
            )
            for denial in reasons
            if denial.get("verdict") == Verdict.DENY
        ]
    )
