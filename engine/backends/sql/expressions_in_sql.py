"""Expressions as SQL terms: one exhaustive match over the tree, as the strict Python reading has it.

Flags are tried from the left, so a fault counts only where the Python reading would have come to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from sqlglot import exp

from ordain.engine.backends.digits import reciprocal
from ordain.engine.backends.plan import is_null_test, null_first
from ordain.engine.backends.python.expressions import function_of
from ordain.engine.backends.sql import functions_in_sql as functions
from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.choices_in_sql import chosen, first_row, joined, single
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.faults import Faults
from ordain.engine.backends.sql.layers import Layers
from ordain.engine.backends.sql.not_in_sql import REFUSED, Unsupported
from ordain.engine.backends.sql.operations_in_sql import EMITTERS, Setting
from ordain.engine.backends.sql.sql_terms import (
    FALSE,
    Fields,
    Items,
    Rows,
    Sql,
    Term,
    Value,
    all_of,
    any_of,
    binary,
    case,
    first_of,
    is_null,
    negated,
    text,
    whole,
    with_fault,
)
from ordain.engine.backends.sql.written_in_sql import written
from ordain.engine.errors import CalculationFailed, NotThatType
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.functions.operators import operation_name
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.runtime.missing import MissingValue
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr, Node
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.values.types import Kind, Type


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may read: terms by name, and, of a fact of few values, which those are."""

    values: Mapping[str, Value]
    known: Mapping[str, Iterable[str]]
    at: dt.datetime
    dialect: Dialect
    faults: Faults
    layers: Layers


@dataclass(frozen=True, slots=True)
class Expressions:
    """Writes expressions of one place, such as a rule; `input` is the value of `?`, and `asked` what people call it."""

    scope: Scope
    place: str
    input: Value | None = None
    asked: str = ""
    own: Mapping[str, Value] = field(default_factory=dict)

    @property
    def dialect(self) -> Dialect:
        return self.scope.dialect

    @property
    def setting(self) -> Setting:
        return Setting(
            self.scope.dialect, self.scope.faults, self.place, lambda term: self.scope.layers.named(term, "x")
        )

    def of(self, node: Expr, *, null_allowed: bool = False) -> Value:
        """The term of a node; unless null is allowed, with a fault where it is null. Raises Unsupported."""
        value = self._tried(node, null_allowed)
        if null_allowed or not (node.type.optional or node.type.kind is Kind.NULL):
            return value
        if isinstance(node, tree.If):
            return value  # its branches are guarded, and not itself
        asked = self.asked if isinstance(node, tree.Input) else node.span.text
        lacks = whole(self.scope.faults.lacks(self.place, asked))
        match value:
            case Sql(quotient=None):
                return replace(value, fault=first_of((value.fault, case([(is_null(value.value), lacks)]))))
            case Fields(absent=Term() as absent):
                return replace(value, fault=first_of((value.fault, case([(absent, lacks)]))))
            case _:
                return value

    def flag(self, checked: Checked) -> Sql:
        """A condition."""
        return single(self.of(checked.tree))

    def asking(self, value: Value, asked: str) -> Expressions:
        """The same with another value for `?`."""
        return replace(self, input=value, asked=asked)

    def _tried(self, node: Expr, null_allowed: bool) -> Value:
        """The term, or what the Python reading finds for all that it may depend on, where that is little."""
        names = self._read_names(node)
        if not isinstance(node, tree.Literal) and names is not None and not names and _is_call(node):
            return self.literal(self._worked_out(node, {}), node.type)
        try:
            if isinstance(node, tree.If):
                return self._choice(node, null_allowed)
            return self._bare(node)  # type: ignore[arg-type]
        except Unsupported as why:
            if names is not None and len(names) <= 1:
                found = self._by_value(node, names[0]) if names else self.literal(self._worked_out(node, {}), node.type)
                if found is not None:
                    return found
            raise why.at(node.span) from None

    def _read_names(self, node: Expr) -> list[str] | None:
        """The facts and decisions it reads; None: it depends on `?`, or on a name of its own."""
        if any(isinstance(part, tree.Input) for part in tree.walk(node)) and not isinstance(node, tree.In):
            return None
        read = list(dict.fromkeys(tree.names(node)))
        names = [name for name in read if name in self.scope.values]
        # A name that is neither known nor a function of the language is a table that is called.
        others = any(name in self.own or (name not in self.scope.values and name not in FUNCTIONS) for name in read)
        return None if others else names

    def _worked_out(self, node: Expr, values: Mapping[str, Any]) -> Any:
        """What the Python reading gives. Raises Unsupported where that is an error for everybody."""
        try:
            function = function_of(Checked(node), tuple(values))
            return function(None, values, self.scope.at, Runtime(None))
        except (MissingValue, CalculationFailed, ArithmeticError, ValueError, TypeError, NotThatType) as error:
            raise Unsupported(f"it fails whatever is known: {error}", span=node.span) from None

    def _by_value(self, node: Expr, name: str) -> Value | None:
        """Its value for each value of the one fact it reads, as a CASE; None where those are not known."""
        known = self.scope.known.get(name)
        asked = self.scope.values[name]
        if known is None or not isinstance(asked, Sql):
            return None
        answers: dict[Term, tuple[Sql, list[str]]] = {}
        failing: list[str] = []
        for each in known:
            try:
                found = self._worked_out(node, {name: each})
            except Unsupported:
                failing.append(each)
                continue
            answer = single(self.literal(found, node.type))
            answers.setdefault(answer.value, (answer, []))[1].append(each)
        if not answers:
            return None
        digits = None
        if node.type.kind is Kind.NUMBER:
            digits = numbers.widest([answer for answer, _ in answers.values()])
        branches = [
            (
                exp.In(this=asked.value, expressions=[text(each) for each in values]),
                answer.value if digits is None else self.dialect.number(answer.value, digits),
            )
            for answer, values in answers.values()
        ]
        faults: list[Term | None] = [asked.fault]
        if any(part.type.optional for part in tree.free_names(node) if part.name == name):
            faults.append(case([(is_null(asked.value), whole(self.scope.faults.lacks(self.place, name)))]))
        if failing:
            fails = self.scope.faults.other("CalculationFailed", f"{self.place} cannot be calculated for this `{name}`")
            among = exp.In(this=asked.value, expressions=[text(each) for each in failing])
            faults.append(case([(among, whole(fails))]))
        return Sql(self.scope.layers.named(case(branches), "by_value"), first_of(faults), digits=digits)

    def literal(self, value: Any, of: Type) -> Value:
        """A value that is known beforehand."""
        return written(value, of, self.dialect)

    def _bare(self, node: Node) -> Value:
        match node:
            case tree.Literal():
                return self.literal(node.value, node.type)
            case tree.Name():
                return self._name(node)
            case tree.Input():
                if self.input is None:
                    raise Unsupported("`?` stands for nothing here")
                return self.input
            case tree.Path():
                return self._path(node)
            case tree.Filter():
                return self._filter(node)
            case tree.Negate():
                return self._operated(operation_name("-", node.operand.type.kind), node.operand)
            case tree.Arithmetic():
                return self._arithmetic(node)
            case tree.Comparison():
                return self._comparison(node)
            case tree.Logic():
                operands = null_first(node.operands) if node.op == "or" else node.operands
                return joined(node.op, [single(self.of(operand)) for operand in operands], self.setting.keep)
            case tree.If():
                return self._choice(node, null_allowed=True)
            case tree.Between():
                bounds = tree.Range(node.span, node.low, node.high, False, False)
                return self._inside(self.of(node.value), bounds, node.value.type.kind)
            case tree.In():
                return self._membership(node)
            case tree.Matches():
                return self._matches(node)
            case tree.ListOf():
                parts = [single(self.of(item)) for item in node.items]
                return Items(tuple(replace(part, fault=None) for part in parts), first_of(part.fault for part in parts))
            case tree.ContextOf():
                return self._context(node)
            case tree.Steps() | tree.For() | tree.Quantified() | tree.Function() | tree.InstanceOf() | tree.Range():
                raise REFUSED[type(node)]
            case tree.Call():
                return self._call(node)
            case _ as other:
                assert_never(other)

    def _name(self, node: tree.Name) -> Value:
        found = self.own.get(node.name, self.scope.values.get(node.name))
        if found is None:
            raise Unsupported(f"`{node.name}` has no column")
        return found

    def _path(self, node: tree.Path) -> Value:
        base = self.of(node.base)
        if isinstance(base, Rows):
            rows = [replace(row, value=_field(row.value, node.name)) for row in base.rows]
            last = None if base.otherwise is None else _field(base.otherwise, node.name)
            return replace(base, rows=tuple(rows), otherwise=last)
        if isinstance(base, Fields):
            return with_fault(_field(base, node.name), base.fault)
        return self._operated(operation_name(f".{node.name}", node.base.type.kind), node.base)

    def _filter(self, node: tree.Filter) -> Value:
        base = self.of(node.base)
        if not (isinstance(node.condition, tree.Literal) and node.condition.value == 1) or not isinstance(base, Rows):
            raise Unsupported("of a list only the first of what a table gives can be asked for: rows[1]")
        return first_row(base, self.dialect, self.setting.keep)

    def _arithmetic(self, node: tree.Arithmetic) -> Value:
        if node.op == "/" and (part := reciprocal(node.right)) is not None and node.left.type.kind is Kind.NUMBER:
            left = single(self.of(node.left))
            return with_fault(numbers.divided_by_written(left, part, self.dialect), left.fault)
        return self._operated(operation_name(node.op, node.left.type.kind, node.right.type.kind), node.left, node.right)

    def _operated(self, name: str, *operands: Expr) -> Value:
        emitter = EMITTERS[name]
        if isinstance(emitter, Unsupported):
            raise emitter
        given = [self.kept(single(self.of(operand))) for operand in operands]
        return with_fault(emitter(self.setting, *given), *(part.fault for part in given))

    def kept(self, value: Sql) -> Sql:
        """The value under a name of its own where its term is long, as it may be written several times."""
        if value.quotient is not None or isinstance(value.value, exp.Column | exp.Literal | exp.Cast):
            return value
        return replace(value, value=self.scope.layers.named(value.value, "x"))

    def _comparison(self, node: tree.Comparison) -> Value:
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(side, tree.Literal) and side.value is None:
                return self._asks_null(self.of(other, null_allowed=True), node.op == "=")
        left, right = self.of(node.left), self.of(node.right)
        term = self.compared(node.op, left, right, node.left.type.kind)
        return with_fault(Sql(term), left.fault, right.fault)

    def _asks_null(self, value: Value, is_asked: bool) -> Sql:
        match value:
            case Sql():
                term = numbers.missing(value)
            case Fields(absent=Term() as absent):
                term = absent
            case _:
                term = FALSE
        return Sql(term if is_asked else negated(term), value.fault)

    def compared(self, op: str, left: Value, right: Value, kind: Kind) -> Term:
        """A comparison of two values of one kind, neither of them null."""
        one, other = single(left), single(right)
        match kind:
            case Kind.NUMBER:
                return numbers.compared(op, one, other, self.dialect)
            case Kind.TEXT if op not in ("=", "!="):
                ordered = self.dialect.ordered_text
                return binary(numbers.COMPARED[op], ordered(one.value), ordered(other.value))
            case Kind.LIST | Kind.CONTEXT | Kind.RANGE | Kind.ANY | Kind.FUNCTION:
                raise Unsupported(f"a {kind} is not compared in SQL")
            case _:
                return binary(numbers.COMPARED[op], one.value, other.value)

    def _choice(self, node: tree.If, null_allowed: bool) -> Value:
        condition = single(self.of(node.condition))
        then, otherwise = (self.of(part, null_allowed=null_allowed) for part in (node.then, node.otherwise))
        return chosen([(condition.value, then)], otherwise, self.dialect, condition.fault)

    def _inside(self, value: Value, bounds: tree.Range, kind: Kind) -> Value:
        tests: list[Term] = []
        faults = [value.fault]
        for end, op in (
            (bounds.low, ">" if bounds.low_open else ">="),
            (bounds.high, "<" if bounds.high_open else "<="),
        ):
            if end is not None:
                bound = self.of(end)
                faults.append(bound.fault)
                tests.append(self.compared(op, value, bound, kind))
        return Sql(all_of(tests), first_of(faults))

    def _membership(self, node: tree.In) -> Value:
        order = null_first(node.tests)
        value = self.of(node.value, null_allowed=is_null_test(order[0]))
        inner = self.asking(replace(value, fault=None), node.value.span.text)
        found = joined("or", [single(inner.of(test)) for test in order], self.setting.keep)
        return with_fault(found, value.fault)

    def _matches(self, node: tree.Matches) -> Value:
        candidate = node.candidate
        if isinstance(candidate, tree.Literal) and candidate.value is None:
            return self._asks_null(self.of(node.value, null_allowed=True), True)
        value = self.of(node.value)
        kind = node.value.type.kind
        if isinstance(candidate, tree.Range) and kind is not Kind.RANGE:
            if candidate.op:
                raise Unsupported("a range by a sign is not translated")
            return self._inside(value, candidate, kind)
        among = self.of(candidate)
        if candidate.type.kind is Kind.LIST and kind is not Kind.LIST:
            if candidate.type.item is not None and candidate.type.item.kind is Kind.RANGE:
                raise Unsupported("ranges are no values in SQL")
            return with_fault(Sql(self._one_of(value, among, kind)), value.fault, among.fault)
        return with_fault(Sql(self.compared("=", value, among, kind)), value.fault, among.fault)

    def _one_of(self, value: Value, among: Value, kind: Kind) -> Term:
        match among:
            case Items():
                return any_of(self.compared("=", value, part, kind) for part in among.parts)
            case Sql():
                return self.dialect.contains(among.value, single(value).value)
            case _:
                raise Unsupported("what a table's list contains is not translated")

    def _context(self, node: tree.ContextOf) -> Value:
        parts: dict[str, Value] = {}
        faults: list[Term | None] = []
        for entry in node.entries:
            value = replace(self, own={**self.own, **parts}).of(entry.value, null_allowed=True)
            faults.append(value.fault)
            parts[entry.name] = replace(value, fault=None)
        return Fields(parts, first_of(faults))

    def _call(self, node: tree.Call) -> Value:
        signature = node.signature
        if signature is None or node.called not in functions.EMITTERS:
            raise Unsupported("it calls a table or a function of the policy itself", "make it a decision of its own")
        if node.names:
            raise Unsupported("arguments by name are not translated", "give them in their order")
        emitter = functions.EMITTERS[node.called]
        if isinstance(emitter, Unsupported):
            raise emitter
        given = []
        for number, argument in enumerate(node.arguments):
            parameter = signature.parameter(number)
            value = self.of(argument, null_allowed=parameter is not None and parameter.type.optional)
            given.append(self.kept(value) if isinstance(value, Sql) else value)
        return with_fault(emitter(self.setting, node, given), *(value.fault for value in given))


def _is_call(node: Expr) -> bool:
    return isinstance(node, tree.Call | tree.Arithmetic | tree.Path)


def _field(value: Value, name: str) -> Value:
    if not isinstance(value, Fields) or name not in value.parts:
        raise Unsupported(f"`{name}` has no column")
    return value.parts[name]
