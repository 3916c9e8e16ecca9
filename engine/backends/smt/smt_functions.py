"""FEEL's functions as terms of Z3: an emitter for each, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import z3

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.smt.smt_expressions import Emitter, Ends, Reader
from ordain.engine.backends.smt.smt_operations import day_of, product, shown_at, weekday
from ordain.engine.backends.smt.terms import (
    NULL,
    Item,
    Sym,
    Term,
    Truth,
    both,
    chosen,
    either,
    flag,
    if_then,
    number,
    opposite,
    real,
    same_truth,
    whole,
)
from ordain.engine.backends.smt.text_codes import DAY_NS
from ordain.engine.backends.smt.unsupported import NotCoveredHere, Unsupported
from ordain.engine.feel.syntax.tree import Call, Expr, Literal, Name
from ordain.engine.values.calendar import WEEKDAYS
from ordain.engine.values.types import Kind

_HALF = z3.RealVal("1/2")


def _floor(term: Term) -> Term:
    return z3.ToInt(term)


def _ceiling(term: Term) -> Term:
    return -z3.ToInt(-term)


def _half_even(term: Term) -> Term:
    low = z3.ToInt(term)
    over = term - z3.ToReal(low)
    return z3.If(over < _HALF, low, z3.If(over > _HALF, low + 1, z3.If(low % 2 == 0, low, low + 1)))


WAYS: dict[str, Callable[[Term], Term]] = {
    "decimal": _half_even,
    "round half even": _half_even,
    "floor": _floor,
    "ceiling": _ceiling,
    "round down": lambda term: z3.If(term >= 0, _floor(term), _ceiling(term)),
    "round up": lambda term: z3.If(term >= 0, _ceiling(term), _floor(term)),
    "round half up": lambda term: z3.If(term >= 0, _floor(term + _HALF), _ceiling(term - _HALF)),
    "round half down": lambda term: z3.If(term >= 0, _ceiling(term - _HALF), _floor(term + _HALF)),
}
"""Each way to round to whole numbers, exactly."""


def _rounded(way: Callable[[Term], Term]) -> Emitter:
    def emitted(reader: Reader, node: Call, path: Truth, value: Sym, scale: Sym = NULL) -> Sym:
        places = 0
        if scale is not NULL:
            written = node.arguments[1] if not node.names else None
            if not isinstance(written, Literal) or not isinstance(written.value, Decimal):
                raise NotCoveredHere("rounding to a scale that is calculated", node.span)
            places = int(written.value)
        if abs(places) > 30:
            raise NotCoveredHere("rounding to so many digits", node.span)
        unit = real(Decimal(1).scaleb(places))
        whole_digits = None
        if value.digits is not None and value.digits.whole is not None:
            whole_digits = max(value.digits.whole, -places) + 1
        return Sym(Kind.NUMBER, z3.ToReal(way(value.term * unit)) / unit, digits=Digits(whole_digits, max(0, places)))

    return emitted


def _absolute(reader: Reader, node: Expr, path: Truth, value: Sym) -> Sym:
    zero = z3.RealVal(0) if value.kind is Kind.NUMBER else z3.IntVal(0)
    return Sym(value.kind, z3.If(value.term < zero, -value.term, value.term), digits=value.digits)


def _modulo(reader: Reader, node: Expr, path: Truth, value: Sym, by: Sym) -> Sym:
    """By a written whole number above 0 alone: else the quotient is no linear term."""
    if not z3.is_rational_value(by.term) or by.term.numerator_as_long() <= 0 or value.digits is None:
        raise NotCoveredHere("`modulo` by anything else than a written number above 0", node.span)
    quotient = z3.ToReal(z3.ToInt(value.term / by.term))
    scale = max(value.digits.scale, 0 if by.digits is None else by.digits.scale)
    return Sym(
        Kind.NUMBER, value.term - by.term * quotient, digits=Digits(by.digits.whole if by.digits else None, scale)
    )


def _parity(odd: bool) -> Emitter:
    def emitted(reader: Reader, node: Expr, path: Truth, value: Sym) -> Sym:
        broken = opposite(z3.IsInt(value.term))
        reader.fault(both(path, broken), Ends.FAILS, "only a whole number is odd or even", node.span)
        return flag(z3.ToInt(value.term) % 2 == (1 if odd else 0))

    return emitted


def _not(reader: Reader, node: Expr, path: Truth, value: Sym) -> Sym:
    return flag(opposite(value.term), value.null) if value.kind is Kind.FLAG else value


# --- of lists


def items_of(arguments: tuple[Sym, ...]) -> tuple[Item, ...]:
    """The items of the one list, or the arguments themselves."""
    if len(arguments) == 1 and arguments[0].kind is Kind.LIST:
        return arguments[0].items
    return tuple(Item(True, argument) for argument in arguments)


def _filled(reader: Reader, node: Expr, path: Truth, items: tuple[Item, ...], name: str) -> None:
    none = opposite(either(*(item.there for item in items)))
    reader.fault(both(path, none), Ends.FAILS, f"the {name} of an empty list is not defined", node.span)
    nulls = either(*(both(item.there, item.value.null) for item in items))
    reader.fault(both(path, nulls), Ends.FAILS, f"the {name} of a list with a null", node.span)


def _extreme(name: str, sign: str) -> Emitter:
    def emitted(reader: Reader, node: Expr, path: Truth, *arguments: Sym) -> Sym:
        items = items_of(arguments)
        _filled(reader, node, path, items, name)
        if not items:
            return NULL
        best, seen = items[0].value.there, items[0].there
        for item in items[1:]:
            better = either(opposite(seen), reader.ordered(sign, item.value, best, node.span))
            best = chosen(both(item.there, better), item.value.there, best)
            seen = either(seen, item.there)
        return best

    return emitted


def _sum(reader: Reader, node: Expr, path: Truth, *arguments: Sym) -> Sym:
    items = items_of(arguments)
    total = number(Decimal(0))
    for item in items:
        one = total.digits, item.value.digits
        term = total.term + if_then(item.there, item.value.term, z3.RealVal(0))
        digits = None
        if one[0] is not None and one[1] is not None:
            wholes = (one[0].whole, one[1].whole)
            most = None if wholes[0] is None or wholes[1] is None else max(wholes[0], wholes[1]) + 1
            digits = Digits(most, max(one[0].scale, one[1].scale))
        total = reader.world.exact(term, digits)
    return total


def _product(reader: Reader, node: Expr, path: Truth, *arguments: Sym) -> Sym:
    items = items_of(arguments)
    _filled(reader, node, path, items, "product")
    total = number(Decimal(1))
    for item in items:
        term = total.term * if_then(item.there, item.value.term, z3.RealVal(1))
        total = reader.world.exact(term, product(total.digits, item.value.digits))
    return total


def counted(items: tuple[Item, ...]) -> Sym:
    """How many items are there."""
    if all(item.there is True for item in items):
        return number(Decimal(len(items)))
    one, none = z3.IntVal(1), z3.IntVal(0)
    return whole(z3.Sum(*(if_then(item.there, one, none) for item in items)) if items else none, 4)


def _mean(reader: Reader, node: Expr, path: Truth, *arguments: Sym) -> Sym:
    items = items_of(arguments)
    _filled(reader, node, path, items, "mean")
    total, count = _sum(reader, node, path, *arguments), counted(items)
    return reader.world.exact(total.term / if_then(count.term == 0, z3.RealVal(1), count.term), None)


def _count(reader: Reader, node: Expr, path: Truth, items: Sym) -> Sym:
    return counted(items.items)


def _contains(reader: Reader, node: Expr, path: Truth, items: Sym, value: Sym) -> Sym:
    return flag(reader.contains(items, value, node.span))


def _all(reader: Reader, node: Expr, path: Truth, *arguments: Sym) -> Sym:
    return _quantified(items_of(arguments), False)


def _any(reader: Reader, node: Expr, path: Truth, *arguments: Sym) -> Sym:
    return _quantified(items_of(arguments), True)


def _quantified(items: tuple[Item, ...], some: bool) -> Sym:
    """Settled by one that is known, even beside a null."""
    settles = [
        both(item.there, opposite(item.value.null), item.value.term if some else opposite(item.value.term))
        for item in items
        if item.value.kind is not Kind.NULL
    ]
    settled = either(*settles)
    null = either(*(both(item.there, item.value.null) for item in items))
    return flag(settled if some else opposite(settled), both(null, opposite(settled)))


def _joined(reader: Reader, node: Expr, path: Truth, *lists: Sym) -> Sym:
    return Sym(Kind.LIST, items=tuple(item for each in lists for item in each.items))


def _appended(reader: Reader, node: Expr, path: Truth, items: Sym, *more: Sym) -> Sym:
    return Sym(Kind.LIST, items=(*items.items, *(Item(True, each) for each in more)))


def _reversed(reader: Reader, node: Expr, path: Truth, items: Sym) -> Sym:
    return Sym(Kind.LIST, items=tuple(reversed(items.items)))


# --- of dates and texts


def _date(reader: Reader, node: Expr, path: Truth, *given: Sym) -> Sym:
    if len(given) == 1 and given[0].kind is Kind.DATE:
        return given[0]
    if len(given) == 1 and given[0].kind is Kind.DATE_TIME:
        return Sym(Kind.DATE, day_of(node, given[0]))
    raise NotCoveredHere("`date` of anything else than a written text", node.span)


def _time(reader: Reader, node: Expr, path: Truth, *given: Sym) -> Sym:
    if len(given) != 1 or given[0].kind not in (Kind.TIME, Kind.DATE_TIME):
        raise NotCoveredHere("`time` of anything else than a date and time", node.span)
    if given[0].kind is Kind.TIME:
        return given[0]
    return Sym(Kind.TIME, shown_at(node, given[0]) % DAY_NS, local=z3.BoolVal(True))


def _in_zone(reader: Reader, node: Call, path: Truth, moment: Sym, zone: Sym) -> Sym:
    """Of a zone that a fact names, since any other text may be no zone's name."""
    named = node.arguments[-1] if not node.names else None
    if not isinstance(named, Name) or named.name not in reader.world.zones:
        raise NotCoveredHere("`in zone` with a zone that no fact of the format `time zone` names", node.span)
    return Sym(Kind.DATE_TIME, moment.term, local=reader.world.clock(moment.term, zone.term))


def _months(reader: Reader, node: Expr, path: Truth, given: Sym) -> Sym:
    if given.kind is not Kind.NUMBER:
        raise NotCoveredHere("`months` of a text that is not written", node.span)
    reader.fault(both(path, opposite(z3.IsInt(given.term))), Ends.FAILS, "it is no whole number of months", node.span)
    return Sym(Kind.MONTHS, z3.ToInt(given.term))


def _months_between(reader: Reader, node: Expr, path: Truth, start: Sym, end: Sym) -> Sym:
    if start.kind is not Kind.DATE or end.kind is not Kind.DATE:
        raise NotCoveredHere("the months between dates and times", node.span)

    def between(one: Sym, other: Sym) -> Term:
        (y1, m1, d1), (y2, m2, d2) = reader.world.calendar(one.term), reader.world.calendar(other.term)
        return (y2 - y1) * 12 + m2 - m1 - z3.If(d2 < d1, 1, 0)

    return Sym(Kind.MONTHS, z3.If(end.term < start.term, -between(end, start), between(start, end)))


def _now(reader: Reader, node: Expr, path: Truth) -> Sym:
    return Sym(Kind.DATE_TIME, reader.world.now, local=reader.world.here)


def _today(reader: Reader, node: Expr, path: Truth) -> Sym:
    return Sym(Kind.DATE, reader.world.today)


def _day_of_week(reader: Reader, node: Expr, path: Truth, day: Sym) -> Sym:
    codes = [reader.world.codes.code(name) for name in WEEKDAYS]
    term: Term = z3.IntVal(codes[6])
    for place in range(5, -1, -1):
        term = z3.If(weekday(day_of(node, day)) == place + 1, codes[place], term)
    return Sym(Kind.TEXT, term)


def _string(reader: Reader, node: Expr, path: Truth, value: Sym) -> Sym:
    if value.kind is Kind.TEXT:
        return value
    if value.term is None or isinstance(value.term, bool):
        raise NotCoveredHere("`string` of a list or context", node.span)
    reader.world.notes["texts that are put together count as any text"] = None
    if value.kind in (Kind.NUMBER, Kind.DATE_TIME, Kind.TIME):
        return reader.world.any_text_of(value.term, node.span.text)
    return reader.world.any_text(value.term)


def _is(reader: Reader, node: Expr, path: Truth, one: Sym, other: Sym) -> Sym:
    if one.kind is Kind.FLAG and other.kind is Kind.FLAG and one.null is other.null is False:
        return flag(same_truth(one.term, other.term))
    raise NotCoveredHere("`is`, which asks for more than the value", node.span)


_TEXT = Unsupported("what is inside of a text")
_PATTERN = Unsupported("patterns")
_ORDER = Unsupported("the order of a list's items")
_NOT_ALGEBRA = Unsupported("it has no exact result")
_CONTEXTS = Unsupported("contexts whose names are not known")
_RANGES = Unsupported("ranges as values")
_CALENDARS = Unsupported("calendars")

FUNCTIONS: dict[str, Emitter | Unsupported] = {
    "string": _string,
    "number": _TEXT,
    "not": _not,
    "all": _all,
    "any": _any,
    **dict.fromkeys(
        (
            *("substring", "string length", "upper case", "lower case", "substring before", "substring after"),
            *("contains", "starts with", "ends with", "string join"),
        ),
        _TEXT,
    ),
    **dict.fromkeys(("replace", "matches", "split"), _PATTERN),
    **{name: _rounded(way) for name, way in WAYS.items()},
    "abs": _absolute,
    "modulo": _modulo,
    **dict.fromkeys(("sqrt", "log", "exp", "stddev"), _NOT_ALGEBRA),
    "odd": _parity(True),
    "even": _parity(False),
    "count": _count,
    "min": _extreme("least", "<"),
    "max": _extreme("greatest", ">"),
    "sum": _sum,
    "mean": _mean,
    "product": _product,
    "list contains": _contains,
    "append": _appended,
    "concatenate": _joined,
    "reverse": _reversed,
    **dict.fromkeys(
        (
            *("median", "mode", "sublist", "insert before", "remove", "index of", "union", "distinct values"),
            *("flatten", "list replace", "sort"),
        ),
        _ORDER,
    ),
    **dict.fromkeys(("get value", "get entries", "context", "context put", "context merge"), _CONTEXTS),
    "date": _date,
    "time": _time,
    "date and time": Unsupported("a date and time that is put together"),
    "duration": Unsupported("a duration of a text that is not written"),
    "months": _months,
    "years and months duration": _months_between,
    "day of year": Unsupported("the number of the day in its year"),
    "day of week": _day_of_week,
    "month of year": Unsupported("the name of the month"),
    "week of year": Unsupported("the number of the week"),
    "now": _now,
    "today": _today,
    "is": _is,
    "in zone": _in_zone,
    **dict.fromkeys(("is holiday", "is working day", "next working day", "add working days"), _CALENDARS),
    **dict.fromkeys(
        (
            *("before", "after", "meets", "met by", "overlaps", "overlaps before", "overlaps after", "finishes"),
            *("finished by", "includes", "during", "starts", "started by", "coincides", "range"),
        ),
        _RANGES,
    ),
}
"""By the names of FEEL's functions; a test holds that none is left out."""
