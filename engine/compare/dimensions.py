"""The fact space of two restated policies: each fact or term cut into the pieces that no test of either tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ordain.engine.backends.plan import PlannedFormula, PlannedTable, PolicyPlan, conjuncts
from ordain.engine.check.tables.axes import Axis, plain_test
from ordain.engine.check.tables.one_name import about_one_name
from ordain.engine.check.tables.regions import Region
from ordain.engine.compare.restated import Restated, domain_of, may_be_null
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.printer import printed
from ordain.engine.feel.syntax.tree import Expr, Name
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import HitPolicy, Policy
from ordain.engine.tables.cells import WHOLE, CellTest, PlainCell
from ordain.engine.values.types import Type

_THERE = PlainCell((CellTest(None, (WHOLE,), False),), False)
"""Accepts every value, and null not."""


@dataclass(frozen=True, slots=True)
class Space:
    """`regions` in the order in which they are split; of each piece the tests that are known to hold of it (the lower
    `size` bits) and those that may hold, were there a value (the bits above).

    `first` are the rules of each table of that hit policy: the bits of those that ask nothing but their cells, and the
    last bit of all. Once one holds whatever is still open, those after it count for nothing.
    """

    regions: tuple[Region, ...]
    size: int
    first: tuple[tuple[int, int], ...]

    def masks(self, number: int) -> list[int]:
        region = self.regions[number]
        return [sure | possible << self.size for sure, possible in zip(region.sure, region.possible, strict=True)]


def space_of(both: Sequence[Restated], plans: Sequence[PolicyPlan], vocabulary: Vocabulary) -> Space:
    """The space of several versions of a policy together; `plans` are those of the restated ones."""
    made = _Laying(vocabulary)
    for each, plan in zip(both, plans, strict=True):
        made.policy(each, plan)
    for each in both:
        made.null(each.original)
    return made.space()


@dataclass
class _Laying:
    vocabulary: Vocabulary
    axes: dict[str, Axis] = field(default_factory=dict)
    bits: int = 0
    tests: dict[tuple[str, str], int] = field(default_factory=dict)
    first: list[tuple[int, int]] = field(default_factory=list)

    def bit(self) -> int:
        self.bits += 1
        return self.bits - 1

    def policy(self, each: Restated, plan: PolicyPlan) -> None:
        reads = set(each.policy.reads) - {decision.name for decision in each.policy.decisions}
        for planned in plan.decisions:
            if isinstance(planned, PlannedFormula):
                self._tests(planned.expression.tree, each, reads)
            else:
                self._table(planned, each, reads)
        for _, expression in plan.must_hold:
            self._tests(expression.tree, each, reads)

    def _table(self, planned: PlannedTable, each: Restated, reads: set[str]) -> None:
        rule_bits = [self.bit() for _ in planned.rules]
        whole = [rule.condition is None for rule in planned.rules]
        for number, column in enumerate(planned.columns):
            node = column.asked.tree
            if not isinstance(node, Name) or node.name not in reads:
                for place, rule in enumerate(planned.rules):
                    whole[place] = whole[place] and rule.cells[number] is None
                continue
            axis = self._axis(node.name, node.type, each)
            cells = {}
            for bit, rule in zip(rule_bits, planned.rules, strict=True):
                if (cell := rule.cells[number]) is not None:
                    cells[bit] = plain_test(cell.tree, axis, False)[1]
            axis.columns.append(cells)
            axis.null.append(column.asks_null)
        if planned.table.hit_policy is HitPolicy.FIRST:
            alone = sum(1 << bit for bit, nothing_else in zip(rule_bits, whole, strict=True) if nothing_else)
            self.first.append((alone, rule_bits[-1]))
        for rule in planned.rules:
            if rule.condition is not None:
                for part in conjuncts(rule.condition.tree):
                    self._tests(part, each, reads)
            for given in rule.gives:
                self._tests(given.tree, each, reads)
        for given in planned.otherwise or ():
            self._tests(given.tree, each, reads)

    def _tests(self, node: Expr, each: Restated, reads: set[str]) -> None:
        """Notes every comparison of a fact or term in an expression, each once."""
        if not any(name in reads for name in tree.names(node)):
            return
        about = about_one_name(node)
        if about is None or about[0].name not in reads:
            for child in tree.children(node):
                self._tests(child, each, reads)
            return
        name, test = about
        key = (name.name, printed(test))
        if key not in self.tests:
            self.tests[key] = bit = self.bit()
            axis = self._axis(name.name, name.type, each)
            axis.columns.append({bit: plain_test(test, axis, False)[1]})
            axis.null.append(False)

    def _axis(self, name: str, type: Type, each: Restated) -> Axis:
        known = self.axes.get(name)
        nullable = type.optional
        if name in self.vocabulary:
            nullable = may_be_null(each.original, self.vocabulary[name])
        if known is None:
            domain = domain_of(name, type, each.original, self.vocabulary, nullable=nullable)
            known = self.axes[name] = Axis(name, domain)
        elif nullable and not known.domain.nullable:
            known.domain = replace(known.domain, nullable=True)
        return known

    def null(self, policy: Policy) -> None:
        """Tells null apart where one of the versions goes on without a value and this one does not."""
        for name, axis in self.axes.items():
            if name in policy.reads and axis.domain.nullable and not may_be_null(policy, self.vocabulary[name]):
                axis.columns.append({self.bit(): _THERE})
                axis.null.append(False)

    def space(self) -> Space:
        every = (1 << self.bits) - 1
        regions = [axis.region(every, False) for axis in self.axes.values()]
        regions.sort(key=lambda part: (part.text not in self.vocabulary, -part.asking.bit_count(), len(part.pieces)))
        return Space(tuple(regions), self.bits, tuple(self.first))
