"""Types as `gives` and the vocabulary declare them: a word, or a mapping with `type` and more."""

from __future__ import annotations

from dataclasses import replace

from ordain.engine.errors import Issue, PolicyError, did_you_mean
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.policy.mending import mended
from ordain.engine.policy.written_otherwise import TYPE_NAMES
from ordain.engine.policy.written_range import read_range
from ordain.engine.text.source import Node
from ordain.engine.values.types import Kind, Type, context_of, list_of, type_named


def read_type(node: Node, *, given: bool = False) -> Type:
    """A declared type; `given`: of what a policy gives, whose numbers have their `range` as limits, in fields too.

    Raises PolicyError with its place. What other languages call a type is no type here, but is known for what it is.
    """
    if not isinstance(node.value, dict):
        named = type_named(node.text)
        if named is None and node.text in ("context", "list of context"):
            raise PolicyError(
                Issue("a context needs `fields`", "fields: {name: text, ...}", node.span, code="unknown-type")
            )
        if named is None:
            names = ("number", "text", "flag", "date", "time", "date and time", "duration", "months", "list of text")
            meant = TYPE_NAMES.get(node.text.lower().rstrip("s"), "")
            hint = "" if meant else did_you_mean(node.text, names)  # `float` is like `flag` by its letters alone
            issue = Issue(f"unknown type `{node.text}`", hint, node.span, code="unknown-type")
            readings = [(meant, "")] if meant else []
            raise PolicyError(mended([issue], node, readings, lambda name: type_named(name) is not None))
        return named
    if (fields := node.get("fields")) is not None and node["type"].text in ("context", "list of context"):
        type = context_of({name: read_type(part, given=given) for name, part in fields.items()})
        type = list_of(type) if node["type"].text != "context" else type
    else:
        type = read_type(node["type"])
    if given:
        type = _as_given(node, type)
    values = node["values"].texts() if node.get("values") else ()
    if values and type.kind is Kind.LIST and type.item is not None:
        return replace(type, item=replace(type.item, values=values))
    optional = node.get("optional")
    unit = node.get("unit")
    return replace(
        type,
        values=values,
        unit=unit.text if unit is not None else "",
        optional=optional is not None and optional.value is True,
    )


def _as_given(node: Node, type: Type) -> Type:
    """The type with the limits that its `range` says. Raises PolicyError for what has no meaning with it."""
    inner = type.item if type.kind is Kind.LIST and type.item is not None else type
    if (fields := node.get("fields")) is not None:
        if inner.kind is not Kind.CONTEXT:
            hint = f"write `type: context` or `type: list of context`, or leave `fields` out of this {type}"
            raise PolicyError(Issue("`fields` are those of a context", hint, node.keys["fields"], code="unknown-type"))
        for name in fields.value:
            if not is_name(name):
                hint = "use letters, digits and `_`, but no keyword"
                raise PolicyError(Issue(f"`{name}` cannot be a name", hint, fields.keys[name], code="name"))
    if (written := node.get("range")) is None:
        return type
    if inner.kind is not Kind.NUMBER:
        hint = "leave `range` out, or declare a number"
        raise PolicyError(Issue(f"a range is of numbers, and this is a {type}", hint, written.span, code="range"))
    limited = replace(inner, limits=read_range(written))
    return replace(type, item=limited) if inner is not type else limited
