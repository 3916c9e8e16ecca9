"""Groups drawn to what they have in common."""

from __future__ import annotations

import numpy as np
import pytest

from ordain.models.methods.elasticity import log_log
from ordain.models.methods.elasticity.made_sales import made_sales
from ordain.models.methods.elasticity.partial_pooling import draw, pool


def test_groups_that_differ_by_chance_alone_become_one() -> None:
    random = np.random.default_rng(0)
    error = np.full(40, 0.3)
    common = pool(-1 + random.normal(0, 0.2, 40), error)
    assert common.spread == 0
    drawn = draw(np.linspace(-2, -0.1, 40), error, np.full(40, 50.0), common)
    assert drawn.estimate == pytest.approx(np.full(40, common.mean))


def test_the_spread_of_true_differences_is_found() -> None:
    random = np.random.default_rng(1)
    error = random.uniform(0.05, 0.4, 400)
    truth = random.normal(-1.0, 0.5, 400)
    common = pool(random.normal(truth, error), error)
    assert common.spread == pytest.approx(0.5, abs=0.06)
    low, high = common.interval_of_mean()
    assert low < -1.0 < high


def test_a_group_keeps_its_own_estimate_the_more_it_knows() -> None:
    estimate, error = np.array([-0.4, -0.4, -2.0, -1.0]), np.array([0.01, 1.0, 0.05, 0.05])
    common = pool(estimate, error)
    drawn = draw(estimate, error, np.full(4, 50.0), common)
    assert drawn.estimate[0] == pytest.approx(-0.4, abs=0.01)
    assert drawn.weight[0] > 0.99 > 0.5 > drawn.weight[1]
    assert common.mean < drawn.estimate[1] < -0.4


def test_a_positive_or_unknown_elasticity_gives_way_to_the_pooled_one_with_the_interval_of_an_unknown_group() -> None:
    estimate, error = np.array([0.3, np.nan, -1.0, -1.4]), np.array([0.1, np.nan, 0.1, 0.1])
    common = pool(estimate, error)
    drawn = draw(estimate, error, np.full(4, 50.0), common)
    assert drawn.positive.tolist() == [True, False, False, False]
    assert drawn.usable.tolist() == [False, False, True, True]
    assert drawn.estimate[:2] == pytest.approx([common.mean] * 2)
    assert (drawn.low[0], drawn.high[0]) == common.interval()
    assert drawn.high[0] - drawn.low[0] > drawn.high[2] - drawn.low[2]


def test_drawing_brings_small_groups_nearer_to_the_truth() -> None:
    own, drawn = [], []
    for seed in range(25):
        made = made_sales(8, seed)
        slopes = log_log.by_group(made.sales)
        group = draw(slopes.slope, slopes.error, slopes.freedom, pool(slopes.slope, slopes.error))
        own.append(slopes.slope - made.truth)
        drawn.append(group.estimate - made.truth)
    assert np.std(drawn) < 0.95 * np.std(own)


def test_one_group_is_its_own_mean() -> None:
    common = pool(np.array([-0.7, np.nan]), np.array([0.2, np.nan]))
    assert (common.mean, common.error, common.spread, common.groups) == (-0.7, 0.2, 0.0, 1)
