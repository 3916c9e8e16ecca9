"""The inputs that a policy tells apart: for each fact it reads, values at, just above and just below its borders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from ordain.engine.backends.plan import PlannedFormula, PlannedTable, PolicyPlan
from ordain.engine.errors import NotThatType
from ordain.engine.examples.variables import AT, Path, Variable, short, value_at
from ordain.engine.feel.functions import entry_of
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr, Input, Literal, Logic, Name
from ordain.engine.policy.facts import Fact, Vocabulary, round_to
from ordain.engine.policy.model import Policy
from ordain.engine.tables.cells import PlainCell
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.temporal import noon
from ordain.engine.values.types import Kind, Type, Value, kind_of

_ORDERED = (Kind.NUMBER, Kind.DATE, Kind.DATE_TIME, Kind.DURATION, Kind.MONTHS)
_FROM_EXAMPLES = 12
_YEARS = (0, -1, 1, -2, 2, -5, 5, -10, 10, -30)
_ANOTHER = "another"
"""Stands for every text that a policy does not name."""


@dataclass
class Borders:
    """The variables of a policy and the values worth trying for each."""

    plan: PolicyPlan
    vocabulary: Vocabulary

    @property
    def policy(self) -> Policy:
        return self.plan.policy

    @cached_property
    def variables(self) -> dict[Path, Variable]:
        variables = {}
        for name in self.policy.reads:
            fact = self.vocabulary[name]
            for path, type in _paths((name,), fact.type):
                variables[path] = Variable(path, fact, type, self._digits(path, fact, type))
        return variables

    @cached_property
    def values(self) -> dict[Path, tuple[Value, ...]]:
        """For each variable what to try, the policy's own borders first. AT has the times."""
        by_variable = {path: tuple(self._values(variable)) for path, variable in self.variables.items()}
        by_variable[AT] = tuple(self._times())
        return by_variable

    def reads(self, node: Expr, column: Expr | None = None) -> frozenset[Path]:
        """The variables that an expression depends on, through decisions too; `column` is what `?` stands for."""
        return frozenset(self._reads(node, column, self._decided))

    def direct(self, node: Expr) -> Path | None:
        """The variable that an expression is, if it is one and nothing else."""
        match node:
            case Name(name=name) if (name,) in self.variables:
                return (name,)
            case tree.Path(base=Name(name=name), name=part) if (name, part) in self.variables:
                return (name, part)
        return None

    def ends(self, plain: PlainCell | None) -> tuple[Value, ...]:
        """The values at which the answer of a plain cell changes, those of texts and flags left out."""
        cuts = [cut for test in plain.tests for part in test.stretches for cut in part if cut] if plain else []
        return tuple(dict.fromkeys(value for value, _ in cuts if kind_of(value) in _ORDERED))

    # --- what expressions read

    @cached_property
    def _decided(self) -> Mapping[str, frozenset[Path]]:
        """What each decision depends on."""
        dependencies: dict[str, frozenset[Path]] = {}
        for decision in self.plan.decisions:
            parts = [set(self._reads(node, column, dependencies)) for node, column in _expressions(decision)]
            dependencies[_name(decision)] = frozenset[Path]().union(*parts)
        return dependencies

    def _reads(self, node: Expr, column: Expr | None, decided: Mapping[str, frozenset[Path]]) -> Iterator[Path]:
        match node:
            case Input() if column is not None:
                yield from self._reads(column, None, decided)
            case tree.Path() if (path := self.direct(node)) is not None:
                yield path
            case Name(name=name) if name in decided:
                yield from decided[name]
            case Name(name=name):
                yield from (path for path in self.variables if path[0] == name)
            case _:
                if (entry := entry_of(node)) is not None and entry.clock:
                    yield AT
                for child in tree.children(node):
                    yield from self._reads(child, column, decided)

    # --- the values worth trying

    @cached_property
    def _named(self) -> Mapping[Path, tuple[Value, ...]]:
        """The literals that each variable meets in one comparison, in the order of the policy."""
        by_path: dict[Path, dict[Value, None]] = {}
        for decision in self.plan.decisions:
            for node, column in _expressions(decision):
                self._note(node, column, by_path)
        for _, expression in self.plan.must_hold:
            self._note(expression.tree, None, by_path)
        return {path: tuple(values) for path, values in by_path.items()}

    @cached_property
    def _met(self) -> Mapping[Path, frozenset[Path]]:
        """The other variables that each variable meets in one comparison."""
        met: dict[Path, set[Path]] = {}
        trees = [pair for decision in self.plan.decisions for pair in _expressions(decision)]
        for node, column in [*trees, *((expression.tree, None) for _, expression in self.plan.must_hold)]:
            for part in _atoms(node):
                paths = self.reads(part, column)
                for path in paths if len(paths) > 1 else ():
                    met.setdefault(path, set()).update(paths)
        return {path: frozenset(others - {path, AT}) for path, others in met.items()}

    def _note(self, node: Expr, column: Expr | None, by_path: dict[Path, dict[Value, None]]) -> None:
        for part in _atoms(node):
            literals = [each.value for each in tree.walk(part) if isinstance(each, Literal)]
            for path in self.reads(part, column) if literals else ():
                kept = by_path.setdefault(path, {})
                for value in literals:
                    if _hashable(value):
                        kept.setdefault(value)

    def _digits(self, path: Path, fact: Fact, type: Type) -> int:
        if fact.precision is not None:
            return fact.precision
        numbers = [value for value in self._examples(path) if isinstance(value, Decimal)]
        least = 2 if type.is_money else 0
        # A cell is looked at as it was written, whatever it is a test of.
        for decision in self.plan.decisions:
            for node, column in _expressions(decision):
                if column is not None and _is(column, path):
                    parts = tree.walk(node)
                    numbers += [p.value for p in parts if isinstance(p, Literal) and isinstance(p.value, Decimal)]
        return max([least, *(-int(value.as_tuple().exponent) for value in numbers)])

    def _examples(self, path: Path) -> list[Value]:
        values: dict[Value, None] = {}
        for example in self.policy.examples:
            value = value_at(example.given, path)
            if value is not None and _hashable(value):
                values.setdefault(value)
        return list(values)

    def _values(self, variable: Variable) -> Iterable[Value]:
        values: list[Value] = []
        kind, fact = variable.type.kind, variable.fact
        named = self._named.get(variable.path, ())
        if kind is Kind.LIST:
            items = variable.type.item.values if variable.type.item is not None else ()
            several = tuple(dict.fromkeys([*items, *(value for value in named if isinstance(value, str))]))
            values += [(), *((item,) for item in several), several]
        elif kind is Kind.FLAG:
            values += [True, False]
        elif kind is Kind.TEXT:
            values += [value for value in (*variable.type.values, *named) if isinstance(value, str)]
        elif kind is Kind.CONTEXT:
            return self._contexts(fact.name)
        else:
            borders = [value for value in named if value is not None and kind_of(value) is kind]
            values += [variable.beside(value, steps) for value in borders for steps in (0, 1, -1)]
        values += self._examples(variable.path)[:_FROM_EXAMPLES]
        for other in sorted(self._met.get(variable.path, ())) if kind in _ORDERED else ():
            values += [value for value in self._examples(other) if kind_of(value) is kind][:_FROM_EXAMPLES]
        if kind is Kind.DATE:
            values += [_years_later(day, years) for day in self._days() for years in _YEARS]
        if kind is Kind.NUMBER and len(variable.path) == 1:
            values += self._outer(variable)
        if kind is Kind.TEXT and not variable.type.values:
            values.append(_ANOTHER)
        kept = list(dict.fromkeys(value for value in values if variable.holds(value)))
        may_miss = self.policy.may_miss and not fact.given_by
        if (
            len(variable.path) == 1
            and fact.default is None
            and (fact.nullable or may_miss or fact.name in self.policy.without)
        ):
            kept.append(None)
        return kept

    def _contexts(self, name: str) -> list[Value]:
        contexts: list[Value] = []
        for example in self.policy.examples:
            if example.given.get(name) not in contexts:
                contexts.append(example.given.get(name))
        return contexts[:_FROM_EXAMPLES]

    def _days(self) -> list[dt.date]:
        return list(dict.fromkeys(example.at.date() for example in self.policy.examples))[:3]

    def _outer(self, variable: Variable) -> list[Value]:
        """The ends of a number's range, and values far from each other where it has none."""
        limits = variable.fact.limits
        low = limits.low if limits is not None else None
        high = limits.high if limits is not None else None
        ends = [variable.beside(end, steps) for end in (low, high) if end is not None for steps in (0, 1, -1)]
        far = [Decimal(number) for number in (0, 1, 10, 100, 1000, -1)]
        near = [value for value in self._examples(variable.path)[:3] if isinstance(value, Decimal)]
        ends += [variable.beside(value, steps) for value in near for steps in (1, -1)]
        try:
            far += [NUMBERS.multiply(value, Decimal(by)) for value in near for by in ("0.5", "0.9", "1.1", "2")]
            rounded = [round_to(value, variable.digits) for value in far]
        except (ArithmeticError, NotThatType):
            return ends
        return [*ends, *(rounded if variable.fact.precision is not None else map(short, rounded))]

    def _times(self) -> list[dt.datetime]:
        """The times of the examples, and noon on, before and after each day that a rule compares today with."""
        times = [example.at for example in self.policy.examples]
        for value in self._named.get(AT, ()):
            if kind_of(value) is Kind.DATE and isinstance(value, dt.date):
                for days in (0, 1, -1):
                    try:
                        day = value + dt.timedelta(days=days)
                    except OverflowError:
                        continue
                    times.append(noon(day, self.policy.zone))
        in_force = (at for at in times if self.policy.effective.holds_on(at.date()))
        return list(dict.fromkeys(in_force))


def _paths(path: Path, type: Type) -> Iterator[tuple[Path, Type]]:
    yield path, type
    for name, part in type.fields.items():
        yield (*path, name), part


def _name(decision: PlannedTable | PlannedFormula) -> str:
    return decision.table.name if isinstance(decision, PlannedTable) else decision.formula.name


def _expressions(decision: PlannedTable | PlannedFormula) -> Iterator[tuple[Expr, Expr | None]]:
    """Each expression of a decision, cells with the expression of their column."""
    if isinstance(decision, PlannedFormula):
        yield decision.expression.tree, None
        return
    for rule in decision.rules:
        for column, cell in zip(decision.columns, rule.cells, strict=True):
            if cell is not None:
                yield cell.tree, column.asked.tree
        for part in (rule.condition, *rule.gives):
            if part is not None:
                yield part.tree, None
    for part in decision.otherwise or ():
        yield part.tree, None


def _atoms(node: Expr) -> Iterator[Expr]:
    """The parts of an expression that compare something, which `and`, `or`, `not` and `if` join."""
    entry = entry_of(node)
    if isinstance(node, Logic | tree.If) or (entry is not None and entry.negates):
        for child in tree.children(node):
            yield from _atoms(child)
    else:
        yield node


def _is(node: Expr, path: Path) -> bool:
    match node:
        case Name(name=name):
            return path == (name,)
        case tree.Path(base=Name(name=name), name=part):
            return path == (name, part)
    return False


def _hashable(value: Value) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _years_later(day: dt.date, years: int) -> dt.date | None:
    try:
        return day + dt.timedelta(days=365 * years)
    except OverflowError:
        return None
