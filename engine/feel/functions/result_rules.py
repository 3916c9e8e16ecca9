"""What a few functions give, whose result depends on the values they get and not only on their types.

Each is a `ResultRule`, which the entry of its function names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ordain.engine.errors import did_you_mean
from ordain.engine.feel.syntax.tree import Expr, ListOf, Literal
from ordain.engine.values.joining import joined
from ordain.engine.values.types import ANY, TEXT, Kind, Type, context_of, list_of

TypeOf = Callable[[Expr], Type]
ResultRule = Callable[[Sequence[Expr], TypeOf], Type]
"""The type of a call with these arguments, in the order of the signature. Raises NotKnown."""

_QUOTED = "write the name of the field as a text in quotes"


class NotKnown(Exception):
    """What a call gives cannot be told before it runs: the message, and a hint."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _keys(node: Expr) -> tuple[str, ...]:
    """The names that a literal key, or a literal list of keys, says."""
    items = node.items if isinstance(node, ListOf) else (node,)
    keys = tuple(item.value for item in items if isinstance(item, Literal) and isinstance(item.value, str))
    if len(keys) != len(items) or not keys:
        raise NotKnown(f"the field that `{node.span.text}` names cannot be known", _QUOTED)
    return keys


def get_value(arguments: Sequence[Expr], of: TypeOf) -> Type:
    """The type of the field that a literal key, or a list of keys, leads to.

    Raises NotKnown for a key that is not written there, or that no field has.
    """
    type = of(arguments[0])
    for key in _keys(arguments[1]):
        if key not in type.fields:
            raise NotKnown(f"a {type} has no `{key}`", did_you_mean(key, type.fields))
        type = type.fields[key]
    return type


def get_entries(arguments: Sequence[Expr], of: TypeOf) -> Type:
    """Fields of different types have no one type for `value`, so then there is only `key` to be read."""
    value: Type | None = ANY
    for field in of(arguments[0]).fields.values():
        value = joined(value, field) if value is not None else None
    return list_of(context_of({"key": TEXT} if value is None else {"key": TEXT, "value": value}))


def context_put(arguments: Sequence[Expr], of: TypeOf) -> Type:
    """The type of the context with the field put in. Raises NotKnown for keys that are not written there."""
    return _put(of(arguments[0]), _keys(arguments[1]), of(arguments[2]))


def _put(context: Type, keys: tuple[str, ...], value: Type) -> Type:
    first, rest = keys[0], keys[1:]
    if rest:
        value = _put(context.fields.get(first, context_of({})), rest, value)
    return context_of({**context.fields, first: value})


def context_merge(arguments: Sequence[Expr], of: TypeOf) -> Type:
    """The fields of all contexts of a written list; the later ones win. Raises NotKnown for any other list."""
    fields: Mapping[str, Type] = {}
    for node in arguments:
        if not isinstance(node, ListOf):
            message = f"the fields that `{node.span.text}` has together cannot be known: the list may be empty"
            raise NotKnown(message, "write the list: [a, b]")
        for item in node.items:
            fields = {**fields, **of(item).fields}
    return context_of(fields)


def context(arguments: Sequence[Expr], of: TypeOf) -> Type:
    """The fields that a written list of `{key: "name", value: ...}` names. Raises NotKnown for any other list."""
    fields: dict[str, Type] = {}
    entries = arguments[0]
    if not isinstance(entries, ListOf):
        raise NotKnown("the fields of this context cannot be known", "write it as {name: value, ...}")
    for entry in entries.items:
        named = {part.name: part.value for part in getattr(entry, "entries", ())}
        if not {"key", "value"} <= named.keys():
            raise NotKnown("the fields of this context cannot be known", "write it as {name: value, ...}")
        fields[_keys(named["key"])[0]] = of(named["value"])
    return context_of(fields)


def flatten(arguments: Sequence[Expr], of: TypeOf) -> Type:
    """A list of what the leaves of a nested list have in common. Raises NotKnown when that is nothing."""
    node = arguments[0]
    item: Type | None = ANY
    for part in _leaves(node, of):
        item = joined(item, part) if item is not None else None
    if item is None:
        raise NotKnown(f"the items of `{node.span.text}` are of different types", "a list holds one type")
    return list_of(item)


def _leaves(node: Expr, of: TypeOf) -> Sequence[Type]:
    if isinstance(node, ListOf):
        return [leaf for item in node.items for leaf in _leaves(item, of)]
    leaf = of(node)
    while leaf.kind is Kind.LIST:
        leaf = leaf.item or ANY
    return [leaf]
