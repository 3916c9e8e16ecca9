"""Every possible customer at once: a variable for each fact, with what its declaration says that it can be.

What a fact's declaration leaves open has bounds here, and they are said with every answer (`ASSUMED`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import z3

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.smt.terms import Item, Sym, Term, Truth, as_bool, both, either, opposite, real
from ordain.engine.backends.smt.text_codes import DAY_NS, Codes, day_code, instant_code, moment_of, span_of
from ordain.engine.backends.smt.unsupported import NotCoveredHere
from ordain.engine.errors import Span
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import Fact
from ordain.engine.values.decimals import DIGITS, NUMBERS
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import Kind, Type, Value
from ordain.engine.values.zones import SECOND

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2199, 12, 31)
UTC = "UTC"
"""The zone in which customers are shown."""
SCALE = 12
"""Digits after the point of a number whose fact declares no `precision`."""
_LARGE = Decimal(10) ** 12
ASSUMED = (
    f"facts without `precision` have at most {SCALE} digits after the point",
    f"facts without `range` are between -{_LARGE:,f} and {_LARGE:,f}",
    f"dates are from {FIRST_DAY} to {LAST_DAY}",
    "durations are of at most 100 years",
    f"lists have at most {LIMITS.proof_items} items",
)
"""What is taken of facts that do not say it themselves."""


class NoValue(Exception):
    """The solver's term is no value of the language, such as a third."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One fact as it was made: of the customer `copy` of a question about two."""

    fact: Fact
    sym: Sym
    copy: str


@dataclass
class World:
    """What all terms of one question share. `always` is true of every customer; `notes` is what a reader must know."""

    codes: Codes
    always: list[Truth] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    variables: dict[tuple[str, str], Variable] = field(default_factory=dict)
    scaled: list[Term] = field(default_factory=list)
    """The numbers that are Reals here and decimals with few digits in truth."""
    micros: list[Term] = field(default_factory=list)
    """Times of facts, in microseconds."""
    usual_day: int = day_code(dt.date(2026, 1, 1))
    """The day for which customers are decided where any will do."""
    _numbers: int = 0
    _kept: dict[int, tuple[Term, Term]] = field(default_factory=dict)
    _written: dict[tuple[int, str], tuple[Term, Term]] = field(default_factory=dict)
    _days: dict[int, tuple[Term, tuple[Term, Term, Term]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.today = z3.Int("today")
        self.now, self.here = z3.Int("now"), z3.Int("here")
        self.always.append(both(self.today >= day_code(FIRST_DAY), self.today <= day_code(LAST_DAY)))
        start = self.today * DAY_NS
        # What the clock of the service shows, whatever its zone.
        self.always.append(both(self.here >= start, self.here < start + DAY_NS, *_near(self.here, self.now)))
        self.at_noon = both(self.here == self.now, self.now == start + DAY_NS // 2)
        self._clock = z3.Function("clock", z3.IntSort(), z3.IntSort(), z3.IntSort())
        self.zones: dict[str, None] = {}
        self._rounded = z3.Function("to_34_digits", z3.RealSort(), z3.RealSort())

    def fresh(self, name: str, sort: Any) -> Term:
        self._numbers += 1
        return z3.Const(f"{name}~{self._numbers}", sort)

    # --- facts

    def fact(self, fact: Fact, *, nullable: bool, copy: str = "") -> Sym:
        """The fact of a customer; the same one when it was asked for before. Raises NotCoveredHere."""
        known = self.variables.get((fact.name, copy))
        if known is not None:
            return known.sym
        name = f"{fact.name}{copy}"
        sym = self._made(name, replace(fact.type, limits=fact.limits), fact.precision, fact.span)
        if nullable and fact.default is None:
            sym = replace(sym, null=z3.Bool(f"{name}?"))
        self.variables[fact.name, copy] = Variable(fact, sym, copy)
        return sym

    def _made(self, name: str, of: Type, precision: int | None, span: Span | None) -> Sym:
        match of.kind:
            case Kind.NUMBER:
                return self._number(name, of, precision)
            case Kind.TEXT:
                term = z3.Int(name)
                codes = [self.codes.code(text) for text in of.values]
                within = (
                    either(*(term == code for code in codes)) if codes else both(term >= 1, term <= self.codes.last)
                )
                self.always.append(within)
                return Sym(Kind.TEXT, term)
            case Kind.FLAG:
                return Sym(Kind.FLAG, z3.Bool(name))
            case Kind.DATE:
                term = z3.Int(name)
                self.always.append(both(term >= day_code(FIRST_DAY), term <= day_code(LAST_DAY)))
                return Sym(Kind.DATE, term)
            case Kind.DATE_TIME:
                low, high = day_code(FIRST_DAY) * DAY_NS, day_code(LAST_DAY) * DAY_NS
                return Sym(Kind.DATE_TIME, self._clocked(name, low, high))
            case Kind.DURATION:
                most = 100 * 366 * DAY_NS
                return Sym(Kind.DURATION, self._clocked(name, -most, most))
            case Kind.MONTHS:
                term = z3.Int(name)
                self.always.append(both(term >= -1200, term <= 1200))
                return Sym(Kind.MONTHS, term)
            case Kind.CONTEXT if of.fields:
                return Sym(
                    Kind.CONTEXT,
                    fields={part: self._part(f"{name}.{part}", at, span) for part, at in of.fields.items()},
                )
            case Kind.LIST if of.item is not None:
                return self._list(name, of.item, span)
        raise NotCoveredHere(f"a fact of the type {of} (`{name}`)", span or Span("facts.yaml", 1, 1, name))

    def _part(self, name: str, of: Type, span: Span | None) -> Sym:
        made = self._made(name, of, None, span)
        return replace(made, null=z3.Bool(f"{name}?")) if of.optional else made

    def _number(self, name: str, of: Type, precision: int | None) -> Sym:
        limits = of.limits
        low = -_LARGE if limits is None or limits.low is None else limits.low
        high = _LARGE if limits is None or limits.high is None else limits.high
        if precision is None:
            term = z3.Real(name)
            self.scaled.append(term)
        else:
            term = z3.ToReal(z3.Int(name)) / real(10**precision)
        above = term > real(low) if limits is not None and limits.low_open else term >= real(low)
        below = term < real(high) if limits is not None and limits.high_open else term <= real(high)
        self.always.append(both(above, below))
        most = max(abs(low), abs(high))
        return Sym(
            Kind.NUMBER, term, digits=Digits(max(0, most.adjusted() + 1), SCALE if precision is None else precision)
        )

    def _clocked(self, name: str, low: int, high: int) -> Term:
        """A time in nanoseconds, as fine as a request may have it: to the microsecond."""
        micros = z3.Int(name)
        self.micros.append(micros)
        self.always.append(both(micros >= low // 1_000, micros <= high // 1_000))
        return micros * 1_000

    def _list(self, name: str, of: Type, span: Span | None) -> Sym:
        length = z3.Int(f"{name}#")
        self.always.append(both(length >= 0, length <= LIMITS.proof_items))
        parts = [self._part(f"{name}[{place}]", of, span) for place in range(LIMITS.proof_items)]
        return Sym(Kind.LIST, items=tuple(Item(length > place, part) for place, part in enumerate(parts)))

    # --- what results are

    def exact(self, term: Term, digits: Digits | None) -> Sym:
        """A number that was calculated exactly, as the decimal of 34 digits that the language makes of it.

        Where it may have more of them, all that is known of the decimal is that it lies so near, and that equal sums
        give equal decimals.
        """
        if digits is not None and digits.precision is not None:
            return Sym(Kind.NUMBER, term, digits=digits)
        term = z3.simplify(term)
        kept = self._kept.get(term.get_id())
        if kept is None:
            near = self._rounded(term)
            apart = near - term
            size = z3.If(term >= 0, term, -term)
            self.always.append(both(2 * 10 ** (DIGITS - 1) * apart <= size, -2 * 10 ** (DIGITS - 1) * apart <= size))
            kept = self._kept[term.get_id()] = (term, near)
            self.notes["numbers of more than 34 digits are rounded; a proof takes any decimal that near"] = None
        return Sym(Kind.NUMBER, kept[1])

    def calendar(self, day: Term) -> tuple[Term, Term, Term]:
        """Year, month and day of the month of a date."""
        kept = self._days.get(day.get_id())
        if kept is None:
            year, month, of_month = (self.fresh(name, z3.IntSort()) for name in ("year", "month", "day"))
            self.always.append(both(year >= 1, year <= 9999, month >= 1, month <= 12, of_month >= 1))
            self.always.append(of_month <= month_length(year, month))
            self.always.append(day == day_number(year, month, of_month))
            kept = self._days[day.get_id()] = (day, (year, month, of_month))
        return kept[1]

    def clock(self, moment: Term, zone: Term) -> Term:
        """What clocks in a zone show at a moment, as nanoseconds: nothing is known of it but how far it is at most."""
        shown = self._clock(moment, zone)
        self.always.append(both(*_near(shown, moment)))
        return shown

    def lifelike(self) -> list[Truth]:
        """That the service and all customers are in UTC, and a decision is made at a whole second: what deciding
        can show."""
        truths = [self.here == self.now, self.now % SECOND == 0]
        for (name, _), variable in self.variables.items():
            if name in self.zones:
                utc = self.codes.code(UTC)
                truths += [variable.sym.term == utc, self._clock(self.now, z3.IntVal(utc)) == self.now]
        return truths

    def clock_is(self, zone: str, at: dt.datetime, shown: int) -> Truth:
        """That clocks in a zone show so much at a moment, which is known."""
        code = z3.IntVal(self.codes.code(zone))
        return both(self._clock(z3.IntVal(instant_code(at)), code) == shown, self._clock(self.now, code) == shown)

    def any_text(self, *made_of: Term) -> Sym:
        """A text that nothing is known of: made of others, and the same when they are."""
        function = z3.Function(f"text_of_{len(made_of)}", *(part.sort() for part in made_of), z3.IntSort())
        term = function(*made_of) if made_of else self.fresh("text", z3.IntSort())
        self.always.append(both(term >= 1, term <= self.codes.last))
        return Sym(Kind.TEXT, term)

    def any_text_of(self, value: Term, asked: str) -> Sym:
        """The text of a value that has several: 1.5 and 1.50 are one number, and a moment has one in each offset.

        Only what is written and worked out alike has the same text for sure. `asked` is how the value is written.
        """
        key = (value.get_id(), "".join(asked.split()))
        if key not in self._written:
            self._written[key] = (value, self.fresh("written", z3.IntSort()))
        return self.any_text(*self._written[key])

    # --- back to values

    def value(self, model: Any, sym: Sym, of: Type) -> Value:
        """What a term is in a model, as a value of the language. Raises NoValue."""
        if _is_true(model, sym.null):
            return None
        match sym.kind:
            case Kind.NULL:
                return None
            case Kind.NUMBER:
                return _decimal(model.eval(sym.term, model_completion=True))
            case Kind.FLAG:
                return _is_true(model, sym.term)
            case Kind.TEXT:
                return self.codes.text(_int(model, sym.term))
            case Kind.DATE:
                return dt.date.fromordinal(_int(model, sym.term))
            case Kind.DATE_TIME:
                return moment_of(_int(model, sym.term))
            case Kind.DURATION:
                return span_of(_int(model, sym.term))
            case Kind.MONTHS:
                return Months(_int(model, sym.term))
            case Kind.CONTEXT:
                return {name: self.value(model, part, of.fields.get(name, of)) for name, part in sym.fields.items()}
            case Kind.LIST:
                there = (item.value for item in sym.items if _is_true(model, item.there))
                return tuple(self.value(model, item, of.item or of) for item in there)
        raise NoValue(f"a {sym.kind}")

    def customer(self, model: Any, copy: str = "") -> dict[str, Value]:
        """The facts of one customer of a model. Raises NoValue."""
        return {
            name: self.value(model, variable.sym, variable.fact.type)
            for (name, of), variable in self.variables.items()
            if of == copy
        }

    def moment(self, model: Any) -> dt.datetime:
        """When it is decided, in UTC."""
        return moment_of(_int(model, self.now))

    def few_digits(self, digits: int) -> list[Truth]:
        """That the numbers without a declared precision, and seconds, have so many digits after the point."""
        numbers = [z3.IsInt(term * real(10**digits)) for term in self.scaled]
        return numbers + [micros % 10 ** max(0, 6 - digits) == 0 for micros in self.micros]

    def usual_days(self) -> list[Truth]:
        """That days are of our time, where nothing speaks against it."""
        days = [each.sym.term for each in self.variables.values() if each.sym.kind is Kind.DATE]
        span = 3653
        near = [both(day > self.usual_day - span, day < self.usual_day + span) for day in days]
        return [self.at_noon, self.today == self.usual_day, *near]

    def pinned(self, sym: Sym, value: Value) -> Truth:
        """That a fact has a value; None where a value has no term here."""
        if value is None:
            return sym.null if sym.null is not False else None
        there = opposite(sym.null)
        match sym.kind:
            case Kind.NUMBER:
                return both(there, sym.term == real(value))
            case Kind.FLAG:
                return both(there, sym.term == z3.BoolVal(value))
            case Kind.TEXT:
                return both(there, sym.term == self.codes.code(value)) if value in self.codes.texts else None
            case Kind.DATE if type(value) is dt.date:
                return both(there, sym.term == day_code(value))
            case Kind.LIST:
                return both(there, *self._items(sym, value)) if len(value) <= len(sym.items) else None
            case Kind.CONTEXT:
                parts = [self.pinned(part, value.get(name)) for name, part in sym.fields.items()]
                return None if None in parts else both(there, *parts)
        return None

    def _items(self, sym: Sym, values: tuple[Value, ...]) -> Iterable[Truth]:
        for place, item in enumerate(sym.items):
            if place >= len(values):
                yield opposite(item.there)
                continue
            yield item.there
            pinned = self.pinned(item.value, values[place])
            yield False if pinned is None else pinned


def _near(shown: Term, moment: Term) -> tuple[Truth, Truth]:
    """That a clock shows no other time than one that is some hours from UTC."""
    return shown - moment <= 16 * DAY_NS // 24, moment - shown <= 16 * DAY_NS // 24


def _is_true(model: Any, truth: Truth) -> bool:
    return truth if isinstance(truth, bool) else z3.is_true(model.eval(as_bool(truth), model_completion=True))


def _int(model: Any, term: Term) -> int:
    return int(model.eval(term, model_completion=True).as_long())


def _decimal(found: Any) -> Decimal:
    """Raises NoValue for a number that does not end, and for one of more than 34 digits."""
    if not z3.is_rational_value(found):
        raise NoValue("a number that is no fraction")
    top, bottom = found.numerator_as_long(), found.denominator_as_long()
    digits = 0
    while bottom and 10**digits % bottom and digits <= DIGITS:
        digits += 1
    if digits > DIGITS:
        raise NoValue("a number that does not end")
    whole = top * (10**digits // bottom)
    if abs(whole) >= 10**DIGITS:
        raise NoValue("a number of more than 34 digits")
    return NUMBERS.scaleb(Decimal(whole), -digits)


def month_length(year: Term, month: Term) -> Term:
    february = z3.If(is_leap(year), 29, 28)
    short = z3.Or(month == 4, month == 6, month == 9, month == 11)
    return z3.If(month == 2, february, z3.If(short, 30, 31))


def is_leap(year: Term) -> Truth:
    return z3.And(year % 4 == 0, z3.Or(year % 100 != 0, year % 400 == 0))


_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def day_number(year: Term, month: Term, day: Term) -> Term:
    """The number of a day, as Python's `toordinal` counts them."""
    past = year - 1
    of_months: Term = z3.IntVal(_BEFORE[11])
    for number in range(10, -1, -1):
        of_months = z3.If(month == number + 1, _BEFORE[number], of_months)
    leap = z3.If(z3.And(month > 2, is_leap(year)), 1, 0)
    return 365 * past + past / 4 - past / 100 + past / 400 + of_months + leap + day


def texts_in(types: Iterable[Type]) -> Iterable[str]:
    """The declared values of types, and of what is in them."""
    for of in types:
        yield from of.values
        yield from texts_in(of.fields.values())
        if of.item is not None:
            yield from texts_in((of.item,))


Named = Mapping[str, Sym]
