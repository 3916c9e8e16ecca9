"""Prepared readers: what `Fact.accept` gives for a well-formed value, several times faster.

A reader knows what its fact's type, range and precision come to. Whatever is not plainly right, a value on the edge
of its range included, goes to `accept`, which alone decides and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from ordain.engine.values.types import NUMBERS, Kind, Type, Value

Reader = Callable[[object], Value]
_FAR = Decimal("1e100")


def text_or_flag_reader(type: Type, accept: Reader) -> Reader:
    """The reader of a fact that is no number; for dates and the like `accept` itself."""
    values = frozenset(type.values)
    if type.kind is Kind.TEXT and values:
        return lambda raw: raw if raw.__class__ is str and raw in values else accept(raw)
    if type.kind is Kind.TEXT:
        return lambda raw: raw if raw.__class__ is str else accept(raw)
    if type.kind is Kind.FLAG:
        return lambda raw: raw if raw is True or raw is False else accept(raw)
    return accept


def number_reader(low: Decimal | None, high: Decimal | None, precision: int | None, accept: Reader) -> Reader:
    """The reader of a number between two bounds (None: open), rounded to `precision` digits after the point."""
    least, most = -_FAR if low is None else low, _FAR if high is None else high
    step = None if precision is None else Decimal(1).scaleb(-precision, context=NUMBERS)
    plus, quantize = NUMBERS.plus, NUMBERS.quantize

    def read(raw: object) -> Value:
        # `adjusted` of what is not finite is 0, and a comparison with NaN would raise: so finite comes first.
        if type(raw) is not Decimal or not raw.is_finite() or raw.adjusted() < -100:
            return accept(raw)
        if not least < raw < most or (exact := plus(raw)) != raw:
            return accept(raw)
        if step is None:
            return exact
        try:
            rounded = quantize(raw, step)
        except InvalidOperation:
            return accept(raw)
        return rounded if least < rounded < most else accept(raw)

    return read
