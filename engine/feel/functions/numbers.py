"""Functions of numbers, DMN 1.5 section 10.3.4.5: 34 digits, scales from -6111 to 6176, nothing but decimals."""

from __future__ import annotations

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    InvalidOperation,
)
from functools import lru_cache
from typing import Any

from ordain.engine.feel.functions.entry import Function, KeptUnit, ResultDigits
from ordain.engine.feel.functions.operators import NEGATION, less
from ordain.engine.feel.signature import signature
from ordain.engine.values.decimals import DIGITS, NUMBERS
from ordain.engine.values.types import kind_of, plain

_ZERO, _TWO = Decimal(0), Decimal(2)

MODES = {
    "UP": ROUND_UP,
    "DOWN": ROUND_DOWN,
    "CEILING": ROUND_CEILING,
    "FLOOR": ROUND_FLOOR,
    "HALF_UP": ROUND_HALF_UP,
    "HALF_DOWN": ROUND_HALF_DOWN,
    "HALF_EVEN": ROUND_HALF_EVEN,
}
"""Ways to round, by the names that Java has for them."""


def to_scale(rounding: str) -> Callable[[Decimal, Decimal], Decimal]:
    """A number with so many digits after the point; a scale that is not whole is cut, as decimal(1/3, 2.5) says."""

    def rounded(number: Decimal, scale: Decimal) -> Decimal:
        unit = _unit(scale)
        if unit.adjusted() < number.adjusted() - DIGITS + 1:
            # There is no room for that many zeros behind it, and the number has no digit so far behind the point.
            return number
        return number.quantize(unit, rounding=rounding, context=NUMBERS)

    return rounded


def _to_written_scale(rounding: str) -> Callable[[Decimal], Callable[[Decimal], Decimal]]:
    """The same for a scale that is known beforehand, several times faster."""
    context = NUMBERS.copy()
    context.rounding = rounding
    quantize = context.quantize

    @lru_cache(maxsize=64)
    def prepared(scale: Decimal) -> Callable[[Decimal], Decimal]:
        unit = _unit(scale)
        highest = unit.adjusted() + DIGITS - 1
        return lambda number: number if number.adjusted() > highest else quantize(number, unit)

    return prepared


@lru_cache(maxsize=64)
def _unit(scale: Decimal) -> Decimal:
    whole = scale.to_integral_value(ROUND_DOWN)
    if not -6111 <= whole <= 6176:
        raise ValueError(f"a scale of {plain(whole)} is out of range")
    return Decimal(1).scaleb(-int(whole), context=NUMBERS)


def _rounding(
    meaning: str, example: str, result: str, rounding: str, *, alone: bool = True, own: bool = False
) -> Function:
    """`alone`: the scale may be left out and is 0 then."""
    prepared = _to_written_scale(rounding)
    whole = signature("(n: number) -> number", prepared(_ZERO))
    scaled = signature("(n: number, scale: number) -> number", to_scale(rounding), prepared=prepared)
    signatures = (*((whole,) if alone else ()), scaled)
    rounded = ResultDigits.ROUNDED
    return Function(meaning, example, result, signatures, own=own, unit=KeptUnit.OF_FIRST, digits=rounded)


def _without_sign(value: Any) -> Any:
    """A duration without its sign."""
    kind = kind_of(value)
    negative = NEGATION[kind].python(value)
    return negative if less(value, negative) else value


def _modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The remainder with the divisor's sign: dividend - divisor * floor(dividend / divisor).

    Whole numbers of the smaller unit of both, because the quotient may have more digits than a number.
    """
    if not divisor:
        raise InvalidOperation
    unit = min(_exponent(dividend), _exponent(divisor))
    rest = _in_units(dividend, unit) % _in_units(divisor, unit)
    return NUMBERS.scaleb(Decimal(rest), unit)


def _exponent(number: Decimal) -> int:
    return int(number.as_tuple().exponent)


def _in_units(number: Decimal, unit: int) -> int:
    exponent = _exponent(number)
    power: int = 10 ** (exponent - unit)
    return int(NUMBERS.scaleb(number, -exponent)) * power


def _log(number: Decimal) -> Decimal:
    if number <= 0:
        raise ValueError("only a number above 0 has a logarithm")
    return NUMBERS.ln(number)


def _is_odd(number: Decimal) -> bool:
    rest = _modulo(number, _TWO)
    if rest not in (0, 1):
        raise ValueError("only a whole number is odd or even")
    return rest == 1


def _is_even(number: Decimal) -> bool:
    return not _is_odd(number)


FUNCTIONS: dict[str, Function] = {
    "decimal": _rounding("Rounded to a scale, half to even.", "decimal(2.5, 0)", "2", ROUND_HALF_EVEN, alone=False),
    "floor": _rounding("Rounded down to a scale.", "floor(1.56, 1)", "1.5", ROUND_FLOOR),
    "ceiling": _rounding("Rounded up to a scale.", "ceiling(1.51, 1)", "1.6", ROUND_CEILING),
    "round up": _rounding("Rounded away from zero.", "round up(1.121, 2)", "1.13", ROUND_UP),
    "round down": _rounding("Rounded towards zero.", "round down(1.129, 2)", "1.12", ROUND_DOWN),
    "round half up": _rounding("Half is rounded away from zero.", "round half up(5.5, 0)", "6", ROUND_HALF_UP),
    "round half down": _rounding("Half is rounded towards zero.", "round half down(5.5, 0)", "5", ROUND_HALF_DOWN),
    "round half even": _rounding(
        "Half is rounded to the even neighbour (banker's rounding).",
        "round half even(2.5)",
        "2",
        ROUND_HALF_EVEN,
        own=True,
    ),
    "abs": Function(
        "A number or duration without its sign.",
        "abs(-3)",
        "3",
        (
            signature("(n: number) -> number", NUMBERS.abs),
            signature("(n: duration) -> duration", _without_sign),
            signature("(n: months) -> months", _without_sign),
        ),
        unit=KeptUnit.OF_FIRST,
        digits=ResultDigits.OF_WIDEST,
    ),
    "modulo": Function(
        "The remainder, with the divisor's sign.",
        "modulo(-12, 5)",
        "3",
        (signature("(dividend: number, divisor: number) -> number", _modulo),),
    ),
    "sqrt": Function("The square root.", "sqrt(16)", "4", (signature("(number: number) -> number", NUMBERS.sqrt),)),
    "log": Function(
        "The natural logarithm.", "decimal(log(10), 3)", "2.303", (signature("(number: number) -> number", _log),)
    ),
    "exp": Function(
        "Euler's number to a power.",
        "decimal(exp(5), 3)",
        "148.413",
        (signature("(number: number) -> number", NUMBERS.exp),),
    ),
    "odd": Function("Whether a number is odd.", "odd(5)", "true", (signature("(number: number) -> flag", _is_odd),)),
    "even": Function(
        "Whether a number is even.", "even(5)", "false", (signature("(number: number) -> flag", _is_even),)
    ),
}
