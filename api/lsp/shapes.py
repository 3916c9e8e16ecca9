"""What the schemas for editors say of a place: the keys that may stand there, their meaning, the words allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ordain.api.lsp.layout import Path
from ordain.api.lsp.sections import Sort
from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.schema import ANY_KIND, editor_schema
from ordain.engine.text.structure import Schema

_ALTERNATIVES = ("anyOf", "oneOf", "allOf", "if", "then", "else")


@cache
def _schema(name: str) -> Schema:
    return editor_schema(name)


def schema_of(sort: Sort, kind: str) -> Schema:
    """The schema of a file; of a policy whose kind is not known, that of any."""
    names = {Sort.SHARED: "shared", Sort.FACTS: "facts", Sort.SERVICES: "services"}
    return _schema(names.get(sort, kind if kind in KINDS else ANY_KIND))


def schemas_at(schema: Schema, path: Path) -> list[Schema]:
    """All that a schema says of the value at a path: each of several shapes."""
    found = [schema]
    for step in path:
        found = [part for each in found for shape in _shapes(each) for part in _below(shape, step)]
    return [shape for each in found for shape in _shapes(each)]


def _shapes(schema: Schema) -> Iterator[Schema]:
    yield schema
    for key in _ALTERNATIVES:
        part = schema.get(key)
        for inner in part if isinstance(part, list) else [part] if isinstance(part, dict) else []:
            yield from _shapes(inner)


def _below(schema: Schema, step: str | int) -> Iterator[Schema]:
    if isinstance(step, int):
        if isinstance(schema.get("items"), dict):
            yield schema["items"]
        return
    if step in (own := schema.get("properties", {})):
        yield own[step]
    elif isinstance(schema.get("additionalProperties"), dict):
        yield schema["additionalProperties"]


def keys_at(schema: Schema, path: Path) -> dict[str, Schema]:
    """The keys that may stand in the mapping at a path, with what is said of each."""
    found: dict[str, Schema] = {}
    for shape in schemas_at(schema, path):
        for name, part in shape.get("properties", {}).items():
            known = found.get(name)
            if known is None or len(part) > len(known):
                found[name] = part
    return found


def words_at(schema: Schema, path: Path) -> list[str]:
    """The words that may stand at a path, and those that are shown as examples."""
    found: dict[str, None] = {}
    for shape in schemas_at(schema, path):
        for key in ("enum", "examples"):
            found.update(dict.fromkeys(word for word in shape.get(key, ()) if isinstance(word, str)))
        if isinstance(shape.get("const"), str):
            found[shape["const"]] = None
        if "boolean" in _types(shape) and "string" not in _types(shape):
            found.update({"true": None, "false": None})
    return list(found)


def _types(shape: Mapping[str, Any]) -> list[str]:
    of = shape.get("type", [])
    return of if isinstance(of, list) else [of]


def meaning_at(schema: Schema, path: Path) -> str:
    """What a key means, where the schema says it."""
    return next((text for shape in schemas_at(schema, path) if (text := shape.get("description"))), "")
