"""Sine and cosine of a decimal, in radians, to the last of its 34 digits."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

from ordain.engine.values.decimals import NUMBERS

_PI = Decimal("3.1415926535897932384626433832795028841971693993751058209749445923")
_LARGEST = Decimal(10**15)
_FINE = Context(prec=64, rounding=ROUND_HALF_EVEN)


def cosine(angle: Decimal) -> Decimal:
    """Raises ValueError for an angle too large for its place on the circle to be known."""
    return _turned(angle, _FINE.divide(_PI, Decimal(2)))


def sine(angle: Decimal) -> Decimal:
    """Raises ValueError as `cosine` does."""
    return _turned(angle, Decimal(0))


def _turned(angle: Decimal, ahead: Decimal) -> Decimal:
    """The sine of an angle and so much more: x - x**3 / 3! + x**5 / 5! - ..., for x between -pi and pi."""
    if abs(angle) > _LARGEST:
        raise ValueError("the angle is too large")
    x = _FINE.remainder_near(_FINE.add(angle, ahead), _FINE.multiply(_PI, Decimal(2)))
    square, term, total, count = _FINE.multiply(x, x), x, x, 1
    while term and term.adjusted() > -45:
        count += 2
        term = _FINE.minus(_FINE.divide(_FINE.multiply(term, square), Decimal(count * (count - 1))))
        total = _FINE.add(total, term)
    return NUMBERS.plus(total.quantize(Decimal("1E-40"), context=_FINE)).normalize(NUMBERS)
