"""Times, and dates and times, of which one has an offset from UTC and the other has none: no order is sure there."""

from __future__ import annotations

from dataclasses import replace

from ordain.engine.errors import Issue, Span
from ordain.engine.feel.functions.entry import Function, ResultOffset
from ordain.engine.feel.signature import Signature
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.feel.typing.rule_base import Checking
from ordain.engine.values.types import Kind, Type, Value

_PLACED = (Kind.TIME, Kind.DATE_TIME)
OFFSET_HINT = "write its offset from UTC after it, such as `+05:30`, or `Z` for UTC itself"


def placed(type: Type, value: Value) -> Type:
    """The type of a written value, which says whether it has an offset."""
    return replace(type, offset=value.tzinfo is not None) if type.kind in _PLACED and value is not None else type


class Offsets(Checking):
    def same_offset(self, left: Expr, one: Type, right: Expr, other: Type, span: Span) -> None:
        """Notes that only one of two that meet has an offset."""
        if one.kind is not other.kind or {one.offset, other.offset} != {True, False}:
            return
        without, with_one = (left, right) if other.offset else (right, left)
        message = f"{self.subject(without)} has no offset, and {self.subject(with_one)} has one"
        self.note(Issue(message, OFFSET_HINT, span if isinstance(without, tree.Input) else without.span, code="zone"))

    def moved(self, node: tree.Arithmetic, left: Type, right: Type, gives: Type) -> Type:
        """What is left of a time by `+` and `-`: a duration keeps its offset, a difference needs two alike."""
        if left.kind is right.kind and left.kind in _PLACED:
            self.same_offset(node.left, left, node.right, right, node.span)
        elif gives.kind in _PLACED:
            return replace(gives, offset=(left if left.kind is gives.kind else right).offset)
        return gives

    def told(self, node: tree.Call, function: Function, signature: Signature, gives: Type) -> Type:
        """A time, or date and time, that a function gives, with whether it has an offset."""
        if function.offset is None or gives.kind not in _PLACED:
            return gives
        if function.offset is ResultOffset.ALWAYS:
            return replace(gives, offset=True)
        if not node.arguments or node.names:
            return gives
        last = node.arguments[-1]
        of_last = self.types[id(last)]
        if of_last.kind in _PLACED and len(node.arguments) <= 2:
            return replace(gives, offset=of_last.offset)
        if not isinstance(last, tree.Literal) or not isinstance(last.value, str) or len(node.arguments) != 1:
            return gives
        try:
            return placed(gives, signature.python(last.value))
        except (ValueError, ArithmeticError):
            return gives  # a wrong text is told when it is read
