"""Boxed conditions that must be flags: of another kind, the whole expression is null (DMN 1.5, sections 10.2.2.7-10).

The condition is the argument of a function, so that it is looked at before it decides. FEEL's own `if`, `some` and
`every` only ask whether it is true.
"""

from __future__ import annotations

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import (
    Call,
    Comparison,
    Each,
    Expr,
    Filter,
    For,
    Function,
    If,
    InstanceOf,
    Literal,
    Logic,
    Name,
    Parameter,
    Quantified,
    TypeName,
)
from ordain.engine.values.types import NULL, TEXT

FLAG, FLAGS, _ONE, _MATCH = "#flag", "#flags", "#one", "#match"
"""Names that no text can say."""


def conditional(span: Span, condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    """`if`, but null when the condition is neither a flag nor null."""
    flag = Name(span, FLAG)
    chosen = If(span, _flag_or_null(flag), If(span, flag, then, otherwise), Literal(span, None, type=NULL))
    return Call(span, Function(span, (Parameter(span, FLAG, None),), chosen), (condition,))


def quantified(span: Span, quantifier: str, each: Each, condition: Expr) -> Expr:
    """`some` or `every`, but null when the condition is neither a flag nor null for one of the items."""
    flags, one = Name(span, FLAGS), Name(span, _ONE)
    over = (Each(span, _ONE, flags),)
    all_flags = Quantified(span, "every", over, _flag_or_null(one))
    chosen = If(span, all_flags, Quantified(span, quantifier, over, one), Literal(span, None, type=NULL))
    return Call(span, Function(span, (Parameter(span, FLAGS, None),), chosen), (For(span, (each,), condition),))


def filtered(span: Span, base: Expr, condition: Expr) -> Filter:
    """A filter, but null when the condition is a number, with which FEEL's own takes the item at that position.

    A text takes its place: a filter whose condition is neither a number, a flag nor null is null.
    """
    match = Name(span, _MATCH)
    asked = If(span, InstanceOf(span, match, TypeName("number")), Literal(span, "a number", type=TEXT), match)
    return Filter(span, base, Call(span, Function(span, (Parameter(span, _MATCH, None),), asked), (condition,)))


def unguarded(node: Expr) -> Expr | None:
    """The plain `if`, `some`, `every` or condition of a guarded one, as a strict policy has it; None for others."""
    match node:
        case Call(function=Function(parameters=(Parameter(name="#match"),)), arguments=(condition,)):
            return condition
        case Call(
            span=span,
            function=Function(parameters=(Parameter(name="#flag"),), body=If(then=If() as chosen)),
            arguments=(condition,),
        ):
            return If(span, condition, chosen.then, chosen.otherwise)
        case Call(
            span=span,
            function=Function(parameters=(Parameter(name="#flags"),), body=If(then=Quantified() as chosen)),
            arguments=(For() as loop,),
        ):
            return Quantified(span, chosen.quantifier, loop.iterators, loop.body)
    return None


def _flag_or_null(value: Expr) -> Expr:
    span = value.span
    is_flag = InstanceOf(span, value, TypeName("boolean"))
    return Logic(span, "or", (is_flag, Comparison(span, "=", value, Literal(span, None, type=NULL))))
