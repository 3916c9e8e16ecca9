"""Arithmetic and properties as terms of Z3: an emitter for each operation of the language, or why there is none."""

from __future__ import annotations

from decimal import Decimal

import z3

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.smt.smt_expressions import Emitter, Ends, Reader
from ordain.engine.backends.smt.terms import Sym, Term, Truth, both, if_then, whole
from ordain.engine.backends.smt.text_codes import DAY_NS
from ordain.engine.backends.smt.unsupported import NotCoveredHere, Unsupported
from ordain.engine.backends.smt.world import day_number, month_length
from ordain.engine.feel.functions.operators import OPERATIONS
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.values.types import Kind
from ordain.engine.values.zones import SECOND


def _sum(one: Digits | None, other: Digits | None) -> Digits | None:
    if one is None or other is None:
        return None
    whole = None if one.whole is None or other.whole is None else max(one.whole, other.whole) + 1
    return Digits(whole, max(one.scale, other.scale))


def product(one: Digits | None, other: Digits | None) -> Digits | None:
    """The digits of a product."""
    if one is None or other is None:
        return None
    whole = None if one.whole is None or other.whole is None else one.whole + other.whole
    return Digits(whole, one.scale + other.scale)


def added(reader: Reader, node: Expr, path: Truth, left: Sym, right: Sym) -> Sym:
    return reader.world.exact(left.term + right.term, _sum(left.digits, right.digits))


def subtracted(reader: Reader, node: Expr, path: Truth, left: Sym, right: Sym) -> Sym:
    return reader.world.exact(left.term - right.term, _sum(left.digits, right.digits))


def multiplied(reader: Reader, node: Expr, path: Truth, left: Sym, right: Sym) -> Sym:
    return reader.world.exact(left.term * right.term, product(left.digits, right.digits))


def divided(reader: Reader, node: Expr, path: Truth, left: Sym, right: Sym) -> Sym:
    """Z3 gives any value for a division by zero, so one is made sure not to be reached."""
    zero = right.term == 0 if not z3.is_rational_value(right.term) else right.term.numerator_as_long() == 0
    reader.fault(both(path, zero), Ends.FAILS, f"`{node.span.text}` divides by zero", node.span)
    digits = None
    if z3.is_rational_value(right.term) and zero is False:
        top, bottom = right.term.denominator_as_long(), right.term.numerator_as_long()
        digits = product(left.digits, _ending(abs(top), abs(bottom)))
    return reader.world.exact(left.term / if_then(zero, z3.RealVal(1), right.term), digits)


def _ending(top: int, bottom: int) -> Digits | None:
    """The digits of a fraction that ends."""
    for scale in range(35):
        if top * 10**scale % bottom == 0:
            return Digits(len(str(top // bottom)), scale)
    return None


def powered(reader: Reader, node: Expr, path: Truth, left: Sym, right: Sym) -> Sym:
    exponent = node.right if isinstance(node, tree.Arithmetic) else node
    if not isinstance(exponent, tree.Literal) or exponent.value not in map(Decimal, range(1, 6)):
        raise NotCoveredHere("a power other than 1 to 5", node.span)
    made = left
    for _ in range(int(exponent.value) - 1):
        made = Sym(Kind.NUMBER, made.term * left.term, digits=product(made.digits, left.digits))
    # Python's power is correctly rounded only within a digit of the last place: where it must round, nothing is said.
    if made.digits is None or made.digits.precision is None:
        raise NotCoveredHere("a power that may have more than 34 digits", node.span)
    return made


def text_joined(reader: Reader, node: Expr, path: Truth, left: Sym, right: Sym) -> Sym:
    reader.world.notes["texts that are put together count as any text"] = None
    return reader.world.any_text(left.term, right.term)


def negated(reader: Reader, node: Expr, path: Truth, operand: Sym) -> Sym:
    return Sym(operand.kind, -operand.term, digits=operand.digits)


def later(reader: Reader, node: Expr, path: Truth, one: Sym, other: Sym) -> Sym:
    """A date, or date and time, moved; the two may stand in either order."""
    moved, span = (other, one) if one.kind in (Kind.DURATION, Kind.MONTHS) else (one, other)
    return _moved(reader, node, moved, span, 1)


def earlier(reader: Reader, node: Expr, path: Truth, one: Sym, other: Sym) -> Sym:
    return _moved(reader, node, one, other, -1)


def _moved(reader: Reader, node: Expr, moved: Sym, span: Sym, sign: int) -> Sym:
    by = span.term if sign > 0 else -span.term
    if span.kind is Kind.DURATION:
        if moved.kind is Kind.DATE:
            return Sym(Kind.DATE, moved.term + by / DAY_NS)
        return Sym(moved.kind, moved.term + by, local=None if moved.local is None else moved.local + by)
    if moved.kind is not Kind.DATE:
        raise NotCoveredHere("months added to a date and time", node.span)
    year, month, day = reader.world.calendar(moved.term)
    count = year * 12 + month - 1 + by
    year, month = count / 12, count % 12 + 1
    last = month_length(year, month)
    return Sym(Kind.DATE, day_number(year, month, if_then(day > last, last, day)))


def apart(reader: Reader, node: Expr, path: Truth, one: Sym, other: Sym) -> Sym:
    """The time from one date, or date and time, to another; a date is midnight in UTC."""
    ends = [each.term * DAY_NS if each.kind is Kind.DATE else each.term for each in (one, other)]
    return Sym(Kind.DURATION, ends[0] - ends[1])


def spans_added(reader: Reader, node: Expr, path: Truth, one: Sym, other: Sym) -> Sym:
    return Sym(one.kind, one.term + other.term)


def spans_subtracted(reader: Reader, node: Expr, path: Truth, one: Sym, other: Sym) -> Sym:
    return Sym(one.kind, one.term - other.term)


def shown_at(node: Expr, moment: Sym) -> Term:
    """What the clock shows at a date and time, or a time. Raises NotCoveredHere where nobody knows."""
    if moment.kind is Kind.TIME:
        return moment.term
    if moment.local is None:
        raise NotCoveredHere("the time of day of a fact, which depends on its offset", node.span)
    return moment.local


def day_of(node: Expr, value: Sym) -> Term:
    """The number of the day of a date, or of a date and time."""
    return value.term if value.kind is Kind.DATE else shown_at(node, value) / DAY_NS


def _of_calendar(place: int, digits: int) -> Emitter:
    def part(reader: Reader, node: Expr, path: Truth, day: Sym) -> Sym:
        return whole(reader.world.calendar(day_of(node, day))[place], digits)

    return part


def _of_clock(unit: int, most: int) -> Emitter:
    def part(reader: Reader, node: Expr, path: Truth, moment: Sym) -> Sym:
        return whole(shown_at(node, moment) / unit % most, 2)

    return part


def weekday(term: Term) -> Term:
    """1 for Monday to 7 for Sunday, of the number of a day."""
    return (term - 1) % 7 + 1


def _weekday(reader: Reader, node: Expr, path: Truth, day: Sym) -> Sym:
    return whole(weekday(day_of(node, day)), 1)


def _part(unit: int, most: int | None = None) -> Emitter:
    """A whole part of a duration; all parts of a negative one are negative."""

    def part(reader: Reader, node: Expr, path: Truth, span: Sym) -> Sym:
        size = z3.If(span.term < 0, -span.term, span.term) / unit
        size = size % most if most else size
        return whole(z3.If(span.term < 0, -size, size), 12)

    return part


_CLOCK = Unsupported("an offset from UTC")
_TIME = Unsupported("a time of day")
_RANGE = Unsupported("a range as a value")
_SIZED = Unsupported("a duration multiplied or divided")

EMITTERS: dict[str, Emitter | Unsupported] = {
    "number + number": added,
    "number - number": subtracted,
    "number * number": multiplied,
    "number / number": divided,
    "number ** number": powered,
    "text + text": text_joined,
    **{f"{one} + {other}": later for one in ("date", "date and time") for other in ("duration", "months")},
    **{f"{other} + {one}": later for one in ("date", "date and time") for other in ("duration", "months")},
    **{f"{one} - {other}": earlier for one in ("date", "date and time") for other in ("duration", "months")},
    **{f"{one} - {other}": apart for one in ("date", "date and time") for other in ("date", "date and time")},
    **{f"{kind} + {kind}": spans_added for kind in ("duration", "months")},
    **{f"{kind} - {kind}": spans_subtracted for kind in ("duration", "months")},
    **{f"{kind} * number": _SIZED for kind in ("duration", "months")},
    **{f"number * {kind}": _SIZED for kind in ("duration", "months")},
    **{f"{kind} / number": _SIZED for kind in ("duration", "months")},
    **{f"{kind} / {kind}": _SIZED for kind in ("duration", "months")},
    **dict.fromkeys(("time + duration", "duration + time", "time - duration", "time - time"), _TIME),
    **{f"-{kind}": negated for kind in ("number", "duration", "months")},
    "date.year": _of_calendar(0, 4),
    "date.month": _of_calendar(1, 2),
    "date.day": _of_calendar(2, 2),
    "date.weekday": _weekday,
    "date and time.year": _of_calendar(0, 4),
    "date and time.month": _of_calendar(1, 2),
    "date and time.day": _of_calendar(2, 2),
    "date and time.weekday": _weekday,
    **{f"{kind}.hour": _of_clock(3_600 * SECOND, 24) for kind in ("date and time", "time")},
    **{f"{kind}.minute": _of_clock(60 * SECOND, 60) for kind in ("date and time", "time")},
    **{f"{kind}.second": Unsupported("the second of a time, with its fraction") for kind in ("date and time", "time")},
    **{f"{kind}.{name}": _CLOCK for kind in ("date and time", "time") for name in ("time offset", "timezone")},
    "duration.days": _part(86_400 * SECOND),
    "duration.hours": _part(3_600 * SECOND, 24),
    "duration.minutes": _part(60 * SECOND, 60),
    "duration.seconds": Unsupported("the seconds of a duration, with their fraction"),
    "months.years": _part(12),
    "months.months": _part(1, 12),
    **{f"range.{name}": _RANGE for name in ("start", "end", "start included", "end included")},
}
"""By the names of `OPERATIONS`; a test holds that none is left out."""

MISSING = OPERATIONS.keys() - EMITTERS.keys()
"""Operations that nothing is said of: none, as a test holds."""
