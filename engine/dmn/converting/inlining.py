"""Calls replaced by what is called: the arguments stand where the parameters are read, if that is safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ordain.engine.feel.syntax.tree import (
    Call,
    Each,
    Entry,
    Expr,
    Filter,
    Function,
    Literal,
    Name,
    Parameter,
    Path,
    changed,
    names,
    walk,
)
from ordain.engine.feel.typing.checker import Checked, untyped
from ordain.engine.policy.model import Table


def put_in_place(node: Call, function: Function) -> Expr:
    """The body with the arguments in it, or the call itself, its arguments in the order of the parameters.

    Only plain arguments are put in place: names, fields and literals, which cost nothing to read twice.
    """
    wanted = [parameter.name for parameter in function.parameters]
    arguments = node.arguments
    if node.names:
        if sorted(node.names) != sorted(wanted):
            return node
        given = dict(zip(node.names, node.arguments, strict=True))
        arguments = tuple(given[name] for name in wanted)
    if len(arguments) != len(wanted):
        return node
    inside = dict(zip(wanted, arguments, strict=True))
    if not all(map(_is_plain, arguments)) or not _is_safe(function.body, inside):
        return Call(node.span, function, arguments)
    return changed(function.body, lambda part: inside.get(part.name, part) if isinstance(part, Name) else part)


def with_arguments(table: Table, arguments: Mapping[str, Expr]) -> Table | None:
    """The table with `arguments` in place of names; None when that is not safe."""
    inside = dict(arguments)
    if not all(map(_is_plain, inside.values())):
        return None

    def put(checked: Checked) -> Checked:
        if not _is_safe(checked.tree, inside):
            raise _Unsafe
        named = changed(checked.tree, lambda part: inside.get(part.name, part) if isinstance(part, Name) else part)
        return untyped(named)

    try:
        columns = tuple(replace(column, expression=put(column.expression)) for column in table.columns)
        rules = tuple(
            replace(
                rule,
                cells=tuple(put(cell) if cell is not None else None for cell in rule.cells),
                gives=tuple(map(put, rule.gives)),
            )
            for rule in table.rules
        )
        otherwise = tuple(map(put, table.otherwise)) if table.otherwise is not None else None
    except _Unsafe:
        return None
    return replace(table, columns=columns, rules=rules, otherwise=otherwise)


class _Unsafe(Exception):
    """A name of the table would be taken for another. Caught above."""


def _is_plain(node: Expr) -> bool:
    return isinstance(node, Name | Literal) or (isinstance(node, Path) and _is_plain(node.base))


def _is_safe(body: Expr, inside: dict[str, Expr]) -> bool:
    """Whether no name of the body hides a parameter, and none catches a name of an argument."""
    read = {name for argument in inside.values() for name in names(argument)} | inside.keys()
    for part in walk(body):
        if isinstance(part, Each | Entry | Parameter) and part.name in read:
            return False
        # A field of the filtered items would hide a name.
        if isinstance(part, Filter) and read & {p.name for p in walk(part.condition) if isinstance(p, Name)}:
            return False
    return True
