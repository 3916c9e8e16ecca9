"""What is known of the data that a graph is given: from its schema, its tests, and how expressions use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ordain.engine.jdm.graph import Json
from ordain.engine.jdm.policy_names import snake
from ordain.engine.values.types import FLAG, NUMBER, TEXT, Kind, Type

Path = tuple[str, ...]
ITEM = "[]"
"""The step of a path that means each item of a list."""

_PLAIN = {Kind.NUMBER: NUMBER, Kind.TEXT: TEXT, Kind.FLAG: FLAG}
_NAMED = {
    "number": Kind.NUMBER,
    "integer": Kind.NUMBER,
    "string": Kind.TEXT,
    "boolean": Kind.FLAG,
    "array": Kind.LIST,
    "object": Kind.CONTEXT,
}


@dataclass(slots=True)
class Shape:
    """`kinds` in the order they were met; more than one is a contradiction. `sure`: a schema or a test says so."""

    kinds: dict[Kind, None] = field(default_factory=dict)
    fields: dict[str, Shape] = field(default_factory=dict)
    item: Shape | None = None
    optional: bool = False
    values: tuple[str, ...] = ()
    sure: bool = False

    def at(self, path: Path) -> Shape:
        """The shape at the end of a path, made on the way."""
        shape = self
        for step in path:
            if step == ITEM:
                shape.kinds.setdefault(Kind.LIST)
                shape.item = shape.item or Shape()
                shape = shape.item
            else:
                shape.kinds.setdefault(Kind.CONTEXT)
                shape = shape.fields.setdefault(step, Shape())
        return shape

    def find(self, path: Path) -> Shape | None:
        shape: Shape | None = self
        for step in path:
            if shape is None:
                return None
            shape = shape.item if step == ITEM else shape.fields.get(step)
        return shape


def of_samples(samples: Sequence[Json]) -> Shape:
    """The shape that all samples have together; what one of them lacks, or has as null, is optional."""
    shape = Shape(sure=True)
    present = [sample for sample in samples if sample is not None]
    shape.optional = len(present) < len(samples)
    for sample in present:
        shape.kinds.setdefault(_kind(sample))
    contexts = [sample for sample in present if isinstance(sample, dict)]
    for key in dict.fromkeys(key for sample in contexts for key in sample):
        shape.fields[key] = of_samples([sample.get(key) for sample in contexts])
    items = [item for sample in present if isinstance(sample, list) for item in sample]
    if items:
        shape.item = of_samples(items)
    return shape


def _kind(sample: Json) -> Kind:
    if isinstance(sample, bool):
        return Kind.FLAG
    return {Decimal: Kind.NUMBER, str: Kind.TEXT, list: Kind.LIST}.get(type(sample), Kind.CONTEXT)


def of_schema(schema: Json) -> Shape:
    """The shape that a JSON Schema asks for, of its plainest words; others are not read."""
    shape = Shape(sure=True)
    if not isinstance(schema, dict):
        return Shape()
    types = schema.get("type")
    for name in types if isinstance(types, list) else [types]:
        if name == "null":
            shape.optional = True
        elif isinstance(name, str) and name in _NAMED:
            shape.kinds.setdefault(_NAMED[name])
    properties, required = schema.get("properties"), schema.get("required")
    for key, part in properties.items() if isinstance(properties, dict) else ():
        shape.fields[key] = of_schema(part)
        shape.fields[key].optional |= isinstance(required, list) and key not in required
    if isinstance(schema.get("items"), dict):
        shape.item = of_schema(schema["items"])
    allowed = schema.get("enum")
    if isinstance(allowed, list) and allowed and all(isinstance(value, str) for value in allowed):
        shape.kinds.setdefault(Kind.TEXT)
        shape.values = tuple(dict.fromkeys(allowed))
    shape.sure = bool(shape.kinds)
    return shape


def together(first: Shape, second: Shape, *, lacking: bool = False) -> Shape:
    """Both; the kinds of the second count where the first is not sure of any.

    `lacking`: what only the second has is missing from every sample, so it is optional.
    """
    item = first.item or second.item
    if first.item is not None and second.item is not None:
        item = together(first.item, second.item, lacking=lacking)
    both = Shape(
        dict(first.kinds or second.kinds),
        {},
        item,
        first.optional or second.optional,
        first.values or second.values,
        first.sure or second.sure,
    )
    for key in dict.fromkeys((*first.fields, *second.fields)):
        one, other = first.fields.get(key), second.fields.get(key)
        if one is None and other is not None:
            one = Shape(optional=lacking)
        both.fields[key] = together(one or Shape(), other or Shape(), lacking=lacking)
    if not both.kinds and both.fields:
        both.kinds[Kind.CONTEXT] = None
    return both


def type_of(shape: Shape) -> Type:
    """The type; what nothing is known of is a text."""
    kind = next(iter(shape.kinds), Kind.TEXT)
    if kind is Kind.CONTEXT:
        if not shape.fields:
            return Type(Kind.TEXT, optional=shape.optional)
        fields = {snake(key): type_of(part) for key, part in shape.fields.items()}
        return Type(Kind.CONTEXT, fields=fields, optional=shape.optional)
    if kind is Kind.LIST:
        return Type(Kind.LIST, item=type_of(shape.item or Shape()), optional=shape.optional)
    return Type(kind, values=shape.values if kind is Kind.TEXT else (), optional=shape.optional)


def doubts(shape: Shape, name: str) -> Iterator[str]:
    """What is guessed or contradictory in a shape, as sentences about `name`."""
    if not shape.kinds and not shape.fields:
        yield f"nothing says what `{name}` is: `text` is a guess"
    elif len(shape.kinds) > 1:
        kinds = [str(kind) for kind in shape.kinds]
        yield f"`{name}` is now {' and now '.join(kinds)}: a fact has one type, here {kinds[0]}"
    elif not shape.sure:
        yield f"no schema and no test says what `{name}` is: `{type_of(shape).kind}` follows from its use"
    for key, part in shape.fields.items():
        yield from doubts(part, f"{name}.{key}")
    if shape.item is not None:
        yield from doubts(shape.item, f"{name}[]")


def renamed(data: Json) -> Json:
    """Data with its keys as the policy names them."""
    if isinstance(data, Mapping):
        return {snake(key): renamed(part) for key, part in data.items()}
    return [renamed(part) for part in data] if isinstance(data, list) else data
