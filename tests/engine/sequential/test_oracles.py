"""Bounds and splits, beside what other packages make of the same numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.sequential.confidence import Comparison, compared, precision, radius
from ordain.engine.sequential.sample_ratio import log_evidence, log_evidence_of_all
from ordain.engine.sequential.sums import Sums

CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[2] / "cases/sequential.yaml").read_text(encoding="utf-8")
)


def boundary(time: float, precise: float, alpha: float) -> float:
    """Of a sum whose values have the standard deviation 1."""
    return radius(Comparison(0, 0, 0, 0, 0, 1.0, time), precise, alpha) * time


@pytest.mark.parametrize("case", CASES["bounds"], ids=lambda case: f"{case['alpha']}-{case['tight at']}")
def test_the_closed_form_is_just_above_the_exact_boundary(case: dict[str, Any]) -> None:
    for time, exact in case["boundary"].items():
        assert exact < boundary(time, case["precision"], case["alpha"]) < 1.02 * exact


@pytest.mark.parametrize("case", CASES["bounds"], ids=lambda case: f"{case['alpha']}-{case['tight at']}")
def test_bounds_are_tight_where_they_are_to_be(case: dict[str, Any]) -> None:
    alpha, tight_at = case["alpha"], case["tight at"]
    ours = boundary(tight_at, precision(tight_at, alpha), alpha)
    best = min(boundary(tight_at, case["precision"] * 1.02**step, alpha) for step in range(-40, 41))
    assert ours < 1.002 * best


@pytest.mark.parametrize(("tight_at", "wider"), [(100, 1.08), (10_000, 1.32)])
def test_bounds_far_from_where_they_are_tight_are_somewhat_wider(tight_at: int, wider: float) -> None:
    ratio = boundary(1_000, precision(tight_at, 0.05), 0.05) / boundary(1_000, precision(1_000, 0.05), 0.05)
    assert ratio == pytest.approx(wider, abs=0.01)


@pytest.mark.parametrize("case", CASES["splits"], ids=lambda case: str(case["counts"]))
def test_the_evidence_against_a_split_is_that_of_savvi(case: dict[str, Any]) -> None:
    assert log_evidence(case["counts"], case["shares"], case["concentration"]) == pytest.approx(
        math.log(case["odds"]), abs=1e-6
    )


@given(st.floats(0.01, 0.99), st.integers(0, 500), st.integers(0, 500))
def test_the_evidence_is_a_fair_bet_on_the_next_customer(share: float, challenger: int, champion: int) -> None:
    """It is a martingale: what it is to be after one more customer, on average, is what it is now."""
    now = log_evidence((challenger, champion), (share, 1 - share))
    after = [
        log_evidence(counts, (share, 1 - share)) for counts in ((challenger + 1, champion), (challenger, champion + 1))
    ]
    assert share * math.exp(after[0] - now) + (1 - share) * math.exp(after[1] - now) == pytest.approx(1, abs=1e-7)


def test_nobody_may_get_what_is_planned_for_nobody() -> None:
    assert log_evidence((0, 40), (0, 1)) == 0
    assert log_evidence((1, 40), (0, 1)) == math.inf


def test_evidence_of_cohorts_is_the_product() -> None:
    parts = [((60, 40), (0.5, 0.5)), ((12, 88), (0.25, 0.75))]
    assert log_evidence_of_all(parts) == pytest.approx(sum(log_evidence(*part) for part in parts))


def test_cohorts_are_compared_with_themselves() -> None:
    """Everybody is denied more often in the second cohort, where the challenger has more customers: no difference."""

    def of(n: int, rate: float) -> Sums:
        return Sums(n, rate, n * rate * (1 - rate))

    early, late = (of(9_500, 0.08), of(500, 0.08)), (of(5_000, 0.16), of(5_000, 0.16))
    seen = compared([early, late])
    assert seen is not None
    assert seen.difference == pytest.approx(0)
    assert (seen.champion_n, seen.challenger_n) == (14_500, 5_500)
    assert seen.weight == pytest.approx(475 + 2_500)
    pooled = compared([(early[0] + late[0], early[1] + late[1])])
    assert pooled is not None
    assert pooled.difference == pytest.approx(0.045, abs=0.001), "as one cohort it would look worse"


def test_a_cohort_counts_once_both_arms_have_two_values() -> None:
    some = Sums(10, 1.0, 4.0)
    assert compared([(some, Sums(1, 5.0, 0.0))]) is None
    assert compared([(some, Sums(1, 5.0, 0.0)), (some, some)]) == compared([(some, some)])


def test_the_greater_variance_counts() -> None:
    """An arm that has seen nothing yet is not sure of it."""
    seen = compared([(Sums(1_000, 0.02, 19.6), Sums(50, 0.0, 0.0))])
    assert seen is not None
    assert seen.deviation == pytest.approx(math.sqrt(19.6 / 999))
