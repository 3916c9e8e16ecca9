"""Promises that are never kept: ended before they begin, hidden by an earlier one, or dearer than no promise at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from ordain.engine.check.across.conjuncts import Computed, Condition, condition_of, conditions, value_of
from ordain.engine.check.across.customers import find
from ordain.engine.check.across.demands import above
from ordain.engine.check.across.held import Held, Parts
from ordain.engine.check.across.rules_at_odds import customer
from ordain.engine.errors import Issue, Level
from ordain.engine.feel.syntax.tree import Literal
from ordain.engine.policy.mending import rewritten
from ordain.engine.policy.model import Effective, Rule, Table
from ordain.engine.text.source import Node
from ordain.engine.values.types import Value


def promises(parts: Parts) -> Iterator[Issue]:
    """`promise-ended`, `promise-hidden` and `promise-raises`, of each version of a policy of promises."""
    for held in parts.all():
        table = next((decision for decision in held.policy.decisions if decision.name == "promise"), None)
        if held.policy.kind == "grandfathering" and held.days is not None and isinstance(table, Table):
            for number, rule in enumerate(table.rules):
                yield from _Promise(held, held.days, table, number, parts).findings(rule)


class _Promise:
    """One promise among those of its policy, on the days on which that decides."""

    def __init__(self, held: Held, days: Effective, table: Table, number: int, parts: Parts) -> None:
        self.held, self.days, self.table, self.number, self.vocabulary = held, days, table, number, parts.vocabulary
        self.name = f"`{table.rules[number].id}` of `{held.policy.label}`"

    def findings(self, rule: Rule) -> Iterator[Issue]:
        last = rule.gives[2].tree
        if isinstance(last, Literal) and isinstance(last.value, dt.date) and last.value < self.days.start:
            begins = f"before the policy begins on {self.days.start}"
            message = f"{self.name} is never kept: it ends on {last.value}, {begins}"
            yield self._issue(rule, "promise-ended", message, "correct the day, or remove the promise")
            return
        covered = self._conditions(rule)
        if covered is None or find(covered, self.vocabulary, self.days).customer is None:
            return
        if (by := self._hidden_by(covered)) is not None:
            message = f"{self.name} is never kept: {by} every customer whom it is made to"
            yield self._issue(rule, "promise-hidden", message, "move it up, or remove it")
            return
        yield from self._raising(rule, covered)

    def _conditions(self, rule: Rule) -> list[Condition] | None:
        return conditions(rule.condition, self.held.policy, self.vocabulary) if rule.condition is not None else []

    def _hidden_by(self, covered: Sequence[Condition]) -> str | None:
        """The earlier promise, or all of them together, that leave nobody to this one; None when somebody is left."""
        earlier = self.table.rules[: self.number]
        escapes = [self._escape(rule) for rule in earlier]
        known = [(rule, escape) for rule, escape in zip(earlier, escapes, strict=True) if escape is not None]
        for rule, escape in known:
            if self._nobody(covered, [escape]):
                return f"`{rule.id}` before it covers"
        if len(known) > 1 and self._nobody(covered, [escape for _, escape in known]):
            return "the promises before it cover"
        return None

    def _escape(self, rule: Rule) -> Condition | None:
        if rule.condition is None:
            return None
        return condition_of(rule.condition, self.held.policy, self.vocabulary, want=False)

    def _nobody(self, covered: Sequence[Condition], escapes: Sequence[Condition]) -> bool:
        left = find((*covered, *escapes), self.vocabulary, self.days)
        return left.customer is None and left.exact

    def _raising(self, rule: Rule, covered: Sequence[Condition]) -> Iterator[Issue]:
        """A customer who would pay less without the promise."""
        if self.table.otherwise is None:
            return
        kept, start = rule.gives[1], self.table.otherwise[1]
        policy, vocabulary = self.held.policy, self.vocabulary
        mine, without = value_of(kept, policy, vocabulary), value_of(start, policy, vocabulary)
        if mine is None or without is None:
            return
        dearer = find((*covered, _can_be_asked(without), above(mine, without, strict=True)), vocabulary, self.days)
        if dearer.customer is None:
            return
        cheaper = find((*covered, _can_be_asked(without), above(without, mine, strict=False)), vocabulary, self.days)
        texts = kept.tree.span.text, start.tree.span.text
        message = f"{self.name} raises the price of a customer: {customer(dearer.customer)}"
        node = self._node("keeps")
        smaller = f"min({texts[0]}, {texts[1]})"
        edit = rewritten(node, smaller) if node is not None and "\n" not in smaller else None
        hint = f"write `keeps: {edit.new if edit is not None else smaller}` if a promise is never to raise a price"
        level = Level.WARNING if cheaper.customer is None else Level.NOTE
        at = node.span if node is not None else rule.span
        edits = () if edit is None else (edit,)
        yield Issue(message, hint, at, code="promise-raises", level=level, replacements=edits)

    def _node(self, key: str) -> Node | None:
        listed = self.held.node("promises")
        return listed.nodes()[self.number].get(key) if listed is not None else None

    def _issue(self, rule: Rule, code: str, message: str, hint: str) -> Issue:
        node = self._node("until") if code == "promise-ended" else None
        return Issue(message, hint, node.span if node is not None else rule.span, code=code, level=Level.WARNING)


def _can_be_asked(price: Computed) -> Condition:
    """That a price is above 0: a customer with another one would convince nobody."""

    def holds(values: Mapping[str, Value], at: dt.datetime) -> bool:
        amount = price[1](values, at)
        return isinstance(amount, Decimal) and amount > 0

    return Condition(price[0], holds, price[2], plain=False)
