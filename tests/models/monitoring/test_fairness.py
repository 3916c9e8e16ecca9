"""Rates by group, for predictions and for decisions, against fairlearn's own functions."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from fairlearn.metrics import demographic_parity_difference, demographic_parity_ratio, equalized_odds_difference

from ordain.engine.errors import DataQualityIssue
from ordain.models.monitoring.fairness import Fairness, fairness, favourable
from ordain.models.monitoring.finding import Finding, Verdict
from ordain.models.monitoring.intervals import difference, ratio, wilson


def found(report: Fairness, measure: str) -> Finding:
    [finding] = [each for each in report.findings if each.measure == measure]
    return finding


@pytest.fixture(scope="module")
def people() -> tuple[list[str], list[bool], list[bool]]:
    random = np.random.default_rng(0)
    group = np.repeat(["a", "b", "c"], [600, 400, 10])
    true = random.random(1010) < 0.4
    selected = random.random(1010) < np.where(group == "b", 0.3, 0.6) + 0.2 * true
    return group.tolist(), selected.tolist(), true.tolist()


def test_differences_are_fairlearns_on_the_groups_that_are_large_enough(
    people: tuple[list[str], list[bool], list[bool]],
) -> None:
    group, selected, true = people
    report = fairness("region", group, selected, true)
    large = [at for at, name in enumerate(group) if name != "c"]
    y_true, y_pred, of = (np.array(each)[large] for each in (true, selected, group))
    expected = {
        "demographic_parity": demographic_parity_difference(y_true, y_pred, sensitive_features=of),
        "disparate_impact": demographic_parity_ratio(y_true, y_pred, sensitive_features=of),
        "equalised_odds": equalized_odds_difference(y_true, y_pred, sensitive_features=of),
    }
    assert {each.measure: each.value for each in report.findings} == pytest.approx(expected)
    assert found(report, "demographic_parity").verdict is Verdict.MAJOR
    assert Verdict.NONE not in {each.verdict for each in report.findings}


def test_a_group_that_is_too_small_is_told_and_not_compared(people: tuple[list[str], list[bool], list[bool]]) -> None:
    group, selected, _ = people
    forced = [name == "c" or each for name, each in zip(group, selected, strict=True)]
    report = fairness("region", group, forced)
    [small] = [each for each in report.groups if each.name == "c"]
    assert (small.too_small, small.rate, small.impact) == (True, 1.0, None)
    assert small.low < 0.8
    assert any("`c` has 10 rows, too few to compare" in note for note in report.notes)
    assert "`c`" not in found(report, "demographic_parity").sentence


def test_yes_and_no_are_refused_because_fairlearn_sees_no_difference_in_them() -> None:
    group = ["a"] * 50 + ["b"] * 50
    with pytest.raises(DataQualityIssue, match="`selected` holds `yes`"):
        fairness("region", group, ["yes"] * 50 + ["no"] * 50)
    report = fairness("region", group, favourable(["yes"] * 50 + ["no"] * 50, {"yes"}))
    assert found(report, "demographic_parity").value == 1.0


def test_outcomes_of_decisions_are_measured_as_predictions_are() -> None:
    outcomes = ["permit"] * 80 + ["deny"] * 20 + ["permit"] * 40 + ["review"] * 60
    report = fairness("region", ["north"] * 100 + ["south"] * 100, favourable(outcomes, {"permit"}))
    north, south = report.groups
    assert (north.rate, south.rate, south.impact) == (0.8, 0.4, 0.5)
    assert south.low < 0.4 < south.high
    assert found(report, "disparate_impact").verdict is Verdict.MAJOR


def test_an_outcome_that_is_written_otherwise_is_told() -> None:
    with pytest.raises(DataQualityIssue, match="seen: `deny`, `permit`"):
        favourable(["permit", "deny"], {"Permit"})
    with pytest.raises(DataQualityIssue, match="missing"):
        favourable(["permit", None], {"permit"})


def test_groups_that_are_treated_alike_are_not_told_as_unfair() -> None:
    alarms = 0
    for seed in range(15):
        random = np.random.default_rng(seed)
        report = fairness("x", random.choice(["a", "b"], 120).tolist(), (random.random(120) < 0.5).tolist())
        alarms += report.verdict is not Verdict.NONE
    assert alarms <= 3  # the intervals are of 95 %


def test_who_has_no_known_group_is_counted_and_not_compared() -> None:
    report = fairness("x", ["a"] * 40 + [None] * 40 + [True] * 40, [True] * 40 + [False] * 40 + [True] * 40)
    assert [each.name for each in report.groups] == ["a", "not known", "true"]
    assert report.verdict is Verdict.NONE
    assert "the group of 40 rows is not known: not compared" in report.notes


def test_where_nothing_can_be_compared_no_number_is_made_up() -> None:
    one = fairness("x", ["a"] * 40 + ["b"] * 3, [True] * 43)
    assert math.isnan(one.findings[0].value)
    nobody = fairness("x", ["a"] * 40 + ["b"] * 40, [False] * 80)
    assert math.isnan(found(nobody, "disparate_impact").value)
    json.dumps(nobody.told(), allow_nan=False)
    with pytest.raises(DataQualityIssue, match="bands"):
        fairness("age", list(range(100)), [True] * 100)
    with pytest.raises(DataQualityIssue, match="a group and an outcome"):
        fairness("age", [], [])


def test_intervals_are_those_of_the_papers() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998a, table I, case a
    assert difference(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=1e-4)  # Newcombe 1998b, table II, case a
    low, high = ratio(40, 100, 80, 100)
    error = math.sqrt(0.6 / 40 + 0.2 / 80)
    assert (low, high) == pytest.approx((0.5 * math.exp(-1.96 * error), 0.5 * math.exp(1.96 * error)), rel=1e-4)
