"""ZEN expressions as FEEL: the same value, or Unsayable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import (
    Arithmetic,
    Comparison,
    Each,
    Expr,
    Filter,
    For,
    If,
    In,
    Input,
    ListOf,
    Literal,
    Matches,
    Name,
    Negate,
    Quantified,
    Range,
    Steps,
    call,
    names,
    walk,
)
from ordain.engine.jdm.data.values import Data, Field, Leaf, Record, Unsayable, Value, is_null, null
from ordain.engine.jdm.data.ways import ALWAYS
from ordain.engine.jdm.saying import zen_functions as calls
from ordain.engine.jdm.saying.null_tests import equal, guarded, joined, negated, there, unequal
from ordain.engine.jdm.zen import zen_tree as zen
from ordain.engine.jdm.zen.zen_tree import CLOSURES, Zen
from ordain.engine.values.types import ANY, FLAG, NUMBER, Kind, Type

_ORDERED = frozenset({"<", "<=", ">", ">="})
_ARITHMETIC = {"+": "+", "-": "-", "*": "*", "/": "/", "^": "**"}

EQUALITY = "equality"
REMAINDER = "remainder"
DIVISION = "division"
LOOKUP = "position"
"""Kinds of difference between the two languages, of which notes are made where they may matter."""


@dataclass(slots=True)
class Translator:
    """Says expressions where they stand: `env` is the data that comes to their node, `dollar` what `$` is there.

    `nodes` are the outputs of nodes before, by name. `differs` hears of each place where the languages differ.
    """

    data: Data
    env: Value | None
    nodes: Mapping[str, Value]
    span: Span
    differs: Callable[[str], None]
    dollar: Value | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)

    def tree(self, node: Zen) -> Expr:
        """The expression as one of FEEL. Raises Unsayable."""
        return self.data.tree(self.value(node))

    def value(self, node: Zen) -> Value | None:
        """What the expression stands for; None where it names what is not there. Raises Unsayable."""
        match node:
            case zen.Name(name=name):
                return self._named(name)
            case zen.Member(base=zen.Name(name="$nodes"), key=key):
                if key not in self.nodes:
                    raise Unsayable(f"no node before this one is called `{key}`")
                return self.nodes[key]
            case zen.Member(base=base, key=key):
                return self.data.get(self.value(base), key)
            case zen.ObjectOf(entries=entries):
                record: Value = Record()
                for entry in entries:
                    part = self.value(entry.value) or Leaf(null(self.span))
                    record = self.data.merged(record, Record({entry.key: Field(part)}))
                return record
            case zen.Call(function="merge", arguments=(zen.ListOf(items=items),)):
                merged: Value | None = None
                for item in items:
                    merged = self.data.merged(merged, self.value(item) or Record())
                return merged
            case zen.Call(function="values" | "keys" as function, arguments=(over,)):
                return Leaf(self._parts_of(over, function))
            case _:
                return Leaf(self._said(node))

    def _named(self, name: str) -> Value | None:
        if name in self.variables:
            return self.variables[name]
        if name == "$":
            return self.dollar
        if name == "$root":
            return self.env
        if name == "$nodes" or name == "#":
            raise Unsayable(f"`{name}` stands alone")
        return self.data.get(self.env, name)

    def _parts_of(self, over: Zen, function: str) -> Expr:
        record = self.value(over)
        if (
            not isinstance(record, Record)
            or record.base is not None
            or not all(part.when == ALWAYS and not part.falls for part in record.fields.values())
        ):
            raise Unsayable(f"`{function}` of data whose keys are not the same in every case")
        if function == "keys":
            return ListOf(self.span, tuple(calls.text(self.span, key) for key in record.fields))
        return ListOf(self.span, tuple(self.data.tree(self.data.get(record, key)) for key in record.fields))

    def _said(self, node: Zen) -> Expr:
        span = self.span
        match node:
            case zen.Number(value=value):
                return Literal(span, value, type=NUMBER)
            case zen.Text(value=value):
                return calls.text(span, value)
            case zen.Flag(value=flag):
                return Literal(span, flag, type=FLAG)
            case zen.Null():
                return null(span)
            case zen.Template(parts=parts):
                return self._template(parts)
            case zen.ListOf(items=items):
                return ListOf(span, tuple(map(self.tree, items)))
            case zen.At(base=base, index=index):
                return self._at(base, index)
            case zen.Slice(base=base, start=start, end=end):
                return self._slice(base, start, end)
            case zen.Logic(op=op, operands=operands):
                return joined(span, op, tuple(map(self.tree, operands)))
            case zen.Unary(op="not", operand=operand):
                return negated(span, self.tree(operand))
            case zen.Unary(op=op, operand=operand):
                return Negate(span, self.tree(operand)) if op == "-" else self.tree(operand)
            case zen.Conditional(condition=condition, then=then, otherwise=otherwise):
                return If(span, self.tree(condition), self.tree(then), self.tree(otherwise))
            case zen.Binary(op=op, left=left, right=right):
                return self._binary(op, left, right)
            case zen.Call(function=function, arguments=arguments, alias=alias):
                if function in CLOSURES:
                    return self._closure(function, arguments, alias)
                return calls.said(self.data.scope, span, function, tuple(map(self.tree, arguments)))
            case zen.Method(base=base, name=name, arguments=arguments):
                return calls.method(self.data.scope, span, self.tree(base), name, tuple(map(self.tree, arguments)))
            case zen.Interval():
                raise Unsayable("a range is no value of its own here")
            case _:
                return self.tree(node)

    def _template(self, parts: tuple[Zen, ...]) -> Expr:
        said: Expr | None = None
        for part in parts:
            piece = calls.string(self.data.scope, self.span, self.tree(part))
            said = piece if said is None else Arithmetic(self.span, "+", said, piece)
        return said if said is not None else calls.text(self.span, "")

    def _at(self, base: Zen, index: Zen) -> Expr:
        self.differs(LOOKUP)
        at = self.tree(index)
        if isinstance(at, Literal) and isinstance(at.value, Decimal):
            return Filter(self.span, self.tree(base), Literal(self.span, at.value + 1, type=NUMBER))
        if self.data.scope.type_of(at).kind is Kind.TEXT:
            raise Unsayable("a key that is calculated")
        return Filter(self.span, self.tree(base), Arithmetic(self.span, "+", at, calls.number(self.span, 1)))

    def _slice(self, base: Zen, start: Zen | None, end: Zen | None) -> Expr:
        bounds = [self.tree(part) if part is not None else None for part in (start, end)]
        if not all(part is None or isinstance(part, Literal) for part in bounds):
            raise Unsayable("a slice whose ends are calculated")
        first, last = (int(part.value) if isinstance(part, Literal) else 0 for part in bounds)
        length = () if end is None else (calls.number(self.span, last - first + 1),)
        return call(self.span, "sublist", self.tree(base), calls.number(self.span, first + 1), *length)

    def _binary(self, op: str, left: Zen, right: Zen) -> Expr:
        span, scope = self.span, self.data.scope
        if op == "??":
            return self._first_there(left, right)
        if op in ("in", "not in"):
            held = self._contained(left, right)
            return negated(span, held) if op == "not in" else held
        first, second = self.tree(left), self.tree(right)
        if op in ("==", "!="):
            kinds = {scope.type_of(first).kind, scope.type_of(second).kind}
            if kinds & {Kind.LIST, Kind.CONTEXT} and not is_null(first) and not is_null(second):
                self.differs(EQUALITY)
            return (equal if op == "==" else unequal)(scope, span, first, second)
        if op in _ORDERED:
            return Comparison(span, op, first, second)
        if op == "%":
            self.differs(REMAINDER)
            return call(span, "modulo", first, second)
        if op == "/" and not (isinstance(second, Literal) and second.value):
            self.differs(DIVISION)
        return Arithmetic(span, _ARITHMETIC[op], first, second)

    def _first_there(self, left: Zen, right: Zen) -> Expr:
        first = self.tree(left)
        if is_null(first):
            return self.tree(right)
        needs = self.data.scope.needs(first)
        if not needs:
            return first
        return If(self.span, joined(self.span, "and", there(self.span, needs)), first, self.tree(right))

    def _contained(self, left: Zen, right: Zen) -> Expr:
        span, scope = self.span, self.data.scope
        value = self.tree(left)
        if is_null(value):
            return Literal(span, False, type=FLAG)
        needs = scope.needs(value)
        match right:
            case zen.Interval():
                held: Expr = In(span, value, (Matches(span, Input(span), self.range(right)),))
                if isinstance(value, Input):
                    held = Matches(span, value, self.range(right))
                held = negated(span, held) if right.outside else held
            case zen.ListOf(items=items):
                trees = tuple(map(self.tree, items))
                if not trees:
                    return Literal(span, False, type=FLAG)
                if isinstance(value, Input):
                    held = joined(span, "or", tuple(Matches(span, value, one) for one in trees))
                else:
                    held = In(span, value, tuple(Matches(span, Input(span), one) for one in trees))
            case _:
                whole = self.tree(right)
                if scope.type_of(whole).kind not in (Kind.LIST, Kind.ANY):
                    raise Unsayable("`in` of what is no list")
                needs = (*needs, *scope.needs(whole))
                held = call(span, "list contains", whole, value)
        return guarded(span, needs, held)

    def range(self, interval: zen.Interval) -> Expr:
        low, high = self.tree(interval.low), self.tree(interval.high)
        return Range(self.span, low, high, interval.low_open, interval.high_open)

    def _closure(self, function: str, arguments: tuple[Zen, ...], alias: str) -> Expr:
        span, scope = self.span, self.data.scope
        if len(arguments) != 2:
            raise Unsayable(f"`{function}` needs a list and what is asked of its items")
        over, asked = arguments
        if isinstance(over, zen.Interval):
            if over.low_open or over.high_open or over.outside:
                raise Unsayable("a range without its ends is gone through")
            listed: Expr = Steps(span, self.tree(over.low), self.tree(over.high))
            item = NUMBER
        else:
            listed = self.tree(over)
            of = scope.type_of(listed)
            if of.kind not in (Kind.LIST, Kind.ANY):
                raise Unsayable(f"`{function}` of what is no list")
            item = of.item or ANY
        if function in ("filter", "count", "one") and isinstance(listed, Steps):
            raise Unsayable(f"`{function}` of a range")
        if function in ("filter", "count", "one"):
            kept = self._kept(listed, item, asked, alias)
            if function == "filter":
                return kept
            counted = call(span, "count", kept)
            return counted if function == "count" else Comparison(span, "=", counted, calls.number(span, 1))
        name = scope.free_variable(listed)
        with self._item(name, item, alias) as inner:
            body = inner.tree(asked)
        each = (Each(span, name, listed),)
        match function:
            case "map":
                return For(span, each, body)
            case "flatMap":
                return calls.said(scope, span, "flatten", (For(span, each, body),))
            case "all":
                return Quantified(span, "every", each, body)
            case "some":
                return Quantified(span, "some", each, body)
            case _:
                return negated(span, Quantified(span, "some", each, body))

    def _kept(self, listed: Expr, item: Type, asked: Zen, alias: str) -> Expr:
        """The items for which it holds; by a loop where a name outside is also a field of the items."""
        with self._item("item", item, alias) as inner:
            condition = inner.tree(asked)
        outer = {name for name in names(condition) if name != "item"}
        if not outer & item.fields.keys() and not _filters(condition):
            return Filter(self.span, listed, condition)
        name = self.data.scope.free_variable(listed)
        with self._item(name, item, alias) as inner:
            condition = inner.tree(asked)
        one = ListOf(self.span, (Name(self.span, name),))
        body = If(self.span, condition, one, ListOf(self.span, ()))
        return call(self.span, "flatten", For(self.span, (Each(self.span, name, listed),), body))

    @contextmanager
    def _item(self, name: str, type: Type, alias: str) -> Iterator[Translator]:
        with self.data.scope.inside(name, type):
            yield replace(self, variables={**self.variables, alias or "#": Leaf(Name(self.span, name))})

    def condition(self, node: Zen) -> Expr:
        """A test that counts as not met where it cannot be asked, as in a cell or a switch. Raises Unsayable."""
        needs, test = self._tested(node)
        return guarded(self.span, needs, test)

    def _tested(self, node: Zen) -> tuple[tuple[Expr, ...], Expr]:
        """A test, and what it needs before it can be asked."""
        span, scope = self.span, self.data.scope
        match node:
            case zen.Logic(op=op, operands=(first, *rest)):
                needs, test = self._tested(first)
                return needs, joined(span, op, (test, *map(self.condition, rest)))
            case zen.Unary(op="not", operand=operand):
                needs, test = self._tested(operand)
                return needs, negated(span, test)
            case zen.Binary(op=op, left=left, right=right) if op in _ORDERED:
                first_side, second = self.tree(left), self.tree(right)
                if is_null(first_side) or is_null(second):
                    return (), Literal(span, False, type=FLAG)
                return scope.needs(Arithmetic(span, "+", first_side, second)), Comparison(span, op, first_side, second)
            case zen.Binary():
                return (), self.tree(node)
            case _:
                test = self.tree(node)
                if is_null(test):
                    return (), Literal(span, False, type=FLAG)
                return (scope.needs(test) if not isinstance(test, If) else ()), test


def _filters(tree: Expr) -> bool:
    """Whether a filter stands in a tree: its `item` is another one."""
    return any(isinstance(part, Filter) for part in walk(tree))
