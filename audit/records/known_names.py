"""Which names a query may use: an unknown one finds nothing, and "0 found" would be a false all-clear.

What the ledger has decided under is known from the texts that it keeps, what may be decided now from the policies in
force. Looked up only when a search found nothing: what was found was known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Reader
from ordain.audit.records.query import Query
from ordain.engine.errors import Issue, MalformedRequest, OrdainError, did_you_mean
from ordain.engine.policy.model import Policy, Table
from ordain.engine.values.types import Type

Json = dict[str, Any]


@dataclass(slots=True)
class Names:
    """`policies` has name and name@version, `models` too, `rules` the id and policy@version/id, with their table."""

    services: set[str] = field(default_factory=set)
    policies: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    decisions: set[str] = field(default_factory=set)
    jurisdictions: set[str] = field(default_factory=set)
    outcomes: set[str] = field(default_factory=set)

    def add_policy(self, policy: Policy) -> None:
        """A version of a policy, with its tables and rules, those of functions and formulas that say why among them."""
        self.policies |= {policy.name, policy.label}
        tables = (function.table for function in policy.functions)
        for decision in (*policy.decisions, *tables):
            self.decisions.add(decision.name)
            ids = [rule.id for rule in decision.rules] if isinstance(decision, Table) else [decision.name]
            self.rules |= {name for each in ids for name in (each, f"{policy.label}/{each}")}


def check_names(reader: Reader, query: Query, now: Names) -> None:
    """Raises MalformedRequest for a name that neither the ledger nor what is in force `now` knows.

    Who may ask of some services alone gets to know no name of another.
    """
    asked = {name: wanted for name in _PLACES if (wanted := getattr(query, name)) is not None}
    if not asked and not query.outcome:
        return
    known = _known(reader, query, now)
    if _unknown(query, asked, known):
        _add_envelopes(reader, query, known)
    if issues := _unknown(query, asked, known):
        raise MalformedRequest(issues)


def _unknown(query: Query, asked: Mapping[str, str], known: Names) -> list[Issue]:
    issues = []
    for name, wanted in asked.items():
        place: set[str] = getattr(known, _PLACES[name])
        if wanted not in place:
            message = f"no {_WORDS.get(name, name)} `{wanted[:80]}` is known here, so nothing can be found"
            issues.append(Issue(message, did_you_mean(wanted, place)))
    for condition in query.outcome:
        if known.outcomes and condition.path not in known.outcomes:
            message = f"no decision gives an outcome `{condition.path[:80]}`, so nothing can be found"
            issues.append(Issue(message, did_you_mean(condition.path, known.outcomes)))
    return issues


_DECISION = canonical({"kind": Kind.DECISION})[1:-1]
_WORDS = {"denied_by": "rule"}
_PLACES = {
    "service": "services",
    "policy": "policies",
    "model": "models",
    "rule": "rules",
    "denied_by": "rules",
    "decision": "decisions",
    "jurisdiction": "jurisdictions",
}
"""By the condition where its names are."""


def _known(reader: Reader, query: Query, now: Names) -> Names:
    known = Names(*(set(getattr(now, each.name)) for each in fields(Names)))
    if query.services is not None:
        known.services &= query.services
    for envelope in reader.plans(query.service if query.service in known.services else None):
        if query.services is not None and envelope["service"] not in query.services:
            continue
        known.services.add(envelope["service"])
        try:
            named = reader.past.named(envelope)
        except OrdainError:
            continue
        known.policies |= set(_labels(named.policies, "policy"))
        known.models |= set(_labels(named.models, "model"))
        if query.rule or query.denied_by or query.decision or query.outcome:
            _add_plan(reader, envelope, known)
    return known


def _add_plan(reader: Reader, envelope: Json, known: Names) -> None:
    try:
        plan = reader.past.plan(envelope)
    except OrdainError:  # of an older version, which this one cannot read: envelopes tell its rules
        return
    for compiled in plan.policies:
        known.add_policy(compiled.policy)
    for name, type in plan.gives.items():
        known.outcomes |= set(_paths(name, type))


def _paths(name: str, type: Type) -> Iterator[str]:
    yield name
    if type.is_money:
        yield from (f"{name}.amount", f"{name}.currency")
    for part, of_part in (type.fields or (type.item.fields if type.item else {})).items():
        yield from _paths(f"{name}.{part}", of_part)


def _labels(named: Iterable[Json], what: str) -> Iterator[str]:
    for each in named:
        yield str(each[what])
        yield f"{each[what]}@{each['version']}"


def _add_envelopes(reader: Reader, query: Query, known: Names) -> None:
    """What entries say themselves: jurisdictions, models that no plan names, and all from before there were plans."""
    for record in reader.told(wanted=lambda entry: _DECISION in entry.envelope):
        envelope = record.envelope
        if envelope["kind"] != Kind.DECISION or (
            query.services is not None and envelope["service"] not in query.services
        ):
            continue
        known.jurisdictions |= {envelope["jurisdiction"]} - {None}
        known.services.add(str(envelope["service"]))
        known.models |= set(_labels((model for model in envelope["models"] if isinstance(model, dict)), "model"))
        known.policies |= set(_labels(envelope.get("policies", ()), "policy"))
        for code in envelope["reason_codes"]:
            known.rules |= {code, code.partition("/")[2]}
