"""A whole policy as one Python function, compiled once per version.

`run(v, at, steps, z)` reads facts from the dict `v`, puts each decision's value back into it under the decision's
name, and appends one step per decision, as `Trail` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import CodeType, TracebackType

from ordain.engine.backends.plan import PlannedFormula, PlannedTable, PolicyPlan, is_held, plan_policy
from ordain.engine.backends.python.expressions import Expressions
from ordain.engine.backends.python.table_code import TableCode
from ordain.engine.backends.python.writing import Namespace
from ordain.engine.errors import CalculationFailed, CustomerDataIncomplete, Issue, PolicyError, Span
from ordain.engine.feel.runtime.calls import STRICT, TOO_DEEP, Runtime
from ordain.engine.feel.runtime.missing import MissingValue
from ordain.engine.feel.runtime.nulls import reason
from ordain.engine.feel.runtime.work import OVER_THE_LIMIT, TOO_MUCH_WORK
from ordain.engine.feel.syntax.tree import Function
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import Policy, TableFunction
from ordain.engine.step import Step, Trail, steps_of
from ordain.engine.tables.hit_policies import HIT_POLICIES
from ordain.engine.values.types import FunctionValue, Kind, Value


@dataclass(frozen=True, slots=True, eq=False)
class CompiledPolicy:
    """A policy ready to decide. Two are the same only if they are one object: what is known of one is kept for it."""

    policy: Policy
    plan: PolicyPlan
    function: Callable[[dict[str, Value], datetime, Trail, Runtime], None]
    code: CodeType
    places: dict[int, tuple[str, Span]]
    asks_runtime: bool
    """Whether the source calls the runtime at all; one whose types are all known, and that has no loop, does not."""

    def run(self, values: dict[str, Value], at: datetime, steps: list[Step], faults: list[Issue] | None = None) -> int:
        """As `decide`, with the steps as such, those before an error too."""
        trail: Trail = []
        try:
            return self.decide(values, at, trail, faults)
        finally:
            steps.extend(steps_of(trail))

    def decide(
        self,
        values: dict[str, Value],
        at: datetime,
        trail: Trail,
        faults: list[Issue] | None = None,
        work: int = LIMITS.work,
    ) -> int:
        """Decides with so many units of work, and gives what is left of them.

        Raises DecisionError or CustomerDataIncomplete, naming policy, rule and place.

        A lenient policy raises nothing of what its expressions do: it appends to `faults` why a value is null.
        """
        if not self.asks_runtime:
            runtime = STRICT
        else:
            runtime = Runtime(([] if faults is None else faults) if self.policy.lenient else None, work)
        try:
            self.function(values, at, trail, runtime)
        except MissingValue as missing:
            label, span = self.place(missing.__traceback__)
            fact = str(missing.args[0])
            message = f"{label} needs `{fact}`, which is missing"
            hint = f"send it, or add a rule for a missing `{fact}`"
            raise CustomerDataIncomplete(Issue(message, hint, span, fact)) from None
        except CalculationFailed as failed:
            issue = failed.issues[0]
            if issue.span is not None:
                raise
            label, span = self.place(failed.__traceback__)
            why = OVER_THE_LIMIT if issue.message == TOO_MUCH_WORK else issue.message
            raise CalculationFailed(Issue(f"{label} cannot be calculated: {why}", issue.hint, span)) from None
        except (ArithmeticError, ValueError, TypeError, RecursionError) as fault:
            label, span = self.place(fault.__traceback__)
            why = TOO_DEEP if isinstance(fault, RecursionError) else reason(fault, recorded=self.policy.lenient)
            raise CalculationFailed(Issue(f"{label} cannot be calculated: {why}", "", span)) from None
        return runtime.left if self.asks_runtime else work

    def place(self, traceback: TracebackType | None) -> tuple[str, Span]:
        """Which rule was being decided when it went wrong: each has lines of the generated code of its own."""
        line = 0
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self.code.co_filename:
                line = traceback.tb_lineno
            traceback = traceback.tb_next
        return self.places.get(line, (f"`{self.policy.label}`", self.policy.span))


def compile_policy(policy: Policy) -> CompiledPolicy:
    """The policy as a function. Raises PolicyError when an expression is too deep for Python's own compiler."""
    return _PolicyCode(policy).compile()


Place = tuple[str, Span]


class _PolicyCode:
    def __init__(self, policy: Policy) -> None:
        self.policy, self.plan = policy, plan_policy(policy)
        self.namespace = Namespace()
        self.namespace.values.update(HIT_POLICIES)
        self.body: list[tuple[str, Place | None]] = []
        self.beside: list[tuple[str, Place | None]] = []
        self.tables: list[TableCode] = []
        constants = {name: self.namespace.constant(value) for name, (_, value) in policy.constants.items()}
        decided = (decision.name for decision in policy.decisions)
        self.variables = {name: f"v{number}" for number, name in enumerate(dict.fromkeys((*policy.reads, *decided)))}
        self.functions = {function.name: f"t{number}" for number, function in enumerate(policy.functions)}
        called = {function.name: f"({self.maker(function)})" for function in policy.functions}
        names = {**constants, **self.variables, **called}
        self.expressions = Expressions(self.namespace, names, policy.types)

    def compile(self) -> CompiledPolicy:
        self.line("def run(v, at, steps, z):")
        for name in self.policy.reads:
            self.line(f"    {self.variables[name]} = v[{name!r}]")
        for decision in self.plan.decisions:
            if isinstance(decision, PlannedFormula):
                self.formula(decision)
            else:
                name = decision.table.name
                self.table(decision, self.expressions, self.variables[name])
                self.line(f"    v[{name!r}] = {self.variables[name]}")
        for requirement, expression in self.plan.must_hold:
            place = (f"requirement `{requirement.id}`", requirement.span)
            self.line(f"    if not {self.expressions.code(expression)}:", place)
            said = "" if requirement.told is None else f", {self.expressions.code(requirement.told)}"
            self.line(f"        broken({self.namespace.constant(requirement)}{said})", place)
        self.line("    pass")
        for function, table in self.plan.functions:
            self.table_function(function, table)
        lines = [*self.body, *self.beside]
        places = {number: place for number, (_, place) in enumerate(lines, start=1) if place is not None}
        try:
            code = compile("\n".join(text for text, _ in lines) + "\n", f"<{self.policy.label}>", "exec")
        except (SyntaxError, RecursionError, MemoryError) as error:
            place = places.get(getattr(error, "lineno", 0) or 0, (f"`{self.policy.label}`", self.policy.span))
            hint = "name a part of it as a decision of its own"
            raise PolicyError(Issue(f"{place[0]} is nested too deeply", hint, place[1])) from None
        # The source holds only names that this package made; see the docstring of backends/python/writing.py.
        exec(code, self.namespace.values)  # noqa: S102 - checked source only
        for written in self.tables:
            if written.prepared is not None:
                written.prepared.bind(self.namespace.values)
        asks_runtime = self.policy.lenient or any("z." in text for text, _ in lines)
        return CompiledPolicy(self.policy, self.plan, self.namespace.values["run"], code, places, asks_runtime)

    def line(self, text: str, place: Place | None = None) -> None:
        self.body.append((text, place))

    def define(self, text: str, place: Place | None = None) -> None:
        self.beside.append((text, place))

    def formula(self, planned: PlannedFormula) -> None:
        decision, expression = planned.formula, planned.expression
        variable, constant = self.variables[decision.name], self.namespace.constant
        place = (f"`{decision.name}`", decision.span)
        if decision.fault is not None:
            source = f"z.report({constant(decision.fault)})"
        else:
            source = self.expressions.code(expression, null_allowed=decision.type.optional)
        if self.policy.lenient:
            if decision.type.kind is not Kind.ANY:
                source = f"z.convert({source}, {constant(decision.type)}, {constant(decision.span)})"
            source = f"z.kept({source}, {constant(decision.span)})"
        elif decision.type.kind in (Kind.LIST, Kind.CONTEXT, Kind.ANY):
            source = f"z.kept({source}, {constant(decision.span)})"
        if not self.policy.lenient and not is_held(expression.tree, decision.type):
            source = f"held({constant(decision.type)}, {source}, {constant(decision.name)})"
        self.line(f"    v[{decision.name!r}] = {variable} = {source}", place)
        if not isinstance(expression.tree, Function):
            said = "()" if decision.told is None else f"((0, {self.expressions.code(decision.told)}),)"
            self.line(f"    steps.append(({constant(decision)}, 0, (), {variable}, (), {said}))", place)

    def table(self, table: PlannedTable, expressions: Expressions, variable: str) -> None:
        code = TableCode(table, expressions, line=self.line, define=self.define)
        self.tables.append(code)
        code.write(variable)

    def maker(self, function: TableFunction) -> str:
        """Source of a table's function, made with the values that it reads besides its parameters."""
        read = dict.fromkeys(self.variables[name] for name in function.reads if name in self.variables)
        return f"{self.functions[function.name]}({', '.join(('at, z, steps', *read))})"

    def table_function(self, function: TableFunction, table: PlannedTable) -> None:
        """A table inside an expression: a function of its own."""
        names: Mapping[str, str] = {name: f"p{number}" for number, name in enumerate(function.parameters)}
        main, self.body = self.body, []
        self.table(table, self.expressions.knowing({**self.around(function), **names}), "decided")
        lines, self.body = self.body, main
        self.define(f"def {self.maker(function)}:")
        self.define(f"    def called({', '.join(names.values())}):")
        for text, place in (*self.taken(function, names), *lines):
            self.define(f"    {text}", place)
        self.define("        return decided")
        call = self.namespace.constant(_named(tuple(names)))
        self.define(f"    return {call}(called)")

    def around(self, function: TableFunction) -> Mapping[str, str]:
        """What the table of a policy's own function may read besides its parameters."""
        return self.expressions.names if function.takes else {}

    def taken(self, function: TableFunction, names: Mapping[str, str]) -> Iterator[tuple[str, Place]]:
        """The lines that count a call of a policy's own function, and hold what it is given to the declared types."""
        constant, table = self.namespace.constant, function.table
        place = (f"`{table.name}`", table.span)
        if function.takes:
            yield f"    z.spend({LIMITS.call_of_table + len(table.rules)})", place
        for name, type in function.takes.items():
            if not type.optional:
                yield f"    if {names[name]} is None: need({constant(name)})", place
            if type.values or type.limits is not None:
                yield f"    held({constant(type)}, {names[name]}, {constant(name)})", place


def _named(parameters: tuple[str, ...]) -> Callable[[Callable[..., Value]], FunctionValue]:
    return lambda call: FunctionValue(parameters, call)
