"""FEEL read a second time, slowly and plainly: walks the tree with values in hand and shares no code with the engine.

It is what the compiled Python is compared with, so it says again, in its own words, what each node means: numbers
have 34 digits, a null is an error wherever an expression was not written for it, flags are tried from the left.
"""

from __future__ import annotations

import datetime as dt
import decimal
from calendar import monthrange
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr

NUMBERS = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144)
DAY = dt.timedelta(days=1)


class Missing(Exception):
    pass


class Failed(Exception):
    pass


class Beyond(Exception):
    """The result is a date or duration that Python's classes cannot hold; it has tests of its own."""


def read(node: Expr, names: Mapping[str, Any], asked: Any = None) -> Any:
    """The value of `node`, which must not be null. Raises Missing, Failed."""
    value = nullable(node, names, asked)
    if value is None:
        raise Missing
    return value


def nullable(node: Expr, names: Mapping[str, Any], asked: Any = None) -> Any:
    if isinstance(node, tree.Literal):
        return node.value
    if isinstance(node, tree.Name):
        return names[node.name]
    if isinstance(node, tree.Input):
        return asked
    if isinstance(node, tree.If):
        return nullable(node.then if read(node.condition, names, asked) else node.otherwise, names, asked)
    if isinstance(node, tree.Logic):
        settling = node.op == "or"
        for operand in node.operands:
            if read(operand, names, asked) == settling:
                return settling
        return not settling
    if isinstance(node, tree.Comparison):
        return compared(node, names, asked)
    if isinstance(node, tree.Between):
        low, value, high = (read(part, names, asked) for part in (node.low, node.value, node.high))
        return low <= value and value <= high
    if isinstance(node, tree.In):
        value = nullable(node.value, names, asked)
        return any(read(test, names, value) for test in node.tests)
    if isinstance(node, tree.Matches):
        return matched(node, names, asked)
    if isinstance(node, tree.Negate):
        value = read(node.operand, names, asked)
        return NUMBERS.minus(value) if isinstance(value, Decimal) else -value
    if isinstance(node, tree.Arithmetic):
        return reckoned(node.op, read(node.left, names, asked), read(node.right, names, asked))
    if isinstance(node, tree.ListOf):
        return tuple(nullable(item, names, asked) for item in node.items)
    if isinstance(node, tree.Call):
        return called(node.called, [read(part, names, asked) for part in node.arguments])
    raise AssertionError(f"the plain reading does not know {type(node).__name__}")


def null_literal(node: Expr) -> bool:
    return isinstance(node, tree.Literal) and node.value is None


def compared(node: tree.Comparison, names: Mapping[str, Any], asked: Any) -> bool:
    if node.op in ("=", "!=") and (null_literal(node.left) or null_literal(node.right)):
        other = node.right if null_literal(node.left) else node.left
        return (nullable(other, names, asked) is None) is (node.op == "=")
    left, right = read(node.left, names, asked), read(node.right, names, asked)
    if node.op in ("=", "!="):
        return bool((left == right) is (node.op == "="))
    if node.op in ("<", "<="):
        return bool(left < right or (node.op == "<=" and left == right))
    return bool(left > right or (node.op == ">=" and left == right))


def matched(node: tree.Matches, names: Mapping[str, Any], asked: Any) -> bool:
    if null_literal(node.candidate):
        return nullable(node.value, names, asked) is None
    if isinstance(node.candidate, tree.Range):
        low, value = read(node.candidate.low, names, asked), read(node.value, names, asked)
        high = read(node.candidate.high, names, asked)
        if value < low or (node.candidate.low_open and value == low):
            return False
        return bool(value < high or (value == high and not node.candidate.high_open))
    value, candidate = read(node.value, names, asked), read(node.candidate, names, asked)
    if isinstance(candidate, tuple) and not isinstance(value, tuple):
        return any(value == item for item in candidate)
    return bool(value == candidate)


def reckoned(op: str, left: Any, right: Any) -> Any:
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        if op == "/" and right == 0:
            raise Failed
        how = {"+": NUMBERS.add, "-": NUMBERS.subtract, "*": NUMBERS.multiply, "/": NUMBERS.divide}
        try:
            return finite(how[op](left, right))
        except decimal.DecimalException:
            raise Failed from None
    if isinstance(left, str):
        return left + right
    if op in "+-":
        try:
            if type(left) is dt.date and not isinstance(right, dt.date):
                return shifted(left, op, right)
            return left + right if op == "+" else left - right
        except OverflowError:
            raise Beyond from None
    return scaled(op, left, right)


def shifted(day: dt.date, op: str, by: Any) -> Any:
    """A date counts as its midnight."""
    if isinstance(by, Stretch):
        return day + by
    midnight = dt.datetime.combine(day, dt.time())
    return (midnight + by if op == "+" else midnight - by).date()


def scaled(op: str, left: Any, right: Any) -> Any:
    """A duration times or over a number, whole microseconds towards zero; over a duration, a number."""
    micro = dt.timedelta(microseconds=1)
    if isinstance(left, Decimal):
        left, right = right, left
    count = Decimal(left // micro)
    if isinstance(right, dt.timedelta):
        if not right:
            raise Failed
        return NUMBERS.divide(count, Decimal(right // micro))
    if op == "/" and right == 0:
        raise Failed
    made = NUMBERS.multiply(count, right) if op == "*" else NUMBERS.divide(count, right)
    if made != made.to_integral_value():
        raise Beyond
    try:
        return int(made) * micro
    except OverflowError:
        raise Beyond from None


def called(function: str, given: list[Any]) -> Any:
    match function, given:
        case "not", [flag]:
            return not flag
        case "abs", [value]:
            return NUMBERS.abs(value) if isinstance(value, Decimal) else abs(value)
        case "floor" | "ceiling", [number]:
            way = decimal.ROUND_FLOOR if function == "floor" else decimal.ROUND_CEILING
            if number == number.to_integral_value():
                return number.quantize(Decimal(1), context=NUMBERS) if abs(number) < 10**33 else number
            return number.quantize(Decimal(1), rounding=way, context=NUMBERS)
        case "min" | "max", [tuple() as items]:
            if not items:
                raise Failed
            return furthest(function, items)
        case "min" | "max", _:
            return furthest(function, given)
        case "count", [items]:
            return Decimal(len(items))
        case "sum", [items]:
            total = Decimal(0)
            for item in items:
                total = NUMBERS.add(total, item)
            return total
        case "string length", [text]:
            return Decimal(len(text))
        case "upper case", [text]:
            return text.upper()
        case "months", [number]:
            if number != number.to_integral_value():
                raise Failed
            return Stretch(int(number))
    raise AssertionError(f"the plain reading does not know `{function}`")


def furthest(function: str, items: Any) -> Any:
    """The least or greatest; among equals the first."""
    best = items[0]
    for item in items[1:]:
        if item < best if function == "min" else item > best:
            best = item
    return best


class Stretch(int):
    """So many months, to be added to a date."""

    def __radd__(self, to: Any) -> Any:
        month = to.year * 12 + to.month - 1 + int(self)
        if not 12 <= month < 120_000:
            raise Beyond
        year, month = month // 12, month % 12 + 1
        return to.replace(year=year, month=month, day=min(to.day, monthrange(year, month)[1]))


def finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise Failed
    return number
