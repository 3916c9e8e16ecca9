"""What an app has to know to ask a service: its facts, what it gives, the policies in force, a request that works.

Plain data, which the routes, the command, the OpenAPI document and its page only show.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ordain.api.contract.coming_version import coming_version
from ordain.api.contract.example_request import Examples
from ordain.api.contract.fact_sheet import (
    COMPUTED,
    FOR_A_SCORE,
    OPTIONAL,
    REQUIRED,
    Models,
    computed_fact,
    model_input,
    scored_by,
    sent_fact,
    type_sheet,
)
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.catalog import Catalog
from ordain.engine.errors import NotInForce
from ordain.engine.evaluate import Plan
from ordain.engine.policy.facts import STORES, Vocabulary
from ordain.engine.policy.model import BACK, Policy, Table, Verdict

Json = dict[str, Any]

_ORDER = (REQUIRED, OPTIONAL, FOR_A_SCORE, COMPUTED)


@dataclass(frozen=True, slots=True)
class Offer:
    """All that is described: `vocabulary` has the inputs of the models, too; `zone` says what day it is.

    `only` are the services that are told of, where whoever asks may not ask all of them. `stores` are those that are
    there: of the feature store nothing is to be had where nothing has ever come in.
    """

    catalog: Catalog
    vocabulary: Vocabulary
    models: Models
    zone: dt.tzinfo
    examples: Examples
    only: frozenset[str] | None = None
    stores: Sequence[str] = STORES


def service_list(offer: Offer, at: dt.datetime) -> Json:
    """Every service in short. One that cannot be asked at that time has no policies, and says why in `fault`."""
    return {"in_force_on": at.date().isoformat(), "services": [_in_short(offer, name, at) for name in names_of(offer)]}


def names_of(offer: Offer) -> list[str]:
    """The services that are told of."""
    return sorted(name for name in offer.catalog.services.by_name if offer.only is None or name in offer.only)


def service_sheet(offer: Offer, name: str, at: dt.datetime) -> Json:
    """The whole sheet of a service as it is at that time. Raises UnknownService, NotInForce."""
    plan = offer.catalog.pick(name, at)
    example = offer.examples.of(plan, offer.catalog, offer.vocabulary, offer.zone)
    return {
        **_named(offer, name),
        "tells": list(plan.service.tells),
        "scores": _gate(plan),
        "in_force_on": at.date().isoformat(),
        "policies": [_policy_in_full(plan, compiled, offer, at) for compiled in plan.policies],
        "facts": _facts(plan, offer),
        "gives": {output: type_sheet(type) for output, type in plan.gives.items()},
        "gives_verdict": any(compiled.policy.kind == "compliance" for compiled in plan.policies),
        "example": None if example is None else {"request": example.request, "answer": example.answer},
    }


def _in_short(offer: Offer, name: str, at: dt.datetime) -> Json:
    short = {**_named(offer, name), "gives": list(offer.catalog.service(name).gives)}
    try:
        plan = offer.catalog.pick(name, at)
    except NotInForce as error:
        return {**short, "policies": [], "fault": error.message}
    return {**short, "policies": [_policy(compiled.policy) for compiled in plan.policies]}


def _named(offer: Offer, name: str) -> Json:
    service = offer.catalog.service(name)
    return {
        "service": name,
        "purpose": service.purpose,
        "if_denied": "refuse" if service.refuses else "answer",
        "at": "allowed" if service.takes_time else "refused",
        "if_review": "withhold" if Verdict.REVIEW in service.withholds else "answer",
        "fallback": service.fallback or None,
    }


def _policy(policy: Policy) -> Json:
    end = policy.effective.end
    effective: Json = {"from": policy.effective.start.isoformat(), "until": None if end is None else end.isoformat()}
    if policy.effective.season:
        effective["then"] = BACK
    return {
        "policy": policy.name,
        "version": policy.version,
        "kind": policy.kind,
        "purpose": policy.purpose,
        "owner": policy.owner,
        "effective": effective,
        "digest": policy.digest,
    }


def _policy_in_full(plan: Plan, compiled: CompiledPolicy, offer: Offer, at: dt.datetime) -> Json:
    """With what comes after this version, what each of its decisions reads and gives, and what must hold."""
    policy = compiled.policy
    coming = coming_version(offer.catalog, policy.name, at, offer.zone)
    after = None if coming is None else {"version": coming.version, "from": coming.starts.isoformat()}
    decides = []
    for decision in policy.decisions:
        told = {
            "decision": decision.name,
            "reads": plan.heads[id(decision)]["reads"],
            "gives": type_sheet(decision.type),
        }
        if isinstance(decision, Table):
            told |= {"hit_policy": str(decision.hit_policy), "rules": len(decision.rules)}
        decides.append(told)
    known = {*offer.vocabulary, *(decision.name for decision in policy.decisions)}
    held = [
        {"must_hold": each.id, "reads": [name for name in each.expression.reads if name in known]}
        for each in policy.must_hold
        if not each.derived
    ]
    return {**_policy(policy), "next": after, "decides": decides, "must_hold": held}


def _gate(plan: Plan) -> Json | None:
    """Of whom the service makes no score: the condition, the facts that it reads, the scores that it keeps back."""
    said, gate = plan.service.scores, plan.needs.gate
    if said is None:
        return None
    reads = [] if gate is None else [fact.name for fact in gate.facts]
    withholds = [] if gate is None else sorted(gate.scores)
    return {"unless": said.unless, "because": said.because, "reads": reads, "withholds": withholds}


def _facts(plan: Plan, offer: Offer) -> list[Json]:
    """The facts in the order in which an app thinks of them: what it must send, what it may, what it must not."""
    readers: dict[str, list[str]] = defaultdict(list)
    for compiled in plan.policies:
        for name in compiled.policy.reads:
            readers[name].append(compiled.policy.label)
    facts = {
        need.fact.name: sent_fact(need, offer.models, readers[need.fact.name], offer.stores) for need in plan.needs
    }
    for scored, inputs in _scores(plan, offer.models):
        for feature in inputs:
            known = facts.get(feature.name)
            if known is None:
                facts[feature.name] = model_input(feature, scored)
            else:
                known["scores"] = scored
    for name in readers:
        if name not in facts:
            facts[name] = computed_fact(offer.vocabulary[name], readers[name])
    return sorted(facts.values(), key=lambda fact: _ORDER.index(fact["need"]))


def _scores(plan: Plan, models: Models) -> Iterator[tuple[str, Any]]:
    """Each fact that a model may give, and what that model reads."""
    for need in plan.needs:
        model = scored_by(need.fact.model, models)
        if model is not None:
            yield need.fact.name, model.reads
