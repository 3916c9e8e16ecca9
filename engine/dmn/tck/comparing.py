"""Whether a value is the one that a test case asks for, and in which words it is not."""

from __future__ import annotations

from decimal import Decimal

from ordain.engine.dmn.tck.testcases import settled
from ordain.engine.feel.functions.operators import equal
from ordain.engine.feel.runtime.describe import describe_value
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import Kind, Value, kind_of

TOLERANCE = Decimal("1e-8")
"""How far a number may be from the one asked for, as other vendors' runners have it."""


def difference(actual: Value, expected: Value, place: str = "") -> str:
    """What is wrong with a value, with the place in it (`[2].price`); empty when it is as expected."""
    kind = kind_of(actual)
    expected = settled(expected, kind)
    asked = kind_of(expected)
    where = f"{place.lstrip('.')}: " if place else ""
    if kind is not asked:
        return f"{where}expected {describe_value(expected)}, got {describe_value(actual)}"
    if kind is Kind.LIST:
        if len(actual) != len(expected):
            return f"{where}expected {len(expected)} items, got {len(actual)}: {describe_value(actual)}"
        pairs = enumerate(zip(actual, expected, strict=True), start=1)
        return next((unlike for n, (a, b) in pairs if (unlike := difference(a, b, f"{place}[{n}]"))), "")
    if kind is Kind.CONTEXT:
        if actual.keys() != expected.keys():
            return f"{where}expected the entries {_names(expected)}, got {_names(actual)}"
        named = ((name, difference(actual[name], expected[name], f"{place}.{name}")) for name in expected)
        return next((unlike for _, unlike in named if unlike), "")
    if _same(actual, expected, kind):
        return ""
    return f"{where}expected {describe_value(expected)}, got {describe_value(actual)}"


def _same(actual: Value, expected: Value, kind: Kind) -> bool:
    if kind is Kind.NUMBER:
        return abs(NUMBERS.subtract(actual, expected)) <= TOLERANCE
    if kind in (Kind.TEXT, Kind.FLAG, Kind.NULL):
        return bool(actual == expected)
    return equal(actual, expected) is True


def _names(context: dict[str, Value]) -> str:
    return ", ".join(f"`{name}`" for name in context) or "none"
