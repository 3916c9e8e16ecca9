"""Whether a node is of the shape that a JSON Schema asks for: yes or no, at once and without a reason.

Nearly every file is as it must be, and to say so by a general validator takes longer than to parse it. So the keywords
that policies use become functions here, by draft 2020-12. What keeps a file from its shape is told by
`text/violations.py`; a schema with another keyword is left to it altogether.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Schema = dict[str, Any]
Test = Callable[[Any], bool]
"""Of what a node holds; the nodes inside are those of `text/source.py`."""

_SAYS_NOTHING = frozenset({"description", "then", "else"})
_TYPES: Mapping[str, Test] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, Decimal),
    "integer": lambda value: isinstance(value, Decimal) and value == int(value),
    "null": lambda value: value is None,
}


class NotCovered(Exception):
    """A keyword, or a form of one, that is not known here."""


def shape_of(schema: Schema) -> Test:
    """The test that a schema says. Raises NotCovered."""
    tests = [test for key in schema if (test := _test(key, schema)) is not None]
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)
    return _all(tests)


def _all(tests: list[Test]) -> Test:
    def holds(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 - a generator takes longer
            if not test(value):
                return False
        return True

    return holds


def _test(key: str, schema: Schema) -> Test | None:
    wanted = schema[key]
    match key:
        case "type":
            return _TYPES[wanted] if isinstance(wanted, str) else _any([_TYPES[name] for name in wanted])
        case "const":
            return _one_of([wanted])
        case "enum":
            return _one_of(wanted)
        case "anyOf":
            return _any([shape_of(part) for part in wanted])
        case "not":
            inner = shape_of(wanted)
            return lambda value: not inner(value)
        case "if":
            return _choice(shape_of(wanted), shape_of(schema.get("then", {})), shape_of(schema.get("else", {})))
        case "required":
            names = tuple(wanted)
            return lambda value: not isinstance(value, dict) or all(map(value.__contains__, names))
        case "properties":
            return None if "additionalProperties" in schema else _entries(schema)
        case "additionalProperties":
            return _entries(schema)
        case "propertyNames":
            named = shape_of(wanted)
            return lambda value: not isinstance(value, dict) or all(map(named, value))
        case "items":
            return _items(shape_of(wanted))
        case "minItems":
            return lambda value: not isinstance(value, list) or len(value) >= wanted
        case "minProperties":
            return lambda value: not isinstance(value, dict) or len(value) >= wanted
        case "maxProperties":
            return lambda value: not isinstance(value, dict) or len(value) <= wanted
        case "minimum":
            return lambda value: not isinstance(value, Decimal) or value >= wanted
        case "maximum":
            return lambda value: not isinstance(value, Decimal) or value <= wanted
        case "pattern":
            search = re.compile(wanted).search
            return lambda value: not isinstance(value, str) or search(value) is not None
        case _ if key in _SAYS_NOTHING:
            return None
    raise NotCovered(key)


def _any(tests: list[Test]) -> Test:
    def holds(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 - a generator takes longer
            if test(value):
                return True
        return False

    return holds


def _one_of(texts: list[Any]) -> Test:
    if not all(isinstance(text, str) for text in texts):
        raise NotCovered("enum")
    known = frozenset(texts)
    return lambda value: isinstance(value, str) and value in known


def _choice(asked: Test, then: Test, otherwise: Test) -> Test:
    return lambda value: then(value) if asked(value) else otherwise(value)


def _items(of: Test) -> Test:
    def holds(value: Any) -> bool:
        if isinstance(value, list):
            for node in value:
                if not of(node.value):
                    return False
        return True

    return holds


def _entries(schema: Schema) -> Test:
    """`properties` and `additionalProperties` together: each entry has a schema, may be anything, or may not be."""
    known = {name: shape_of(part) for name, part in schema.get("properties", {}).items()}
    more = schema.get("additionalProperties", True)
    others = None if more is False else shape_of({} if more is True else more)

    def holds(value: Any) -> bool:
        if isinstance(value, dict):
            for name, node in value.items():
                test = known.get(name, others)
                if test is None or not test(node.value):
                    return False
        return True

    return holds
