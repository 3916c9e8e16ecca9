"""A FEEL value as terms of Z3, and truths that are known beforehand kept out of the solver.

| type          | term                                                                                  |
|---------------|---------------------------------------------------------------------------------------|
| number        | Real, made of the decimal's exact fraction                                            |
| text          | Int, a code that keeps the order of texts: see `text_codes.py`                             |
| flag          | Bool, or Python's True and False                                                      |
| date          | Int, the day's number, 1 for the first of January of the year 1                       |
| date and time | Int, nanoseconds since the day 0, in UTC                                              |
| time          | Int, nanoseconds since midnight, as the clock shows them                              |
| duration      | Int, nanoseconds                                                                      |
| months        | Int                                                                                   |
| context       | `fields`                                                                              |
| list          | `items`, each with a truth that says whether it is there                              |

Beside its term a value has `null`, the truth that says whether it is null; its term means nothing then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import z3

from ordain.engine.backends.digits import Digits
from ordain.engine.values.types import Kind

Term = Any
"""A term of Z3. Its package has no types."""
Truth = Any
"""A Bool of Z3, or Python's True or False."""


@dataclass(frozen=True, slots=True)
class Item:
    """One place of a list, and whether it is there."""

    there: Truth
    value: Sym


@dataclass(frozen=True, slots=True)
class Sym:
    """A value for every customer at once. `digits` bound those of a number; None: not known."""

    kind: Kind
    term: Term = None
    null: Truth = False
    fields: Mapping[str, Sym] = field(default_factory=dict)
    items: tuple[Item, ...] = ()
    digits: Digits | None = None
    call: Callable[..., Sym] | None = None
    local: Term = None
    """What the clock shows at a date and time, as nanoseconds; of a time whether it has an offset. None: not known."""

    @property
    def there(self) -> Sym:
        """The same value where it is known not to be null."""
        return self if self.null is False else replace(self, null=False)


NULL = Sym(Kind.NULL, null=True)


def both(*parts: Truth) -> Truth:
    """All of them hold."""
    kept = [part for part in parts if part is not True]
    if any(part is False for part in kept):
        return False
    return True if not kept else kept[0] if len(kept) == 1 else z3.And(*kept)


def either(*parts: Truth) -> Truth:
    """One of them holds at the least."""
    kept = [part for part in parts if part is not False]
    if any(part is True for part in kept):
        return True
    return False if not kept else kept[0] if len(kept) == 1 else z3.Or(*kept)


def opposite(part: Truth) -> Truth:
    if part is True or part is False:
        return not part
    return part.arg(0) if z3.is_not(part) else z3.Not(part)


def as_bool(part: Truth) -> Term:
    """A truth as a term, where one is needed."""
    return z3.BoolVal(part) if isinstance(part, bool) else part


def if_then(condition: Truth, then: Term, otherwise: Term) -> Term:
    """One of two terms of a sort, or of two truths."""
    if condition is True or then is otherwise:
        return then
    if condition is False:
        return otherwise
    if isinstance(then, bool) and isinstance(otherwise, bool):
        return then if then is otherwise else condition if then else opposite(condition)
    return z3.If(condition, as_bool(then), as_bool(otherwise))


def same_truth(one: Truth, other: Truth) -> Truth:
    """Both hold, or neither does."""
    if isinstance(one, bool):
        return other if one else opposite(other)
    return one == as_bool(other) if not isinstance(other, bool) else same_truth(other, one)


def real(value: Decimal | int) -> Term:
    """A number, exactly: of its fraction, never of a float."""
    exact = Fraction(value)
    return z3.RealVal(f"{exact.numerator}/{exact.denominator}")


def number(value: Decimal) -> Sym:
    exponent = value.as_tuple().exponent
    scale = max(0, -exponent) if isinstance(exponent, int) else 0
    return Sym(Kind.NUMBER, real(value), digits=Digits(max(0, value.adjusted() + 1) if value else 0, scale))


def flag(truth: Truth, null: Truth = False) -> Sym:
    return Sym(Kind.FLAG, truth, null)


def whole(term: Term, most: int | None = None) -> Sym:
    """A number that is a whole one, of so many digits."""
    return Sym(Kind.NUMBER, z3.ToReal(term), digits=Digits(most, 0))


def widest(one: Digits | None, other: Digits | None) -> Digits | None:
    """What holds both."""
    if one is None or other is None:
        return None
    whole = None if one.whole is None or other.whole is None else max(one.whole, other.whole)
    return Digits(whole, max(one.scale, other.scale))


def chosen(condition: Truth, then: Sym, otherwise: Sym) -> Sym:
    """One of two values of a kind, or null."""
    if condition is True or then is otherwise:
        return then
    if condition is False:
        return otherwise
    null = if_then(condition, then.null, otherwise.null)
    if then.kind is Kind.NULL or otherwise.kind is Kind.NULL:
        known = otherwise if then.kind is Kind.NULL else then
        return replace(known, null=null)
    if then.kind is Kind.CONTEXT:
        fields = {
            name: chosen(condition, then.fields.get(name, NULL), otherwise.fields.get(name, NULL))
            for name in {**then.fields, **otherwise.fields}
        }
        return Sym(Kind.CONTEXT, null=null, fields=fields)
    if then.kind is Kind.LIST:
        items = (*guarded(then.items, condition), *guarded(otherwise.items, opposite(condition)))
        return Sym(Kind.LIST, null=null, items=items)
    digits = widest(then.digits, otherwise.digits)
    local = None
    if then.local is not None and otherwise.local is not None:
        local = if_then(condition, then.local, otherwise.local)
    elif then.kind is Kind.TIME and (then.local is not None or otherwise.local is not None):
        return Sym(Kind.ANY, null=null)  # whether it has an offset is not known beforehand
    return Sym(then.kind, if_then(condition, then.term, otherwise.term), null, digits=digits, local=local)


def guarded(items: Iterable[Item], condition: Truth) -> tuple[Item, ...]:
    """The items, which are there only where a condition holds."""
    kept = (Item(both(condition, item.there), item.value) for item in items)
    return tuple(item for item in kept if item.there is not False)


def equal(one: Sym, other: Sym) -> Truth | None:
    """Whether two values of a kind are one, null and null too; None where that cannot be said of this kind."""
    if one.kind is Kind.NULL or other.kind is Kind.NULL:
        return both(one.null, other.null)
    if one.kind is not other.kind:
        return None
    if one.kind is Kind.CONTEXT:
        parts = [
            equal(one.fields.get(name, NULL), other.fields.get(name, NULL)) for name in {**one.fields, **other.fields}
        ]
        return None if None in parts else _with_nulls(one, other, both(*parts))
    if one.kind is Kind.LIST:
        if one.items and other.items:
            return None
        none = both(*(opposite(item.there) for item in (*one.items, *other.items)))
        return _with_nulls(one, other, none)
    if one.kind is Kind.ANY or (one.kind is Kind.TIME and one.local is not None and other.local is not None):
        return None
    if one.kind is Kind.FLAG:
        return _with_nulls(one, other, same_truth(one.term, other.term))
    return _with_nulls(one, other, one.term == other.term)


def _with_nulls(one: Sym, other: Sym, same: Truth) -> Truth:
    if one.null is False and other.null is False:
        return same
    known = both(opposite(one.null), opposite(other.null), same)
    return either(both(one.null, other.null), known)
