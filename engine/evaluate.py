"""A service's picked policies decide: facts in, outcome and trace out. Pure: no clock, no network, no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import Issue, Span
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Function
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.limits import LIMITS
from ordain.engine.made_often import made_often
from ordain.engine.needs import Need, Needs
from ordain.engine.policy.facts import Facts, Vocabulary
from ordain.engine.policy.model import STATUS, Decision, Formula, Policy, Status, Table, Verdict
from ordain.engine.policy.service import Service
from ordain.engine.score_fallback import fallback_of
from ordain.engine.score_gate import covers, gate_of
from ordain.engine.step import Step, Trail, steps_of
from ordain.engine.unknowns import Unknowns
from ordain.engine.values.money import Teller, teller, teller_as_calculated
from ordain.engine.values.types import Type, Value, plain

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

    def given(self, *, settled: bool = True) -> Json:
        """What the service gives, as JSON: money with its currency, numbers as decimal strings.

        Money has its currency's digits; not `settled` those that it was calculated with, as answers had until form 3.
        """
        values = self.values
        if settled:
            return {name: tell(values[name]) for name, tell in self.plan.tellers.items()}
        return {name: teller_as_calculated(type)(values[name]) for name, type in self.plan.gives.items()}

    def missing(self) -> list[Json]:
        """The facts that rules of compliance needed and did not have, each with those rules: `[{"fact", "rules"}]`."""
        lacked: dict[str, list[Json]] = {}
        for decision, _, _, _, missing, _ in self.trail:
            if isinstance(decision, Table):
                for number, fact in missing:
                    rule = {"decision": decision.name, "rule": decision.rules[number].id}
                    lacked.setdefault(fact, []).append({**by_name(self._policy(decision)), **rule})
        return [{"fact": fact, "rules": rules} for fact, rules in lacked.items()]

    def not_known(self) -> list[Json]:
        """The absent facts that others than rules of compliance read, and what came to nothing: see `Unknowns.of`."""
        return self.plan.unknowns.of(self.absent(), self.trail)

    def absent(self) -> frozenset[str]:
        """The facts that may be absent and are."""
        values = self.values
        return frozenset([name for name in self.plan.unknowns.names if values.get(name) is None])

    @property
    def withheld(self) -> bool:
        """Whether its service keeps the outcome out of the answer."""
        return self.verdict in self.plan.service.withholds

    @property
    def status(self) -> Status:
        """What the answer says first of all."""
        return STATUS[self.verdict]

    def reasons(self) -> list[Json]:
        """The rules that fired and the formulas that say why, compliance rules with their source and verdict.

        They stand in the order of the trace, and each names its policy and decision: an id is one rule's of a table.
        """
        reasons: list[Json] = []
        for decision, _, fired, value, missing, said in self.trail:
            if isinstance(decision, Formula):
                if decision.because:
                    text = said[0][1] if said else decision.because
                    because = {"decision": decision.name, "because": text}
                    reasons.append({"policy": self._policy(decision), **because})
                continue
            for place, number in enumerate(fired):
                rule = decision.rules[number]
                reason: Json = {"policy": self._policy(decision), "decision": decision.name, "rule": rule.id}
                reason["because"] = dict(said).get(number, rule.because)
                if rule.source:
                    reason["source"] = rule.source
                    if rule.confidence:
                        reason["confidence"] = rule.confidence
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
        for decision, _, fired, _, missing, _ in self.trail:
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
        for decision, looked_at, fired, value, missing, _ in self.trail:
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
    unknowns: Unknowns = field(repr=False)
    tellers: Mapping[str, Teller] = field(repr=False)
    """How each output is written in an answer."""
    derived: tuple[str, ...] = ()
    """The facts that say whether a personal fact was read."""
    personal: tuple[str, ...] = ()
    """The personal facts that policies of other kinds than compliance read."""

    def evaluate(self, facts: Facts, at: dt.datetime) -> Outcome:
        """Decides; all policies together have one limit of work. Raises DecisionError or CustomerDataIncomplete with
        policy, rule and place."""
        values = dict(facts.values)
        if self.derived:
            read = any(values.get(name) is not None for name in self.personal)
            values.update(dict.fromkeys(self.derived, read))
        trail: Trail = []
        nulls: list[tuple[str, list[Issue]]] = []
        worst: str | None = None
        work = LIMITS.work
        for compiled in self.policies:
            if compiled.policy.lenient:
                faults: list[Issue] = []
                work = compiled.decide(values, at, trail, faults, work)
                if faults:
                    nulls.append((compiled.policy.label, faults))
            else:
                work = compiled.decide(values, at, trail, None, work)
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
    read = dict.fromkeys(name for compiled in policies for name in compiled.policy.reads)
    derived = tuple(name for name in read if vocabulary[name].derived)
    making = [compiled.policy for compiled in policies if compiled.policy.kind != "compliance"]
    personal = tuple(dict.fromkeys(name for policy in making for name in policy.reads if vocabulary[name].personal))
    for compiled in policies:
        policy = compiled.policy
        for name in policy.reads:
            fact = vocabulary[name]
            if fact.given_by or fact.derived or (name in needs and not needs[name].may_miss):
                continue
            if name not in needs or not policy.may_miss:
                reader, span = _first_reader(compiled, name)
                fallback = fallback_of(fact, vocabulary)
                needs[name] = Need(fact, f"{reader} of {policy.label}", span, policy.may_miss, fallback=fallback)
        gives.update(policy.gives)
        known = {*vocabulary, *(decision.name for decision in policy.decisions)}
        called_with = _called_with(policy)
        for decision in (*policy.decisions, *(function.table for function in policy.functions)):
            names = dict.fromkeys(name for _, part in _expressions(decision) for name in part.reads if name in known)
            names |= dict.fromkeys(name for name in called_with.get(id(decision), ()) if name in known)
            reads = [name for name in names if name not in policy.constants]
            head: Json = {"policy": policy.label, "decision": decision.name, "reads": reads}
            heads[id(decision)] = head
            decisions.append(decision)
            if isinstance(decision, Table):
                head |= {"hit_policy": str(decision.hit_policy), "rules": len(decision.rules)}
    gate = gate_of(service, vocabulary, [compiled.policy for compiled in policies])
    if gate is not None:
        for fact in gate.facts:
            needs.setdefault(fact.name, Need(fact, f"`scores` of `{service.name}`", service.span, may_miss=True))
        for name in gate.scores:
            readers = [compiled.policy for compiled in policies if name in compiled.policy.reads]
            is_covered = all(covers(policy, vocabulary[name]) for policy in readers)
            needs[name] = replace(needs[name], may_withhold=is_covered)
    given = {name: gives[name] for name in service.gives}
    unknowns = Unknowns([compiled.policy for compiled in policies], needs.values())
    tellers = {name: teller(type) for name, type in given.items()}
    scored = [fact for fact in vocabulary.facts.values() if fact.model]
    behind = [
        Need(fact, "a model", fact.span or service.span, may_miss=False, fallback=fallback_of(fact, vocabulary))
        for fact in scored
    ]
    wanted = Needs(tuple(needs.values()), gate, behind)
    return Plan(service, policies, wanted, given, heads, tuple(decisions), unknowns, tellers, derived, personal)


def by_name(label: str) -> Json:
    """A policy of a decision by its name and version: `plan-advice@1` is plan-advice, version 1."""
    name, _, version = label.rpartition("@")
    return {"policy": name, "version": int(version)}


def _expressions(decision: Decision) -> Iterator[tuple[str, Checked]]:
    """Each expression of a decision, with what people call its place."""
    if isinstance(decision, Formula):
        for part in (decision.expression, decision.told):
            if part is not None:
                yield f"`{decision.name}`", part
        return
    for column in decision.columns:
        readers = [rule.id for rule in decision.rules if rule.cells[decision.columns.index(column)] is not None]
        yield f"rule `{readers[0]}`" if readers else f"`{decision.name}`", column.expression
    for rule in decision.rules:
        for part in (*rule.cells, rule.condition, *rule.gives, rule.told):
            if part is not None:
                yield f"rule `{rule.id}`", part
    for part in decision.otherwise or ():
        yield f"`otherwise` of `{decision.name}`", part


def _called_with(policy: Policy) -> dict[int, list[str]]:
    """By the identity of a table that is called, the names that what calls it reads: its arguments come of these."""
    if not policy.functions:
        return {}
    reads = {each.name: set(_names(each)) for each in policy.decisions}
    reads |= {
        each.name: {name for _, part in _expressions(each.table) for name in part.reads} for each in policy.functions
    }
    reads[""] = {
        name for each in policy.must_hold for part in (each.expression, each.told) if part for name in part.reads
    }
    functions = {each.name for each in policy.decisions if isinstance(each, Formula) and _is_function(each)}
    called_with: dict[int, list[str]] = {}
    for function in policy.functions:
        callers, waiting = set[str](), [function.name]
        while waiting:
            called = waiting.pop()
            found = {name for name, read in reads.items() if called in read} - callers
            callers |= found
            waiting += found
        read = {name for caller in callers for name in reads[caller]}
        called_with[id(function.table)] = sorted(read - functions - callers - {function.name})
    return called_with


def _is_function(formula: Formula) -> bool:
    return isinstance(formula.expression.tree, Function)


def _names(decision: Decision) -> Iterator[str]:
    """The names that a decision reads; of a function those of the table that it calls, too."""
    for _, part in _expressions(decision):
        yield from part.reads
        if isinstance(part.tree, Function):
            yield from tree.names(part.tree)


def _first_reader(compiled: CompiledPolicy, name: str) -> tuple[str, Span]:
    policy = compiled.policy
    for decision in policy.decisions:
        for place, part in _expressions(decision):
            if name in part.reads:
                return place, part.tree.span
    return "`must hold`", policy.span


def _place(span: Span | None) -> str:
    return f"{span.line}:{span.column}" if span is not None else ""
