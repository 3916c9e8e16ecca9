"""What is known of an expression before anything is decided: constants, and functions called on written values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ordain.engine.errors import NotThatType
from ordain.engine.feel.syntax.tree import Call, ContextOf, Each, Expr, Filter, Literal, Name, Parameter, changed, walk
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.values.temporal import read_date, read_duration
from ordain.engine.values.types import SIMPLE, Type, Value, kind_of

Constants = Mapping[str, tuple[Type, Value]]

_FROM_TEXT = {"date": read_date, "duration": read_duration}


def settled(tree: Expr, constants: Constants, own: Collection[str] = ()) -> Expr:
    """The tree with constants, and dates and durations written as calls, as the literals they are.

    `own` are names of the policy that may hide a function where types are not known.
    """
    hidden = bound_names(tree)

    def literal(node: Expr) -> Expr:
        if isinstance(node, Name) and node.name in constants and node.name not in hidden:
            of, value = constants[node.name]
            return Literal(node.span, value, type=of)
        if isinstance(node, Call) and (node.signature is not None or not (node.called in own or node.called in hidden)):
            return _written(node) or node
        return node

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


def _written(node: Call) -> Literal | None:
    """The value of `date("2026-01-31")` and its like, when its text says one."""
    if node.called not in _FROM_TEXT or len(node.arguments) != 1 or node.names:
        return None
    [text] = node.arguments
    if not isinstance(text, Literal) or not isinstance(text.value, str):
        return None
    try:
        value = _FROM_TEXT[node.called](text.value)
    except NotThatType:
        return None
    return Literal(node.span, value, type=SIMPLE[kind_of(value)])
