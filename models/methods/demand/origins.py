"""How good forecasts of demand would have been: made again at past origins, each from what was known then.

The last origins, a week apart, measure; those before calibrate the intervals. No forecast, model or interval knows
anything from its origin on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xgboost as xgb

from ordain.models.methods.arrays import Flags, Floats
from ordain.models.methods.demand import conformal, trees
from ordain.models.methods.demand.forecast_rows import Asked, from_origin, seasonal_naive, unrest
from ordain.models.methods.demand.grid import WEEKS_BACK, Grid

MEASURED = 10
CALIBRATED = 16
TRAINED_WEEKS = 8
"""Weeks, beyond those that a forecast looks back, before the first origin."""
SHARED_BY = 4
"""Origins that calibrate and share one model, trained at the first of them; each that measures has its own."""
ORIGINS_NEEDED = 4
"""Origins that measure, and as many that calibrate."""
WEEKS_NEEDED = WEEKS_BACK + TRAINED_WEEKS + 2 * ORIGINS_NEEDED


@dataclass(frozen=True, slots=True)
class Past:
    """Forecasts at one origin and what came then, each of shape (n,): NaN where nothing was counted.

    `error` is that of the square roots in units of `unrest`; `low` and `high`, shape (levels, n), are there where
    the origin measures.
    `scale` is the mean absolute difference of steps a day (daily: a week) apart before the origin, by asked step.
    """

    asked: Asked
    observed: Floats
    forecast: Floats
    naive: Floats
    mean_of_weeks: Floats
    error: Floats
    scale: Floats
    low: Floats
    high: Floats

    def week(self, grid: Grid) -> Flags:
        """Which are of the first seven days."""
        return self.asked.ahead < grid.week


def origins(grid: Grid) -> tuple[list[int], list[int]]:
    """Those that calibrate and those that measure, in the order of time. `WEEKS_NEEDED` are taken to be there."""
    weeks = grid.steps // grid.week - WEEKS_BACK - TRAINED_WEEKS
    measured = min(MEASURED, weeks // 2)
    calibrated = min(CALIBRATED, weeks - measured)
    every = [grid.steps - back * grid.week for back in range(calibrated + measured, 0, -1)]
    return every[:calibrated], every[calibrated:]


def backtest(
    grid: Grid, seed: int, rounds: int, told: Callable[[int, int], None] = lambda done, of: None
) -> tuple[list[Past], list[Past]]:
    """Forecasts at the origins that calibrate and at those that measure."""
    calibrate, measure = origins(grid)
    past: list[Past] = []
    fits = len(range(0, len(calibrate), SHARED_BY)) + len(measure)
    done = 0
    for number, origin in enumerate([*calibrate, *measure]):
        if number >= len(calibrate) or number % SHARED_BY == 0:
            booster = trees.fit(grid, origin, seed, rounds)
            done += 1
            told(done, fits + 1)
        known = bounds_at(grid, past, origin) if number >= len(calibrate) else None
        past.append(_forecast(grid, booster, origin, known))
    return past[: len(calibrate)], past[len(calibrate) :]


def bounds_at(grid: Grid, past: list[Past], origin: int) -> Floats:
    """Conformal bounds from the errors that were known before `origin`, shape as `conformal.bounds`."""
    error = np.concatenate([np.where(each.asked.step < origin, each.error, np.nan) for each in past])
    ahead = np.concatenate([each.asked.ahead for each in past])
    return conformal.bounds(error, conformal.group(ahead, grid.day))


def intervals(grid: Grid, asked: Asked, root: Floats, unit: Floats, bounds: Floats) -> tuple[Floats, Floats]:
    """Low and high quantities by level, shape (levels, n)."""
    part = bounds[:, conformal.group(asked.ahead, grid.day)] * unrest(grid, asked)[:, None]
    return trees.from_root(root + part[:, :, 0], unit), trees.from_root(root + part[:, :, 1], unit)


def scale(grid: Grid, product: int, origin: int) -> float:
    """Mean absolute difference of a season before the origin: a day for hours, a week for days (Hyndman and Koehler
    2006, "Another look at measures of forecast accuracy")."""
    season = grid.day if grid.hourly else grid.week
    before = grid.quantity[product, :origin]
    return float(np.nanmean(np.abs(before[season:] - before[:-season])))


def _forecast(grid: Grid, booster: xgb.Booster, origin: int, bounds: Floats | None) -> Past:
    asked = from_origin(grid, origin)
    root, unit = trees.forecast(booster, grid, asked)
    observed = grid.value(asked.product, asked.step)
    none = np.full((len(conformal.LEVELS), len(root)), np.nan)
    low, high = (none, none) if bounds is None else intervals(grid, asked, root, unit, bounds)
    scales = np.array([scale(grid, product, origin) for product in range(len(grid.products))])
    return Past(
        asked,
        observed,
        trees.from_root(root, unit),
        seasonal_naive(grid, asked),
        seasonal_naive(grid, asked, WEEKS_BACK),
        (trees.to_root(observed, unit) - root) / unrest(grid, asked),
        scales[asked.product],
        low,
        high,
    )
