"""Types as `gives` and the vocabulary declare them: a word, or a mapping with `type` and more."""

from __future__ import annotations

from dataclasses import replace

from ordain.engine.errors import Issue, PolicyError, did_you_mean
from ordain.engine.policy.mending import mended
from ordain.engine.policy.written_otherwise import TYPE_NAMES
from ordain.engine.text.source import Node
from ordain.engine.values.types import Kind, Type, context_of, list_of, type_named


def read_type(node: Node) -> Type:
    """A declared type. Raises PolicyError with its place.

    What other languages call a type is no type here, but is known for what it is.
    """
    if not isinstance(node.value, dict):
        named = type_named(node.text)
        if named is None and node.text in ("context", "list of context"):
            raise PolicyError(
                Issue("a context needs `fields`", "fields: {name: text, ...}", node.span, code="unknown-type")
            )
        if named is None:
            names = ("number", "text", "flag", "date", "time", "date and time", "duration", "months", "list of text")
            issue = Issue(f"unknown type `{node.text}`", did_you_mean(node.text, names), node.span, code="unknown-type")
            meant = TYPE_NAMES.get(node.text.lower().rstrip("s"), "")
            readings = [(meant, "")] if meant else []
            raise PolicyError(mended([issue], node, readings, lambda name: type_named(name) is not None))
        return named
    if (fields := node.get("fields")) is not None and node["type"].text in ("context", "list of context"):
        type = context_of({name: read_type(part) for name, part in fields.items()})
        type = list_of(type) if node["type"].text != "context" else type
    else:
        type = read_type(node["type"])
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
