"""The shape of a YAML file: a JSON Schema (draft 2020-12), and its violations said for people, with places."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from ordain.engine.errors import Issue, Span, did_you_mean
from ordain.engine.text.source import Node
from ordain.engine.values.types import said

Schema = dict[str, Any]


def _is_number(_: object, value: object) -> bool:
    return isinstance(value, Decimal | int) and not isinstance(value, bool)


def _is_integer(_: object, value: object) -> bool:
    return _is_number(_, value) and value == int(value)  # type: ignore[call-overload]  # a number by now


_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer})
_extend: Any = validators.extend  # untyped in jsonschema's stubs
_Validator = _extend(Draft202012Validator, type_checker=_TYPES)


def check_structure(node: Node, schema: Schema) -> list[Issue]:
    """Every way in which `node` is not of the shape `schema`, each with its place and a hint."""
    found: list[Issue] = []
    for error in _Validator(schema).iter_errors(node.data()):
        found.extend(_issues(error, node))
    return sorted(found, key=lambda issue: (issue.span.line, issue.span.column) if issue.span else (0, 0))


def _issues(error: ValidationError, root: Node) -> Iterator[Issue]:
    node = root
    for step in error.absolute_path:
        node = node.value[step]
    where = f" in `{_named(error)}`" if error.absolute_path else ""
    schema: Any = error.schema
    wanted: Any = error.validator_value
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            for key in node.value:
                if key not in known:
                    yield Issue(
                        f"`{key}` has no meaning{where or ' here'}",
                        did_you_mean(key, known),
                        node.keys[key],
                        code="unknown-key",
                    )
        case "required":
            missing = [key for key in wanted if key not in node.value]
            # jsonschema reports each missing key on its own; say each once.
            for key in missing:
                if f"'{key}'" in error.message:
                    hint = _meaning(schema, key)
                    yield Issue(f"`{key}` is missing{where}", hint, node.span, code="missing-key")
        case "enum":
            hint = did_you_mean(node.text, [str(value) for value in wanted])
            yield Issue(f"`{node.text}` is not allowed{where}", hint, node.span, code="structure")
        case "type":
            what = f"{said(node.data())} stands{where or ' here'}"
            yield Issue(f"{what}, a {_kind(wanted)} belongs there", "", node.span, code="structure")
        case "anyOf" | "oneOf":
            yield from _nearest(error, root, node, where)
        case "minProperties" | "minItems":
            yield Issue(f"there must be at least {wanted}{where}", "", node.span, code="structure")
        case "maxProperties" | "maxItems":
            yield Issue(f"there may be at most {wanted}{where}", "", node.span, code="structure")
        case "minimum" | "exclusiveMinimum":
            yield Issue(f"`{node.text}` is too small{where}: at least {wanted}", "", node.span, code="structure")
        case "pattern" | "not":
            yield Issue(
                f"`{node.text}` does not fit{where}", str(schema.get("description", "")), node.span, code="structure"
            )
        case _:
            yield Issue(f"{error.message}{where}", "", node.span, code="structure")


def _nearest(error: ValidationError, root: Node, node: Node, where: str) -> Iterator[Issue]:
    """Of several allowed shapes, the one whose type fits tells what is wrong; otherwise all are named."""
    shapes: Any = error.validator_value
    by_shape: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        by_shape.setdefault(inner.schema_path[0], []).append(inner)
    for inners in by_shape.values():
        if not any(inner.validator == "type" and inner.absolute_path == error.absolute_path for inner in inners):
            for inner in inners:
                yield from _issues(inner, root)
            return
    kinds = " or a ".join(_kind(shape.get("type", "value")) for shape in shapes)
    yield Issue(
        f"{said(node.data())} stands{where or ' here'}, a {kinds} belongs there", "", node.span, code="structure"
    )


_KINDS = {
    "object": "mapping",
    "array": "list",
    "string": "text",
    "boolean": "flag (true or false)",
    "integer": "whole number",
}


def _kind(types: Any) -> str:
    several = types if isinstance(types, list) else [types]
    return " or ".join(_KINDS.get(kind, str(kind)) for kind in several)


def _named(error: ValidationError) -> str:
    path = [str(step + 1) if isinstance(step, int) else step for step in error.absolute_path]
    return ".".join(path)


def _meaning(schema: Any, key: str) -> str:
    meaning = schema.get("properties", {}).get(key, {}).get("description", "")
    return f"{key}: {meaning}" if meaning else ""


def key_span(node: Node, key: str) -> Span:
    """Where a key stands; the mapping itself when it does not."""
    return node.keys.get(key, node.span)
