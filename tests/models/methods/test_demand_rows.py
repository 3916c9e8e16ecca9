"""What a forecast of demand is made from: nothing later than its origin, and the right hours of the past."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.models.methods.demand.forecast_rows import (
    CELLS,
    LEAST_UNREST,
    Asked,
    from_origin,
    level,
    rows,
    seasonal_naive,
    unrest,
)
from ordain.models.methods.demand.grid import DAYS_AHEAD, Grid
from ordain.models.methods.demand.trees import from_root, to_root, training_rows

START = dt.datetime(2025, 3, 3)
"""A Monday."""


def grid(quantity: np.ndarray, hourly: bool = True) -> Grid:
    days = quantity.shape[1] // (24 if hourly else 1) + DAYS_AHEAD + 3
    products = tuple(f"product {number}" for number in range(len(quantity)))
    none = np.zeros((*quantity.shape, 0))
    return Grid(START, hourly, products, quantity, none, np.zeros(days, np.bool_), np.full(len(quantity), 1e-6))


def asked(origin: int, *ahead: int) -> Asked:
    return Asked(np.zeros(len(ahead), np.int64), np.full(len(ahead), origin), np.array(ahead))


def cell(table: np.ndarray, name: str) -> np.ndarray:
    found: np.ndarray = table[:, CELLS.index(name)]
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.booleans(), st.integers(40, 90))
def test_no_cell_knows_anything_from_its_origin_on(seed: int, hourly: bool, day: int) -> None:
    random = np.random.default_rng(seed)
    per_day = 24 if hourly else 1
    origin = day * per_day + int(random.integers(0, per_day))
    quantity = random.poisson(20.0, (2, 95 * per_day)).astype(np.float64)
    other = quantity.copy()
    other[:, origin:] = random.poisson(90.0, other[:, origin:].shape)
    one, two = grid(quantity, hourly), grid(other, hourly)
    where = from_origin(one, origin)
    assert np.array_equal(rows(one, where), rows(two, where), equal_nan=True)
    assert np.array_equal(level(one, where), level(two, where))
    assert np.array_equal(unrest(one, where), unrest(two, where))
    assert np.array_equal(seasonal_naive(one, where), seasonal_naive(two, where), equal_nan=True)


def test_one_week_back_is_the_same_hour_and_weekday_of_the_last_week_that_is_known() -> None:
    hours = np.arange(60 * 24, dtype=np.float64)[None, :] + 1
    series, origin = grid(hours), 40 * 24 + 5
    where = asked(origin, 0, 167, 168, 719)
    back = cell(rows(series, where), "one week back") * level(series, where)
    # Each value is its step and one more.
    assert back - 1 == pytest.approx(where.step - np.array([168, 168, 336, 840]))
    assert seasonal_naive(series, where) == pytest.approx(back)
    assert cell(rows(series, where), "last day") * level(series, where) - 1 == pytest.approx(
        where.step - 24 * (where.ahead // 24 + 1)
    )


def test_the_calendar_is_that_of_the_step_and_not_of_the_origin() -> None:
    series = grid(np.ones((1, 60 * 24)))
    days_off = series.days_off.copy()
    days_off[41] = True
    series = Grid(START, True, series.products, series.quantity, series.covariates, days_off, series.least)
    table = rows(series, asked(40 * 24, 0, 5, 24, 48))
    assert cell(table, "hour").tolist() == [0, 5, 0, 0]
    assert cell(table, "weekday").tolist() == [5, 5, 6, 0]
    assert cell(table, "holiday").tolist() == [0, 0, 1, 0]
    assert cell(table, "holiday after").tolist() == [1, 1, 0, 0]
    assert cell(table, "holiday before").tolist() == [0, 0, 0, 1]


def test_demand_that_is_ten_times_as_high_gives_the_same_cells() -> None:
    quantity = np.random.default_rng(0).poisson(20.0, (1, 60 * 24)).astype(np.float64)
    where = asked(40 * 24, *range(24))
    assert rows(grid(quantity), where) == pytest.approx(rows(grid(10 * quantity), where), nan_ok=True)


def test_steps_that_were_not_counted_are_left_out_of_means_and_of_training() -> None:
    quantity = np.full((1, 60 * 24), 4.0)
    quantity[0, 30 * 24 : 32 * 24] = np.nan
    series = grid(quantity)
    assert level(series, asked(40 * 24, 0)) == pytest.approx([4.0])
    learned = training_rows(series, 60 * 24, 0)
    assert not np.isnan(series.value(learned.product, learned.step)).any()
    assert np.isnan(cell(rows(series, asked(38 * 24, 0)), "one week back")[0])


def test_unrest_is_how_much_weeks_differ_whatever_the_level() -> None:
    random = np.random.default_rng(2)
    calm = 100 + random.normal(0, 2, (1, 60 * 24))
    wild = 100 + random.normal(0, 20, (1, 60 * 24))
    where = asked(40 * 24, 0, 700)
    found = unrest(grid(np.vstack([calm, wild])), Asked(np.array([0, 1]), where.origin, where.ahead))
    assert found[1] > 8 * found[0]
    assert unrest(grid(7 * wild), where) == pytest.approx(unrest(grid(wild), where))
    assert unrest(grid(np.full((1, 60 * 24), 5.0)), where) == pytest.approx([LEAST_UNREST] * 2)


def test_a_product_whose_unrest_is_not_known_has_the_mean_of_the_others() -> None:
    quantity = 100 + np.random.default_rng(3).normal(0, 9, (3, 60 * 24))
    quantity[2, : 40 * 24 - 100] = np.nan
    found = unrest(grid(quantity), Asked(np.arange(3), np.full(3, 40 * 24), np.zeros(3, np.int64)))
    assert found[2] == pytest.approx(found[:2].mean())


def test_every_target_that_trees_learn_lies_before_the_origin() -> None:
    series = grid(np.random.default_rng(1).poisson(9.0, (3, 70 * 24)).astype(np.float64))
    learned = training_rows(series, 60 * 24, 0)
    assert learned.step.max() == 60 * 24 - 1
    assert learned.ahead.max() > 168
    assert set(learned.product.tolist()) == {0, 1, 2}


@given(st.floats(0, 1e6), st.floats(1e-3, 1e6))
def test_a_root_is_turned_back_into_its_quantity(quantity: float, unit: float) -> None:
    root = to_root(np.array([quantity]), np.array([unit]))
    assert from_root(root, np.array([unit])) == pytest.approx([quantity])
    assert from_root(np.array([-0.5]), np.array([unit])) == 0
