"""Calls that are as good as a literal: `date("2026-01-31")` is the date itself."""

from __future__ import annotations

from collections.abc import Container

from ordain.engine.feel.functions import entry_of
from ordain.engine.feel.syntax.tree import Call, Expr, Literal
from ordain.engine.values.types import SIMPLE, Kind, kind_of


def folded(node: Expr, hidden: Container[str] = ()) -> Literal | None:
    """The value of a call with a written text, as a literal in its place, when the entry of its function says so.

    None for any other node, and for a text that gives no value. `hidden` are names that hide built-in functions.
    """
    entry = entry_of(node)
    if entry is None or not entry.folds or not isinstance(node, Call) or node.called in hidden:
        return None
    match node.arguments:
        case (Literal(value=str() as text),):
            for signature in entry.signatures:
                parameter = signature.parameters[0]
                if signature.takes(1) and parameter.type.kind is Kind.TEXT and node.names in ((), (parameter.name,)):
                    try:
                        value = signature.python(text)
                    except (ValueError, ArithmeticError):
                        return None
                    return Literal(node.span, value, type=SIMPLE[kind_of(value)])
    return None
