"""The typing rules of comparisons: `=`, `<`, `between`, `in`, ranges, and the tests of cells."""

from __future__ import annotations

import re
from dataclasses import replace

from ordain.engine.errors import Issue, Level, Span, did_you_mean
from ordain.engine.feel.functions.operators import ORDERED, less
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.feel.typing.number_limits import WithinLimits, fixed
from ordain.engine.feel.typing.offsets import Offsets
from ordain.engine.feel.typing.units import Units
from ordain.engine.values.types import ANY, FLAG, Kind, Limits, Type, described, range_of


class Comparisons(Units, WithinLimits, Offsets):
    def comparison(self, node: tree.Comparison) -> Type:
        """A flag; both sides must be of one kind, and have an order for `<` and its like (DMN 1.5, tables 52 to 54)."""
        if node.op not in ("=", "!="):
            self.comparable(node.op, node.left, node.right, node.span)
            self.possible(
                node.op, node.left, self.known_type(node.left), node.right, self.known_type(node.right), node.span
            )
            return FLAG
        left, right = self.type_of(node.left), self.type_of(node.right)
        if Kind.NULL not in (left.kind, right.kind) and not left.accepts(right):
            self.unlike(node.op, node.left, left, node.right, right, node.span)
        elif left.kind is right.kind is Kind.FUNCTION:
            self.fault(node.span, f"`{node.op}` cannot compare functions")
        self.declared(left, node.right)
        self.declared(right, node.left)
        self.measures(f"`{node.op}`", node.left, left, node.right, right, node.span)
        self.possible(node.op, node.left, left, node.right, right, node.span)
        return FLAG

    def measures(self, what: str, left: Expr, one: Type, right: Expr, other: Type, span: Span) -> None:
        """Two values of one type must be in one unit, and with or without offset alike."""
        self.same_unit(what, ((left, one), (right, other)), span)
        self.same_offset(left, one, right, other, span)

    def comparable(self, op: str, left: Expr, right: Expr, span: Span) -> Type:
        """The type of two values that have an order between them."""
        return self.alike(op, left, self.type_of(left), right, self.type_of(right), span)

    def alike(self, op: str, left: Expr, one: Type, right: Expr, other: Type, span: Span) -> Type:
        """The type of two values, of types that are known already, that have an order between them."""
        if not one.accepts(other):
            self.unlike(op, left, one, right, other, span)
        else:
            self.ordered(op, one if one.kind is not Kind.ANY else other, span)
            self.measures(f"`{op}`", left, one, right, other, span)
        type = one if one.kind is not Kind.ANY else other
        return replace(type, unit=type.unit or other.unit, limits=None)

    def ordered(self, op: str, type: Type, span: Span) -> None:
        """Notes that values of a type have no order."""
        if type.kind not in ORDERED and type.kind is not Kind.ANY:
            self.fault(span, f"`{op}` needs an order, and {described(type)} has none", code="type")
        elif type.values:
            message = f"`{op}` would go by the alphabet: declared values have no order"
            hint = f"name the values that are meant, of {', '.join(type.values)}"
            # A text on record may have such an order, and its decisions are to be replayed.
            self.note(Issue(message, hint, span, code="value-order", level=Level.WARNING))

    def between(self, node: tree.Between) -> Type:
        """A flag; the value has an order with both bounds."""
        value = self.type_of(node.value)
        for bound in (node.low, node.high):
            self.alike("between", node.value, value, bound, self.type_of(bound), node.span)
        self.enclosing(node.value, value, node.low, node.high, Limits(), node.span)
        return FLAG

    def enclosing(self, value: Expr, of: Type, low: Expr | None, high: Expr | None, ends: Limits, span: Span) -> None:
        """Notes that a limited number is never, or always, between two numbers; `ends` says which of them count."""
        bounds = [None if bound is None else fixed(self.known_type(bound)) for bound in (low, high)]
        written = [bound is None or number is not None for bound, number in zip((low, high), bounds, strict=True)]
        if of.limits is not None and fixed(of) is None and all(written):
            inside = replace(ends, low=bounds[0], high=bounds[1])
            self.enclosed(value, of.limits, inside, span)

    def unlike(self, op: str, left: Expr, one: Type, right: Expr, other: Type, span: Span) -> None:
        sides = f"{self.subject(left)} is {described(one)} and `{right.span.text}` is {described(other)}"
        message = f"`{op}` cannot compare them: {sides}"
        if isinstance(left, tree.Input) and self.asked == "the column":
            message = f"this column holds {described(one, many=True)}; `{right.span.text}` is {described(other)}"
        hint, kinds = "", (one.kind, other.kind)
        texts = right.span.text if other.kind is Kind.TEXT else left.span.text
        if set(kinds) == {Kind.NUMBER, Kind.TEXT} and re.fullmatch(r'(.*[^\w.])?[\d.]+ *%"', texts):
            hint = "write a percentage as a number: 10 for ten percent, or 0.10 as a fraction"
        elif kinds == (Kind.NUMBER, Kind.TEXT):
            hint = "write the number without quotes"
        elif kinds == (Kind.TEXT, Kind.NUMBER):
            hint = 'put text in double quotes: "text"'
        elif Kind.NULL in kinds:
            hint = "null has no order; write `= null` or `!= null`"
        elif set(kinds) == {Kind.DURATION, Kind.NUMBER}:
            hint = as_duration(left if one.kind is Kind.NUMBER else right)
        elif set(kinds) == {Kind.DATE, Kind.DATE_TIME}:
            hint = "take the date of the other one: date(...)"
        elif Kind.DATE in kinds and re.search(r"\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{4}", right.span.text):
            hint = 'write a date as @"2026-01-31"'
            if isinstance(left, tree.Input) and self.asked == "the column":
                hint += ", and single quotes around the cell"
        elif Kind.FLAG in kinds and Kind.TEXT in kinds:
            hint = "a yes/no value is `true` or `false`, without quotes"
        self.fault(span, message, hint, code="null-order" if Kind.NULL in kinds else "type")

    def declared(self, of: Type, node: Expr) -> None:
        """A text literal that stands against declared values must be one of them."""
        if not (of.values and isinstance(node, tree.Literal) and isinstance(node.value, str)):
            return
        if node.value not in of.values:
            hint = did_you_mean(node.value, of.values)
            self.fault(node.span, f"`{node.value}` is not one of the declared values", hint, code="undeclared-value")

    def range(self, node: tree.Range) -> Type:
        """A range of what its bounds are; both must be alike and in order."""
        low, high = node.low, node.high
        if low is None or high is None:
            bound = low if low is not None else high
            bounds = self.type_of(bound) if bound is not None else ANY
            self.ordered("..", bounds, node.span)
            return range_of(bounds)
        bounds = self.comparable("..", low, high, node.span)
        written = isinstance(low, tree.Literal) and isinstance(high, tree.Literal) and not self.issues
        if written and less(high.value, low.value):  # type: ignore[attr-defined]  # both are literals
            self.fault(
                node.span, "the range is empty: it begins after its end", "swap the endpoints", code="empty-range"
            )
        return range_of(bounds)

    def membership(self, node: tree.In) -> Type:
        """A flag; the tests of `in` ask about the value as those of a cell about its column."""
        outer = self.input, self.asked
        self.input, self.asked = self.type_of(node.value), f"`{node.value.span.text}`"
        for test in node.tests:
            self.flag(test, "`in` needs a yes/no value")
            # A test that was refused may have left its candidate without a type.
            of = self.types.get(id(test.candidate)) if isinstance(test, tree.Matches) else None
            if of is not None and of.item is not None:
                self.declared(of.item, node.value)
        self.input, self.asked = outer
        return FLAG

    def matches(self, node: tree.Matches) -> Type:
        """A flag; a test without operator asks whether the value equals the candidate or is in it (DMN 1.5, 7.3.13)."""
        value = self.type_of(node.value)
        if value.kind not in (Kind.FLAG, Kind.ANY) and (values := _joined_by_or(node.candidate)):
            message = "`or` does not work " + ("in a cell" if self.asked == "the column" else "after `in`")
            return self.fault(node.candidate.span, message, f"write `{', '.join(values)}`")
        candidate = self.type_of(node.candidate)
        if candidate.kind is Kind.NULL or Kind.ANY in (value.kind, candidate.kind):
            return FLAG
        if candidate.kind is Kind.RANGE and value.kind is not Kind.RANGE:
            inner = candidate.item or ANY
            if not value.accepts(inner):
                # A written range is called by what it holds: `[1..2]` a number, as in `in` the number is compared.
                shown = inner if isinstance(node.candidate, tree.Range) else candidate
                self.unlike("in", node.value, value, node.candidate, shown, node.span)
            self.measures("`in`", node.value, value, node.candidate, inner, node.span)
            if isinstance(written := node.candidate, tree.Range):
                ends = Limits(low_open=written.low_open, high_open=written.high_open)
                self.enclosing(node.value, value, written.low, written.high, ends, node.span)
            return FLAG
        if candidate.kind is Kind.LIST and (value.kind is not Kind.LIST or _holds_lists(candidate)):
            if not _holds(candidate.item or ANY, value):
                self.unlike("in", node.value, value, node.candidate, candidate, node.span)
            for item in node.candidate.items if isinstance(node.candidate, tree.ListOf) else ():
                self.declared(value, item)
            self.measures("`in`", node.value, value, node.candidate, candidate.item or ANY, node.span)
            self.declared(candidate.item or ANY, node.value)
            return FLAG
        if not value.accepts(candidate):
            self.unlike("=", node.value, value, node.candidate, candidate, node.span)
        self.declared(value, node.candidate)
        self.measures("`=`", node.value, value, node.candidate, candidate, node.span)
        self.possible("=", node.value, value, node.candidate, candidate, node.span)
        return FLAG


def as_duration(node: Expr) -> str:
    """How to write the number of days that stands there as a duration."""
    days = node.span.text if re.fullmatch(r"\d{1,6}", node.span.text) else "30"
    return f'write days as a duration: duration("P{days}D")'


def _joined_by_or(node: Expr) -> list[str]:
    """The values of `premium or basic`, which a cell writes with commas; none when it is anything else."""
    if not isinstance(node, tree.Logic) or node.op != "or":
        return []
    plain = all(isinstance(operand, tree.Name | tree.Literal) for operand in node.operands)
    return [operand.span.text for operand in node.operands] if plain else []


def _holds_lists(candidate: Type) -> bool:
    return candidate.item is not None and candidate.item.kind is Kind.LIST


def _holds(item: Type, value: Type) -> bool:
    """Whether a list of such items may hold the value, or a range that holds it."""
    if item.kind is Kind.RANGE and value.kind is not Kind.RANGE:
        return value.accepts(item.item or ANY)
    return item.kind is Kind.NULL or value.accepts(item)
