"""A decision table as Python source: small strict ones rule by rule, all others by their index."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import groupby
from typing import assert_never

from ordain.engine.backends.plan import (
    OnNull,
    PlannedCell,
    PlannedRule,
    PlannedTable,
    conjuncts,
    is_held,
    whole_row,
)
from ordain.engine.backends.python.expressions import Expressions, function_of
from ordain.engine.backends.python.prepared import PreparedTable
from ordain.engine.errors import Span
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.signature import Signature
from ordain.engine.feel.syntax.tree import Call, Comparison, Literal, Name, Path
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import HitPolicy, Output
from ordain.engine.tables.hit_policies import ordering
from ordain.engine.tables.index import TableIndex
from ordain.engine.values.types import Kind, Type, Value

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
        self.reasons = self.read = ""
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
        self.define_reasons()
        missing = any(rule.missing is not None for rule in table.rules)
        if self.lenient or (len(table.rules) >= INDEXED and not missing):
            self.indexed(variable)
        elif table.hit_policy is HitPolicy.FIRST:
            self.first(variable)
        else:
            self.every(variable)

    def step(self, looked_at: object, fired: str, value: str, missing: str = "()") -> str:
        """Source that makes the step of this table and appends it."""
        return (
            f"steps.append(({self.constant(self.table)}, {looked_at}, {fired}, {value}, {missing}, {self.said(fired)}))"
        )

    def said(self, fired: str) -> str:
        """Source of the reasons with `{...}` of the rules that fired, each with its position."""
        if not self.reasons:
            return "()"
        return f"tuple([(n, {self.reasons}[n](at, z, steps{self.read}) ) for n in {fired} if n in {self.reasons}])"

    def define_reasons(self) -> None:
        """A function for each reason with `{...}`, and the mapping of their rules' positions to them."""
        told = {number: rule.told for number, rule in enumerate(self.table.rules) if rule.told is not None}
        if not told:
            return
        sources = {number: self.expressions.code(reason) for number, reason in told.items()}
        self.read = self.read_by(sources.values())
        names = {number: f"f{next(self.expressions.numbers)}" for number in told}
        for number, name in names.items():
            rule = self.table.rules[number]
            place = (f"the reason of rule `{rule.id}`", rule.span)
            self.define(f"def {name}(at, z, steps{self.read}): return {sources[number]}", place)
        self.reasons = f"told{next(self.expressions.numbers)}"
        mapped = ", ".join(f"{number}: {name}" for number, name in names.items())
        self.define(f"{self.reasons} = {{{mapped}}}")

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
        looked_up = self.prepared.plain and self.looked_up(self.prepared, variable, place)
        indent = "    else: " if looked_up else "    "
        self.line(f"{indent}n, h, {variable} = {decide}.decide(({asked}), (at, z, steps{names}))", place)
        self.hold_total(variable)
        self.line(f"    {self.step('n', 'h', variable)}")

    def looked_up(self, prepared: PreparedTable, variable: str, place: Place) -> bool:
        """Writes the lookup of a plain table without a call, where that can be: an `if`, whose `else` is `decide`."""
        constant, classes = self.constant, prepared.index.classes()
        tests, masks = [], []
        for number, of, (known, rest, search, bounds, between) in classes:
            value, held = self.columns[number], constant(known)
            tests.append(f"{value}.__class__ is {constant(of)}")
            searched = f"{constant(between)}[{constant(search)}({constant(bounds)}, {value})]"
            other = constant(rest) if search is None else searched
            masks.append(f"({held}[{value}] if {value} in {held} else {other})" if known else other)
        if classes:
            rows = constant(prepared.rows)
            self.line(f"    if {' and '.join(tests)} and (m := {' & '.join(masks)}):", place)
            self.line(f"        n = (m & -m).bit_length(); h = (n - 1,); {variable} = {rows}[n - 1]")
        return bool(classes)

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
        for case, rules in groupby(enumerate(self.plan.rules), lambda each: self.case(each[1])):
            together = list(rules)
            indent = "    "
            if case and len(together) > 1:
                self.line(f"    if {case}:")
                indent = "        "
            for number, rule in together:
                self.one_of_all(number, rule, indent)
        place = (f"`{table.name}`", table.span)
        match table.hit_policy:
            case HitPolicy.UNIQUE:
                self.line(f"    if len(h) > 1: several({constant}, h)", place)
            case HitPolicy.ANY:
                self.line(f"    if any(x != r[0] for x in r): differ({constant}, h)", place)
            case HitPolicy.PRIORITY:
                self.line(f"    if len(h) > 1: h, r = best({constant}, h, r)", place)
            case HitPolicy.OUTPUT_ORDER:
                self.line(f"    if len(h) > 1: h, r = {self.constant(ordering(table))}(h, r)", place)
            case HitPolicy.FIRST | HitPolicy.COLLECT | HitPolicy.RULE_ORDER:
                pass
            case _ as other:
                assert_never(other)
        otherwise = None if self.plan.otherwise is None else self.otherwise(self.plan.otherwise)
        if table.aggregation:
            instead = "" if otherwise is None else f" if r else {otherwise}"
            self.line(f"    {variable} = total({constant}, r){instead}", place)
            self.hold_total(variable)
        elif table.hit_policy.gives_list:
            instead = "" if otherwise is None else f" or ({otherwise},)"
            self.line(f"    {variable} = r{instead}", place)
        else:
            self.line(f"    if r: {variable} = r[0]", place)
            self.line(f"    else: {self.none_matched(variable)}", self.none_place())
        self.line(f"    {self.step(len(self.plan.rules), 'h', variable, 'm' if missing else '()')}")

    def one_of_all(self, number: int, rule: PlannedRule, indent: str) -> None:
        """The lines that try one rule of `every`."""
        place = (f"rule `{rule.rule.id}`", rule.rule.span)
        condition, row = self.condition(rule), self.row(rule)
        if rule.rule.missing is None:
            self.line(f"{indent}if {condition}: h += ({number},); r += ({row},)", place)
            return
        instead = self.constant(whole_row(self.table, rule.rule.missing))
        self.line(f"{indent}try:", place)
        self.line(f"{indent}    if {condition}: r += ({row},); h += ({number},)", place)
        self.line(f"{indent}except MissingValue as x:", place)
        self.line(f"{indent}    r += ({instead},); h += ({number},); m += (({number}, x.args[0]),)", place)

    def case(self, rule: PlannedRule) -> str:
        """What must hold so that a rule has to be tried at all; "" where that is not known. Rules of one case, such as
        those of one country, stand together, and of most cases none is tried.

        It is the first thing that a condition asks which may be null, if that is whether a text is equal to another.
        """
        if rule.condition is None or self.lenient or any(cell is not None for cell in rule.cells):
            return ""
        for part in conjuncts(rule.condition.tree):
            match part:
                case Comparison(
                    left=Call(signature=Signature(clock=True), arguments=()), right=Literal(value=dt.date())
                ):
                    continue  # whether it is in force today
                case Comparison(op="!=", left=Name(), right=Literal(value=None)):
                    continue  # whether a fact is there at all
                case Comparison(left=Name() | Path() as left, right=Literal()) if not left.type.optional:
                    continue  # what is never missing
                case Comparison(
                    op="=", left=Name(name=name, type=Type(kind=Kind.TEXT)), right=Literal(value=str() as text)
                ):
                    asked = self.expressions.names.get(name, "")
                    return f"{asked} is None or {asked} == {self.constant(text)}" if asked.isidentifier() else ""
            return ""
        return ""

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

    def hold_total(self, variable: str) -> None:
        """The line that holds what `aggregation` made to its range."""
        table = self.table
        if table.total_range is not None:
            held = f"held({self.constant(table.type)}, {variable}, {self.constant(table.name)})"
            self.line(f"    {held}", (f"`{table.name}`", table.span))

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
        parts = [self.given(part, output) for part, output in zip(gives, self.table.outputs, strict=True)]
        if self.table.single:
            return parts[0]
        names = (self.constant(output.name) for output in self.table.outputs)
        return "{" + ", ".join(f"{name}: {part}" for name, part in zip(names, parts, strict=True)) + "}"

    def given(self, expression: Checked, output: Output) -> str:
        """Source of an output; a computed one is held to what `gives` says of it when it is decided."""
        type = output.type
        source = self.expressions.code(expression, null_allowed=type.optional)
        if self.lenient:
            return f"z.convert({source}, {self.constant(type)}, {self.constant(expression.tree.span)})"
        if is_held(expression.tree, type):
            return source
        return f"held({self.constant(type)}, {source}, {self.constant(output.name or self.table.name)})"
