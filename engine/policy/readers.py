"""Prepared readers: what `Fact.accept` gives for a well-formed value, several times faster.

A reader knows what its fact's type, range and precision come to. Whatever is not plainly right, a value on the edge
of its range included, goes to `accept`, which alone decides and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.temporal import date
from ordain.engine.values.types import Kind, Type, Value

Reader = Callable[[object], Value]
_FAR = Decimal("1e100")


def plain_reader(type: Type, accept: Reader) -> Reader:
    """The reader of a fact that is no number; for times, contexts and the like `accept` itself."""
    values = frozenset(type.values)
    if type.kind is Kind.TEXT and values:
        return lambda raw: raw if raw.__class__ is str and raw in values else accept(raw)
    if type.kind is Kind.TEXT:
        return lambda raw: raw if raw.__class__ is str else accept(raw)
    if type.kind is Kind.FLAG:
        return lambda raw: raw if raw is True or raw is False else accept(raw)
    if type.kind is Kind.DATE:
        return lambda raw: date(raw) if raw.__class__ is str else accept(raw)
    if type.kind is Kind.LIST and type.item is not None and type.item.kind is Kind.TEXT:
        return texts_reader(frozenset(type.item.values), accept)
    return accept


def texts_reader(values: frozenset[str], accept: Reader) -> Reader:
    """The reader of a list of texts, all of them among `values` if there are any."""

    def read(raw: object) -> Value:
        if type(raw) is not list:
            return accept(raw)
        for item in raw:
            if item.__class__ is not str or (values and item not in values):
                return accept(raw)
        return tuple(raw)

    return read


def number_reader(
    low: Decimal | None, high: Decimal | None, precision: int | None, step: Decimal, accept: Reader
) -> Reader:
    """The reader of a number between two bounds (None: open), rounded to `precision` digits after the point.

    Without `precision` it is written in steps of `step`, if it can be: see `settled`.
    """
    least, most = -_FAR if low is None else low, _FAR if high is None else high
    plus, quantize = NUMBERS.plus, NUMBERS.quantize

    def read(raw: object) -> Value:
        try:  # a comparison with NaN raises
            if type(raw) is Decimal and raw and least < raw < most and raw.adjusted() >= -100:
                if (stepped := quantize(raw, step)) == raw:
                    return stepped
                if plus(raw) == raw:
                    return raw.normalize(NUMBERS)
        except InvalidOperation:
            pass
        return accept(raw)

    if precision is None:
        return read
    step = Decimal(1).scaleb(-precision, context=NUMBERS)

    def read_rounded(raw: object) -> Value:
        try:
            if type(raw) is Decimal and least < raw < most and raw.adjusted() >= -100:
                rounded = quantize(raw, step)
                # A number that rounding leaves as it is has no more digits than a number may have.
                if rounded and (rounded == raw or plus(raw) == raw) and least < rounded < most:
                    return rounded
        except InvalidOperation:
            pass
        return accept(raw)

    return read_rounded
