"""A table made ready to be decided by its index: the way of large tables, and of all lenient ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ordain.engine.backends.plan import OnNull, PlannedTable
from ordain.engine.errors import CustomerDataIncomplete, DecisionError, Issue, NotThatType
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.runtime.conform import converted
from ordain.engine.policy.model import HitPolicy
from ordain.engine.tables.hit_policies import Fired, Rows, best, differ, no_rule, ordered, several, total
from ordain.engine.tables.index import TableIndex
from ordain.engine.values.types import Value

Part = Callable[..., Value]
"""One part of a rule as a function of the time, the runtime, the steps so far and the variables that parts read."""

Decided = tuple[int, Fired, Value]
"""How many rules were looked at, the positions of those that fired, and the value."""


class PreparedTable:
    """`makers` compute the rows that the plan does not know, `tests` try what the index does not answer.

    `makers`, `tests` and `otherwise` are named first, and `bind` puts in the functions once their code has been run.
    """

    def __init__(
        self,
        plan: PlannedTable,
        index: TableIndex,
        makers: Mapping[int, str],
        tests: Mapping[int, str],
        otherwise: str | None,
    ) -> None:
        self.plan, self.table, self.index, self.lenient = plan, plan.table, index, plan.lenient
        self.rows = tuple(rule.row for rule in plan.rules)
        self._named = (makers, tests, otherwise)
        self.makers: dict[int, Part] = {}
        self.tests: dict[int, Part] = {}
        self.otherwise: Part | None = None
        # Nothing but the index decides which rule is first, and its row is known.
        self._plain = not (makers or tests or plan.lenient) and index.single

    def bind(self, functions: Mapping[str, Any]) -> None:
        makers, tests, otherwise = self._named
        self.makers = {number: functions[name] for number, name in makers.items()}
        self.tests = {number: functions[name] for number, name in tests.items()}
        self.otherwise = functions[otherwise] if otherwise is not None else None

    def decide(self, columns: tuple[Value, ...], args: tuple[Any, ...]) -> Decided:
        """Decides. `args` begin with the time and the runtime. Raises DecisionError, CustomerDataIncomplete."""
        if self.table.hit_policy is HitPolicy.FIRST:
            return self._first(columns, args)
        runtime: Runtime = args[1]
        matched: list[int] = []
        rows: list[Value] = []
        for number in self._matching(columns, args):
            # Test and row in turns, so that the first fault is the first rule's.
            matched.append(number)
            rows.append(self._row(number, args))
        fired = tuple(matched)
        try:
            positions, value = self._concluded(fired, tuple(rows), args)
        except DecisionError as error:
            if not self.lenient:
                raise
            runtime.report(error.issues[0])
            positions, value = fired, None
        return len(self.table.rules), positions, self._into(value, runtime)

    def _first(self, columns: tuple[Value, ...], args: tuple[Any, ...]) -> Decided:
        if self._plain:
            matching, unknown = self.index.lookup(columns)
            if matching and not unknown:
                number = (matching & -matching).bit_length() - 1
                return number + 1, (number,), self.rows[number]
        for number in self._matching(columns, args):
            row = self.rows[number] if number not in self.makers else self._row(number, args)
            return number + 1, (number,), self._into(row, args[1]) if self.lenient else row
        size = len(self.table.rules)
        try:
            return size, (), self._into(self._none(args), args[1])
        except DecisionError as error:
            if not self.lenient:
                raise
            args[1].report(error.issues[0])
            return size, (), None

    def _matching(self, columns: tuple[Value, ...], args: tuple[Any, ...]) -> Iterator[int]:
        """The positions of the rules that match, in their order."""
        tests = self.tests
        for offset, matching, unknown in self.index.lookups(columns):
            left = matching | unknown
            while left:
                bit = left & -left
                left ^= bit
                number = offset + bit.bit_length() - 1
                if unknown and bit & unknown:
                    self._lacks(number, columns)
                if number not in tests or tests[number](*args) is True:
                    yield number

    def _lacks(self, number: int, columns: tuple[Value, ...]) -> None:
        rule = self.plan.rules[number]
        asked = next(
            column.text
            for column, cell, value in zip(self.plan.columns, rule.cells, columns, strict=True)
            if cell is not None and value is None and cell.on_null is OnNull.NEEDED
        )
        message = f"rule `{rule.rule.id}` needs `{asked}`, which is missing"
        hint = f"send it, or add a rule for a missing `{asked}`"
        raise CustomerDataIncomplete(Issue(message, hint, rule.rule.span, asked))

    def _row(self, number: int, args: tuple[Any, ...]) -> Value:
        maker = self.makers.get(number)
        return self.rows[number] if maker is None else maker(*args)

    def _none(self, args: tuple[Any, ...]) -> Value:
        if self.otherwise is None:
            no_rule(self.table)
            return None
        return self.otherwise(*args)

    def _concluded(self, fired: Fired, rows: Rows, args: tuple[Any, ...]) -> tuple[Fired, Value]:
        table = self.table
        if table.aggregation:
            if not rows and self.otherwise is not None:
                return fired, self.otherwise(*args)
            return fired, total(table, rows)
        match table.hit_policy:
            case HitPolicy.UNIQUE if len(fired) > 1:
                several(table, fired)
            case HitPolicy.ANY if any(row != rows[0] for row in rows):
                differ(table, fired)
            case HitPolicy.PRIORITY if len(fired) > 1:
                fired, rows = best(table, fired, rows)
            case HitPolicy.OUTPUT_ORDER:
                fired, rows = ordered(table, fired, rows)
        if table.hit_policy.gives_list:
            if not rows and self.otherwise is not None:
                rows = (self.otherwise(*args),)
            return fired, rows
        return fired, rows[0] if rows else self._none(args)

    def _into(self, value: Value, runtime: Runtime) -> Value:
        """A lenient table's value as its declared type; null, and the reason, when it is none."""
        if not self.lenient:
            return value
        try:
            return runtime.kept(converted(value, self.table.into), self.table.span)
        except NotThatType as error:
            runtime.report(Issue(f"`{self.table.name}`: {error}", "", self.table.span))
            return None
