"""One decision of a policy looked at closely: which rules were asked, and what each of their conditions said alone.

A condition is a cell, the `if` of a rule, or what an output asks once its rule has fired (`permits when`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ordain.engine.backends.python.expressions import function_of
from ordain.engine.backends.python.policy import CompiledPolicy, RawStep
from ordain.engine.backends.python.writing import MissingValue
from ordain.engine.errors import NoRuleApplies, OrdainError, RulesDisagree, Span
from ordain.engine.examples.run import fired_rules
from ordain.engine.feel.runtime.calls import STRICT
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.printer import printed
from ordain.engine.feel.syntax.tree import Expr, If, Logic
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import Table
from ordain.engine.tables.cells import asks_null
from ordain.engine.values.types import Value

RuleKey = tuple[str, int]
"""A rule by the name of its table and its position in it."""
ConditionKey = tuple[str, int, int]
"""A condition by its rule and its position among the conditions of the rule."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that a rule asks.

    `on` is the column's heading, `if`, or `then` for a condition inside an output, which is asked only once the rule
    has fired. `column` is the position of the column whose value `?` is; `null_fails`: the column has a rule for null,
    so its other cells say no to it.
    """

    on: str
    text: str
    span: Span
    checked: Checked
    column: int | None = None
    after_firing: bool = False
    null_fails: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One decision of a policy alone: all values by name, the steps taken, and the error it ended in, if any."""

    values: Mapping[str, Value]
    at: dt.datetime
    steps: list[RawStep]
    error: OrdainError | None

    @property
    def fired(self) -> frozenset[str]:
        return fired_rules(self.steps)

    @property
    def fired_in_order(self) -> tuple[str, ...]:
        """The ids of the rules that fired, each once."""
        found = (of.rules[number].id for of, _, fired, _, _ in self.steps if isinstance(of, Table) for number in fired)
        return tuple(dict.fromkeys(found))

    @property
    def fired_keys(self) -> frozenset[RuleKey]:
        return frozenset((of.name, number) for of, _, fired, _, _ in self.steps for number in fired)


@dataclass(slots=True)
class Observer:
    """Decides with one policy and tells what its rules and conditions said. Conditions are compiled once asked."""

    compiled: CompiledPolicy
    tables: dict[str, Table] = field(init=False)
    _conditions: dict[RuleKey, tuple[Condition, ...]] = field(default_factory=dict)
    _for_null: dict[str, tuple[bool, ...]] = field(default_factory=dict)
    _functions: dict[int, tuple[Checked, Callable[..., Value]]] = field(default_factory=dict)
    _constants: dict[str, Value] = field(init=False)
    _last: tuple[Run, dict[str, Value], dict[int, Value]] | None = None

    def __post_init__(self) -> None:
        policy = self.compiled.policy
        self.tables = {each.name: each for each in policy.decisions if isinstance(each, Table)}
        self._constants = {name: value for name, (_, value) in policy.constants.items()}

    def run(self, given: Mapping[str, Value], at: dt.datetime) -> Run:
        """Decides for facts by name; an error is part of what is told."""
        values, steps = dict(given), list[RawStep]()
        error = None
        try:
            self.compiled.run(values, at, steps)
        except OrdainError as raised:
            error = raised
        return Run(values, at, steps, error)

    def conditions(self, key: RuleKey) -> tuple[Condition, ...]:
        found = self._conditions.get(key)
        if found is None:
            found = self._conditions[key] = tuple(_conditions(self.tables[key[0]], key[1], self._null(key[0])))
        return found

    def _null(self, name: str) -> tuple[bool, ...]:
        """For each column of a table, whether it has a cell for null."""
        if name not in self._for_null:
            table = self.tables[name]
            cells = ((rule.cells[number] for rule in table.rules) for number in range(len(table.columns)))
            asked = (any(cell is not None and asks_null(cell.tree) for cell in column) for column in cells)
            self._for_null[name] = tuple(asked)
        return self._for_null[name]

    def asked(self, run: Run) -> Iterator[tuple[RuleKey, bool]]:
        """The rules that were looked at, and whether each fired."""
        decided = set()
        for decision, looked_at, fired, _, _ in run.steps:
            if isinstance(decision, Table):
                decided.add(decision.name)
                for number in range(looked_at):
                    yield (decision.name, number), number in fired
        if isinstance(run.error, NoRuleApplies | RulesDisagree):
            # It was the next table that gave nothing, after all of its rules were looked at.
            table = next(each for name, each in self.tables.items() if name not in decided)
            for number in range(len(table.rules)):
                yield (table.name, number), False

    def outcomes(self, run: Run) -> Iterator[tuple[ConditionKey, bool]]:
        """Each condition that was asked and had an answer."""
        for key, fired in self.asked(run):
            for number, condition in enumerate(self.conditions(key)):
                if fired or not condition.after_firing:
                    answer = self.answer(key, condition, run)
                    if answer is not None:
                        yield (*key, number), answer

    def answer(self, key: RuleKey, condition: Condition, run: Run) -> bool | None:
        """What a condition, alone, says of the values of a run; None when it cannot say."""
        asked = None
        if condition.column is not None:
            column = self.tables[key[0]].columns[condition.column]
            asked = self._column(column.expression, run)
            if asked is None and condition.null_fails:
                return False
        found = self.value(condition.checked, run, asked)
        return found if isinstance(found, bool) else None

    def _about(self, run: Run) -> tuple[Run, dict[str, Value], dict[int, Value]]:
        """What is known after a run, and the values of columns so far: kept while one run is asked about."""
        if self._last is None or self._last[0] is not run:
            self._last = run, {**run.values, **self._constants}, {}
        return self._last

    def _column(self, expression: Checked, run: Run) -> Value:
        _, _, columns = self._about(run)
        if id(expression) not in columns:
            columns[id(expression)] = self.value(expression, run)
        return columns[id(expression)]

    def value(self, checked: Checked, run: Run, asked: Value = None) -> Value:
        """The value of one expression alone; null when it has none."""
        _, known, _ = self._about(run)
        _, function = self._functions.get(id(checked), (None, None))
        if function is None:
            names = tuple(name for name in checked.reads if name in known)
            function = function_of(checked, names, self.compiled.policy.types)
            if len(names) == len(checked.reads):
                # What was never decided is no name of the function: it is made anew for a run that knows more.
                self._functions[id(checked)] = (checked, function)
        try:
            return function(asked, known, run.at, STRICT)
        except (MissingValue, ArithmeticError, ValueError, TypeError, KeyError, NameError, RecursionError):
            return None


def _conditions(table: Table, position: int, for_null: tuple[bool, ...]) -> Iterator[Condition]:
    rule = table.rules[position]
    for number, (column, cell) in enumerate(zip(table.columns, rule.cells, strict=True)):
        if cell is not None:
            null_fails = for_null[number] and not asks_null(cell.tree)
            span = cell.tree.span
            yield Condition(column.text, span.text or printed(cell.tree), span, cell, number, null_fails=null_fails)
    if rule.condition is not None:
        for part in joined_parts(rule.condition.tree, rule.span):
            yield Condition("if", _shown(part), part.span, part_of(rule.condition, part))
    for output, gives in zip(table.outputs, rule.gives, strict=True):
        if isinstance(gives.tree, If):
            asked = gives.tree.condition
            on = f"then {output.name}".rstrip()
            yield Condition(on, _shown(asked), asked.span, part_of(gives, asked), after_firing=True)


def joined_parts(node: Expr, span: Span | None = None) -> Iterator[Expr]:
    """What `and` joins; with `span`, only where it was put at that place and not written by the user."""
    if isinstance(node, Logic) and node.op == "and" and (span is None or node.span == span):
        for operand in node.operands:
            yield from joined_parts(operand, span)
    else:
        yield node


def part_of(whole: Checked, part: Expr) -> Checked:
    """A part of a checked expression as an expression of its own."""
    if part is whole.tree:
        return whole
    names = set(tree.names(part))
    return replace(whole, tree=part, reads=tuple(name for name in whole.reads if name in names))


def _shown(part: Expr) -> str:
    return " ".join(printed(part).split())
