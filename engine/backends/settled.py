"""What is known of an expression before anything is decided: constants, and functions called on written values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ordain.engine.errors import Span
from ordain.engine.feel.functions.folding import folded
from ordain.engine.feel.syntax.tree import (
    Call,
    ContextOf,
    Each,
    Expr,
    Filter,
    ListOf,
    Literal,
    Name,
    Parameter,
    changed,
    walk,
)
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.values.types import Kind, Type, Value

Constants = Mapping[str, tuple[Type, Value]]


def settled(tree: Expr, constants: Constants, own: Collection[str] = ()) -> Expr:
    """The tree with constants, and dates and durations written as calls, as the literals they are.

    `own` are names of the policy that may hide a function where types are not known.
    """
    if isinstance(tree, Literal):
        return tree
    hidden = bound_names(tree)
    hiding = hidden.union(own)

    def literal(node: Expr) -> Expr:
        if isinstance(node, Name) and node.name in constants and node.name not in hidden:
            return _written(node.span, *constants[node.name])
        chosen = isinstance(node, Call) and node.signature is not None  # then its name is known to be the function's
        return folded(node, () if chosen else hiding) or node

    return changed(tree, literal)


def _written(span: Span, of: Type, value: Value) -> Expr:
    """A constant as it would stand there. A list is one of literals, so that a cell with it is as plain as one that
    says them."""
    if of.kind is Kind.LIST and of.item is not None:
        return ListOf(span, tuple(Literal(span, item, type=of.item) for item in value), type=of)
    return Literal(span, value, type=of)


def settle(checked: Checked, constants: Constants, own: Collection[str] = ()) -> Checked:
    """A checked expression, settled."""
    tree = settled(checked.tree, constants, own)
    return checked if tree is checked.tree else replace(checked, tree=tree)


def bound_names(tree: Expr) -> frozenset[str]:
    """Names that something in the tree binds: inside of it they do not mean what they mean around it."""
    names: set[str] = set()
    for node in walk(tree):
        match node:
            case Each(name=name) | Parameter(name=name):
                names.add(name)
            case ContextOf(entries=entries):
                names.update(entry.name for entry in entries)
            case Filter(base=base):
                names.update(("item", *(base.type.item.fields if base.type.item is not None else ())))
    return frozenset(names)
