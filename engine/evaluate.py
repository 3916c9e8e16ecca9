"""A service's picked policies decide: facts in, outcome and trace out. Pure: no clock, no network, no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import Issue, Span
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.gather import Need, Needs
from ordain.engine.made_often import made_often
from ordain.engine.policy.facts import Facts, Vocabulary
from ordain.engine.policy.model import Decision, Formula, Table, Verdict
from ordain.engine.policy.service import Service
from ordain.engine.step import Step, Trail, steps_of
from ordain.engine.values.types import Kind, Type, Value, plain

Json = dict[str, Any]


@made_often(frozen=True, slots=True)
class Outcome:
    """What a service decided. `trail` are its steps as compiled code leaves them; see `steps`.

    `values` are all facts and decisions by name; `verdict` is None for a service without compliance. `nulls` say, by
    policy, why values of a lenient one are null.
    """

    plan: Plan
    values: Mapping[str, Value]
    trail: Trail
    verdict: Verdict | None
    nulls: Sequence[tuple[str, list[Issue]]] = ()

    @property
    def steps(self) -> list[Step]:
        """Each table and expression in the order in which it was decided."""
        return steps_of(self.trail)

    def given(self) -> Json:
        """What the service gives, as JSON: money with its currency, numbers as decimal strings."""
        return {name: _as_json(type, self.values[name]) for name, type in self.plan.gives.items()}

    def reasons(self) -> list[Json]:
        """The rules that fired and the formulas that say why, compliance rules with their source and verdict.

        They stand in the order of the trace, and each names its policy and decision: an id is one rule's of a table.
        """
        reasons: list[Json] = []
        for decision, _, fired, value, missing in self.trail:
            if isinstance(decision, Formula):
                if decision.because:
                    because = {"decision": decision.name, "because": decision.because}
                    reasons.append({"policy": self._policy(decision), **because})
                continue
            for place, number in enumerate(fired):
                rule = decision.rules[number]
                reason: Json = {"policy": self._policy(decision), "decision": decision.name, "rule": rule.id}
                reason["because"] = rule.because
                if rule.source:
                    reason["source"] = rule.source
                    reason["verdict"] = value[place]["verdict"]
                for position, fact in missing:
                    if position == number:
                        reason["missing"] = fact
                reasons.append(reason)
        return reasons

    def obligations(self) -> list[Json]:
        """What the caller must do or show, by the rules that ask for it.

        A rule that missed a fact obliges to nothing: it is not known to apply, and a person reviews it.
        """
        obligations = []
        for decision, _, fired, _, missing in self.trail:
            if not isinstance(decision, Table):
                continue
            unsure = {number for number, _ in missing}
            for number in fired:
                rule = decision.rules[number]
                if rule.obligations and number not in unsure:
                    obligations.append({"policy": self._policy(decision), "rule": rule.id, **plain(rule.obligations)})
        return obligations

    def trace(self) -> list[Json]:
        """Every decision in order: what it read, how many rules it looked at, which fired, what it gave.

        `reads` are names; their values are the facts of the same record, or what an earlier decision `gives`. Nulls of
        a lenient policy have their place `at` line and column of its text, wherever that was loaded from.
        """
        trace = []
        for decision, looked_at, fired, value, missing in self.trail:
            step = {**self.plan.heads[id(decision)], "gives": plain(value)}
            if isinstance(decision, Table):
                rules = decision.rules
                step["looked_at"] = looked_at
                step["fired"] = [rules[number].id for number in fired]
                if missing:
                    step["missing"] = {rules[number].id: fact for number, fact in missing}
            trace.append(step)
        for label, told in self.told_nulls():
            trace.append({"policy": label, "nulls": [{"message": message, "at": at} for message, at in told]})
        return trace

    def told_nulls(self) -> list[list[Any]]:
        """Of each lenient policy with nulls its label and, for each, the reason and the place in its text."""
        return [[label, [[issue.message, _place(issue.span)] for issue in faults]] for label, faults in self.nulls]

    def _policy(self, decision: Decision) -> str:
        """The name and version of the policy that made a decision."""
        return str(self.plan.heads[id(decision)]["policy"])


@dataclass(frozen=True, slots=True)
class Plan:
    """The versions picked for one service on one day. `gives` are the service's outputs with their types.

    `heads` has, by the decision's identity, what is the same in every trace of it: policy, name, what it reads.
    """

    service: Service
    policies: tuple[CompiledPolicy, ...]
    needs: Needs
    gives: Mapping[str, Type]
    heads: Mapping[int, Json] = field(repr=False)
    by_number: tuple[Decision, ...] = field(repr=False)
    """All tables and expressions in the order of `heads`; a record names them by their place in it."""

    def evaluate(self, facts: Facts, at: dt.datetime) -> Outcome:
        """Decides. Raises DecisionError or CustomerDataIncomplete with policy, rule and place."""
        values = dict(facts.values)
        trail: Trail = []
        nulls: list[tuple[str, list[Issue]]] = []
        worst: str | None = None
        for compiled in self.policies:
            if compiled.policy.lenient:
                faults: list[Issue] = []
                compiled.decide(values, at, trail, faults)
                if faults:
                    nulls.append((compiled.policy.label, faults))
            else:
                compiled.decide(values, at, trail)
            if compiled.policy.kind == "compliance":
                verdict = values["verdict"]
                worst = verdict if worst is None else min(worst, verdict, key=_WORST_FIRST.index)
        if worst is not None:
            values["verdict"] = worst
        return Outcome(self, values, trail, None if worst is None else _VERDICTS[worst], nulls)


_VERDICTS = {str(verdict): verdict for verdict in Verdict}
_WORST_FIRST = tuple(_VERDICTS)


def make_plan(service: Service, policies: tuple[CompiledPolicy, ...], vocabulary: Vocabulary) -> Plan:
    """What a service needs and gives when these versions decide. Their order and fit are checked by the catalog."""
    needs: dict[str, Need] = {}
    gives: dict[str, Type] = {}
    heads: dict[int, Json] = {}
    decisions: list[Decision] = []
    for compiled in policies:
        policy = compiled.policy
        for name in policy.reads:
            fact = vocabulary[name]
            if fact.given_by or (name in needs and not needs[name].may_miss):
                continue
            if name not in needs or not policy.may_miss:
                reader, span = _first_reader(compiled, name)
                needs[name] = Need(fact, f"{reader} of {policy.label}", span, policy.may_miss)
        gives.update(policy.gives)
        known = {*vocabulary, *(decision.name for decision in policy.decisions)}
        for decision in (*policy.decisions, *(function.table for function in policy.functions)):
            names = dict.fromkeys(name for _, part in _expressions(decision) for name in part.reads if name in known)
            reads = [name for name in names if name not in policy.constants]
            head: Json = {"policy": policy.label, "decision": decision.name, "reads": reads}
            heads[id(decision)] = head
            decisions.append(decision)
            if isinstance(decision, Table):
                head |= {"hit_policy": str(decision.hit_policy), "rules": len(decision.rules)}
    given = {name: gives[name] for name in service.gives}
    return Plan(service, policies, Needs(tuple(needs.values())), given, heads, tuple(decisions))


def _expressions(decision: Decision) -> Iterator[tuple[str, Checked]]:
    """Each expression of a decision, with what people call its place."""
    if isinstance(decision, Formula):
        yield f"`{decision.name}`", decision.expression
        return
    for column in decision.columns:
        readers = [rule.id for rule in decision.rules if rule.cells[decision.columns.index(column)] is not None]
        yield f"rule `{readers[0]}`" if readers else f"`{decision.name}`", column.expression
    for rule in decision.rules:
        for part in (*rule.cells, rule.condition, *rule.gives):
            if part is not None:
                yield f"rule `{rule.id}`", part
    for part in decision.otherwise or ():
        yield f"`otherwise` of `{decision.name}`", part


def _first_reader(compiled: CompiledPolicy, name: str) -> tuple[str, Span]:
    policy = compiled.policy
    for decision in policy.decisions:
        for place, part in _expressions(decision):
            if name in part.reads:
                return place, part.tree.span
    return "`must hold`", policy.span


def _place(span: Span | None) -> str:
    return f"{span.line}:{span.column}" if span is not None else ""


def _as_json(type: Type, value: Value) -> Any:
    if type.is_money and value is not None and type.kind is Kind.NUMBER:
        return {"amount": plain(value), "currency": type.unit}
    if type.kind is Kind.CONTEXT and isinstance(value, Mapping):
        return {name: _as_json(type.fields[name], part) for name, part in value.items()}
    if type.kind is Kind.LIST and type.item is not None:
        return [_as_json(type.item, part) for part in value]
    return plain(value)
