"""Expressions as terms of Z3: what they give, and where deciding them ends without a value.

Python decides from left to right and stops at the first fault. Here every part has a `path`, the truth that says when
Python comes to it, and a fault is noted with its path. A value means nothing where a fault holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import assert_never, cast

import z3

from ordain.engine.backends.plan import is_needed, is_null_test, null_first
from ordain.engine.backends.smt.terms import (
    NULL,
    Item,
    Sym,
    Truth,
    both,
    chosen,
    either,
    equal,
    flag,
    guarded,
    number,
    opposite,
)
from ordain.engine.backends.smt.text_codes import day_code, instant_code, span_code, time_code
from ordain.engine.backends.smt.unsupported import NotCoveredHere, Unsupported
from ordain.engine.backends.smt.world import World
from ordain.engine.errors import Span
from ordain.engine.feel.functions.operators import operation_name
from ordain.engine.feel.runtime.calls import arranged
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr, Node
from ordain.engine.limits import LIMITS
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import Kind, Value


class Ends(StrEnum):
    """Why a decision ends without an outcome."""

    LACKS = "lacks a fact"
    FAILS = "cannot be calculated"
    NO_RULE = "no rule applies"
    DISAGREE = "rules disagree"
    REFUSED = "refused by `must hold`"


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a decision ends: `when` says for whom, unless an earlier fault ended it."""

    when: Truth
    ends: Ends
    about: str
    span: Span


Names = Mapping[str, Sym | NotCoveredHere]
"""What an expression may read; of what is not covered the reason, which is raised when it is read."""
Emitter = Callable[..., Sym]

INPUT = "?"
_NO_ORDER = (Kind.LIST, Kind.CONTEXT, Kind.FLAG, Kind.NULL, Kind.ANY)


@dataclass
class Reader:
    """Reads expressions of one policy. `operations` and `functions` are the tables of emitters."""

    world: World
    operations: Mapping[str, Emitter | Unsupported]
    functions: Mapping[str, Emitter | Unsupported]
    faults: list[Fault] = field(default_factory=list)
    depth: int = 0

    @contextmanager
    def apart(self) -> Iterator[list[Fault]]:
        """Faults that are noted meanwhile are kept apart: somebody else says what becomes of them."""
        outer, self.faults = self.faults, []
        try:
            yield self.faults
        finally:
            self.faults = outer

    def fault(self, when: Truth, ends: Ends, about: str, span: Span) -> None:
        if when is not False:
            self.faults.append(Fault(when, ends, about, span))

    def of(self, node: Expr, path: Truth, names: Names, *, null_allowed: bool = False) -> Sym:
        """The value of a node; unless null is allowed, one that may be null is a fault where it is."""
        if isinstance(node, tree.If):
            condition = self.truth(node.condition, path, names)
            then = self.of(node.then, both(path, condition), names, null_allowed=null_allowed)
            other = self.of(node.otherwise, both(path, opposite(condition)), names, null_allowed=null_allowed)
            return chosen(condition, then, other)
        sym = self._bare(cast("Node", node), path, names)
        if null_allowed or sym.null is False:
            return sym
        self.fault(both(path, sym.null), Ends.LACKS, node.span.text, node.span)
        return sym.there

    def truth(self, node: Expr, path: Truth, names: Names) -> Truth:
        """A condition, which is never null."""
        return self.of(node, path, names).term

    def _bare(self, node: Node, path: Truth, names: Names) -> Sym:  # noqa: C901 - one line a node
        match node:
            case tree.Literal():
                return self.literal(node.value, node.span)
            case tree.Name():
                return self._name(node.name, node.span, names)
            case tree.Input():
                return self._name(INPUT, node.span, names)
            case tree.Path():
                return self._path(node, path, names)
            case tree.Filter():
                return self._filter(node, path, names)
            case tree.Negate():
                operand = self.of(node.operand, path, names)
                return self._operation(operation_name("-", operand.kind), node, path, operand)
            case tree.Arithmetic():
                left, right = self.of(node.left, path, names), self.of(node.right, path, names)
                return self._operation(operation_name(node.op, left.kind, right.kind), node, path, left, right)
            case tree.Comparison():
                return flag(self._comparison(node, path, names))
            case tree.Logic():
                order = null_first(node.operands) if node.op == "or" else node.operands
                return flag(self._logic(node.op, order, path, names))
            case tree.If():
                raise AssertionError("`of` reads it")
            case tree.Between():
                low, value = self.of(node.low, path, names), self.of(node.value, path, names)
                high = self.of(node.high, path, names)
                return flag(both(self.ordered("<=", low, value, node.span), self.ordered("<=", value, high, node.span)))
            case tree.In():
                order = null_first(node.tests)
                value = self.of(node.value, path, names, null_allowed=is_null_test(order[0]))
                return flag(self._logic("or", order, path, {**names, INPUT: value}))
            case tree.Matches():
                return flag(self._matches(node, path, names))
            case tree.ListOf():
                items = tuple(Item(True, self.of(item, path, names, null_allowed=True)) for item in node.items)
                return Sym(Kind.LIST, items=items)
            case tree.ContextOf():
                return self._context(node, path, names)
            case tree.For():
                return Sym(Kind.LIST, items=self._rounds(node.iterators, node.body, path, names, True))
            case tree.Quantified():
                rounds = self._rounds(node.iterators, node.condition, path, names, False)
                some = either(*(both(each.there, each.value.term) for each in rounds))
                every = both(*(either(opposite(each.there), each.value.term) for each in rounds))
                return flag(some if node.quantifier == "some" else every)
            case tree.Function():
                return self._function(node, names)
            case tree.InstanceOf():
                raise NotCoveredHere("`instance of`", node.span)
            case tree.Range():
                raise NotCoveredHere("a range as a value", node.span)
            case tree.Steps():
                raise NotCoveredHere("a loop over numbers", node.span)
            case tree.Call():
                return self._call(node, path, names)
            case _:
                assert_never(node)

    # --- leaves

    def literal(self, value: Value, span: Span) -> Sym:
        """A value that is written out. Raises NotCoveredHere."""
        match value:
            case None:
                return NULL
            case bool():
                return flag(value)
            case Decimal():
                return number(value)
            case str():
                return Sym(Kind.TEXT, z3.IntVal(self.world.codes.code(value)))
            case dt.datetime() if type(value) is dt.datetime and value.tzinfo is not None:
                return Sym(Kind.DATE_TIME, z3.IntVal(instant_code(value)))
            case dt.time() if type(value) is dt.time and value.tzinfo is None:
                return Sym(Kind.TIME, z3.IntVal(time_code(value)))
            case dt.date() if type(value) is dt.date:
                return Sym(Kind.DATE, z3.IntVal(day_code(value)))
            case dt.timedelta() if type(value) is dt.timedelta:
                return Sym(Kind.DURATION, z3.IntVal(span_code(value)))
            case Months():
                return Sym(Kind.MONTHS, z3.IntVal(value.count))
            case tuple():
                return Sym(Kind.LIST, items=tuple(Item(True, self.literal(item, span)) for item in value))
            case dict():
                return Sym(Kind.CONTEXT, fields={name: self.literal(part, span) for name, part in value.items()})
        raise NotCoveredHere("a value of this type", span)

    def _name(self, name: str, span: Span, names: Names) -> Sym:
        known = names.get(name)
        if known is None:
            raise NotCoveredHere(f"`{name}` as a value", span)
        if isinstance(known, NotCoveredHere):
            raise known
        return known

    def _path(self, node: tree.Path, path: Truth, names: Names) -> Sym:
        base = self.of(node.base, path, names)
        if base.kind is Kind.LIST:
            return replace(base, items=tuple(Item(each.there, self._field(each.value, node)) for each in base.items))
        if node.name in base.fields:
            return base.fields[node.name]
        if base.kind is Kind.CONTEXT:
            raise NotCoveredHere(f"the field `{node.name}`", node.span)
        return self._operation(operation_name(f".{node.name}", base.kind), node, path, base)

    def _field(self, item: Sym, node: tree.Path) -> Sym:
        if node.name not in item.fields:
            raise NotCoveredHere(f"`{node.name}` of the items of a list", node.span)
        return item.fields[node.name]

    # --- operators

    def _operation(self, name: str, node: Expr, path: Truth, *operands: Sym) -> Sym:
        emitter = self.operations.get(name, Unsupported(f"`{name}`"))
        if isinstance(emitter, Unsupported):
            raise NotCoveredHere(emitter.reason, node.span)
        return emitter(self, node, path, *operands)

    def _comparison(self, node: tree.Comparison, path: Truth, names: Names) -> Truth:
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(side, tree.Literal) and side.value is None:
                null = self.of(other, path, names, null_allowed=True).null
                return null if node.op == "=" else opposite(null)
        left, right = self.of(node.left, path, names), self.of(node.right, path, names)
        if node.op in ("=", "!="):
            same = self.same(left, right, node.span)
            return same if node.op == "=" else opposite(same)
        return self.ordered(node.op, left, right, node.span)

    def same(self, left: Sym, right: Sym, span: Span) -> Truth:
        same = equal(left, right)
        if same is None:
            raise NotCoveredHere(f"two values of the type {left.kind} compared", span)
        return same

    def ordered(self, op: str, left: Sym, right: Sym, span: Span) -> Truth:
        zoned = left.kind is Kind.TIME and left.local is not None and right.local is not None
        if left.kind is not right.kind or left.kind in _NO_ORDER or zoned:
            raise NotCoveredHere(f"`{op}` of these types", span)
        match op:
            case "<":
                return left.term < right.term
            case "<=":
                return left.term <= right.term
            case ">":
                return left.term > right.term
        return left.term >= right.term

    def _logic(self, op: str, operands: Iterable[Expr], path: Truth, names: Names) -> Truth:
        """One after the other, until one settles it."""
        parts: list[Truth] = []
        for operand in operands:
            part = self.truth(operand, path, names)
            parts.append(part)
            path = both(path, part if op == "and" else opposite(part))
        return both(*parts) if op == "and" else either(*parts)

    def _matches(self, node: tree.Matches, path: Truth, names: Names) -> Truth:
        candidate = node.candidate
        if isinstance(candidate, tree.Literal) and candidate.value is None:
            return self.of(node.value, path, names, null_allowed=True).null
        value = self.of(node.value, path, names)
        if isinstance(candidate, tree.Range):
            return self._inside(value, candidate, path, names)
        given = self.of(candidate, path, names)
        if given.kind is Kind.LIST and value.kind is not Kind.LIST:
            return self.contains(given, value, node.span)
        return self.same(value, given, node.span)

    def contains(self, items: Sym, value: Sym, span: Span) -> Truth:
        """Whether a value is among the items of a list."""
        return either(*(both(each.there, self.same(each.value, value, span)) for each in items.items))

    def _inside(self, value: Sym, bounds: tree.Range, path: Truth, names: Names) -> Truth:
        if bounds.op:
            raise NotCoveredHere("a range with an operator", bounds.span)
        parts: list[Truth] = []
        low = None if bounds.low is None else self.of(bounds.low, path, names)
        high = None if bounds.high is None else self.of(bounds.high, path, names)
        if low is not None:
            parts.append(self.ordered("<" if bounds.low_open else "<=", low, value, bounds.span))
        if high is not None:
            parts.append(self.ordered("<" if bounds.high_open else "<=", value, high, bounds.span))
        return both(*parts)

    # --- lists and contexts

    def _context(self, node: tree.ContextOf, path: Truth, names: Names) -> Sym:
        fields: dict[str, Sym] = {}
        for entry in node.entries:
            fields[entry.name] = self.of(entry.value, path, {**names, **fields}, null_allowed=True)
        return Sym(Kind.CONTEXT, fields=fields)

    def _filter(self, node: tree.Filter, path: Truth, names: Names) -> Sym:
        base = self.of(node.base, path, names)
        if node.condition.type.kind is Kind.NUMBER:
            return self._at(base, node, path)
        kept = []
        for each in base.items:
            inner = {**names, "item": each.value, **each.value.fields}
            holds = self.truth(node.condition, both(path, each.there), inner)
            kept.append(Item(both(each.there, holds), each.value))
        return Sym(Kind.LIST, items=tuple(kept))

    def _at(self, base: Sym, node: tree.Filter, path: Truth) -> Sym:
        """The item at a written position; a fault where the list has none there."""
        position = node.condition
        if isinstance(position, tree.Negate) and isinstance(position.operand, tree.Literal):
            wanted, items = position.operand.value, tuple(reversed(base.items))
        elif isinstance(position, tree.Literal):
            wanted, items = position.value, base.items
        else:
            raise NotCoveredHere("a position that is calculated", node.span)
        if wanted < 0:
            wanted, items = -wanted, tuple(reversed(base.items))
        if wanted != 1:
            raise NotCoveredHere("another position of a list than the first and the last", node.span)
        empty = opposite(either(*(each.there for each in items)))
        self.fault(both(path, empty), Ends.FAILS, "an empty list has no position 1", node.span)
        found = NULL if not items else items[-1].value
        for each in reversed(items):
            found = chosen(each.there, each.value, found)
        return found

    def _rounds(
        self, iterators: tuple[tree.Each, ...], body: Expr, path: Truth, names: Names, null_allowed: bool
    ) -> tuple[Item, ...]:
        """The body for each item, the later iterators inside the earlier ones."""
        if not iterators:
            return (Item(True, self.of(body, path, names, null_allowed=null_allowed)),)
        first, *rest = iterators
        rounds: list[Item] = []
        for each in self.of(first.over, path, names).items:
            inner = both(path, each.there)
            done = self._rounds(tuple(rest), body, inner, {**names, first.name: each.value}, null_allowed)
            rounds += guarded(done, each.there)
        return tuple(rounds)

    # --- calls

    def _function(self, node: tree.Function, names: Names) -> Sym:
        parameters = {parameter.name: is_needed(parameter) for parameter in node.parameters}

        def called(path: Truth, *given: Sym) -> Sym:
            own = dict(zip(parameters, given, strict=True))
            for name, value in own.items():
                if parameters[name] and value.null is not False:
                    self.fault(both(path, value.null), Ends.LACKS, name, node.span)
                    own[name] = value.there
            return self.of(node.body, path, {**names, **own}, null_allowed=True)

        return Sym(Kind.FUNCTION, fields=dict.fromkeys(parameters, NULL), call=called)

    def _call(self, node: tree.Call, path: Truth, names: Names) -> Sym:
        if node.signature is None:
            return self._call_of_own(node, path, names)
        emitter = self.functions.get(node.called, Unsupported(f"the function `{node.called}`"))
        if isinstance(emitter, Unsupported):
            raise NotCoveredHere(f"`{node.called}`: {emitter.reason}", node.span)
        given = arranged(node.signature, node.arguments, node.names) or ()
        arguments = []
        for place, argument in enumerate(given):
            parameter = node.signature.parameter(place)
            allowed = parameter is not None and parameter.type.optional
            if argument is not None and argument.type.kind is Kind.FUNCTION:
                raise NotCoveredHere(f"`{node.called}` with a function", node.span)
            arguments.append(NULL if argument is None else self.of(argument, path, names, null_allowed=allowed))
        return emitter(self, node, path, *arguments)

    def _call_of_own(self, node: tree.Call, path: Truth, names: Names) -> Sym:
        function = self.of(node.function, path, names)
        given = [self.of(argument, path, names, null_allowed=True) for argument in node.arguments]
        if function.call is None:
            raise NotCoveredHere("a call of this value", node.span)
        if node.names:
            by_name = dict(zip(node.names, given, strict=True))
            given = [by_name.get(name, NULL) for name in function.fields]
        if self.depth >= LIMITS.proof_calls:
            raise NotCoveredHere("functions that call each other so deeply", node.span)
        self.depth += 1
        try:
            return function.call(path, *given)
        finally:
            self.depth -= 1
