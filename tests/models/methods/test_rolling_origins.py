"""Forecasts made again at past origins know nothing of what came after."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from ordain.models.methods.demand.grid import DAYS_AHEAD, Grid
from ordain.models.methods.demand.origins import ORIGINS_NEEDED, WEEKS_NEEDED, backtest, bounds_at, origins, scale

ROUNDS = 4


def series(weeks: int, after: int | None = None) -> Grid:
    """Days; with `after`, the demand from that step on is another."""
    random = np.random.default_rng(0)
    quantity = random.poisson(30 + 10 * (np.arange(weeks * 7) % 7), (1, weeks * 7)).astype(np.float64)
    if after is not None:
        quantity[0, after:] = random.poisson(200.0, weeks * 7 - after)
    days_off = np.zeros(weeks * 7 + DAYS_AHEAD + 3, np.bool_)
    none = np.zeros((1, weeks * 7, 0))
    return Grid(dt.datetime(2025, 3, 3), False, ("",), quantity, none, days_off, np.array([0.1]))


def test_what_comes_after_an_origin_changes_neither_its_forecast_nor_its_intervals() -> None:
    weeks = WEEKS_NEEDED + 2
    _, measure = origins(series(weeks))
    origin = measure[1]
    one, two = (backtest(each, 0, ROUNDS)[1][1] for each in (series(weeks), series(weeks, origin)))
    assert np.array_equal(one.forecast, two.forecast)
    assert np.array_equal(one.low, two.low)
    assert np.array_equal(one.high, two.high)
    assert not np.array_equal(one.observed, two.observed, equal_nan=True)


def test_bounds_use_no_error_that_was_not_known_yet() -> None:
    grid = series(WEEKS_NEEDED)
    calibrate, _ = backtest(grid, 0, ROUNDS)
    origin = int(calibrate[-1].asked.origin[0])
    known = bounds_at(grid, calibrate, origin)
    assert np.array_equal(known, bounds_at(grid, calibrate[:-1], origin), equal_nan=True)


def test_the_last_origins_measure_and_those_before_calibrate() -> None:
    calibrate, measure = origins(series(60))
    assert (len(calibrate), len(measure)) == (16, 10)
    every = [*calibrate, *measure]
    assert np.diff(every).tolist() == [7] * 25
    assert every[-1] == 59 * 7
    few, least = origins(series(WEEKS_NEEDED))
    assert (len(few), len(least)) == (ORIGINS_NEEDED, ORIGINS_NEEDED)


def test_errors_are_scaled_by_differences_before_the_origin_alone() -> None:
    quantity = np.array([[1.0, 2, 3, 4, 5, 6, 7, 2, 4, 6, 8, 10, 12, 99]])
    days_off = np.zeros(60, np.bool_)
    grid = Grid(dt.datetime(2025, 3, 3), False, ("",), quantity, np.zeros((1, 14, 0)), days_off, np.array([0.1]))
    assert scale(grid, 0, 13) == pytest.approx(np.mean([1, 2, 3, 4, 5, 6]))
