"""Decimals in SQL: every operation between two casts, so that what comes out has the digits that we say it has.

A number of the language has 34 significant digits. An operation whose exact result always fits gives the same in SQL;
one that may not is refused with its place. A quotient has no last digit, so it stays two numbers until it is rounded to
a scale or compared, which is exact by whole numbers (see `Quotient`): 34 digits lie far enough apart there that the
Python reading's own rounding of the quotient cannot cross a tie, see `_is_safe`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from ordain.engine.backends.digits import Digits
from ordain.engine.backends.sql.dialects import BIGINT_DIGITS, MANY_DIGITS, WIDEST, Dialect
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.sql_terms import NULL, Quotient, Sql, Term, binary, case, enclosed, is_null, whole
from ordain.engine.values.decimals import DIGITS

Keep = Callable[[Term], Term]
"""Gives a term a name, so that it can be written several times."""

_ADDED = {"+": exp.Add, "-": exp.Sub}
_PRODUCTS_BY_TYPE = ("spark", "bigquery")
"""Where a product has room by the types of its factors: wider ones would cost it digits behind the point."""
QUOTIENT_HINT = "round it where it is divided, `decimal(a / b, 2)`, and multiply before you divide"
_TURNED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
COMPARED: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}


def digits_of_value(value: Decimal) -> Digits:
    """The digits of a written number."""
    exponent = int(value.as_tuple().exponent)
    return Digits(max(0, value.adjusted() + 1) if value else 0, max(0, -exponent))


def literal(value: Decimal, dialect: Dialect) -> Sql:
    """A written number."""
    digits = digits_of_value(value)
    written = abs(value)
    term: Term = exp.Literal.number(f"{written:f}")
    term = dialect.number(exp.Neg(this=term) if value < 0 else term, digits)
    shown = digits.scale if value.as_tuple().exponent in (0, -digits.scale) and value.adjusted() < DIGITS else None
    return Sql(term, digits=digits, positive=value >= 0, written=shown)


def of(number: Sql) -> Digits:
    """The digits of a number. Raises Unsupported where they are not known."""
    if number.quotient is not None:
        raise Unsupported("a quotient that is not rounded has no last digit", QUOTIENT_HINT)
    if number.digits is None or number.digits.whole is None:
        raise Unsupported("how many digits it can have is not known", MANY_DIGITS)
    return number.digits


def _fits(digits: Digits) -> Digits:
    """Raises Unsupported for more digits than a number of the language has, which would be rounded there."""
    if digits.whole is None or digits.whole + digits.scale > DIGITS:
        count = (digits.whole or 0) + digits.scale
        raise Unsupported(f"it can have {count} digits, and a number has {DIGITS}", MANY_DIGITS)
    return digits


def added(op: str, left: Sql, right: Sql, dialect: Dialect) -> Sql:
    """A sum or a difference."""
    one, other = of(left), of(right)
    digits = _fits(Digits(max(one.whole or 0, other.whole or 0) + 1, max(one.scale, other.scale)))
    term = binary(_ADDED[op], dialect.number(left.value, digits), dialect.number(right.value, digits))
    return Sql(dialect.number(term, digits), digits=digits, positive=op == "+" and left.positive and right.positive)


def multiplied(left: Sql, right: Sql, dialect: Dialect) -> Sql:
    """A product."""
    one, other = of(left), of(right)
    digits = _fits(Digits((one.whole or 0) + (other.whole or 0), one.scale + other.scale))
    widened = one
    if dialect.name not in _PRODUCTS_BY_TYPE:
        # DuckDB multiplies two decimals of 18 digits or fewer as numbers of 64 bits, however many the product has.
        many = _all(digits) > BIGINT_DIGITS
        widened = Digits(max(digits.whole or 0, BIGINT_DIGITS + 1 - one.scale) if many else digits.whole, one.scale)
    elif dialect.name == "bigquery":
        widened = digits
    term = binary(exp.Mul, dialect.number(left.value, widened), dialect.number(right.value, other))
    return Sql(dialect.number(term, digits), digits=digits, positive=left.positive and right.positive)


def minus(number: Sql, dialect: Dialect) -> Sql:
    digits = of(number)
    return Sql(dialect.number(exp.Neg(this=enclosed(number.value)), digits), digits=digits)


def divided(left: Sql, right: Sql, by_zero: int, dialect: Dialect) -> Sql:
    """A quotient, as yet two numbers. `by_zero` is the fault of a divisor that is zero."""
    of(left)
    none = dialect.number(whole(0), of(right))
    fault = case([(binary(exp.EQ, right.value, none), whole(by_zero))])
    quotient = Quotient(replace(left, fault=None), replace(right, fault=None))
    return Sql(NULL, fault, positive=left.positive and right.positive, quotient=quotient)


def divided_by_written(left: Sql, part: Decimal, dialect: Dialect) -> Sql:
    """Divided by a written number of which one part ends: multiplied by that.

    By 1.000...0 it stays the number that it is, and loses the zeros at the end of its text.
    """
    if part == 1:
        return replace(left, fault=None, written=-1)
    return multiplied(left, literal(part, dialect), dialect)


def alike(left: Sql, right: Sql, dialect: Dialect) -> tuple[Term, Term]:
    """Both as decimals of one type, so that the database compares them exactly."""
    one, other = of(left), of(right)
    if one == other:
        return left.value, right.value
    digits = Digits(max(one.whole or 0, other.whole or 0), max(one.scale, other.scale))
    return dialect.number(left.value, digits), dialect.number(right.value, digits)


def compared(op: str, left: Sql, right: Sql, dialect: Dialect) -> Term:
    """A comparison of two numbers, of which one may be a quotient."""
    if right.quotient is not None and left.quotient is None:
        return compared(_TURNED[op], right, left, dialect)
    if left.quotient is None:
        return binary(COMPARED[op], *alike(left, right, dialect))
    over, under = left.quotient.over, left.quotient.under
    border = of(right)
    if not _is_safe(of(over), of(under), border.scale, border.whole or 0):
        raise Unsupported("a quotient of numbers with so many digits cannot be compared exactly", QUOTIENT_HINT)
    # a / b < c is a < c * b where b is positive, and turned where it is not.
    product = multiplied(replace(right, fault=None), under, dialect)
    straight = binary(COMPARED[op], *alike(over, product, dialect))
    if under.positive:
        return straight
    turned = binary(COMPARED[_TURNED[op]], *alike(over, product, dialect))
    none = dialect.number(whole(0), of(under))
    return case([(binary(exp.LT, under.value, none), turned)], straight)


def _is_safe(over: Digits, under: Digits, scale: int, before: int) -> bool:
    """Whether a quotient that is no multiple of half a step lies further from the next than 34 digits round.

    Both in whole units, a / b lies at least 1 / (2 * b * 10 ** scale) from a tie that it does not meet; rounding to 34
    digits moves it by half a unit of the 34th, which is 10 ** (result - 34) with `result` digits before the point.
    """
    result = max(before, (over.whole or 0) + under.scale)
    units_of_divisor = (under.whole or 0) + max(under.scale, over.scale)
    return units_of_divisor + max(scale, 0) + 1 + result < DIGITS


def rounded(number: Sql, scale: int, mode: str, dialect: Dialect, keep: Keep) -> Sql:
    """A number rounded to a scale. `mode` is Python's name of the way, without ROUND_; `keep` gives a term a name."""
    if scale < 0:
        raise Unsupported("a scale below zero is not translated", "divide, round to 0, and multiply again")
    if number.quotient is not None:
        return _rounded_quotient(number, number.quotient, scale, mode, dialect, keep)
    digits = of(number)
    if digits.scale <= scale:
        # It stays the number that it is; only its text gets zeros, where there is room for them.
        return replace(number, fault=None, written=scale if (digits.whole or 0) + scale <= DIGITS else None)
    result = Digits((digits.whole or 0) + 1, scale)
    half_up = dialect.number(number.value, result)
    if mode != "HALF_UP":
        half_up = keep(half_up)
    wide = Digits((digits.whole or 0) + 1, digits.scale)
    value, near = dialect.number(number.value, wide), dialect.number(half_up, wide)
    unit = Decimal(1).scaleb(-scale)
    half = dialect.number(exp.Literal.number(f"{unit / 2:f}"), wide)
    stepped = dialect.number(exp.Literal.number(f"{unit:f}"), result)
    below, above = binary(exp.LT, value, near), binary(exp.GT, value, near)
    lower = dialect.number(binary(exp.Sub, half_up, stepped), result)
    higher = dialect.number(binary(exp.Add, half_up, stepped), result)
    negative = binary(exp.LT, value, dialect.number(whole(0), wide))
    floor = case([(below, lower)], half_up)
    ceiling = case([(above, higher)], half_up)
    is_tie = binary(exp.EQ, exp.Abs(this=binary(exp.Sub, value, near)), half)
    inwards = case([(negative, higher)], lower)
    match mode:
        case "HALF_UP":
            term = half_up
        case "FLOOR":
            term = floor
        case "CEILING":
            term = ceiling
        case "DOWN":
            term = case([(negative, ceiling)], floor)
        case "UP":
            term = case([(negative, floor)], ceiling)
        case "HALF_DOWN":
            term = case([(is_tie, inwards)], half_up)
        case "HALF_EVEN":
            is_odd = _is_odd(half_up, result, dialect)
            both = exp.And(this=exp.Paren(this=is_tie), expression=exp.Paren(this=is_odd))
            term = case([(both, inwards)], half_up)
        case _:
            raise Unsupported(f"rounding {mode} is not translated")
    return Sql(term, digits=result, positive=number.positive, written=scale)


def _is_odd(term: Term, digits: Digits, dialect: Dialect) -> Term:
    """Whether the last digit of a number is odd."""
    if dialect.name == "spark":  # its products of many digits lose some; the rest of a division never does
        two = dialect.number(exp.Literal.number(f"{Decimal(2).scaleb(-digits.scale):f}"), digits)
        return binary(exp.NEQ, exp.Mod(this=term, expression=two), dialect.number(whole(0), digits))
    units = _in_units(term, digits, digits.scale, Digits(_all(digits), 0), dialect)
    return binary(exp.NEQ, exp.Mod(this=units, expression=whole(2)), whole(0))


def _cut_quotient(a: Term, b: Term, kind: Digits, dialect: Dialect, keep: Keep) -> Term:
    """A whole number by another, neither of them negative, cut."""
    exact = dialect.cut_quotient(a, b, _all(kind))
    if exact is not None:
        return exact
    # The database's own quotient is right but for what it rounds; the remainder says by how much it is off.
    near = keep(dialect.number(exp.Floor(this=binary(exp.Div, a, b)), kind))
    left = keep(dialect.number(binary(exp.Sub, a, dialect.number(binary(exp.Mul, near, b), kind)), kind))
    off = case([(binary(exp.LT, left, whole(0)), whole(-1)), (binary(exp.GTE, left, b), whole(1))], whole(0))
    return binary(exp.Add, near, off)


def _in_units(term: Term, digits: Digits, places: int, kind: Digits, dialect: Dialect) -> Term:
    """A number times a power of ten that makes it whole, as `kind`."""
    room = dialect.number(term, Digits(kind.whole, digits.scale))
    power = dialect.number(exp.Literal.number(10**places), Digits(places + 1, 0))
    return dialect.number(binary(exp.Mul, room, power), kind)


def _all(digits: Digits) -> int:
    return (digits.whole or 0) + digits.scale


def _rounded_quotient(number: Sql, quotient: Quotient, scale: int, mode: str, dialect: Dialect, keep: Keep) -> Sql:
    """By whole numbers: cut the quotient of both without their sign, and look at the remainder."""
    over, under = of(quotient.over), of(quotient.under)
    if not _is_safe(over, under, scale, 0):
        raise Unsupported("a quotient of numbers with so many digits cannot be rounded exactly", QUOTIENT_HINT)
    # a / b * 10**scale, both in whole units: a * 10**up over b * 10**down.
    shift = scale + under.scale - over.scale
    up, down = over.scale + max(shift, 0), under.scale + max(-shift, 0)
    wide = max((over.whole or 0) + up, (under.whole or 0) + down) + 1
    if wide > dialect.widest_product:
        most = f"{dialect.title} has {dialect.widest_product}"
        raise Unsupported(f"it needs whole numbers of {wide} digits, and {most}", MANY_DIGITS)
    kind = Digits(wide, 0)

    a = keep(_in_units(exp.Abs(this=quotient.over.value), over, up, kind, dialect))
    divisor = _in_units(exp.Abs(this=quotient.under.value), under, down, kind, dialect)
    b = keep(exp.Nullif(this=divisor, expression=whole(0)))
    cut = keep(dialect.number(_cut_quotient(a, b, kind, dialect, keep), kind))
    left = keep(dialect.number(binary(exp.Sub, a, dialect.number(binary(exp.Mul, cut, b), kind)), kind))
    some = binary(exp.NEQ, left, whole(0))
    zero_over, zero_under = (dialect.number(whole(0), of(each)) for each in (quotient.over, quotient.under))
    is_negative: Term | None = None
    if not (quotient.over.positive and quotient.under.positive):
        is_negative = exp.NEQ(
            this=exp.Paren(this=binary(exp.LT, quotient.over.value, zero_over)),
            expression=exp.Paren(this=binary(exp.LT, quotient.under.value, zero_under)),
        )
    doubled = dialect.number(binary(exp.Mul, left, whole(2)), Digits(min(wide + 1, WIDEST), 0))
    over_half, half = binary(exp.GT, doubled, b), binary(exp.EQ, doubled, b)
    is_odd = binary(exp.EQ, exp.Mod(this=cut, expression=whole(2)), whole(1))
    never = exp.false()
    match mode:
        case "HALF_UP":
            more: Term = binary(exp.GTE, doubled, b)
        case "HALF_DOWN":
            more = over_half
        case "HALF_EVEN":
            more = exp.Or(
                this=exp.Paren(this=over_half),
                expression=exp.Paren(this=exp.And(this=exp.Paren(this=half), expression=exp.Paren(this=is_odd))),
            )
        case "UP":
            more = some
        case "DOWN":
            more = never
        case "FLOOR":
            more = never if is_negative is None else case([(is_negative, some)], never)
        case "CEILING":
            more = some if is_negative is None else case([(is_negative, never)], some)
        case _:
            raise Unsupported(f"rounding {mode} is not translated")
    count = dialect.number(binary(exp.Add, cut, case([(more, whole(1))], whole(0))), kind)
    whole_digits = (over.whole or 0) + under.scale + 1
    result = _fits(Digits(whole_digits, scale))
    unit = exp.Literal.number(f"{Decimal(1).scaleb(-scale):f}")
    counted_units = dialect.number(count, Digits(_all(result), 0))
    term = binary(exp.Mul, counted_units, dialect.number(unit, Digits(0, scale)))
    term = dialect.number(term, result)
    if is_negative is not None:
        term = case([(is_negative, dialect.number(exp.Neg(this=term), result))], term)
    return Sql(term, digits=result, positive=number.positive, written=scale)


def widest(several: list[Sql]) -> Digits:
    """The digits that hold each of them."""
    each = [of(number) for number in several]
    return Digits(max(digits.whole or 0 for digits in each), max(digits.scale for digits in each))


def room_for_sum(several: list[Sql]) -> Digits:
    """The digits of the sum of so many numbers. Raises Unsupported for more than a number has."""
    digits = widest(several)
    return _fits(Digits((digits.whole or 0) + len(str(len(several) - 1)) * (len(several) > 1), digits.scale))


def least_or_most(several: list[Sql], op: str, dialect: Dialect) -> Sql:
    """The least (`<`) or the greatest (`>`) of numbers, none of which is null."""
    digits = widest(several)
    best, *others = (dialect.number(each.value, digits) for each in several)
    for other in others:
        best = case([(binary(COMPARED[op], other, best), other)], best)
    return Sql(best, digits=digits, positive=all(each.positive for each in several))


def is_zero(number: Sql, dialect: Dialect) -> Term:
    return binary(exp.EQ, number.value, dialect.number(whole(0), of(number)))


def missing(number: Sql) -> Term:
    """Whether a number is null; of a quotient either of both."""
    if number.quotient is None:
        return is_null(number.value)
    return exp.Or(this=is_null(number.quotient.over.value), expression=is_null(number.quotient.under.value))


def counted(count: Term, dialect: Dialect) -> Sql:
    """A count as a number."""
    digits = Digits(9, 0)
    return Sql(dialect.number(count, digits), digits=digits, positive=True, written=0)
