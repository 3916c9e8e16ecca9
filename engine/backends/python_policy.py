"""A whole policy as one Python function, compiled once per version.

`run(v, at, steps)` reads facts from the dict `v`, puts each decision's value back into it under the decision's
name, and appends one step per decision: `(decision, looked_at, fired, value, missing)`, with the number of rules
looked at, the positions of those that fired, the value, and for compliance the fact each of them missed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import CodeType, TracebackType

from engine.backends.hit_policies import HIT_POLICIES
from engine.backends.python import Expressions, MissingValue, Namespace, constant_value
from engine.errors import CalculationFailed, CustomerDataIncomplete, Issue, Span
from engine.feel.tree import Literal, Logic, Matches
from engine.feel.types import Checked
from engine.policy import Decision, Formula, HitPolicy, Policy, Rule, Table
from engine.values import Type, Value

RawStep = tuple[Decision, int, tuple[int, ...], Value, tuple[tuple[int, str], ...]]


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    policy: Policy
    function: Callable[[dict[str, Value], datetime, list[RawStep]], None]
    code: CodeType
    places: dict[int, tuple[str, Span]]

    def run(self, values: dict[str, Value], at: datetime, steps: list[RawStep]) -> None:
        """Decides. Raises DecisionError or CustomerDataIncomplete, naming policy, rule and place."""
        try:
            self.function(values, at, steps)
        except MissingValue as missing:
            label, span = self.place(missing.__traceback__)
            message = f"`{missing.args[0]}` is missing, and {label} needs it"
            fact = str(missing.args[0])
            raise CustomerDataIncomplete(Issue(message, "send it, or make the rule ask for null", span, fact)) from None
        except (ArithmeticError, ValueError, TypeError) as fault:
            label, span = self.place(fault.__traceback__)
            message = f"{label} cannot be calculated: {_fault(fault)}"
            raise CalculationFailed(Issue(message, "", span)) from None

    def place(self, traceback: TracebackType | None) -> tuple[str, Span]:
        """Which rule was being decided when it went wrong: each has lines of the generated code of its own."""
        line = 0
        while traceback is not None:
            if traceback.tb_frame.f_code is self.code:
                line = traceback.tb_lineno
            traceback = traceback.tb_next
        return self.places.get(line, (f"`{self.policy.label}`", self.policy.span))


def _fault(fault: Exception) -> str:
    name = type(fault).__name__
    if isinstance(fault, ZeroDivisionError):
        return "it divides by zero"
    if name == "InvalidOperation":
        return "the numbers have no such result"
    if name == "Overflow" or (isinstance(fault, OverflowError) and "too large to convert" in str(fault)):
        return "the number is too large"
    return "the date is out of the calendar" if "date value" in str(fault) else str(fault)


def compile_policy(policy: Policy) -> CompiledPolicy:
    return _Writer(policy).compile()


class _Writer:
    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.namespace = Namespace()
        self.namespace.values.update(HIT_POLICIES)
        self.lines: list[str] = []
        self.null_columns: set[int] = set()
        self.places: dict[int, tuple[str, Span]] = {}
        constants = {name: self.namespace.constant(value) for name, (_, value) in policy.constants.items()}
        decided = (decision.name for decision in policy.decisions)
        variables = {name: f"v{number}" for number, name in enumerate((*policy.reads, *decided))}
        self.variables = variables
        self.expressions = Expressions(self.namespace, {**constants, **variables})

    def compile(self) -> CompiledPolicy:
        self.line("def run(v, at, steps):")
        for name in self.policy.reads:
            self.line(f"    {self.variables[name]} = v[{name!r}]")
        for decision in self.policy.decisions:
            if isinstance(decision, Formula):
                self.formula(decision)
            else:
                self.table(decision)
        for requirement in self.policy.must_hold:
            place = (f"requirement `{requirement.id}`", requirement.span)
            self.line(f"    if not {self.expressions.code(requirement.expression)}:", place)
            self.line(f"        broken({self.namespace.constant(requirement)})", place)
        code = compile("\n".join(self.lines) + "\n", f"<{self.policy.label}>", "exec")
        # The source holds only names that this module made; see the docstring of backends/python.py.
        exec(code, self.namespace.values)  # noqa: S102 - checked source only
        function = self.namespace.values["run"]
        return CompiledPolicy(self.policy, function, function.__code__, self.places)

    def line(self, text: str, place: tuple[str, Span] | None = None) -> None:
        self.lines.append(text)
        if place is not None:
            self.places[len(self.lines)] = place

    def formula(self, decision: Formula) -> None:
        variable = self.variables[decision.name]
        place = (f"`{decision.name}`", decision.span)
        source = self.given(decision.expression, decision.type)
        self.line(f"    v[{decision.name!r}] = {variable} = {source}", place)
        self.line(f"    steps.append(({self.namespace.constant(decision)}, 0, (), {variable}, ()))")

    def table(self, table: Table) -> None:
        columns = []
        self.null_columns = {n for n in range(len(table.columns)) if _asks_for_null(table, n)}
        for number, column in enumerate(table.columns):
            source = self.expressions.code(column.expression, null_allowed=True)
            if not source.isidentifier():
                self.line(f"    c{number} = {source}", (f"column `{column.text}` of `{table.name}`", table.span))
                source = f"c{number}"
            columns.append(source)
        if table.hit_policy is HitPolicy.FIRST:
            self.first(table, columns)
        else:
            self.every(table, columns)

    def first(self, table: Table, columns: list[str]) -> None:
        """Rules in order until one matches; `h` is its position, -1 when none did."""
        variable = self.variables[table.name]
        self.line("    while True:")
        for number, rule in enumerate(table.rules):
            place = (f"rule `{rule.id}`", rule.span)
            self.line(f"        if {self.condition(table, rule, columns)}:", place)
            self.line(f"            h = {number}; {variable} = {self.row(table, rule.gives)}; break", place)
        self.line(f"        h = -1; {self.none_matched(table)}; break", (f"`{table.name}`", table.span))
        constant = self.namespace.constant(table)
        size = len(table.rules)
        fired = self.namespace.constant((*((number,) for number in range(size)), ()))
        self.line(f"    v[{table.name!r}] = {variable}")
        self.line(f"    steps.append(({constant}, h + 1 if h >= 0 else {size}, {fired}[h], {variable}, ()))")

    def every(self, table: Table, columns: list[str]) -> None:
        """All rules; `h` are the positions of those that match, `r` their rows, `m` what they missed."""
        variable, constant = self.variables[table.name], self.namespace.constant(table)
        self.line("    h = []; r = []; m = []")
        for number, rule in enumerate(table.rules):
            place = (f"rule `{rule.id}`", rule.span)
            condition, row = self.condition(table, rule, columns), self.row(table, rule.gives)
            if rule.missing is None:
                self.line(f"    if {condition}: h.append({number}); r.append({row})", place)
                continue
            instead = self.namespace.constant(_whole_row(table, rule.missing))
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
            otherwise = "" if table.otherwise is None else f" if r else {self.row(table, table.otherwise)}"
            self.line(f"    {variable} = total({constant}, r){otherwise}", place)
        elif table.hit_policy.gives_list:
            otherwise = "" if table.otherwise is None else f" or ({self.row(table, table.otherwise)},)"
            self.line(f"    {variable} = tuple(r){otherwise}", place)
        else:
            self.line(f"    if r: {variable} = r[0]", place)
            self.line(f"    else: {self.none_matched(table)}", place)
        self.line(f"    v[{table.name!r}] = {variable}")
        size = len(table.rules)
        self.line(f"    steps.append(({constant}, {size}, tuple(h), {variable}, tuple(m)))")

    def condition(self, table: Table, rule: Rule, columns: list[str]) -> str:
        tests = []
        for number, (column, source, cell) in enumerate(zip(table.columns, columns, rule.cells, strict=True)):
            if cell is not None:
                tests.append(self.expressions.code(cell, input=source, asked=column.text))
                if column.expression.type.optional and number in self.null_columns and not _is_null_test(cell):
                    # The column has a rule for null, so its other rules are known not to match it.
                    tests[-1] = f"({source} is not None and {tests[-1]})"
        if rule.condition is not None:
            tests.append(self.expressions.code(rule.condition))
        return " and ".join(tests) or "True"

    def row(self, table: Table, gives: tuple[Checked, ...]) -> str:
        literal = [constant_value(part) for part in gives]
        if all(is_literal for is_literal, _ in literal):
            row = _whole_row(table, tuple(value for _, value in literal))
            return self.namespace.constant(row)
        parts = [self.given(part, output.type) for part, output in zip(gives, table.outputs, strict=True)]
        if table.single:
            return parts[0]
        names = (self.namespace.constant(output.name) for output in table.outputs)
        return "{" + ", ".join(f"{name}: {part}" for name, part in zip(names, parts, strict=True)) + "}"

    def given(self, expression: Checked, type: Type) -> str:
        """Source of an output; a computed one is held to the declared values when it is decided."""
        source = self.expressions.code(expression, null_allowed=type.optional)
        if not type.values or isinstance(expression.tree, Literal):
            return source
        return f"declared({self.namespace.constant(type.values)}, {source})"

    def none_matched(self, table: Table) -> str:
        if table.otherwise is None:
            return f"no_rule({self.namespace.constant(table)})"
        return f"{self.variables[table.name]} = {self.row(table, table.otherwise)}"


def _whole_row(table: Table, values: tuple[Value, ...]) -> Value:
    if table.single:
        return values[0]
    return {output.name: value for output, value in zip(table.outputs, values, strict=True)}


def _is_null_test(cell: Checked) -> bool:
    """Whether a cell holds for null: it says `null`, alone or among others."""
    tests = cell.tree.operands if isinstance(cell.tree, Logic) and cell.tree.op == "or" else (cell.tree,)
    return any(
        isinstance(test, Matches) and isinstance(test.candidate, Literal) and test.candidate.value is None
        for test in tests
    )


def _asks_for_null(table: Table, column: int) -> bool:
    cells = (rule.cells[column] for rule in table.rules)
    return any(cell is not None and _is_null_test(cell) for cell in cells)
