"""From what was counted, added or picked to a feature's value: the one place, however it was counted.

Means and percentages are divided as whole numbers and rounded half to even once, so no digit is lost on the way. What
grows by time alone (`days since last`) is kept as the moment it counts from, and worked out when it is read.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from ordain.engine.values.decimals import NUMBERS, settled, step
from ordain.engine.values.types import Value
from ordain.models.features.definition import DAY, PICKS, SINCE, Aggregation, Definition, moment
from ordain.models.features.field_values import picked
from ordain.models.limits import LIMITS

_ONE = step(0)
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a feature's records come to: how many, their sum, that of the time before, the field picked, a moment."""

    count: int = 0
    total: Decimal | None = None
    before: Decimal | None = None
    raw: object = None
    begins: int | None = None


def settle(definition: Definition, figures: Figures) -> Value:
    """The value of a feature, or for SINCE the moment that it counts from, in microseconds, None without one."""
    match definition.aggregation:
        case Aggregation.COUNT | Aggregation.DISTINCT:
            return Decimal(figures.count)
        case Aggregation.EXISTS:
            return figures.count > 0
        case Aggregation.SUM:
            return _ZERO if figures.total is None else settled(figures.total, _ONE)
        case Aggregation.MEAN:
            if figures.total is None:
                return definition.default
            return rounded(_units(figures.total), figures.count * 10**LIMITS.feature_part_digits, definition.digits)
        case Aggregation.CHANGE | Aggregation.FALL:
            return _change(definition, figures)
        case aggregation if aggregation in PICKS:
            value = picked(figures.raw, definition.type)
            value = settled(value, _ONE) if isinstance(value, Decimal) else value
            return definition.default if value is None else value
        case _:
            return figures.begins


def shown(definition: Definition, settled: Value, at: int) -> Value:
    """The value at a moment, of what `settle` gave: the same, but for what grows by time."""
    if definition.aggregation not in SINCE:
        return settled
    if settled is None:
        return definition.default
    if definition.aggregation is Aggregation.DAYS_SINCE:
        return Decimal((at - settled) // DAY)
    return Decimal(_months(moment(settled), moment(at)))


def rounded(above: int, below: int, digits: int) -> Decimal:
    """`above / below`, rounded once, half to even, in the one form of a number. `below` is not 0."""
    if below < 0:
        above, below = -above, -below
    whole, rest = divmod(above * 10**digits, below)
    if rest * 2 > below or (rest * 2 == below and whole % 2):
        whole += 1
    return settled(NUMBERS.scaleb(Decimal(whole), -digits), _ONE)


def _units(number: Decimal | None) -> int:
    """How many of the smallest parts that a feature reads: exact."""
    return 0 if number is None else int(NUMBERS.scaleb(number, LIMITS.feature_part_digits))


def _change(definition: Definition, figures: Figures) -> Value:
    """How much more, or less, a day than in the time before, in percent; the default where that comes to nothing."""
    if not figures.before or definition.window is None or definition.against is None:
        return definition.default
    now, then = _units(figures.total) * definition.against, _units(figures.before) * definition.window
    more = then - now if definition.aggregation is Aggregation.FALL else now - then
    return rounded(100 * more, then, definition.digits)


def _months(start: dt.datetime, end: dt.datetime) -> int:
    """Whole months from one moment to another, by the calendar in UTC; negative when the first comes later."""
    if end < start:
        return -_months(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - ((end.day, end.time()) < (start.day, start.time()))
