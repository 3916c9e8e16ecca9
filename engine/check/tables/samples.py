"""One natural value between two cuts of a line, or the word that there is none.

A number is searched for on the grid of its fact's precision; dates, times and durations are counted in whole steps
(days, months, microseconds), so that `(2026-01-01..2026-01-02)` is known to hold no date.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from ordain.engine.tables.cells import AFTER, BEFORE, Cut, Family
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import Value

_SECOND, _MINUTE, _HOUR, _DAY = 10**6, 60 * 10**6, 3600 * 10**6, 86400 * 10**6
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NAIVE = dt.datetime(1970, 1, 1)
_MICROSECOND = dt.timedelta(microseconds=1)
_WORDS = ("other", "another", "something else", "Any", "0", "")


@dataclass(frozen=True, slots=True)
class _Steps:
    """A family counted in whole steps: `units` are natural distances, the largest first."""

    count: Callable[[Value], int]
    value: Callable[[int], Value]
    first: int
    last: int
    usual: int
    units: tuple[int, ...]


def _time(count: int) -> dt.time:
    return (_NAIVE + dt.timedelta(microseconds=count)).time()


_CLOCK = (_DAY, _HOUR, _MINUTE, _SECOND, 1)
_STEPS: dict[Family, _Steps] = {
    dt.date: _Steps(lambda value: value.toordinal(), dt.date.fromordinal, 1, dt.date.max.toordinal(), 739617, (1,)),
    Months: _Steps(lambda value: value.count, Months, -120_000, 120_000, 12, (1,)),
    dt.timedelta: _Steps(
        lambda value: value // _MICROSECOND,
        lambda count: dt.timedelta(microseconds=count),
        -999_999_999 * _DAY,
        999_999_999 * _DAY,
        30 * _DAY,
        _CLOCK,
    ),
    (dt.time, False): _Steps(
        lambda value: (dt.datetime.combine(_NAIVE, value) - _NAIVE) // _MICROSECOND,
        _time,
        0,
        _DAY - 1,
        12 * _HOUR,
        _CLOCK,
    ),
    (dt.datetime, True): _Steps(
        lambda value: (value - _EPOCH) // _MICROSECOND,
        lambda count: _EPOCH + dt.timedelta(microseconds=count),
        (dt.datetime(1, 1, 2, tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND,
        (dt.datetime(9999, 12, 30, tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND,
        (dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND,
        _CLOCK,
    ),
}


def has_samples(family: Family) -> bool:
    """Whether values of that family can be found here."""
    return family in (Decimal, str, bool) or family in _STEPS


def inside(value: Value, low: Cut | None, high: Cut | None) -> bool:
    """Whether a value lies between two cuts."""
    return (low is None or low <= (value, BEFORE)) and (high is None or (value, AFTER) <= high)


def sample(family: Family, low: Cut | None, high: Cut | None, precision: int | None = None) -> Value:
    """A value between two cuts: a border that belongs to it, otherwise one near the middle. None: there is none."""
    if low is not None and high is not None and low >= high:
        return None
    if family is Decimal:
        return _number(low, high, precision)
    if family is str:
        return _text(low, high)
    if family is bool:
        return next((flag for flag in (True, False) if inside(flag, low, high)), None)
    return _stepped(_STEPS[family], low, high)


def _number(low: Cut | None, high: Cut | None, precision: int | None) -> Decimal | None:
    def fits(value: Decimal) -> bool:
        on_grid = precision is None or value == _rounded(value, -precision)
        return on_grid and inside(value, low, high)

    candidates = [cut[0] for cut, side in ((low, BEFORE), (high, AFTER)) if cut is not None and cut[1] == side]
    if low is not None and high is not None:
        width = NUMBERS.subtract(high[0], low[0])
        middle = NUMBERS.divide(NUMBERS.add(low[0], high[0]), Decimal(2))
        exponent = width.adjusted() if width else 0
        candidates.extend(_rounded(middle, digits) for digits in range(exponent, exponent - 3, -1))
        candidates.append(middle)
    elif low is not None:
        candidates.append(NUMBERS.add(_rounded(low[0], 0), Decimal(1)))
    elif high is not None:
        candidates.append(NUMBERS.subtract(_rounded(high[0], 0), Decimal(1)))
    else:
        candidates.append(Decimal(0))
    for cut, sign in ((low, 1), (high, -1)):
        if cut is not None and precision is not None:
            step = Decimal(sign).scaleb(-precision)
            nearest = _rounded(cut[0], -precision)
            candidates.extend((nearest, NUMBERS.add(nearest, step)))
        elif cut is not None:
            candidates.append(NUMBERS.next_plus(cut[0]) if sign > 0 else NUMBERS.next_minus(cut[0]))
    return next((value for value in candidates if fits(value)), None)


def _rounded(value: Decimal, exponent: int) -> Decimal:
    """The multiple of 10 ** exponent nearest to `value`; the value itself when it has too many digits for that."""
    if value.adjusted() - exponent > 30:
        return value
    scaled = value.scaleb(-exponent, context=NUMBERS).to_integral_value(context=NUMBERS)
    return Decimal(format(scaled.scaleb(exponent, context=NUMBERS), "f"))


def _text(low: Cut | None, high: Cut | None) -> str | None:
    candidates: list[str] = [
        cut[0] for cut, side in ((low, BEFORE), (high, AFTER)) if cut is not None and cut[1] == side
    ]
    candidates.extend(_WORDS)
    if low is not None:
        candidates.extend(low[0] + more for more in ("a", "0", " ", "\0"))
    return next((text for text in candidates if inside(text, low, high)), None)


def _stepped(steps: _Steps, low: Cut | None, high: Cut | None) -> Value:
    first = steps.first if low is None else steps.count(low[0]) + (low[1] == AFTER)
    last = steps.last if high is None else steps.count(high[0]) - (high[1] == BEFORE)
    if first > last:
        return None
    if low is not None and low[1] == BEFORE:
        return steps.value(first)
    if high is not None and high[1] == AFTER:
        return steps.value(last)
    candidates = [steps.usual]
    if low is not None:
        candidates = [steps.count(low[0]) + unit for unit in steps.units]
    elif high is not None:
        candidates = [steps.count(high[0]) - unit for unit in steps.units]
    return next((steps.value(count) for count in candidates if first <= count <= last), steps.value(first))
