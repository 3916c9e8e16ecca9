"""What else would have been decided, had one fact been otherwise: each answer confirmed by deciding again.

Only what a person can make sense of is changed, one fact at a time: no protected fact, not whose law applies, and
nothing that a policy gives. Candidates are the values at and beside the borders of the policies' own tests; a number or
day is then brought as near to the true one as the other result lasts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from ordain.audit.explain.plain_words import SHARES
from ordain.audit.limits import LIMITS
from ordain.engine.errors import NotThatType, OrdainError
from ordain.engine.evaluate import Outcome, Plan
from ordain.engine.examples.borders import Borders
from ordain.engine.examples.variables import Variable
from ordain.engine.policy.facts import Fact, Facts, Vocabulary
from ordain.engine.policy.model import Verdict
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import Value, plain

Json = dict[str, Any]

_WORST_FIRST = (Verdict.DENY, Verdict.REVIEW, Verdict.PERMIT)


@dataclass
class WhatIf:
    """Decides the facts of one record again with changes. `fixed` are facts that are not changed."""

    plan: Plan
    vocabulary: Vocabulary
    facts: Facts
    at: dt.datetime
    fixed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._left = LIMITS.what_ifs
        self._of: str | None = None  # the one part of the outcome that is to be another, if not any
        self.before = self.plan.evaluate(self.facts, self.at)

    def counterfactual(self) -> Json | None:
        """The nearest change of one fact after which it would have been allowed or, if it was, decided otherwise.

        What was not allowed is best allowed as it is, amounts apart: only where no change does that, one after which
        something else is allowed is told. `{"fact", "was", "instead", "same", "verdict", "outcome"}`, `same` saying
        whether what is given differs in amounts at the most; None when no such change was found.
        """
        found: tuple[Variable, Value, Outcome] | None = None
        for _, variable, value in sorted(self._candidates(), key=lambda each: each[0]):
            after = self._otherwise(variable, value)
            if after is not None and (found is None or self._is_same(after)):
                found = variable, value, after
                if self._is_allowed or self._is_same(after):
                    break
        if found is None:
            return None
        variable, value, after = found
        value, after = self._nearer(variable, value, after)
        return self._told(variable.path[0], value, after)

    def nearest(self, of: str) -> Json | None:
        """As `counterfactual`, of what was allowed: the nearest change of one fact about the person after which that
        part of the outcome is another. For an amount that a table gives, where no fact moves it by a little."""
        self._of = of
        try:
            return self.counterfactual()
        finally:
            self._of = None

    def moved(self, lines: list[Json]) -> Json | None:
        """What an amount would have been with another value of the fact that moved it most, of those about the person.

        `lines` are those of a waterfall. A share moves by ten percent points, another number by a tenth of itself.
        """
        by_fact = {line["facts"][0]: abs(Decimal(line["change"])) for line in lines if self._is_of_one_fact(line)}
        for name in sorted(by_fact, key=lambda name: -by_fact[name]):
            fact, was = self.vocabulary[name], self.facts.values[name]
            for by in (1, -1):
                change = Decimal("0.1") if fact.type.unit in SHARES else NUMBERS.multiply(abs(was), Decimal("0.1"))
                try:
                    instead = fact.accept(plain(NUMBERS.add(was, NUMBERS.multiply(change, Decimal(by)))))
                except NotThatType:
                    continue
                after = self._decided(name, instead)
                if after is not None and instead != was and after.verdict == self.before.verdict:
                    return self._told(name, instead, after)
        return None

    def _is_of_one_fact(self, line: Json) -> bool:
        if line["moved"] != "fact" or len(line["facts"]) != 1:
            return False
        fact = self.vocabulary.facts.get(line["facts"][0])
        return fact is not None and fact.personal and self._may_change(fact)

    def _told(self, name: str, instead: Value, after: Outcome) -> Json:
        told: Json = {"fact": name, "was": plain(self.facts.values.get(name)), "instead": plain(instead)}
        told |= {"same": self._is_same(after)}
        return told | {"verdict": None if after.verdict is None else str(after.verdict), "outcome": after.given()}

    def _may_change(self, fact: Fact) -> bool:
        return not (fact.protected or fact.fixed or fact.given_by or fact.name in self.fixed)

    def _candidates(self) -> Iterator[tuple[Decimal, Variable, Value]]:
        """Values of single facts, with how far each is from what it was."""
        seen: set[tuple[str, Any]] = set()
        for compiled in self.plan.policies:
            borders = Borders(compiled.plan, self.vocabulary)
            for path, values in borders.values.items():
                variable = borders.variables.get(path)
                if variable is None or len(path) != 1 or not self._may_change(variable.fact):
                    continue
                if self._of is not None and not variable.fact.personal:
                    continue
                was = self.facts.values.get(path[0])
                for value in values:
                    if value is None or value == was or (path[0], repr(value)) in seen:
                        continue
                    seen.add((path[0], repr(value)))
                    yield _distance(variable, was, value), variable, value

    @property
    def _is_allowed(self) -> bool:
        return self.before.verdict not in (Verdict.DENY, Verdict.REVIEW)

    def _is_same(self, after: Outcome) -> bool:
        """Whether what is given differs in amounts at the most."""
        return bool(_without_amounts(after.given()) == _without_amounts(self.before.given()))

    def _otherwise(self, variable: Variable, value: Value) -> Outcome | None:
        """What is decided with a value, if it is another result that a person would rather have, or another at all."""
        after = self._decided(variable.path[0], value)
        if after is None:
            return None
        verdict = self.before.verdict
        if verdict in (Verdict.DENY, Verdict.REVIEW):
            better = after.verdict is None or _WORST_FIRST.index(after.verdict) > _WORST_FIRST.index(verdict)
            return after if better else None
        instead = self._part(after)
        is_other = instead is not None and instead != self._part(self.before)
        return after if after.verdict == verdict and is_other else None

    def _part(self, outcome: Outcome) -> Any:
        given = outcome.given()
        return given if self._of is None else given.get(self._of)

    def _decided(self, name: str, value: Value) -> Outcome | None:
        """None when it cannot be decided, or as often as that has been tried."""
        if self._left <= 0:
            return None
        self._left -= 1
        try:
            value = self.vocabulary[name].accept(plain(value))  # as a request with it would be read
            facts = replace(self.facts, values={**self.facts.values, name: value})
            return self.plan.evaluate(facts, self.at)
        except (OrdainError, NotThatType):
            return None

    def _nearer(self, variable: Variable, value: Value, after: Outcome) -> tuple[Value, Outcome]:
        """The value nearest to the true one that halving finds with the same verdict and another result."""
        was = self.facts.values.get(variable.path[0])
        apart = variable.steps(was, value)
        if apart is None:
            return value, after
        low, high = 0, abs(apart)
        sign = 1 if apart > 0 else -1
        while high - low > 1:
            middle = (low + high) // 2
            nearer = variable.beside(was, sign * middle)
            found = self._otherwise(variable, nearer) if variable.holds(nearer) else None
            if found is not None and found.verdict == after.verdict and self._is_same(found) == self._is_same(after):
                high, value, after = middle, nearer, found
            else:
                low = middle
        return value, after


def _distance(variable: Variable, was: Value, value: Value) -> Decimal:
    """How far from each other two values are to a person: 1 for another word, a share of its size for a number.

    What was not known is further than anything that was.
    """
    if was is None:
        return Decimal(1000)
    if isinstance(was, Decimal) and isinstance(value, Decimal):
        size = Decimal(1) if variable.type.unit in SHARES else max(abs(was), Decimal(1))
        return NUMBERS.divide(abs(NUMBERS.subtract(value, was)), size)
    if type(was) is dt.date and type(value) is dt.date:
        return Decimal(abs((value - was).days)) / 365
    return Decimal(1)


def _without_amounts(value: Any) -> Any:
    """The value with null for each amount in it."""
    if isinstance(value, dict):
        if set(value) == {"amount", "currency"}:
            return None
        return {name: _without_amounts(part) for name, part in value.items()}
    return [_without_amounts(item) for item in value] if isinstance(value, list) else value
