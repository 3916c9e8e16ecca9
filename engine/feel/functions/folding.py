"""Calls that are as good as a literal: `date("2026-01-31")` is the date itself."""

from __future__ import annotations

from collections.abc import Container

from ordain.engine.feel.functions import entry_of
from ordain.engine.feel.functions.signature import Signature
from ordain.engine.feel.syntax.tree import Call, Expr, Literal
from ordain.engine.values.types import SIMPLE, Value, kind_of


def folded(node: Expr, hidden: Container[str] = ()) -> Literal | None:
    """The value of a call with literals alone, as a literal in its place, when the entry of its function says so.

    None for any other node, and for a call that gives no value. `hidden` are names that hide built-in functions.
    """
    entry = entry_of(node)
    if entry is None or not entry.folds or not isinstance(node, Call) or node.called in hidden:
        return None
    values = tuple(part.value for part in node.arguments if isinstance(part, Literal))
    if len(values) < len(node.arguments):
        return None
    chosen = next((each for each in entry.signatures if _takes(each, values, node.names)), None)
    if chosen is None:
        return None
    try:
        value = chosen.python(*values)
    except (ValueError, ArithmeticError):
        return None
    return Literal(node.span, value, SIMPLE[kind_of(value)])


def _takes(signature: Signature, values: tuple[Value, ...], names: tuple[str, ...]) -> bool:
    """Whether these are values of the signature's own kinds, in its order."""
    parameters = signature.parameters[: len(values)]
    by_name = not names or names == tuple(parameter.name for parameter in parameters)
    kinds = [parameter.type.kind for parameter in parameters]
    return signature.takes(len(values)) and by_name and kinds == [kind_of(value) for value in values]
