"""One entry per operator and property: the types it takes, the type it gives, and what it does in Python.

DMN 1.5, tables 52 to 59 and 64 to 67. `equal`, `less` and `within` are what `=`, `<` and `in` mean for two values
of any kind; the other comparisons follow from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from ordain.engine.feel.runtime.work import limited
from ordain.engine.values import temporal_sums as sums
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import (
    ANY,
    DATE,
    DATE_TIME,
    DURATION,
    FLAG,
    MONTHS,
    NUMBER,
    TEXT,
    TIME,
    Interval,
    Kind,
    Type,
    Value,
    kind_of,
)
from ordain.engine.values.wide import clock, length, make_duration, offset
from ordain.engine.values.zones import SECOND, Zone


@dataclass(frozen=True, slots=True)
class Operation:
    """`python` takes the operands' values; a fault of its arithmetic is an ArithmeticError or ValueError."""

    gives: Type
    python: Callable[..., Any]


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    """The context's power gives an infinity for 0 to a negative power without signalling it, and has no 0 ** 0,
    which is 1 (IEEE 754-2019, section 9.2.1)."""
    if not exponent:
        return Decimal(1)
    if not base and exponent < 0:
        raise ZeroDivisionError("0 has no negative power")
    return NUMBERS.power(base, exponent)


_N, _T, _D, _DT, _TI, _DU, _MO = (
    Kind.NUMBER,
    Kind.TEXT,
    Kind.DATE,
    Kind.DATE_TIME,
    Kind.TIME,
    Kind.DURATION,
    Kind.MONTHS,
)
_MOVED = (
    *((_D, span, DATE) for span in (_DU, _MO)),
    *((_DT, span, DATE_TIME) for span in (_DU, _MO)),
    (_TI, _DU, TIME),
)
"""What can be moved by a duration, the duration, and what comes out."""

ARITHMETIC: dict[tuple[str, Kind, Kind], Operation] = {
    ("+", _N, _N): Operation(NUMBER, NUMBERS.add),
    ("-", _N, _N): Operation(NUMBER, NUMBERS.subtract),
    ("*", _N, _N): Operation(NUMBER, NUMBERS.multiply),
    ("/", _N, _N): Operation(NUMBER, NUMBERS.divide),
    ("**", _N, _N): Operation(NUMBER, _power),
    ("+", _T, _T): Operation(TEXT, lambda a, b: limited(a + b)),
    **{("+", kind, span): Operation(of, sums.add) for kind, span, of in _MOVED},
    **{("+", span, kind): Operation(of, sums.add) for kind, span, of in _MOVED},
    **{("-", kind, span): Operation(of, sums.subtract) for kind, span, of in _MOVED},
    **{("-", one, other): Operation(DURATION, sums.difference) for one in (_D, _DT) for other in (_D, _DT)},
    ("-", _TI, _TI): Operation(DURATION, sums.difference),
    **{("+", kind, kind): Operation(of, sums.spans_added) for kind, of in ((_DU, DURATION), (_MO, MONTHS))},
    **{("-", kind, kind): Operation(of, sums.spans_subtracted) for kind, of in ((_DU, DURATION), (_MO, MONTHS))},
    **{("*", kind, _N): Operation(of, sums.scaled) for kind, of in ((_DU, DURATION), (_MO, MONTHS))},
    **{
        ("*", _N, kind): Operation(of, lambda by, span: sums.scaled(span, by))
        for kind, of in ((_DU, DURATION), (_MO, MONTHS))
    },
    **{("/", kind, _N): Operation(of, sums.divided) for kind, of in ((_DU, DURATION), (_MO, MONTHS))},
    **{("/", kind, kind): Operation(NUMBER, sums.ratio) for kind in (_DU, _MO)},
}


def operation_name(op: str, *kinds: Kind) -> str:
    """The name of an operation, which every reading of the language keys its own table by: `date - duration`.

    With one kind it is a negation (`-number`) or, where `op` begins with a point, a property (`date.year`).
    """
    if len(kinds) == 2:
        return f"{kinds[0]} {op} {kinds[1]}"
    return f"{kinds[0]}{op}" if op.startswith(".") else f"{op}{kinds[0]}"


NEGATION: dict[Kind, Operation] = {
    _N: Operation(NUMBER, NUMBERS.minus),
    _DU: Operation(DURATION, sums.negated),
    _MO: Operation(MONTHS, sums.negated),
}

ORDERED = frozenset({_N, _T, _D, _DT, _TI, _DU, _MO})
"""Kinds that `<`, `<=`, `>`, `>=`, `between` and ranges compare."""


def _whole(part: Callable[[Any], int]) -> Operation:
    return Operation(NUMBER, lambda value: Decimal(part(value)))


def _seconds(nanoseconds: int) -> Decimal:
    """The seconds of the minute, with their fraction; whole ones without decimals."""
    whole, below = divmod(abs(nanoseconds) % (60 * SECOND), SECOND)
    exact = Decimal(whole) if not below else NUMBERS.divide(Decimal(whole * SECOND + below), Decimal(SECOND))
    return NUMBERS.minus(exact) if nanoseconds < 0 else exact


def _part(unit: int, most: int | None = None) -> Operation:
    """A whole part of a days and time duration; all parts of a negative one are negative."""

    def part(span: Any) -> int:
        count = abs(length(span)) // unit
        count = count % most if most else count
        return -count if length(span) < 0 else count

    return _whole(part)


def _offset(value: Any) -> Any:
    return None if value.tzinfo is None else make_duration(offset(value))


def _zone(value: Any) -> str | None:
    return value.tzinfo.name if isinstance(value.tzinfo, Zone) else None


_CALENDAR = {
    "year": _whole(lambda v: v.year),
    "month": _whole(lambda v: v.month),
    "day": _whole(lambda v: v.day),
    "weekday": _whole(sums.weekday),
}
_CLOCK = {
    "hour": _whole(lambda v: v.hour),
    "minute": _whole(lambda v: v.minute),
    "second": Operation(NUMBER, lambda v: _seconds(clock(v))),
    "time offset": Operation(replace(DURATION, optional=True), _offset),
    "timezone": Operation(replace(TEXT, optional=True), _zone),
}

PROPERTIES: dict[Kind, dict[str, Operation]] = {
    _D: _CALENDAR,
    _TI: _CLOCK,
    _DT: {**_CALENDAR, **_CLOCK},
    _DU: {
        "days": replace(_part(86_400 * SECOND), gives=replace(NUMBER, unit="days")),
        "hours": _part(3600 * SECOND, 24),
        "minutes": _part(60 * SECOND, 60),
        "seconds": Operation(NUMBER, lambda v: _seconds(length(v))),
    },
    _MO: {
        "years": _whole(lambda v: abs(v.count) // 12 * (-1 if v.count < 0 else 1)),
        "months": _whole(lambda v: abs(v.count) % 12 * (-1 if v.count < 0 else 1)),
    },
    Kind.RANGE: {
        "start": Operation(replace(ANY, optional=True), lambda v: v.low),
        "end": Operation(replace(ANY, optional=True), lambda v: v.high),
        "start included": Operation(FLAG, lambda v: not v.low_open),
        "end included": Operation(FLAG, lambda v: not v.high_open),
    },
}
"""The checker knows more of a range: its `start` and `end` are of the type of its bounds."""

OPERATIONS: dict[str, Operation] = {
    **{operation_name(*key): operation for key, operation in ARITHMETIC.items()},
    **{operation_name("-", kind): operation for kind, operation in NEGATION.items()},
    **{
        operation_name(f".{name}", kind): operation
        for kind, properties in PROPERTIES.items()
        for name, operation in properties.items()
    },
}
"""All of them by name: what a second reading must have an emitter for, or say that it has none."""


def equal(one: Value, other: Value) -> bool | None:
    """FEEL's `=` (DMN 1.5, tables 52 and 53). None: the two cannot be compared.

    Null equals only null. Values of different kinds cannot be compared, and parts that cannot be are not equal. Of two
    times, or dates and times, one without offset is taken to have the other's. A function equals itself; whether two
    do the same cannot be told.
    """
    if one is None or other is None:
        return one is other
    kind = kind_of(one)
    if kind is not kind_of(other):
        return None
    if kind is Kind.FUNCTION:
        return True if one is other or one.name == other.name != "" else None
    if kind is Kind.LIST:
        return len(one) == len(other) and all(equal(a, b) is True for a, b in zip(one, other, strict=True))
    if kind is Kind.CONTEXT:
        return _equal_contexts(one, other)
    if kind is Kind.RANGE:
        if (one.low_open, one.high_open, one.op) != (other.low_open, other.high_open, other.op):
            return False
        return equal(one.low, other.low) is True and equal(one.high, other.high) is True
    if kind in (_TI, _DT):
        one, other = sums.alike(one, other)
    return bool(one == other)


def _equal_contexts(one: Mapping[str, Value], other: Mapping[str, Value]) -> bool:
    return one.keys() == other.keys() and all(equal(value, other[name]) is True for name, value in one.items())


def less(one: Value, other: Value) -> bool | None:
    """FEEL's `<` (DMN 1.5, table 54). None: the two cannot be compared."""
    kind = kind_of(one)
    if kind not in ORDERED or kind is not kind_of(other):
        return None
    if kind in (_TI, _DT):
        one, other = sums.alike(one, other)
    return bool(one < other)


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


COMPARISON: dict[str, Callable[[Value, Value], bool | None]] = {
    "=": equal,
    "!=": lambda one, other: _not(equal(one, other)),
    "<": less,
    "<=": lambda one, other: _not(less(other, one)),
    ">": lambda one, other: less(other, one),
    ">=": lambda one, other: _not(less(one, other)),
}
"""Every comparison of two values. Numbers, texts, flags, dates and durations, both of one kind and not null, Python's
own operators compare alike; times, and dates and times, only where both have an offset or both have none."""


def within(value: Value, interval: Interval) -> bool | None:
    """Whether a value lies in a range. None: it cannot be compared to a bound that does not exclude it already.

    A bound that is None is no bound on an open side, and an unknown one on a closed side.
    """
    if value is None:
        return None
    if interval.op:
        return equal(value, interval.low) if interval.op == "=" else _not(equal(value, interval.low))
    return _all((_above(value, interval), _below(value, interval)))


def _above(value: Value, interval: Interval) -> bool | None:
    if interval.low is None:
        return True if interval.low_open else None
    under = less(value, interval.low)
    if interval.low_open and under is False:
        return less(interval.low, value)
    return _not(under)


def _below(value: Value, interval: Interval) -> bool | None:
    if interval.high is None:
        return True if interval.high_open else None
    over = less(interval.high, value)
    if interval.high_open and over is False:
        return less(value, interval.high)
    return _not(over)


def _all(answers: Any) -> bool | None:
    """Three-valued `and`: false when one is false, otherwise null when one is null."""
    unknown = False
    for answer in answers:
        if answer is False:
            return False
        unknown = unknown or answer is None
    return None if unknown else True
