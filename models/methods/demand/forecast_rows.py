"""What a forecast of demand is made from: a row of cells for each product, origin and step ahead.

Nothing in a row is later than its origin but the calendar and covariates, so a row is the same in training and when
asked. Quantities are in units of the product's level, its mean over the four weeks before the origin, so that trees,
which cannot go beyond what they saw, follow a demand that grows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ordain.models.methods.arrays import Flags, Floats, Integers
from ordain.models.methods.demand.grid import WEEKS_BACK, Grid

DAYS_BACK = 14
LEAST_UNREST = 1e-3
"""So that a demand that was always the same still has an interval that can grow."""

CALENDAR = ("hour", "weekday", "day off", "holiday", "holiday before", "holiday after")
SEASON = ("day of year", "days from turn of year")
PAST_WEEKS = ("one week back", "two weeks back", "three weeks back", "four weeks back", "mean of four weeks")
PAST_DAYS = ("last day", "mean of seven days", "mean of fourteen days")
LEVELS = ("level of a day", "level of a week", "level of two weeks")
CELLS = (*CALENDAR, *SEASON, "steps ahead", *PAST_WEEKS, *PAST_DAYS, *LEVELS, "product")
"""Before the covariates, which come last. "One week back" is the same hour and weekday in the last week that was known
at the origin, and "last day" the same hour of the last day."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which steps are asked for: `product`, `origin` (the first step that is not known yet) and `ahead` (0 is the
    origin itself), each of shape (n,)."""

    product: Integers
    origin: Integers
    ahead: Integers

    @property
    def step(self) -> Integers:
        return self.origin + self.ahead

    def part(self, which: Flags | Integers) -> Asked:
        return Asked(self.product[which], self.origin[which], self.ahead[which])


def from_origin(grid: Grid, origin: int) -> Asked:
    """All steps ahead of one origin, product by product."""
    products = len(grid.products)
    product = np.repeat(np.arange(products), grid.ahead)
    return Asked(product, np.full(len(product), origin), np.tile(np.arange(grid.ahead), products))


def level(grid: Grid, asked: Asked) -> Floats:
    """The product's mean over the four weeks before the origin, shape (n,); NaN where nothing was counted."""
    found = grid.mean(asked.product, asked.origin - WEEKS_BACK * grid.week, asked.origin)
    return np.maximum(found, grid.least[asked.product])


def unrest(grid: Grid, asked: Asked) -> Floats:
    """How much the product's demand differed from a week earlier in the four weeks before the origin: the mean absolute
    difference of the square roots of quantity over level, shape (n,), above 0. Errors to come are in proportion to it.

    A product of which that is not known has the mean of the others; where none is known all have 1.
    """
    found = np.full(len(asked.product), np.nan)
    pairs, place = np.unique(np.column_stack([asked.product, asked.origin]), axis=0, return_inverse=True)
    back = np.arange(WEEKS_BACK * grid.week)
    for number, (product, origin) in enumerate(pairs.tolist()):
        of = np.full_like(back, product)
        later, earlier = (grid.value(of, origin - 1 - back - apart) for apart in (0, grid.week))
        differences = np.abs(np.sqrt(later) - np.sqrt(earlier))
        known = differences[~np.isnan(differences)]
        if len(known):
            unit = level(grid, Asked(of[:1], np.array([origin]), back[:1]))
            found[place.ravel() == number] = known.mean() / np.sqrt(unit[0])
    usual = found[~np.isnan(found)].mean() if not np.isnan(found).all() else 1.0
    return np.maximum(np.where(np.isnan(found), usual, found), LEAST_UNREST)


def rows(grid: Grid, asked: Asked, day_off: Flags | None = None, covariates: Floats | None = None) -> Floats:
    """Cells in the order of `CELLS`, then covariates: shape (n, cells). What is not known is NaN.

    `day_off` says of each asked step whether its day is a public holiday, where the grid's calendar does not; and
    `covariates`, shape (n, kinds), what they are there, where the grid has not come so far.
    """
    product, origin, ahead, step = asked.product, asked.origin, asked.ahead, asked.step
    unit = level(grid, asked)
    weeks = (ahead // grid.week + 1) * grid.week
    same_weekday = np.vstack([grid.value(product, step - weeks - back * grid.week) for back in range(WEEKS_BACK)])
    days = ahead // grid.day
    same_hour = np.vstack([grid.value(product, step - (days + back) * grid.day) for back in range(1, DAYS_BACK + 1)])
    levels = [grid.mean(product, origin - back * grid.day, origin) for back in (1, 7, 14)]
    quantities = [
        *same_weekday,
        mean_of_known(same_weekday),
        same_hour[0],
        mean_of_known(same_hour[:7]),
        mean_of_known(same_hour),
        *levels,
    ]
    cells = [*_calendar(grid, step, day_off), ahead, *(each / unit for each in quantities), product]
    if covariates is None:
        covariates = _known_covariates(grid, asked)
    return np.column_stack([*cells, covariates]).astype(np.float64)


def mean_of_known(many: Floats) -> Floats:
    """Mean over the first axis of what is not NaN, NaN where nothing is."""
    known = ~np.isnan(many)
    count = known.sum(axis=0)
    total = np.where(known, many, 0.0).sum(axis=0)
    mean: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def seasonal_naive(grid: Grid, asked: Asked, weeks: int = 1) -> Floats:
    """The same hour and weekday of the last week that was known, or the mean of the last `weeks`: shape (n,)."""
    back = (asked.ahead // grid.week + 1) * grid.week
    return mean_of_known(
        np.vstack([grid.value(asked.product, asked.step - back - each * grid.week) for each in range(weeks)])
    )


def _calendar(grid: Grid, step: Integers, day_off: Flags | None) -> list[Floats | Integers | Flags]:
    day = step // grid.day
    last = len(grid.days_off) - 1
    holiday = grid.days_off[np.clip(day, 0, last)]
    if day_off is not None:
        holiday = holiday | day_off
    weekday = (grid.start.weekday() + day) % 7
    return [
        step % grid.day,
        weekday,
        (weekday >= 5) | holiday,
        holiday,
        grid.days_off[np.clip(day - 1, 0, last)],
        grid.days_off[np.clip(day + 1, 0, last)],
        grid.day_of_year[np.clip(day, 0, last)],
        grid.days_from_turn[np.clip(day, 0, last)],
    ]


def _known_covariates(grid: Grid, asked: Asked) -> Floats:
    kinds = grid.covariates.shape[2]
    inside = asked.step < grid.steps
    found = grid.covariates[asked.product, np.clip(asked.step, 0, grid.steps - 1)]
    return np.where(inside[:, None], found, np.nan).reshape(len(inside), kinds)
