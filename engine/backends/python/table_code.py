"""A decision table as Python source: small strict ones rule by rule, all others by their index."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import assert_never

from ordain.engine.backends.plan import OnNull, PlannedCell, PlannedRule, PlannedTable, is_declared, whole_row
from ordain.engine.backends.python.expressions import Expressions, function_of
from ordain.engine.backends.python.prepared import PreparedTable
from ordain.engine.errors import Span
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import HitPolicy
from ordain.engine.tables.hit_policies import ordering
from ordain.engine.tables.index import TableIndex
from ordain.engine.values.types import Type, Value

INDEXED = 16
"""From so many rules on a strict table is looked up by its index; trying fewer one by one is faster."""

_NO_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_VARIABLE = re.compile(r"\b[vpc]\d+\b")

Place = tuple[str, Span]
Line = Callable[..., None]


class TableCode:
    """Writes one table. `line` takes a line of the function being written, `define` that of a function beside it."""

    def __init__(self, plan: PlannedTable, expressions: Expressions, *, line: Line, define: Line) -> None:
        self.plan, self.table, self.lenient, self.expressions = plan, plan.table, plan.lenient, expressions
        self.line, self.define = line, define
        self.constant = expressions.namespace.constant
        self.columns: list[str] = []
        self.prepared: PreparedTable | None = None
        self.cells: dict[tuple[int, int], Callable[..., Value]] = {}

    def write(self, variable: str) -> None:
        """The lines that decide the table into `variable` and append its step."""
        table = self.table
        for column in self.plan.columns:
            source = self.expressions.code(column.asked, null_allowed=True)
            if not source.isidentifier():
                name = f"c{next(self.expressions.numbers)}"
                self.line(f"    {name} = {source}", (f"column `{column.text}` of `{table.name}`", table.span))
                source = name
            self.columns.append(source)
        missing = any(rule.missing is not None for rule in table.rules)
        if self.lenient or (len(table.rules) >= INDEXED and not missing):
            self.indexed(variable)
        elif table.hit_policy is HitPolicy.FIRST:
            self.first(variable)
        else:
            self.every(variable)

    def step(self, looked_at: object, fired: str, value: str, missing: str = "()") -> str:
        """Source that makes the step of this table and appends it."""
        return f"steps.append(({self.constant(self.table)}, {looked_at}, {fired}, {value}, {missing}))"

    # --- by the index

    def indexed(self, variable: str) -> None:
        table, plan = self.table, self.plan
        index = TableIndex(
            [[None if cell is None else cell.plain for cell in rule.cells] for rule in plan.rules],
            [column.asks_null for column in plan.columns],
            lenient=self.lenient,
            answer=self.answer if self.lenient else None,
        )
        makers: dict[int, str] = {}
        tests: dict[int, str] = {}
        beside: dict[str, tuple[str, Place]] = {}

        def part(source: str, place: Place) -> str:
            name = f"f{next(self.expressions.numbers)}"
            beside[name] = (source, place)
            return name

        for number, rule in enumerate(plan.rules):
            place = (f"rule `{rule.rule.id}`", rule.rule.span)
            if test := self.rest_of(rule):
                tests[number] = part(test, place)
            if rule.row is None:
                makers[number] = part(self.computed_row(rule.gives), place)
        otherwise = None
        if plan.otherwise is not None:
            otherwise = part(self.otherwise(plan.otherwise), self.none_place())
        names = self.read_by(source for source, _ in beside.values())
        for name, (source, place) in beside.items():
            self.define(f"def {name}(at, z, steps{names}): return {source}", place)
        self.prepared = PreparedTable(plan, index, makers, tests, otherwise)
        decide = self.constant(self.prepared)
        asked = "".join(f"{column}, " for column in self.columns)
        place = (f"`{table.name}`", table.span)
        self.line(f"    n, h, {variable} = {decide}.decide(({asked}), (at, z, steps{names}))", place)
        self.line(f"    {self.step('n', 'h', variable)}")

    def answer(self, rule: int, column: int, value: Value) -> bool | None:
        """What one plain cell says of a value that cannot be looked up, such as a list."""
        cell = self.table.rules[rule].cells[column]
        if cell is None:
            return True
        if (rule, column) not in self.cells:
            self.cells[rule, column] = function_of(cell)
        answer = self.cells[rule, column](value, {}, _NO_TIME, Runtime([]))
        return answer if isinstance(answer, bool) else None

    def rest_of(self, rule: PlannedRule) -> str:
        """What the index leaves to be asked of one rule."""
        tests = [self.test(cell, number) for number in rule.others if (cell := rule.cells[number]) is not None]
        if rule.condition is not None:
            tests.append(self.expressions.code(rule.condition))
        return " and ".join(f"({test}) is True" for test in tests)

    def read_by(self, sources: Iterable[str]) -> str:
        """The local variables that any of these sources reads, as further parameters."""
        own = {*self.columns, *self.expressions.names.values()}
        words = {word for source in sources for word in _VARIABLE.findall(source) if word in own}
        return "".join(f", {word}" for word in sorted(words))

    # --- rule by rule

    def first(self, variable: str) -> None:
        """Rules in order until one matches."""
        for number, rule in enumerate(self.plan.rules):
            place = (f"rule `{rule.rule.id}`", rule.rule.span)
            self.line(f"    {'elif' if number else 'if'} {self.condition(rule)}:", place)
            self.line(f"        {variable} = {self.row(rule)}", place)
            self.line(f"        {self.step(number + 1, f'({number},)', variable)}")
        self.line("    else:" if self.plan.rules else "    if True:")
        self.line(f"        {self.none_matched(variable)}", self.none_place())
        self.line(f"        {self.step(len(self.plan.rules), '()', variable)}")

    def every(self, variable: str) -> None:
        """All rules; `h` are the positions of those that match, `r` their rows, `m` what they missed."""
        table, constant = self.table, self.constant(self.table)
        missing = any(rule.rule.missing is not None for rule in self.plan.rules)
        self.line("    h = r = m = ()" if missing else "    h = r = ()")  # few match: a list would be made to be copied
        for number, rule in enumerate(self.plan.rules):
            place = (f"rule `{rule.rule.id}`", rule.rule.span)
            condition, row = self.condition(rule), self.row(rule)
            if rule.rule.missing is None:
                self.line(f"    if {condition}: h += ({number},); r += ({row},)", place)
                continue
            instead = self.constant(whole_row(table, rule.rule.missing))
            self.line("    try:", place)
            self.line(f"        if {condition}: r += ({row},); h += ({number},)", place)
            self.line("    except MissingValue as x:", place)
            self.line(f"        r += ({instead},); h += ({number},); m += (({number}, x.args[0]),)", place)
        place = (f"`{table.name}`", table.span)
        match table.hit_policy:
            case HitPolicy.UNIQUE:
                self.line(f"    if len(h) > 1: several({constant}, h)", place)
            case HitPolicy.ANY:
                self.line(f"    if any(x != r[0] for x in r): differ({constant}, h)", place)
            case HitPolicy.PRIORITY:
                self.line(f"    if len(h) > 1: h, r = best({constant}, h, r)", place)
            case HitPolicy.OUTPUT_ORDER:
                self.line(f"    h, r = {self.constant(ordering(table))}(h, r)", place)
            case HitPolicy.FIRST | HitPolicy.COLLECT | HitPolicy.RULE_ORDER:
                pass
            case _ as other:
                assert_never(other)
        otherwise = None if self.plan.otherwise is None else self.otherwise(self.plan.otherwise)
        if table.aggregation:
            instead = "" if otherwise is None else f" if r else {otherwise}"
            self.line(f"    {variable} = total({constant}, r){instead}", place)
        elif table.hit_policy.gives_list:
            instead = "" if otherwise is None else f" or ({otherwise},)"
            self.line(f"    {variable} = r{instead}", place)
        else:
            self.line(f"    if r: {variable} = r[0]", place)
            self.line(f"    else: {self.none_matched(variable)}", self.none_place())
        self.line(f"    {self.step(len(self.plan.rules), 'h', variable, 'm' if missing else '()')}")

    def condition(self, rule: PlannedRule) -> str:
        """All cells and the condition. As in the index, a null matters only where no other plain cell fails."""
        plain: list[str] = []
        needed: list[str] = []
        rest: list[str] = []
        for number, (column, cell) in enumerate(zip(self.plan.columns, rule.cells, strict=True)):
            if cell is None:
                continue
            test = self.test(cell, number)
            if cell.plain is None:
                rest.append(test)
            elif column.nullable and cell.on_null is OnNull.NEEDED:
                source = self.columns[number]
                plain.append(f"({source} is None or {test})")
                needed.append(f"({source} is not None or need({self.constant(column.text)}))")
            else:
                plain.append(test)
        if rule.condition is not None:
            rest.append(self.expressions.code(rule.condition))
        return " and ".join((*plain, *needed, *rest)) or "True"

    def none_place(self) -> Place:
        name = f"`{self.table.name}`"
        return (name if self.plan.otherwise is None else f"`otherwise` of {name}", self.table.span)

    def none_matched(self, variable: str) -> str:
        if self.plan.otherwise is None:
            return f"no_rule({self.constant(self.table)})"
        return f"{variable} = {self.otherwise(self.plan.otherwise)}"

    # --- both ways

    def test(self, cell: PlannedCell, number: int) -> str:
        """Source of a cell, and of the rule that a column with a cell for null has."""
        column, source = self.plan.columns[number], self.columns[number]
        test = self.expressions.code(replace(cell.written, tree=cell.tree), input=source, asked=column.text)
        if not self.lenient and column.nullable and column.asks_null and not cell.asks_null:
            return f"({source} is not None and {test})"
        return test

    def row(self, rule: PlannedRule) -> str:
        return self.computed_row(rule.gives) if rule.row is None else self.constant(rule.row)

    def otherwise(self, gives: tuple[Checked, ...]) -> str:
        row = self.plan.otherwise_row
        return self.computed_row(gives) if row is None else self.constant(row)

    def computed_row(self, gives: tuple[Checked, ...]) -> str:
        parts = [self.given(part, output.type) for part, output in zip(gives, self.table.outputs, strict=True)]
        if self.table.single:
            return parts[0]
        names = (self.constant(output.name) for output in self.table.outputs)
        return "{" + ", ".join(f"{name}: {part}" for name, part in zip(names, parts, strict=True)) + "}"

    def given(self, expression: Checked, type: Type) -> str:
        """Source of an output; a computed one is held to the declared values when it is decided."""
        source = self.expressions.code(expression, null_allowed=type.optional)
        if self.lenient:
            return f"z.convert({source}, {self.constant(type)}, {self.constant(expression.tree.span)})"
        if is_declared(expression.tree, type):
            return source
        return f"declared({self.constant(type.values)}, {source})"
