"""Expressions as SQL terms: one exhaustive match over the tree, as the strict Python reading has it.

Flags are tried from the left, so a fault counts only where the Python reading would have come to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from sqlglot import exp

from ordain.engine.backends.digits import reciprocal
from ordain.engine.backends.plan import is_needed, is_null_test, null_first
from ordain.engine.backends.sql import functions_in_sql as functions
from ordain.engine.backends.sql import lists_in_sql as lists
from ordain.engine.backends.sql import loops_in_sql as loops
from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.beforehand_in_sql import known_beforehand, read_names, worked_out
from ordain.engine.backends.sql.choices_in_sql import chosen, first_row, joined, single
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.not_in_sql import REFUSED, Unsupported
from ordain.engine.backends.sql.operations_in_sql import EMITTERS, Setting
from ordain.engine.backends.sql.scope_in_sql import Reached, Scope
from ordain.engine.backends.sql.sql_terms import (
    FALSE,
    NULL,
    Fields,
    Items,
    Rows,
    Sql,
    Term,
    Value,
    all_of,
    binary,
    case,
    enclosed,
    first_of,
    is_null,
    negated,
    whole,
    with_fault,
)
from ordain.engine.backends.sql.written_in_sql import written
from ordain.engine.feel.functions.operators import operation_name
from ordain.engine.feel.runtime.calls import arranged
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr, Node
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.values.types import Kind, Type


@dataclass(frozen=True, slots=True)
class Expressions:
    """Writes expressions of one place, such as a rule; `input` is the value of `?`, and `asked` what people call it.

    `own` are names that something in the text binds, and `when` is what has to hold so that this is worked out at all.
    """

    scope: Scope
    place: str
    input: Value | None = None
    asked: str = ""
    own: Mapping[str, Value] = field(default_factory=dict)
    when: Reached | None = None

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

    def under(self, test: Term, holds: bool = True) -> Expressions:
        """The same for a part that is worked out only where a test holds, or does not."""
        return self.where(Reached(self.when, test, holds))

    def where(self, when: Reached | None) -> Expressions:
        """The same for another part of the text, with what has to hold for that."""
        return replace(self, when=when)

    def knowing(self, own: Mapping[str, Value]) -> Expressions:
        """The same with more names of its own."""
        return replace(self, own={**self.own, **own})

    def _tried(self, node: Expr, null_allowed: bool) -> Value:
        """The term, or what the Python reading finds for all that it may depend on, where that is little."""
        names = read_names(node, self.own, self.scope)
        if not isinstance(node, tree.Literal) and names is not None and not names and _is_call(node):
            return self.literal(worked_out(node, self.scope, {}), node.type)
        try:
            if isinstance(node, tree.If):
                return self._choice(node, null_allowed)
            return self._bare(node)  # type: ignore[arg-type]
        except Unsupported as why:
            if names is not None and len(names) <= 1:
                found = known_beforehand(node, names, self.scope, self.place)
                if found is not None:
                    return found
            raise why.at(node.span) from None

    def literal(self, value: Any, of: Type) -> Value:
        """A value that is known beforehand."""
        return written(value, of, self.dialect)

    def _bare(self, node: Node) -> Value:  # noqa: C901 - one match over the tree
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
                return self.in_turn(node.op, [_reader(part) for part in operands])
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
                return lists.written_out([self.of(item, null_allowed=True) for item in node.items])
            case tree.ContextOf():
                return self._context(node)
            case tree.For():
                return loops.loop(self, node)
            case tree.Quantified():
                return loops.quantified(self, node)
            case tree.Steps() | tree.Function() | tree.InstanceOf() | tree.Range():
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
        if node.condition.type.kind is not Kind.NUMBER:
            return loops.filtered(self, node)
        base, item = self.of(node.base), node.base.type.item
        fails = self.scope.faults.other("CalculationFailed", f"{self.place} cannot be calculated: no such position")
        if isinstance(base, Rows) and isinstance(node.condition, tree.Literal) and node.condition.value == 1:
            return first_row(base, fails, self.dialect, self.setting.keep)
        depends = not {"item", *(item.fields if item else ())}.isdisjoint(tree.names(node.condition))
        if not isinstance(base, Items) or depends:
            raise Unsupported("of a list that is not written out only the first can be asked for: rows[1]")
        place = self.kept(single(self.of(node.condition)))
        return with_fault(lists.at_position(base, place, fails, self.dialect), base.fault, place.fault)

    def in_turn(self, op: str, parts: Iterable[Callable[[Expressions], Value]]) -> Sql:
        """Flags that are tried from the left until the matter is settled, each by a writer that knows where it is."""
        writer, done = self, list[Sql]()
        for part in parts:
            done.append(single(part(writer)))
            writer = writer.under(done[-1].value, op == "and")
        return joined(op, done, self.setting.keep)

    def _arithmetic(self, node: tree.Arithmetic) -> Value:
        kind = node.left.type.kind
        if node.op == "/" and (part := reciprocal(node.right)) is not None and kind is Kind.NUMBER:
            left = single(self.of(node.left))
            return with_fault(numbers.divided_by_written(left, part, self.dialect), left.fault)
        if node.op == "+" and kind is Kind.TEXT:
            # Each is written once, so that it needs no name, and a long text stays one term.
            left, right = single(self.of(node.left)), single(self.of(node.right))
            words = exp.DPipe(this=left.value, expression=enclosed(right.value))
            return Sql(words, first_of((left.fault, right.fault)))
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
        if isinstance(condition.value, exp.EQ) and condition.value.this == condition.value.expression:
            # As a reason asks whether rounding leaves a price as it is: it does, where it has no more digits.
            return with_fault(self.of(node.then, null_allowed=null_allowed), condition.fault)
        then = self.under(condition.value).of(node.then, null_allowed=null_allowed)
        otherwise = self.under(condition.value, False).of(node.otherwise, null_allowed=null_allowed)
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
        found = inner.in_turn("or", [_reader(test) for test in order])
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
            item = candidate.type.item
            if item is not None and item.kind is Kind.RANGE:
                raise REFUSED[tree.Range]
            is_nullable = item is None or item.optional
            found = lists.any_item(
                among,
                lambda part: lists.same(self.compared("=", value, part, kind), part, is_nullable),
                lambda array: self.dialect.contains(array, single(value).value),
            )
            return with_fault(Sql(found), value.fault, among.fault)
        return with_fault(Sql(self.compared("=", value, among, kind)), value.fault, among.fault)

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
        if signature is None:
            return self._called(node)
        emitter = functions.EMITTERS[node.called]
        if isinstance(emitter, Unsupported):
            raise emitter
        arguments = arranged(signature, node.arguments, node.names) or ()
        if None in arguments:
            raise Unsupported("an argument before which one is left out is not translated", "give them in their order")
        node = replace(node, arguments=arguments, names=())
        given = []
        for number, argument in enumerate(arguments):
            parameter = signature.parameter(number)
            value = self.of(argument, null_allowed=parameter is not None and parameter.type.optional)
            given.append(self.kept(value) if isinstance(value, Sql) else value)
        return with_fault(emitter(self.setting, node, given), *(value.fault for value in given))

    def _called(self, node: tree.Call) -> Value:
        """A table or a function of the policy itself, written out in place of its call."""
        name, scope = node.called, self.scope
        function = scope.functions.get(name)
        if name in self.own or (function is None and name not in scope.tables):
            raise Unsupported("it calls what is no function of the policy by its name", "call it by its name")
        scope.calls.write()
        given = [self.of(argument, null_allowed=True) for argument in node.arguments]
        given = [self.kept(value) if isinstance(value, Sql) else value for value in given]
        faults = [value.fault for value in given]
        given = [replace(value, fault=None) for value in given]
        if function is None:
            return with_fault(scope.tables[name](self, given), *faults)
        parameters = {parameter.name: parameter for parameter in function.parameters}
        by_name = dict(zip(node.names or parameters, given, strict=True))
        own = {name: by_name.get(name, Sql(NULL)) for name in parameters}
        within = replace(self, own=own, input=None, place=f"`{name}`")
        for parameter, value in own.items():
            if is_needed(parameters[parameter]):
                lacks = scope.faults.lacks(within.place, parameter)
                faults.append(case([(is_null(single(value).value), whole(lacks))]) if isinstance(value, Sql) else None)
        return with_fault(within.of(function.body, null_allowed=True), *faults)


def _reader(node: Expr) -> Callable[[Expressions], Value]:
    """A part of a text, for whichever writer comes to it."""
    return lambda at: at.of(node)


def _is_call(node: Expr) -> bool:
    return isinstance(node, tree.Call | tree.Arithmetic | tree.Path)


def _field(value: Value, name: str) -> Value:
    if not isinstance(value, Fields) or name not in value.parts:
        raise Unsupported(f"`{name}` has no column")
    return value.parts[name]
