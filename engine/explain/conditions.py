"""One decision of a policy looked at closely: which rules were asked, and what each of their conditions said alone.

A condition is a cell, the `if` of a rule, or what an output asks once its rule has fired (`permits when`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ordain.engine.backends.plan import OnNull, PlannedRule, PlannedTable, conjuncts
from ordain.engine.backends.python.expressions import function_of
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import CalculationFailed, NoRuleApplies, OrdainError, RulesDisagree, Span
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.runtime.missing import MissingValue
from ordain.engine.feel.runtime.work import OVER_THE_LIMIT
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.printer import printed
from ordain.engine.feel.syntax.tree import Expr, If
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.limits import LIMITS
from ordain.engine.policy.kinds.frequency import said
from ordain.engine.policy.model import Table
from ordain.engine.step import Step, fired_rules
from ordain.engine.tables.cells import PlainCell
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
    plain: PlainCell | None = None
    after_firing: bool = False
    null_fails: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One decision of a policy alone: all values by name, the steps taken, and the error it ended in, if any."""

    values: Mapping[str, Value]
    at: dt.datetime
    steps: list[Step]
    error: OrdainError | None

    @property
    def fired(self) -> frozenset[str]:
        return fired_rules(self.steps)

    @property
    def fired_in_order(self) -> tuple[str, ...]:
        """The ids of the rules that fired, each once."""
        tables = ((step.decision, step.fired) for step in self.steps if isinstance(step.decision, Table))
        return tuple(dict.fromkeys(table.rules[number].id for table, fired in tables for number in fired))

    @property
    def fired_keys(self) -> frozenset[RuleKey]:
        return frozenset((step.decision.name, number) for step in self.steps for number in step.fired)


@dataclass(slots=True)
class Conditions:
    """What the rules of one policy ask, each condition as a function of its own that is compiled when it is asked.

    Kept for as long as the policy: see `conditions_of`.
    """

    compiled: CompiledPolicy
    tables: dict[str, PlannedTable] = field(init=False)
    constants: dict[str, Value] = field(init=False)
    _by_rule: dict[RuleKey, tuple[Condition, ...]] = field(default_factory=dict)
    _functions: dict[tuple[int, tuple[str, ...]], tuple[Checked, Callable[..., Value]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tables = self.compiled.plan.tables
        self.constants = {name: value for name, (_, value) in self.compiled.policy.constants.items()}

    def of(self, key: RuleKey) -> tuple[Condition, ...]:
        """The conditions of a rule, in the order in which they are asked."""
        conditions = self._by_rule.get(key)
        if conditions is None:
            planned = self.tables[key[0]]
            conditions = self._by_rule[key] = tuple(_conditions(planned, planned.rules[key[1]]))
        return conditions

    def function(self, checked: Checked, known: Collection[str]) -> Callable[..., Value]:
        """One expression as a function of the value under test, the known values, the time and the runtime."""
        names = tuple(name for name in checked.reads if name in known)
        kept = self._functions.get((id(checked), names))
        if kept is None:
            made = function_of(checked, names, self.compiled.policy.types)
            # The expression is kept beside it: another one may come to have its identity once it is gone.
            kept = self._functions[id(checked), names] = (checked, made)
        return kept[1]


@lru_cache(maxsize=512)
def conditions_of(compiled: CompiledPolicy) -> Conditions:
    """The conditions of a policy, compiled once for all decisions that are asked about."""
    return Conditions(compiled)


@dataclass(slots=True)
class Observer:
    """Decides with one policy and tells what its rules and conditions said."""

    compiled: CompiledPolicy
    spent: int = 0
    """Units of work of all that it decided."""
    _conditions: Conditions = field(init=False)
    _last: tuple[Run, dict[str, Value], dict[int, Value]] | None = None

    def __post_init__(self) -> None:
        self._conditions = conditions_of(self.compiled)

    @property
    def tables(self) -> dict[str, PlannedTable]:
        return self._conditions.tables

    def run(self, given: Mapping[str, Value], at: dt.datetime) -> Run:
        """Decides for facts by name; an error is part of what is told."""
        values, steps = dict(given), list[Step]()
        error = None
        try:
            self.spent += LIMITS.work - self.compiled.run(values, at, steps)
        except OrdainError as raised:
            self.spent += LIMITS.work if OVER_THE_LIMIT in raised.message else 0
            error = raised
        return Run(values, at, steps, error)

    def conditions(self, key: RuleKey) -> tuple[Condition, ...]:
        return self._conditions.of(key)

    def asked(self, run: Run) -> Iterator[tuple[RuleKey, bool]]:
        """The rules of decisions that were looked at, and whether each fired; rules of functions are not among them."""
        decided = set()
        for step in run.steps:
            if isinstance(step.decision, Table) and step.decision.name in self.tables:
                decided.add(step.decision.name)
                for number in range(step.looked_at):
                    yield (step.decision.name, number), number in step.fired
        if isinstance(run.error, NoRuleApplies | RulesDisagree):
            # It was the next table that gave nothing, after all of its rules were looked at; or one that is called.
            ended = run.error.issues[0].span
            called = [each.table for each in self.compiled.policy.functions]
            if any(ended in (table.span, *(rule.span for rule in table.rules)) for table in called):
                return
            name, planned = next(each for each in self.tables.items() if each[0] not in decided)
            for number in range(len(planned.rules)):
                yield (name, number), False

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
            asked = self.column(key[0], condition.column, run)
            if asked is None and condition.null_fails:
                return False
        said = self.value(condition.checked, run, asked)
        return said if isinstance(said, bool) else None

    def column(self, table: str, number: int, run: Run) -> Value:
        """The value that the cells of a column were asked about; null when it had none."""
        _, _, columns = self._about(run)
        expression = self.tables[table].columns[number].asked
        if id(expression) not in columns:
            columns[id(expression)] = self.value(expression, run)
        return columns[id(expression)]

    def value(self, checked: Checked, run: Run, asked: Value = None) -> Value:
        """The value of one expression alone; null when it has none."""
        _, known, _ = self._about(run)
        runtime = Runtime([] if self.compiled.policy.lenient else None)
        try:
            return self._conditions.function(checked, known)(asked, known, run.at, runtime)
        except (
            MissingValue,
            CalculationFailed,
            ArithmeticError,
            ValueError,
            TypeError,
            KeyError,
            NameError,
            RecursionError,
        ):
            return None

    def _about(self, run: Run) -> tuple[Run, dict[str, Value], dict[int, Value]]:
        """What is known after a run, and the values of columns so far: kept while one run is asked about."""
        if self._last is None or self._last[0] is not run:
            self._last = run, {**run.values, **self._conditions.constants}, {}
        return self._last


_FAULTS = (
    *(MissingValue, CalculationFailed, ArithmeticError, ValueError),
    *(TypeError, KeyError, NameError, RecursionError),
)
"""Why an expression alone may have no value."""


def _conditions(planned: PlannedTable, rule: PlannedRule) -> Iterator[Condition]:
    for number, (column, cell) in enumerate(zip(planned.columns, rule.cells, strict=True)):
        if cell is not None:
            span = cell.written.tree.span
            text = span.text or printed(cell.written.tree)
            null_fails = column.asks_null and cell.on_null is OnNull.FAILS
            yield Condition(column.text, text, span, cell.written, number, cell.plain, null_fails=null_fails)
    written = rule.rule
    if written.condition is not None:
        for part in conjuncts(written.condition.tree, written.span):
            yield Condition("if", _on_one_line(part), part.span, part_of(written.condition, part))
    for output, gives in zip(planned.table.outputs, written.gives, strict=True):
        if isinstance(gives.tree, If):
            asked = gives.tree.condition
            on = f"then {output.name}".rstrip()
            yield Condition(on, _on_one_line(asked), asked.span, part_of(gives, asked), after_firing=True)


def part_of(whole: Checked, part: Expr) -> Checked:
    """A part of a checked expression as an expression of its own."""
    if part is whole.tree:
        return whole
    names = set(tree.names(part))
    return replace(whole, tree=part, reads=tuple(name for name in whole.reads if name in names))


def _on_one_line(part: Expr) -> str:
    return " ".join(said(part).split())
