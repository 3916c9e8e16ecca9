"""A decision table as Python source: small strict ones rule by rule, all others by their index."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from ordain.engine.backends.python.expressions import Expressions, constant_value, function_of
from ordain.engine.backends.python.prepared import PreparedTable
from ordain.engine.errors import Span
from ordain.engine.feel.functions.folding import folded
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.syntax.tree import Expr, Literal, Name, changed
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import HitPolicy, Rule, Table
from ordain.engine.tables.cells import asks_null, plain_cell
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

    def __init__(
        self,
        table: Table,
        expressions: Expressions,
        constants: Mapping[str, tuple[Type, Value]],
        *,
        lenient: bool,
        line: Line,
        define: Line,
    ) -> None:
        self.table, self.expressions, self.lenient = table, expressions, lenient
        self.constants = constants
        self.line, self.define = line, define
        self.constant = expressions.namespace.constant
        self.asks_null = [_asks_for_null(table, number) for number in range(len(table.columns))]
        self.columns: list[str] = []
        self.prepared: PreparedTable | None = None
        self.cells: dict[tuple[int, int], Callable[..., Value]] = {}

    def write(self, variable: str) -> None:
        """The lines that decide the table into `variable` and append its step."""
        table = self.table
        for column in table.columns:
            source = self.expressions.code(column.expression, null_allowed=True)
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

    # --- by the index

    def indexed(self, variable: str) -> None:
        table = self.table
        cells = [[self.settled(cell) if cell is not None else None for cell in rule.cells] for rule in table.rules]
        index = TableIndex(
            cells,
            asks_null=self.asks_null,
            lenient=self.lenient,
            answer=self.answer if self.lenient else None,
        )
        rows: list[Value] = []
        makers: dict[int, str] = {}
        tests: dict[int, str] = {}
        beside: dict[str, tuple[str, Place]] = {}

        def part(source: str, place: Place) -> str:
            name = f"f{next(self.expressions.numbers)}"
            beside[name] = (source, place)
            return name

        for number, rule in enumerate(table.rules):
            place = (f"rule `{rule.id}`", rule.span)
            if test := self.rest_of(index.others.get(number, ()), rule):
                tests[number] = part(test, place)
            row = self.constant_row(rule.gives)
            rows.append(row)
            if row is None:
                makers[number] = part(self.row(rule.gives), place)
        otherwise = None
        if table.otherwise is not None:
            otherwise = part(self.row(table.otherwise), self.none_place())
        names = self.read_by(source for source, _ in beside.values())
        for name, (source, place) in beside.items():
            self.define(f"def {name}(at, z, steps{names}): return {source}", place)
        self.prepared = PreparedTable(table, cells, index, tuple(rows), makers, tests, otherwise, self.lenient)
        decide = self.constant(self.prepared)
        asked = "".join(f"{column}, " for column in self.columns)
        place = (f"`{table.name}`", table.span)
        self.line(f"    n, h, {variable} = {decide}.decide(({asked}), (at, z, steps{names}))", place)
        self.line(f"    steps.append(({self.constant(table)}, n, h, {variable}, ()))")

    def answer(self, rule: int, column: int, value: Value) -> bool | None:
        """What one plain cell says of a value that cannot be looked up, such as a list."""
        cell = self.table.rules[rule].cells[column]
        if cell is None:
            return True
        if (rule, column) not in self.cells:
            self.cells[rule, column] = function_of(cell)
        found = self.cells[rule, column](value, {}, _NO_TIME, Runtime([]))
        return found if isinstance(found, bool) else None

    def rest_of(self, columns: Sequence[int], rule: Rule) -> str:
        """What the index leaves to be asked of one rule."""
        tests = []
        for number in columns:
            cell = rule.cells[number]
            if cell is not None:
                tests.append(self.test(cell, number, guarded=True))
        if rule.condition is not None:
            tests.append(self.expressions.code(rule.condition))
        return " and ".join(f"({test}) is True" for test in tests)

    def read_by(self, sources: Iterable[str]) -> str:
        """The local variables that any of these sources reads, as further parameters."""
        own = {*self.columns, *self.expressions.names.values()}
        found = {word for source in sources for word in _VARIABLE.findall(source) if word in own}
        return "".join(f", {word}" for word in sorted(found))

    # --- rule by rule

    def first(self, variable: str) -> None:
        """Rules in order until one matches; `h` is its position, -1 when none did."""
        table = self.table
        self.line("    while True:")
        for number, rule in enumerate(table.rules):
            place = (f"rule `{rule.id}`", rule.span)
            self.line(f"        if {self.condition(rule)}:", place)
            self.line(f"            h = {number}; {variable} = {self.row(rule.gives)}; break", place)
        self.line(f"        h = -1; {self.none_matched(variable)}; break", self.none_place())
        size = len(table.rules)
        fired = self.constant((*((number,) for number in range(size)), ()))
        looked_at = f"h + 1 if h >= 0 else {size}"
        self.line(f"    steps.append(({self.constant(table)}, {looked_at}, {fired}[h], {variable}, ()))")

    def every(self, variable: str) -> None:
        """All rules; `h` are the positions of those that match, `r` their rows, `m` what they missed."""
        table, constant = self.table, self.constant(self.table)
        self.line("    h = []; r = []; m = []")
        for number, rule in enumerate(table.rules):
            place = (f"rule `{rule.id}`", rule.span)
            condition, row = self.condition(rule), self.row(rule.gives)
            if rule.missing is None:
                self.line(f"    if {condition}: h.append({number}); r.append({row})", place)
                continue
            instead = self.constant(_whole_row(table, rule.missing))
            self.line("    try:", place)
            self.line(f"        if {condition}: r.append({row}); h.append({number})", place)
            self.line("    except MissingValue as x:", place)
            self.line(f"        r.append({instead}); h.append({number}); m.append(({number}, x.args[0]))", place)
        place = (f"`{table.name}`", table.span)
        match table.hit_policy:
            case HitPolicy.UNIQUE:
                self.line(f"    if len(h) > 1: several({constant}, h)", place)
            case HitPolicy.ANY:
                self.line(f"    if any(x != r[0] for x in r): differ({constant}, h)", place)
            case HitPolicy.PRIORITY:
                self.line(f"    if len(h) > 1: h, r = best({constant}, h, r)", place)
            case HitPolicy.OUTPUT_ORDER:
                self.line(f"    h, r = ordered({constant}, h, r)", place)
        if table.aggregation:
            otherwise = "" if table.otherwise is None else f" if r else {self.row(table.otherwise)}"
            self.line(f"    {variable} = total({constant}, r){otherwise}", place)
        elif table.hit_policy.gives_list:
            otherwise = "" if table.otherwise is None else f" or ({self.row(table.otherwise)},)"
            self.line(f"    {variable} = tuple(r){otherwise}", place)
        else:
            self.line(f"    if r: {variable} = r[0]", place)
            self.line(f"    else: {self.none_matched(variable)}", self.none_place())
        size = len(table.rules)
        self.line(f"    steps.append(({constant}, {size}, tuple(h), {variable}, tuple(m)))")

    def condition(self, rule: Rule) -> str:
        """All cells and the condition. As in the index, a null matters only where no other plain cell fails."""
        plain: list[str] = []
        needed: list[str] = []
        rest: list[str] = []
        for number, (column, cell) in enumerate(zip(self.table.columns, rule.cells, strict=True)):
            if cell is None:
                continue
            test = self.test(cell, number, guarded=True)
            form = plain_cell(self.settled(cell), lenient=False)
            if form is None:
                rest.append(test)
            elif column.expression.type.optional and not self.asks_null[number] and form.on_null is None:
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
        return (name if self.table.otherwise is None else f"`otherwise` of {name}", self.table.span)

    def none_matched(self, variable: str) -> str:
        if self.table.otherwise is None:
            return f"no_rule({self.constant(self.table)})"
        return f"{variable} = {self.row(self.table.otherwise)}"

    # --- both ways

    def settled(self, cell: Checked) -> Expr:
        """The cell with everything known beforehand as a literal: constants, and dates written as `date("...")`."""

        def literal(node: Expr) -> Expr:
            if isinstance(node, Name) and node.name in self.constants:
                of, value = self.constants[node.name]
                return Literal(node.span, value, of)
            return folded(node, self.expressions.names) or node

        return changed(cell.tree, literal)

    def test(self, cell: Checked, number: int, *, guarded: bool) -> str:
        column, source = self.table.columns[number], self.columns[number]
        test = self.expressions.code(cell, input=source, asked=column.text)
        nullable = not self.lenient and column.expression.type.optional and self.asks_null[number]
        if guarded and nullable and not asks_null(cell.tree):
            # The column has a rule for null, so its other rules are known not to match it.
            return f"({source} is not None and {test})"
        return test

    def constant_row(self, gives: tuple[Checked, ...]) -> Value:
        """The row when it is known beforehand, otherwise None."""
        literal = [constant_value(part) for part in gives]
        typed = self.lenient and any(output.type.kind != "any" for output in self.table.outputs)
        if typed or not all(is_literal and value is not None for is_literal, value in literal):
            return None
        return _whole_row(self.table, tuple(value for _, value in literal))

    def row(self, gives: tuple[Checked, ...]) -> str:
        row = self.constant_row(gives)
        if row is not None:
            return self.constant(row)
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
        if not type.values or isinstance(expression.tree, Literal):
            return source
        return f"declared({self.constant(type.values)}, {source})"


def _whole_row(table: Table, values: tuple[Value, ...]) -> Value:
    if table.single:
        return values[0]
    return {output.name: value for output, value in zip(table.outputs, values, strict=True)}


def _asks_for_null(table: Table, column: int) -> bool:
    cells = (rule.cells[column] for rule in table.rules)
    return any(cell is not None and asks_null(cell.tree) for cell in cells)
