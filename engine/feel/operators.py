"""One entry per operator and property: the types it takes, the type it gives, and what it does in Python."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.values import (
    DATE,
    DATE_TIME,
    DURATION,
    MONTHS,
    NUMBER,
    NUMBERS,
    TEXT,
    TIME,
    Kind,
    Months,
    Type,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """`python` takes the operands' values; a fault of its arithmetic is an ArithmeticError or ValueError."""

    gives: Type
    python: Callable[..., Any]


def add_months(to: Any, months: Months) -> Any:
    """A date or date and time so many months on; the 31st becomes the last day of a shorter month."""
    year, month = divmod(to.year * 12 + to.month - 1 + months.count, 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        raise OverflowError("the date is out of the calendar")
    return to.replace(year=year, month=month + 1, day=min(to.day, monthrange(year, month + 1)[1]))


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    """The context's power gives an infinity for 0 to a negative power without signalling it."""
    if not base and exponent < 0:
        raise ZeroDivisionError
    return NUMBERS.power(base, exponent)


def _shift(time: dt.time, by: dt.timedelta) -> dt.time:
    day = dt.datetime.combine(dt.date(2000, 1, 1), time.replace(tzinfo=None))
    return (day + dt.timedelta(seconds=by.total_seconds() % 86_400)).time().replace(tzinfo=time.tzinfo)


def _scaled(span: dt.timedelta, by: Decimal) -> dt.timedelta:
    return dt.timedelta(microseconds=int(NUMBERS.multiply(_microseconds(span), by)))


def _microseconds(span: dt.timedelta) -> Decimal:
    return Decimal(span // dt.timedelta(microseconds=1))


def _divided(span: dt.timedelta, by: Decimal) -> dt.timedelta:
    return dt.timedelta(microseconds=int(NUMBERS.divide(_microseconds(span), by)))


_N, _T, _D, _DT, _TI, _DU, _MO = (
    Kind.NUMBER,
    Kind.TEXT,
    Kind.DATE,
    Kind.DATE_TIME,
    Kind.TIME,
    Kind.DURATION,
    Kind.MONTHS,
)

ARITHMETIC: dict[tuple[str, Kind, Kind], Operation] = {
    ("+", _N, _N): Operation(NUMBER, NUMBERS.add),
    ("-", _N, _N): Operation(NUMBER, NUMBERS.subtract),
    ("*", _N, _N): Operation(NUMBER, NUMBERS.multiply),
    ("/", _N, _N): Operation(NUMBER, NUMBERS.divide),
    ("**", _N, _N): Operation(NUMBER, _power),
    ("+", _T, _T): Operation(TEXT, lambda a, b: a + b),
    ("+", _DU, _DU): Operation(DURATION, lambda a, b: a + b),
    ("-", _DU, _DU): Operation(DURATION, lambda a, b: a - b),
    ("*", _DU, _N): Operation(DURATION, _scaled),
    ("*", _N, _DU): Operation(DURATION, lambda a, b: _scaled(b, a)),
    ("/", _DU, _N): Operation(DURATION, _divided),
    ("/", _DU, _DU): Operation(NUMBER, lambda a, b: NUMBERS.divide(_microseconds(a), _microseconds(b))),
    ("+", _MO, _MO): Operation(MONTHS, lambda a, b: Months(a.count + b.count)),
    ("-", _MO, _MO): Operation(MONTHS, lambda a, b: Months(a.count - b.count)),
    ("*", _MO, _N): Operation(MONTHS, lambda a, b: Months(int(NUMBERS.multiply(Decimal(a.count), b)))),
    ("*", _N, _MO): Operation(MONTHS, lambda a, b: Months(int(NUMBERS.multiply(a, Decimal(b.count))))),
    ("-", _D, _D): Operation(DURATION, lambda a, b: a - b),
    ("-", _DT, _DT): Operation(DURATION, lambda a, b: a - b),
    ("+", _TI, _DU): Operation(TIME, _shift),
    ("-", _TI, _DU): Operation(TIME, lambda a, b: _shift(a, -b)),
    **{("+", kind, _DU): Operation(of, lambda a, b: a + b) for kind, of in ((_D, DATE), (_DT, DATE_TIME))},
    **{("-", kind, _DU): Operation(of, lambda a, b: a - b) for kind, of in ((_D, DATE), (_DT, DATE_TIME))},
    **{("+", kind, _MO): Operation(of, add_months) for kind, of in ((_D, DATE), (_DT, DATE_TIME))},
    **{
        ("-", kind, _MO): Operation(of, lambda a, b: add_months(a, Months(-b.count)))
        for kind, of in ((_D, DATE), (_DT, DATE_TIME))
    },
}

NEGATION: dict[Kind, Operation] = {
    _N: Operation(NUMBER, NUMBERS.minus),
    _DU: Operation(DURATION, lambda a: -a),
    _MO: Operation(MONTHS, lambda a: Months(-a.count)),
}

ORDERED = frozenset({_N, _T, _D, _DT, _TI, _DU, _MO})
"""Kinds that `<`, `<=`, `>`, `>=`, `between` and ranges compare."""


def _whole(part: Callable[[Any], int]) -> Operation:
    return Operation(NUMBER, lambda value: Decimal(part(value)))


_CALENDAR = {
    "year": _whole(lambda v: v.year),
    "month": _whole(lambda v: v.month),
    "day": _whole(lambda v: v.day),
    "weekday": _whole(lambda v: v.isoweekday()),
}
_CLOCK = {
    "hour": _whole(lambda v: v.hour),
    "minute": _whole(lambda v: v.minute),
    "second": _whole(lambda v: v.second),
}

PROPERTIES: dict[Kind, dict[str, Operation]] = {
    _D: _CALENDAR,
    _TI: _CLOCK,
    _DT: {**_CALENDAR, **_CLOCK},
    _DU: {
        "days": _whole(lambda v: abs(v).days * (-1 if v < dt.timedelta(0) else 1)),
        "hours": _whole(lambda v: abs(v).seconds // 3600 * (-1 if v < dt.timedelta(0) else 1)),
        "minutes": _whole(lambda v: abs(v).seconds % 3600 // 60 * (-1 if v < dt.timedelta(0) else 1)),
    },
    _MO: {
        "years": _whole(lambda v: abs(v.count) // 12 * (-1 if v.count < 0 else 1)),
        "months": _whole(lambda v: abs(v.count) % 12 * (-1 if v.count < 0 else 1)),
    },
}
