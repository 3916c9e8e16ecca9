"""Numbers: decimals of 34 digits through one context, and the one form that a number has however it was sent."""

from __future__ import annotations

import re
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow,
)
from functools import lru_cache

from ordain.engine.errors import NotThatType

DIGITS = 34
"""Significant digits of a number (IEEE 754-2019 decimal128, as DMN 1.5 section 10.3.2.3.1 asks)."""

NUMBERS = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow, FloatOperation],
)
"""All arithmetic goes through this context's methods, so no thread's ambient context can change a price."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,18})?", re.ASCII)
_SENT_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,18})?", re.ASCII)


def number(raw: Decimal | int | str) -> Decimal:
    """The number that `raw` says, exactly. Raises NotThatType for NaN, infinities and over 34 digits."""
    # Decimal itself also takes underscores, spaces and the digits of other scripts.
    if isinstance(raw, str) and not _NUMBER.fullmatch(raw):
        finite = raw.strip().lstrip("+-").lower() not in ("nan", "inf", "infinity")
        raise NotThatType(f"`{raw[:48]}` is not a {'number' if finite else 'finite number'}")
    value = Decimal(raw)
    if not value.is_finite():
        raise NotThatType(f"`{raw}` is not a finite number")
    try:
        # Rounding to 34 digits changes a number with more of them, and signals one that is too large.
        rounded = NUMBERS.plus(value)
        kept = rounded == value and -6000 <= value.adjusted() <= 6000
    except Overflow:
        kept = False
    if not kept:
        raise NotThatType(f"`{str(raw)[:48]}` has more than {DIGITS} digits or is too large")
    return rounded


def is_sent_number(text: str) -> bool:
    """Whether a text of a request is a number: as JSON writes it. "007" is rather a name."""
    return _SENT_NUMBER.fullmatch(text) is not None


@lru_cache
def step(digits: int) -> Decimal:
    """1, 0.1, 0.01: what numbers of so many digits after the point are written in steps of."""
    return Decimal(1).scaleb(-digits, context=NUMBERS)


def settled(value: Decimal, step: Decimal) -> Decimal:
    """The one form of a number: with the digits of `step`, or with as many more as it takes.

    499, 499.0 and 499.00 are 499.00 in steps of 0.01, and 0.850 is 0.85 in steps of 1.
    """
    try:
        stepped = NUMBERS.quantize(value, step)
        if stepped == value:
            return NUMBERS.plus(stepped)
    except InvalidOperation:  # more digits than a number has
        pass
    return value.normalize(NUMBERS)
