"""Operators and properties in SQL: one emitter for each, or why there is none.

An emitter gets its operands' terms, none of which is null, and gives the term of the result; faults of the operands are
seen to by whoever calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.sql import numbers_in_sql as numbers
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.faults import Faults
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.sql_terms import Sql, Term, binary, case, whole

DAY = 86_400_000_000
"""Microseconds."""
_HOUR, _MINUTE = DAY // 24, DAY // 1440


@dataclass(frozen=True, slots=True)
class Setting:
    """What emitters need to know: the database, and where to number faults; `place` is what people call the rule,
    and `keep` gives a term a name."""

    dialect: Dialect
    faults: Faults
    place: str
    keep: numbers.Keep


Emitter = Callable[..., Sql]
"""Takes a Setting and the operands."""


def _number(op: str) -> Emitter:
    return lambda use, left, right: numbers.added(op, left, right, use.dialect)


def _divided(use: Setting, left: Sql, right: Sql) -> Sql:
    fault = use.faults.other("CalculationFailed", f"{use.place} cannot be calculated: division by zero")
    return numbers.divided(left, right, fault, use.dialect)


def _joined(use: Setting, left: Sql, right: Sql) -> Sql:
    return Sql(binary(exp.DPipe, left.value, right.value))


def _whole(kind: type[exp.Binary]) -> Emitter:
    return lambda use, left, right: Sql(binary(kind, left.value, right.value))


def days_of(use: Setting, span: Term) -> Term:
    """Whole days of microseconds, cut downwards, as Python counts the days of a duration."""
    below = case([(binary(exp.LT, span, whole(0)), whole(DAY - 1))], whole(0))
    return use.dialect.cut_whole(binary(exp.Sub, span, below), DAY)


def _later(sign: int) -> Emitter:
    def emit(use: Setting, day: Sql, span: Sql) -> Sql:
        moved = span.value if sign > 0 else exp.Neg(this=exp.Paren(this=span.value))
        return Sql(use.dialect.days_later(day.value, days_of(use, moved)))

    return emit


def _months_later(sign: int) -> Emitter:
    def emit(use: Setting, day: Sql, months: Sql) -> Sql:
        moved = months.value if sign > 0 else exp.Neg(this=exp.Paren(this=months.value))
        return Sql(use.dialect.months_later(day.value, moved))

    return emit


def _turned(emitter: Emitter) -> Emitter:
    return lambda use, left, right: emitter(use, right, left)


def _days_between(use: Setting, later: Sql, earlier: Sql) -> Sql:
    days = use.dialect.days_between(later.value, earlier.value)
    return Sql(binary(exp.Mul, days, whole(DAY)))


def _minus_whole(use: Setting, operand: Sql) -> Sql:
    return Sql(exp.Neg(this=exp.Paren(this=operand.value)))


def _part_of_date(part: str, digits: int) -> Emitter:
    def emit(use: Setting, day: Sql) -> Sql:
        of = Digits(digits, 0)
        return Sql(
            use.dialect.number(use.dialect.part_of_date(part, day.value), of), digits=of, positive=True, written=0
        )

    return emit


def _part_of_span(unit: int, most: int | None, digits: int) -> Emitter:
    """A whole part of a duration or of months, with the sign of the whole."""

    def emit(use: Setting, span: Sql) -> Sql:
        count = use.dialect.cut_whole(exp.Abs(this=span.value), unit)
        if most is not None:
            count = exp.Mod(this=exp.Paren(this=count), expression=whole(most))
        signed = case([(binary(exp.LT, span.value, whole(0)), exp.Neg(this=exp.Paren(this=count)))], count)
        of = Digits(digits, 0)
        return Sql(use.dialect.number(signed, of), digits=of)

    return emit


def _hour(unit: int, most: int) -> Emitter:
    def emit(use: Setting, clock: Sql) -> Sql:
        of = Digits(2, 0)
        part = exp.Mod(this=exp.Paren(this=use.dialect.cut_whole(clock.value, unit)), expression=whole(most))
        return Sql(use.dialect.number(part, of), digits=of, positive=True, written=0)

    return emit


_NO_CLOCK = Unsupported(
    "a date and time is kept as its moment, without the clock it was written by",
    "send the date, or the hour, as a fact",
)
_FRACTION = Unsupported("durations times and over numbers are cut to parts of a second")
_LONG = Unsupported("its decimals do not end", "multiply by itself: x * x")
_BOUNDS = Unsupported("ranges are no values in SQL")

EMITTERS: Mapping[str, Emitter | Unsupported] = {
    "number + number": _number("+"),
    "number - number": _number("-"),
    "number * number": lambda use, left, right: numbers.multiplied(left, right, use.dialect),
    "number / number": _divided,
    "number ** number": _LONG,
    "text + text": _joined,
    "date + duration": _later(1),
    "date + months": _months_later(1),
    "date and time + duration": _whole(exp.Add),
    "date and time + months": _NO_CLOCK,
    "time + duration": Unsupported("a time of day that passes midnight is not translated"),
    "duration + date": _turned(_later(1)),
    "months + date": _turned(_months_later(1)),
    "duration + date and time": _whole(exp.Add),
    "months + date and time": _NO_CLOCK,
    "duration + time": Unsupported("a time of day that passes midnight is not translated"),
    "date - duration": _later(-1),
    "date - months": _months_later(-1),
    "date and time - duration": _whole(exp.Sub),
    "date and time - months": _NO_CLOCK,
    "time - duration": Unsupported("a time of day that passes midnight is not translated"),
    "date - date": _days_between,
    "date - date and time": Unsupported("a date beside a date and time counts from midnight in UTC"),
    "date and time - date": Unsupported("a date beside a date and time counts from midnight in UTC"),
    "date and time - date and time": _whole(exp.Sub),
    "time - time": _whole(exp.Sub),
    "duration + duration": _whole(exp.Add),
    "months + months": _whole(exp.Add),
    "duration - duration": _whole(exp.Sub),
    "months - months": _whole(exp.Sub),
    "duration * number": _FRACTION,
    "months * number": _FRACTION,
    "number * duration": _FRACTION,
    "number * months": _FRACTION,
    "duration / number": _FRACTION,
    "months / number": _FRACTION,
    "duration / duration": _LONG,
    "months / months": _LONG,
    "-number": lambda use, operand: numbers.minus(operand, use.dialect),
    "-duration": _minus_whole,
    "-months": _minus_whole,
    "date.year": _part_of_date("year", 4),
    "date.month": _part_of_date("month", 2),
    "date.day": _part_of_date("day", 2),
    "date.weekday": _part_of_date("weekday", 1),
    "time.hour": _hour(_HOUR, 24),
    "time.minute": _hour(_MINUTE, 60),
    "time.second": _FRACTION,
    "time.time offset": _NO_CLOCK,
    "time.timezone": _NO_CLOCK,
    "date and time.year": _NO_CLOCK,
    "date and time.month": _NO_CLOCK,
    "date and time.day": _NO_CLOCK,
    "date and time.weekday": _NO_CLOCK,
    "date and time.hour": _NO_CLOCK,
    "date and time.minute": _NO_CLOCK,
    "date and time.second": _NO_CLOCK,
    "date and time.time offset": _NO_CLOCK,
    "date and time.timezone": _NO_CLOCK,
    "duration.days": _part_of_span(DAY, None, 9),
    "duration.hours": _part_of_span(_HOUR, 24, 2),
    "duration.minutes": _part_of_span(_MINUTE, 60, 2),
    "duration.seconds": _FRACTION,
    "months.years": _part_of_span(12, None, 6),
    "months.months": _part_of_span(1, 12, 2),
    "range.start": _BOUNDS,
    "range.end": _BOUNDS,
    "range.start included": _BOUNDS,
    "range.end included": _BOUNDS,
}
"""By the operation's name, as `OPERATIONS` has them."""
