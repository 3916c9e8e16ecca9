"""What is known of an expression before anything is decided: constants, and functions called on written values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ordain.engine.feel.functions.folding import folded
from ordain.engine.feel.syntax.tree import Call, ContextOf, Each, Expr, Filter, Literal, Name, Parameter, changed, walk
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.values.types import Type, Value

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
            of, value = constants[node.name]
            return Literal(node.span, value, type=of)
        chosen = isinstance(node, Call) and node.signature is not None  # then its name is known to be the function's
        return folded(node, () if chosen else hiding) or node

    return changed(tree, literal)


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
