"""Intervals from earlier errors."""

from __future__ import annotations

import numpy as np
import pytest

from ordain.models.methods.demand import conformal


def test_the_bounds_of_nine_errors_at_80_percent_are_the_least_and_the_greatest() -> None:
    errors = np.array([3.0, -2.0, 0.0, 1.0, -1.0, 2.0, 4.0, -3.0, -4.0])
    bounds = conformal.bounds(errors, np.zeros(9, np.int64))
    assert bounds[0, 0].tolist() == [-4.0, 4.0]


def test_a_group_with_too_few_errors_takes_in_those_farther_ahead_and_then_those_before() -> None:
    errors = np.concatenate([[0.5], np.arange(50.0), [100.0]])
    groups = np.concatenate([[0], np.full(50, 1), [4]])
    bounds = conformal.bounds(errors, groups)
    assert bounds[1, 1].tolist() == [0.0, 49.0]
    assert bounds[1, 0].tolist() == [0.0, 49.0]
    assert bounds[1, 4].tolist() == [0.0, 100.0]


def test_fewer_errors_than_a_level_takes_give_their_least_and_greatest_and_none_give_nothing() -> None:
    bounds = conformal.bounds(np.array([-1.0, 0.0, 2.0]), np.zeros(3, np.int64))
    assert (bounds == np.array([-1.0, 2.0])).all()
    assert np.isnan(conformal.bounds(np.full(3, np.nan), np.zeros(3, np.int64))).all()


def test_what_was_not_observed_does_not_count() -> None:
    errors = np.concatenate([np.linspace(-1, 1, 99), np.full(50, np.nan)])
    assert conformal.bounds(errors, np.zeros(149, np.int64))[0, 0] == pytest.approx([-0.8163, 0.8163], abs=1e-3)


@pytest.mark.parametrize(("number", "covers"), list(enumerate(conformal.LEVELS)))
def test_the_next_errors_lie_within_the_bounds_as_often_as_is_said(number: int, covers: float) -> None:
    random = np.random.default_rng(number)
    errors = random.exponential(1.0, (400, 200)) - 1
    inside = [
        ((low <= following) & (following <= high)).mean()
        for earlier, following in zip(errors[::2], errors[1::2], strict=True)
        for low, high in [conformal.bounds(earlier, np.zeros(200, np.int64))[number, 0]]
    ]
    assert np.mean(inside) == pytest.approx(covers, abs=0.01)


def test_steps_are_grouped_by_how_many_days_ahead_they_are() -> None:
    hours = np.array([0, 23, 24, 71, 72, 167, 168, 335, 336, 719])
    assert conformal.group(hours, 24).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert conformal.group(hours[:5] // 24, 1).tolist() == [0, 0, 1, 1, 2]
