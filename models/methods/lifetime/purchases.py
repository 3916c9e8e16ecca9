"""Purchases, and what the history of each customer comes down to: how often, how lately, for how long, how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ordain.models.methods.lifetime.maximum_likelihood import Floats

Counts = NDArray[np.int64]
DAYS = 7.0
"""Days of a week, the unit of time."""


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """One entry per customer and day, ordered so: what a customer buys on one day is one purchase.

    `customer[i]` is a place in `subjects`, `day[i]` a day's ordinal (`date.toordinal`), `amount[i]` that day's sum.
    """

    subjects: tuple[str, ...]
    customer: Counts
    day: Counts
    amount: Floats

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """All arrays have shape (n,), one entry per customer with a purchase by then; `customer` is as in `Purchases`.

    `frequency` counts days with a repeat purchase; `recency` and `age` are weeks from the first purchase to the last
    one and to the day of looking; `mean_amount` is that of the repeat purchases, NaN without one.
    """

    customer: Counts
    frequency: Floats
    recency: Floats
    age: Floats
    mean_amount: Floats

    def __len__(self) -> int:
        return len(self.customer)


def purchases_of(subjects: Sequence[str], days: Sequence[int], amounts: Sequence[float]) -> Purchases:
    """Purchases in any order, one entry each, the three as long as each other."""
    known = tuple(sorted(set(subjects)))
    places = {subject: place for place, subject in enumerate(known)}
    customer = np.array([places[subject] for subject in subjects], dtype=np.int64)
    both = np.stack([customer, np.asarray(days, dtype=np.int64)], axis=1)
    merged, which = np.unique(both.reshape(-1, 2), axis=0, return_inverse=True)
    sums = np.bincount(which.ravel(), weights=np.asarray(amounts, dtype=np.float64), minlength=len(merged))
    return Purchases(known, merged[:, 0], merged[:, 1], sums.astype(np.float64))


def histories(purchases: Purchases, until: int) -> Histories:
    """What was known of each customer at the end of the day `until` (an ordinal)."""
    seen = purchases.day <= until
    customers, starts, counts = np.unique(purchases.customer[seen], return_index=True, return_counts=True)
    day, amount = purchases.day[seen], purchases.amount[seen]
    if not len(customers):
        none = np.zeros(0)
        return Histories(customers, none, none, none, none)
    first, last = day[starts], day[starts + counts - 1]
    repeats = (counts - 1).astype(np.float64)
    spent = np.add.reduceat(amount, starts) - amount[starts]
    mean = np.divide(spent, repeats, out=np.full(len(customers), np.nan), where=repeats > 0)
    return Histories(customers, repeats, (last - first) / DAYS, (until - first) / DAYS, mean)


def bought(purchases: Purchases, customers: Counts, after: int, until: int) -> tuple[Floats, Floats]:
    """How many purchases each of `customers` made after the day `after`, up to `until`, and their sum."""
    inside = (purchases.day > after) & (purchases.day <= until)
    of = purchases.customer[inside]
    size = len(purchases.subjects)
    count = np.bincount(of, minlength=size).astype(np.float64)
    amount = np.bincount(of, weights=purchases.amount[inside], minlength=size).astype(np.float64)
    return count[customers], amount[customers]
