"""What is said of a model once outcomes are known."""

from __future__ import annotations

import numpy as np
import pytest

from ordain.engine.errors import DataQualityIssue
from ordain.models.monitoring.finding import Verdict
from ordain.models.monitoring.performance import auc_error, dropped, performance


def world(count: int, seed: int, bias: float = 1.0, noise: float = 0.0) -> tuple[list[bool], list[float]]:
    """Outcomes drawn from true risks; told are risks times `bias`, of which a share `noise` is shuffled."""
    random = np.random.default_rng(seed)
    risk = random.beta(1, 3, count)
    happened = random.random(count) < risk
    told = risk.copy()
    mixed = random.random(count) < noise
    told[mixed] = random.permutation(told[mixed])
    return happened.tolist(), (told * bias).clip(0, 1).tolist()


def test_a_model_that_holds_is_not_told_as_worse() -> None:
    outcomes, risks = world(5000, 0)
    found = performance(outcomes, risks, {"auc": 0.74, "calibration_error": 0.02})
    assert [each.measure for each in found] == ["drop", "calibration"]
    assert {each.verdict for each in found} == {Verdict.NONE}


def test_scores_that_lost_their_order_are_a_drop_against_the_card() -> None:
    outcomes, risks = world(5000, 0, noise=0.6)
    drop = performance(outcomes, risks, {"auc": 0.74})[0]
    assert drop.verdict is Verdict.MAJOR
    assert drop.value > 0.05
    assert "on the card 0.740" in drop.sentence


def test_a_drop_that_may_be_chance_is_moderate() -> None:
    assert dropped("auc", 0.8, 0.75, better="higher", low=0.68, high=0.82).verdict is Verdict.MODERATE
    assert dropped("auc", 0.8, 0.75, better="higher", low=0.73, high=0.77).verdict is Verdict.MAJOR
    assert dropped("rmse", 2.0, 2.2, better="lower", low=2.1, high=2.3).verdict is Verdict.MAJOR
    assert dropped("rmse", 2.0, 2.05, better="lower").verdict is Verdict.NONE


def test_probabilities_that_are_too_high_are_told_and_so_few_rows_are_not_trusted() -> None:
    outcomes, risks = world(5000, 0, bias=1.5)
    assert performance(outcomes, risks, {})[0].verdict is Verdict.MAJOR
    alarms = sum(performance(*world(150, seed), {})[-1].verdict is not Verdict.NONE for seed in range(60))
    assert alarms <= 3


def test_the_standard_error_of_an_auc_is_that_of_repeated_draws() -> None:
    from_draws = []
    random = np.random.default_rng(0)
    for _ in range(400):
        high, low = random.normal(1, 1, 40), random.normal(0, 1, 60)
        from_draws.append((high[:, None] > low[None, :]).mean())
    assert auc_error(float(np.mean(from_draws)), 40, 60) == pytest.approx(np.std(from_draws), rel=0.15)


def test_too_few_outcomes_of_one_kind_are_told() -> None:
    [finding] = performance([True] * 5 + [False] * 500, [0.5] * 505, {"auc": 0.9})
    assert finding.verdict is Verdict.NONE
    assert "only 5 outcomes of the rarer kind" in finding.sentence


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataQualityIssue, match="2 outcomes and 1 scores"):
        performance([True, False], [0.5], {})
    with pytest.raises(DataQualityIssue, match="no probability"):
        performance([True], [1.5], {})
