"""PSI and Kolmogorov-Smirnov against hand computation and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ks_2samp

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import NUMBER
from ordain.models.monitoring.distances import ks, ks_by_chance, psi, psi_by_chance
from ordain.models.monitoring.reference import reference_of


def test_the_index_of_counts_is_that_of_a_computation_by_hand() -> None:
    # 30, 50, 20 against 20, 50, 30: 0.1 * ln(0.3 / 0.2) twice is 0.0811; smoothing takes 0.0015 of it.
    assert psi([300, 500, 200], [200, 500, 300]) == pytest.approx(0.2 * math.log(1.5), abs=0.001)
    smoothed = [(30.5, 20.5), (50.5, 50.5), (20.5, 30.5)]
    by_hand = sum((b - a) / 101.5 * math.log(b / a) for a, b in smoothed)
    assert psi([30, 50, 20], [20, 50, 30]) == pytest.approx(by_hand, rel=1e-12)


def test_equal_shares_are_no_difference_and_an_empty_bin_is_a_finite_one() -> None:
    assert psi([100, 200], [100, 200]) == 0
    assert 1 < psi([100, 100, 0], [0, 100, 100]) < 20


def test_the_distance_of_counts_of_single_values_is_scipys() -> None:
    random = np.random.default_rng(0)
    old, new = random.poisson(3, 400), random.poisson(4, 300)
    counts = [np.bincount(each, minlength=20).tolist() for each in (old, new)]
    assert ks(*counts) == pytest.approx(ks_2samp(old, new).statistic, abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
def test_the_distance_by_the_bins_of_a_reference_is_near_to_that_of_all_values(shift: float) -> None:
    random = np.random.default_rng(1)
    old, new = random.normal(0, 1, 4000), random.normal(shift, 1, 3000)
    [kept] = reference_of([Fact("x", NUMBER)], [{"x": value} for value in old]).features
    now, _ = kept.counted(new)
    exact = ks_2samp(old, new).statistic
    assert exact - 0.021 <= ks(kept.counts, now) <= exact + 1e-12


def test_without_any_change_the_bound_by_chance_is_passed_in_one_case_of_a_hundred() -> None:
    random = np.random.default_rng(2)
    shares = np.full(10, 0.1)
    passed_psi = passed_ks = 0
    for _ in range(400):
        old, new = random.multinomial(1000, shares).tolist(), random.multinomial(200, shares).tolist()
        passed_psi += psi(old, new) > psi_by_chance(old, new, 0.01)
        one, other = random.random(300), random.random(200)
        passed_ks += ks_2samp(one, other).statistic > ks_by_chance(300, 200, 0.01)
    assert 1 <= passed_psi <= 12
    assert 0 <= passed_ks <= 12


def test_without_rows_nothing_is_known() -> None:
    assert math.isnan(ks([0, 0], [1, 1]))
    assert psi_by_chance([0, 0], [1, 1], 0.01) == ks_by_chance(0, 1, 0.01) == math.inf
