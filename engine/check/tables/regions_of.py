"""A table laid out for analysis: one region for each thing it asks about, rules as bits of an integer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ordain.engine.backends.plan import OnNull, PlannedTable, conjuncts
from ordain.engine.check.tables.axes import NEEDS_A_VALUE, Axis, plain_test
from ordain.engine.check.tables.box_search import Box
from ordain.engine.check.tables.domains import Domains
from ordain.engine.check.tables.one_name import about_one_name, without_empty
from ordain.engine.check.tables.regions import Region
from ordain.engine.errors import Span
from ordain.engine.feel.syntax.printer import printed
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import Table
from ordain.engine.tables.cells import PlainCell
from ordain.engine.values.types import Type, Value


@dataclass(frozen=True, slots=True)
class Grid:
    """`computed` are the rules of which a part is known only when they are decided: they may match or not.

    `places` are the tests of a rule of a region; `of_column` is the region of each column,
    `unknown_cells` are the rules by column whose cell there is computed. Bits above those of the rules are guards:
    inputs for which a rule stops the decision for lack of a value, whatever its condition says; see `owner`.
    """

    plan: PlannedTable
    regions: tuple[Region, ...]
    computed: int
    every: int
    places: Mapping[tuple[int, int], tuple[Span, ...]]
    of_column: tuple[int, ...]
    unknown_cells: Mapping[int, frozenset[int]]
    guards: tuple[int, ...]

    @property
    def table(self) -> Table:
        return self.plan.table

    @property
    def everything(self) -> int:
        """All rules and guards."""
        return (1 << len(self.table.rules) + len(self.guards)) - 1

    def owner(self, bit: int) -> int:
        """The rule that a bit stands for."""
        return bit if bit < len(self.table.rules) else self.guards[bit - len(self.table.rules)]

    def with_guards(self) -> list[int]:
        """Each rule as a bit, together with those of its guards."""
        masks = [1 << rule for rule in range(len(self.table.rules))]
        for number, rule in enumerate(self.guards):
            masks[rule] |= 1 << len(masks) + number
        return masks

    @property
    def dead(self) -> int:
        """The rules that no value of some region satisfies."""
        live = self.every
        for part in self.regions:
            some = 0
            for mask in part.sure:
                some |= mask
            live &= some
        return self.every & ~live

    def customer(self, box: Box) -> tuple[int, ...]:
        """One piece of each region of a box."""
        return tuple(region.natural(pieces) for region, pieces in zip(self.regions, box, strict=True))

    def witness(self, pieces: tuple[int, ...]) -> dict[str, Value]:
        """One value for each region."""
        return {part.text: part.pieces[piece].sample for part, piece in zip(self.regions, pieces, strict=True)}


def grid_of(plan: PlannedTable, domains: Domains) -> Grid:
    """The table with everything plain as masks, and everything else noted as computed."""
    layout = _Layout(plan, domains)
    for number in range(len(plan.columns)):
        layout.column(number)
    guards = layout.guards()
    fixed = {key: len(axis.columns) for key, axis in layout.axes.items()}
    for rule, row in enumerate(plan.rules):
        if row.condition is not None:
            layout.condition(rule, row.condition, fixed)
    return layout.grid(guards)


class _Layout:
    def __init__(self, plan: PlannedTable, domains: Domains) -> None:
        self.plan, self.domains, self.policy = plan, domains, domains.policy
        self.axes: dict[str, Axis] = {}
        self.places: dict[tuple[int, str], tuple[Span, ...]] = {}
        self.computed = 0
        self.keys: list[str] = []
        self.plain: list[dict[int, PlainCell]] = []
        self.unknown: dict[int, set[int]] = {}

    def column(self, number: int) -> None:
        column = self.plan.columns[number]
        tree = column.asked.tree
        key = printed(tree)
        axis = self.axes.setdefault(key, Axis(column.text, self.domains.of(tree, column.asked.type)))
        laid_out: dict[int, PlainCell | None] = {}
        looked_up: dict[int, PlainCell] = {}
        for rule, row in enumerate(self.plan.rules):
            cell = row.cells[number]
            if cell is None:
                continue
            self._asked(rule, key, cell.written.tree.span)
            known, plain = plain_test(cell.tree, axis, self.policy.lenient)
            if known:
                laid_out[rule] = plain
                if plain is not None and without_empty(cell.tree) is cell.tree:
                    looked_up[rule] = plain
            else:
                self.computed |= 1 << rule
                self.unknown.setdefault(number, set()).add(rule)
        axis.columns.append(laid_out)
        axis.null.append(column.asks_null)
        self.keys.append(key)
        self.plain.append(looked_up)

    def _asked(self, rule: int, key: str, span: Span) -> None:
        self.places[rule, key] = (*self.places.get((rule, key), ()), span)

    def guards(self) -> list[int]:
        """Adds rows that stand for the lack of a value, each told by its rule.

        A rule whose plain cells hold, but for one that needs a value, stops the decision before its condition and
        its other cells are tried; so it stops it for customers too whom these would have ruled out.
        """
        owners: list[int] = []
        if self.policy.lenient:
            return owners
        for rule, row in enumerate(self.plan.rules):
            asked = [number for number, cell in enumerate(row.cells) if cell is not None]
            if row.rule.missing is not None or (
                row.condition is None and all(rule in self.plain[number] for number in asked)
            ):
                continue
            for needing in asked:
                cell = row.cells[needing]
                nullable = self.axes[self.keys[needing]].domain.nullable
                if cell is None or rule not in self.plain[needing] or not nullable or cell.on_null is not OnNull.NEEDED:
                    continue
                guard = len(self.plan.rules) + len(owners)
                owners.append(rule)
                for number in asked:
                    if (other := self.plain[number].get(rule)) is not None:
                        column = self._column_of(number)
                        column[guard] = NEEDS_A_VALUE if number == needing else other
        return owners

    def _column_of(self, number: int) -> dict[int, PlainCell | None]:
        key = self.keys[number]
        return self.axes[key].columns[self.keys[:number].count(key)]

    def condition(self, rule: int, condition: Checked, fixed: Mapping[str, int]) -> None:
        """Takes the parts of a condition for cells, where they are."""
        if self.plan.rules[rule].rule.missing is not None or self.policy.lenient:
            self.computed |= 1 << rule
            return
        for part in conjuncts(condition.tree):
            if not self._pool(part, rule, fixed):
                self.computed |= 1 << rule

    def _pool(self, part: Expr, rule: int, fixed: Mapping[str, int]) -> bool:
        about = about_one_name(part)
        type = _type_of(about[0].name, self.domains) if about is not None else None
        if about is None or type is None:
            return False
        name, test = about
        key = name.name
        axis = self.axes.get(key) or Axis(key, self.domains.of(name, type))
        known, cell = plain_test(test, axis, self.policy.lenient)
        if known:
            self.axes[key] = axis
            axis.pooled(rule, cell, fixed.get(key, 0))
            self._asked(rule, key, part.span)
        return known

    def grid(self, guards: list[int]) -> Grid:
        size = len(self.plan.rules)
        keys = {key: number for number, key in enumerate(self.axes)}
        everything = (1 << size + len(guards)) - 1
        return Grid(
            self.plan,
            tuple(axis.region(everything, self.policy.lenient) for axis in self.axes.values()),
            self.computed,
            (1 << size) - 1,
            {(rule, keys[key]): spans for (rule, key), spans in self.places.items()},
            tuple(keys[key] for key in self.keys),
            {column: frozenset(rules) for column, rules in self.unknown.items()},
            tuple(guards),
        )


def _type_of(name: str, domains: Domains) -> Type | None:
    if name in domains.hidden:
        return None
    if name in domains.decisions:
        return domains.decisions[name].type
    if name not in domains.vocabulary:
        return None
    optional = domains.vocabulary[name].nullable or domains.policy.may_miss or name in domains.policy.without
    return replace(domains.vocabulary[name].type, optional=optional)
