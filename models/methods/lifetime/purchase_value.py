"""Lifetime value from purchases: how many are to be expected in each of the next 12 months, times how much each brings.

Fader, Hardie and Lee 2005, "RFM and CLV: using iso-value curves for customer base analysis", Journal of Marketing
Research 42(4), for a horizon of 12 months.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ordain.models.methods.lifetime.gamma_gamma import GammaGamma
from ordain.models.methods.lifetime.maximum_likelihood import Floats
from ordain.models.methods.lifetime.purchase_process import PurchaseProcess

MONTHS = 12
WEEKS_A_MONTH = 365.25 / 7.0 / MONTHS


def discounts(rate: float) -> Floats:
    """What an amount of each of the 12 months is worth now: it comes in the month's middle, `rate` is a year's."""
    return np.asarray((1.0 + rate) ** -((np.arange(MONTHS) + 0.5) / MONTHS))


@dataclass(frozen=True, slots=True)
class PurchaseValue:
    """`discount` is a year's rate: 0.1 is 10 %."""

    process: PurchaseProcess
    amounts: GammaGamma
    discount: float

    def purchases(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Expected purchases in each of the 12 months; shape (n, 12) for arrays of shape (n,)."""
        weeks = WEEKS_A_MONTH * np.arange(1.0, MONTHS + 1.0)[None, :]
        until = self.process.expected(weeks, frequency[:, None], recency[:, None], age[:, None])
        return np.maximum(np.diff(until, axis=1, prepend=0.0), 0.0)

    def value(self, frequency: Floats, recency: Floats, age: Floats, mean_amount: Floats) -> Floats:
        """The discounted amounts of 12 months together, shape (n,)."""
        worth = self.purchases(frequency, recency, age) @ discounts(self.discount)
        return np.asarray(worth * self.amounts.expected(frequency, mean_amount))


@dataclass(frozen=True, slots=True)
class Usual:
    """What most customers are like: medians, of `recency` and `mean_amount` among customers with repeat purchases."""

    frequency: float
    recency: float
    age: float
    mean_amount: float


def usual_of(frequency: Floats, recency: Floats, age: Floats, mean_amount: Floats) -> Usual:
    """At least one customer must have a repeat purchase. Shapes (n,)."""
    again = frequency > 0
    medians = (frequency, recency[again], age, mean_amount[again])
    return Usual(*(float(np.median(each)) for each in medians))


@dataclass(frozen=True, slots=True, eq=False)
class Valued:
    """`months` are the discounted amounts of the 12 months, shape (n, 12); `purchases` those expected in them, (n,).

    `moved` says how far each input moves the sum of the months from where it were with the usual input, the others as
    they are: frequency, recency, age, mean amount, shape (n, 4), in the amounts' unit.
    """

    months: Floats
    purchases: Floats
    moved: Floats


def valued(
    model: PurchaseValue, usual: Usual, frequency: Floats, recency: Floats, age: Floats, mean_amount: Floats
) -> Valued:
    """All arrays of shape (n,); `mean_amount` is not looked at where `frequency` is 0.

    An input is made usual as far as it can be: the last purchase is no later than the age, the age no less than the
    last purchase. A customer without repeat purchase gets the usual last purchase and amount along with a usual
    frequency above 0.
    """
    again = frequency > 0
    late = np.minimum(usual.recency, age)
    often = np.full_like(frequency, usual.frequency)
    amount = np.where(again, mean_amount, usual.mean_amount)
    since = np.where(again, recency, late) if usual.frequency > 0 else np.zeros_like(recency)
    frequencies = np.concatenate([frequency, often, frequency, frequency])
    # One call for the customers as they are and with three of their inputs made usual: the fourth leaves purchases be.
    made = model.purchases(
        frequencies,
        np.concatenate([recency, since, np.where(again, late, recency), recency]),
        np.concatenate([age, age, age, np.maximum(usual.age, recency)]),
    )
    brought = model.amounts.expected(frequencies, np.tile(amount, 4))
    worth = discounts(model.discount)
    value, *others = (made @ worth * brought).reshape(4, -1)
    own = made[: len(age)]
    with_usual = own @ worth * model.amounts.expected(frequency, np.full_like(amount, usual.mean_amount))
    months = own * brought[: len(age), None] * worth
    return Valued(months, own.sum(axis=1), np.stack([value - other for other in (*others, with_usual)], axis=1))
