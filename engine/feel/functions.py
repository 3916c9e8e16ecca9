"""One entry per function: its signatures with types, what it does in Python, what it is for, an example.

Names and meanings follow DMN 1.5, section 10.3.4, but for those marked as Ordain's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from engine import values
from engine.values import (
    ANY,
    DATE,
    DATE_TIME,
    DURATION,
    FLAG,
    MONTHS,
    NUMBER,
    NUMBERS,
    TEXT,
    TIME,
    Months,
    Type,
    list_of,
)


@dataclass(frozen=True, slots=True)
class Signature:
    """`takes` are parameter types, the last one any number of times when `repeats`.

    `ordered`: what it compares must have an order. `alike`: the second argument is of the first one's items.
    `gives` is a type, or a function of the argument types. `python` gets the values, after the decision's
    time when `clock`; it raises ValueError or ArithmeticError with a message for people.
    """

    takes: tuple[Type, ...]
    gives: Type | Callable[[tuple[Type, ...]], Type]
    python: Callable[..., Any]
    repeats: bool = False
    clock: bool = False
    ordered: bool = False
    alike: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    meaning: str
    example: str
    signatures: tuple[Signature, ...]


def _to_scale(rounding: str) -> Callable[[Decimal, Decimal], Decimal]:
    def rounded(number: Decimal, scale: Decimal) -> Decimal:
        return number.quantize(_unit(int(scale)), rounding=rounding, context=NUMBERS)

    return rounded


@lru_cache(maxsize=64)
def _unit(scale: int) -> Decimal:
    if not -6111 <= scale <= 6176:
        raise ValueError(f"a scale of {scale} is out of range")
    return Decimal(1).scaleb(-scale, context=NUMBERS)


_up, _down = _to_scale(ROUND_UP), _to_scale(ROUND_DOWN)
_half_up, _half_down = _to_scale(ROUND_HALF_UP), _to_scale(ROUND_HALF_DOWN)
_half_even, _floor, _ceiling = _to_scale(ROUND_HALF_EVEN), _to_scale(ROUND_FLOOR), _to_scale(ROUND_CEILING)
_ZERO = Decimal(0)


def _modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The remainder with the divisor's sign: dividend - divisor * floor(dividend / divisor)."""
    rest = NUMBERS.remainder(dividend, divisor)
    return NUMBERS.add(rest, divisor) if rest and (rest < 0) != (divisor < 0) else rest


def _sum(numbers: tuple[Decimal, ...]) -> Decimal:
    total = _ZERO
    for number in numbers:
        total = NUMBERS.add(total, number)
    return total


def _mean(numbers: tuple[Decimal, ...]) -> Decimal:
    if not numbers:
        raise ValueError("the mean of an empty list is not defined")
    return NUMBERS.divide(_sum(numbers), Decimal(len(numbers)))


def _extreme(choose: Callable[[Any], Any], name: str) -> Callable[..., Any]:
    def extreme(items: tuple[Any, ...]) -> Any:
        if not items:
            raise ValueError(f"the {name} of an empty list is not defined")
        return choose(items)

    return extreme


def _substring(text: str, start: Decimal, length: Decimal | None = None) -> str:
    if not int(start):
        raise ValueError("a text is counted from 1")
    if length is not None and length < 0:
        raise ValueError("a text has no negative length")
    first = int(start) - 1 if start > 0 else max(len(text) + int(start), 0)
    return text[first:] if length is None else text[first : first + int(length)]


def _calendar_date(year: Decimal, month: Decimal, day: Decimal) -> dt.date:
    return dt.date(int(year), int(month), int(day))


def _clock_time(hour: Decimal, minute: Decimal, second: Decimal) -> dt.time:
    return dt.time(int(hour), int(minute), int(second))


def _months_between(start: Any, end: Any) -> Months:
    """Whole months from `start` to `end`, negative when `end` is earlier."""
    if end < start:
        return Months(-_months_between(end, start).count)
    count = (end.year - start.year) * 12 + end.month - start.month
    return Months(count - 1 if _in_month(end) < _in_month(start) else count)


def _in_month(moment: Any) -> tuple[int, dt.time]:
    return moment.day, moment.time() if isinstance(moment, dt.datetime) else dt.time()


def _text(value: Any, *, inside: bool = False) -> str:
    """A value as FEEL would write it; a text by itself stands without quotes."""
    if isinstance(value, str):
        return f'"{value}"' if inside else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_text(part, inside=True) for part in value) + "]"
    return str(values.plain(value))


def _any_duration(text: str) -> dt.timedelta:
    return values.duration(text)


def _in_zone(moment: dt.datetime, zone: str) -> dt.datetime:
    try:
        return values.fixed_offset(moment.astimezone(ZoneInfo(zone)))
    except (KeyError, ValueError, OSError):
        raise ValueError(f"`{zone}` is no time zone such as Asia/Kolkata or Europe/Paris") from None


def _item(types: tuple[Type, ...]) -> Type:
    return types[0].item or ANY


def _first(types: tuple[Type, ...]) -> Type:
    return types[0]


def _rounding(how: Callable[[Decimal, Decimal], Decimal]) -> tuple[Signature, ...]:
    whole = Signature((NUMBER,), NUMBER, lambda number: how(number, _ZERO))
    return (whole, Signature((NUMBER, NUMBER), NUMBER, how))


def _one(takes: tuple[Type, ...], gives: Type, python: Callable[..., Any]) -> tuple[Signature, ...]:
    return (Signature(takes, gives, python),)


_LIST = list_of(ANY)

FUNCTIONS: dict[str, Function] = {
    "not": Function("True when the flag is false.", "not(false)", _one((FLAG,), FLAG, lambda flag: not flag)),
    "abs": Function(
        "A number or duration without its sign.",
        "abs(-3)",
        (Signature((NUMBER,), NUMBER, NUMBERS.abs), Signature((DURATION,), DURATION, abs)),
    ),
    "floor": Function("Rounded down to a scale.", "floor(1.56, 1)", _rounding(_floor)),
    "ceiling": Function("Rounded up to a scale.", "ceiling(1.51, 1)", _rounding(_ceiling)),
    "round up": Function("Rounded away from zero.", "round up(1.121, 2)", _rounding(_up)),
    "round down": Function("Rounded towards zero.", "round down(1.129, 2)", _rounding(_down)),
    "round half up": Function("Half is rounded away from zero.", "round half up(5.5, 0)", _rounding(_half_up)),
    "round half down": Function("Half is rounded towards zero.", "round half down(5.5, 0)", _rounding(_half_down)),
    "decimal": Function(
        "Rounded to a scale, half to even.", "decimal(2.5, 0)", _one((NUMBER, NUMBER), NUMBER, _half_even)
    ),
    "modulo": Function(
        "The remainder, with the divisor's sign.", "modulo(-12, 5)", _one((NUMBER, NUMBER), NUMBER, _modulo)
    ),
    "sqrt": Function("The square root.", "sqrt(16)", _one((NUMBER,), NUMBER, NUMBERS.sqrt)),
    "min": Function(
        "The least of a list, or of its arguments.",
        "min(3, 1, 2)",
        (
            Signature((_LIST,), _item, _extreme(min, "least"), ordered=True),
            Signature((ANY, ANY), _first, min, repeats=True, ordered=True),
        ),
    ),
    "max": Function(
        "The greatest of a list, or of its arguments.",
        "max(3, 1, 2)",
        (
            Signature((_LIST,), _item, _extreme(max, "greatest"), ordered=True),
            Signature((ANY, ANY), _first, max, repeats=True, ordered=True),
        ),
    ),
    "sum": Function("The sum of a list.", "sum([1, 2, 3])", _one((list_of(NUMBER),), NUMBER, _sum)),
    "mean": Function("The mean of a list.", "mean([1, 2, 6])", _one((list_of(NUMBER),), NUMBER, _mean)),
    "count": Function("How many items a list has.", "count([1, 2])", _one((_LIST,), NUMBER, lambda x: Decimal(len(x)))),
    "list contains": Function(
        "Whether an item is in a list.",
        'list contains(["a", "b"], "a")',
        (Signature((_LIST, ANY), FLAG, lambda items, item: item in items, alike=True),),
    ),
    "all": Function("Whether all flags are true.", "all([true, false])", _one((list_of(FLAG),), FLAG, all)),
    "any": Function("Whether one flag is true.", "any([true, false])", _one((list_of(FLAG),), FLAG, any)),
    "string length": Function(
        "How many characters a text has.",
        'string length("abc")',
        _one((TEXT,), NUMBER, lambda t: Decimal(len(t))),
    ),
    "upper case": Function("In capitals.", 'upper case("abc")', _one((TEXT,), TEXT, str.upper)),
    "lower case": Function("In small letters.", 'lower case("ABC")', _one((TEXT,), TEXT, str.lower)),
    "contains": Function(
        "Whether a text has another inside.",
        'contains("foobar", "ob")',
        _one((TEXT, TEXT), FLAG, str.__contains__),
    ),
    "starts with": Function(
        "Whether a text begins so.", 'starts with("foobar", "fo")', _one((TEXT, TEXT), FLAG, str.startswith)
    ),
    "ends with": Function(
        "Whether a text ends so.", 'ends with("foobar", "ar")', _one((TEXT, TEXT), FLAG, str.endswith)
    ),
    "substring": Function(
        "A part of a text, from a position counted from 1 (from the end when negative).",
        'substring("foobar", 3, 2)',
        (Signature((TEXT, NUMBER), TEXT, _substring), Signature((TEXT, NUMBER, NUMBER), TEXT, _substring)),
    ),
    "string": Function("A number or date as text.", "string(1.5)", _one((ANY,), TEXT, _text)),
    "number": Function("The number that a text says.", 'number("1.5")', _one((TEXT,), NUMBER, values.number)),
    "date": Function(
        "A date from text, from year, month and day, or the date of a date and time.",
        'date("2026-01-31")',
        (
            Signature((TEXT,), DATE, values.date),
            Signature((NUMBER, NUMBER, NUMBER), DATE, _calendar_date),
            Signature((DATE_TIME,), DATE, dt.datetime.date),
        ),
    ),
    "time": Function(
        "A time from text, from hour, minute and second, or the local time of a date and time.",
        'time("08:00:00")',
        (
            Signature((TEXT,), TIME, values.time),
            Signature((NUMBER, NUMBER, NUMBER), TIME, _clock_time),
            Signature((DATE_TIME,), TIME, dt.datetime.time),
        ),
    ),
    "date and time": Function(
        "A date and time with offset, from text.",
        'date and time("2026-01-31T08:00:00Z")',
        _one((TEXT,), DATE_TIME, values.date_time),
    ),
    "duration": Function(
        "A duration in days and time, from text.", 'duration("P30D")', _one((TEXT,), DURATION, _any_duration)
    ),
    "months": Function(
        "A duration in months, from text or a number (Ordain's own).",
        "months(6)",
        (
            Signature((TEXT,), MONTHS, values.months),
            Signature((NUMBER,), MONTHS, lambda number: Months(int(number))),
        ),
    ),
    "years and months duration": Function(
        "The whole months from one date to another.",
        'years and months duration(date("2025-01-31"), date("2026-03-01"))',
        (
            Signature((DATE, DATE), MONTHS, _months_between),
            Signature((DATE_TIME, DATE_TIME), MONTHS, _months_between),
        ),
    ),
    "now": Function(
        "The decision's own time.", "now() = now()", (Signature((), DATE_TIME, lambda at: at, clock=True),)
    ),
    "today": Function(
        "The date of the decision's own time.",
        "today() = date(now())",
        (Signature((), DATE, dt.datetime.date, clock=True),),
    ),
    "in zone": Function(
        "A date and time as clocks in a time zone show it, daylight saving included (Ordain's own).",
        'in zone(now(), "Asia/Kolkata") = now()',
        _one((DATE_TIME, TEXT), DATE_TIME, _in_zone),
    ),
}
