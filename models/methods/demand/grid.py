"""Quantities of products on every hour, or every day, from the first to the last: what a forecast is made from.

Time is the clock on the wall where the quantities were counted, without an offset: people follow it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ordain.models.methods.arrays import Flags, Floats, Integers

WEEKS_BACK = 4
"""Weeks before an origin that a forecast looks at."""
DAYS_AHEAD = 30
"""Days after an origin that are forecast."""
TURN = (12, 28)
"""Month and day about which years turn: the weeks of holidays lie around it in many countries."""
TURN_DAYS = 15
"""Days before and after it that are told apart."""


@dataclass(frozen=True, slots=False)
class Grid:
    """`quantity` has shape (products, steps), NaN where nothing was counted; `covariates` (products, steps, kinds).

    `start` is the first step, at midnight for hourly series too. `days_off` are public holidays by day from `start` on,
    for as many days as the grid has and at least `DAYS_AHEAD` + 1 more. A step is an hour or, without `hourly`, a day.
    `least` is the lowest level of each product, above 0, so that one that nobody bought for weeks still has a level.
    """

    start: dt.datetime
    hourly: bool
    products: tuple[str, ...]
    quantity: Floats
    covariates: Floats
    days_off: Flags
    least: Floats

    @property
    def day(self) -> int:
        """Steps of a day."""
        return 24 if self.hourly else 1

    @property
    def week(self) -> int:
        return 7 * self.day

    @property
    def steps(self) -> int:
        return int(self.quantity.shape[1])

    @property
    def ahead(self) -> int:
        """Steps that are forecast."""
        return DAYS_AHEAD * self.day

    @cached_property
    def day_of_year(self) -> Integers:
        """Of each day that `days_off` has, 1 to 366."""
        return np.array([self.date(number).timetuple().tm_yday for number in range(len(self.days_off))])

    @cached_property
    def days_from_turn(self) -> Integers:
        """Of each day that `days_off` has, days after (below 0: before) the nearest turn of the year."""
        return np.array([_days_from_turn(self.date(number)) for number in range(len(self.days_off))])

    @cached_property
    def sums(self) -> tuple[Floats, Floats]:
        """Of quantity and of counted steps before each step, shape (products, steps + 1)."""
        known = ~np.isnan(self.quantity)
        start = np.zeros((len(self.products), 1))
        quantity = np.cumsum(np.hstack([start, np.where(known, self.quantity, 0.0)]), axis=1)
        return quantity, np.cumsum(np.hstack([start, known]), axis=1)

    def date(self, number: int) -> dt.date:
        return self.start.date() + dt.timedelta(days=number)

    def at(self, step: int) -> dt.datetime:
        return self.start + dt.timedelta(hours=step) if self.hourly else self.start + dt.timedelta(days=step)

    def step_of(self, moment: dt.datetime) -> int:
        """The step that holds a moment by the same clock; below 0 before the start."""
        seconds = (moment - self.start).total_seconds()
        return int(seconds // (3600 if self.hourly else 86400))

    def value(self, product: Integers, step: Integers) -> Floats:
        """Quantities, NaN outside of the grid. All arguments have one shape (n,)."""
        inside = (step >= 0) & (step < self.steps)
        found: Floats = np.where(inside, self.quantity[product, np.clip(step, 0, self.steps - 1)], np.nan)
        return found

    def mean(self, product: Integers, start: Integers, end: Integers) -> Floats:
        """Mean of what was counted from `start` to before `end`, NaN where nothing was. Shape (n,)."""
        quantity, known = self.sums
        start, end = np.clip(start, 0, self.steps), np.clip(end, 0, self.steps)
        count = known[product, end] - known[product, start]
        total = quantity[product, end] - quantity[product, start]
        mean: Floats = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
        return mean


def _days_from_turn(day: dt.date) -> int:
    found = min(((day - dt.date(year, *TURN)).days for year in (day.year - 1, day.year)), key=abs)
    return max(-TURN_DAYS, min(TURN_DAYS, found))
