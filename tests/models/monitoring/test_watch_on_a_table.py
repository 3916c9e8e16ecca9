"""A version watched: when somebody has to look, and what the policy of promotions gets to hear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import NUMBER, Value
from ordain.models.monitoring.finding import Verdict
from ordain.models.monitoring.reference import reference_of
from ordain.models.monitoring.watching import Measures, Seen, watched

USAGE = Fact("usage", NUMBER)
CARD = Measures("probability", {"AUC": 0.74, "calibration error": 0.02}, 0.5)


def seen(count: int = 3_000, noise: float = 0.0, shift: float = 0.0, seed: int = 0) -> Seen:
    """SYNTHETIC rows: who leaves is drawn from the risk that is told; a share `noise` of the risks is shuffled."""
    random = np.random.default_rng(seed)
    risk = random.beta(1, 3, count)
    happened = random.random(count) < risk
    told = risk.copy()
    mixed = random.random(count) < noise
    told[mixed] = random.permutation(told[mixed])
    rows: list[dict[str, Value]] = [{"usage": each} for each in random.normal(shift, 1, count).tolist()]
    scores: Sequence[Value] = told.tolist()
    return Seen(rows, {"probability": scores}, happened.tolist())


REFERENCE = reference_of([USAGE], seen(seed=1).rows, seen(seed=1).scores)


def test_rows_as_before_with_outcomes_as_told_raise_no_alarm() -> None:
    found = watched(REFERENCE, seen(), CARD)
    assert (found.alarms, found.verdict, found.outcomes) == ((), Verdict.NONE, 3_000)
    assert found.drop is not None
    assert found.drop < 0.05
    assert found.impact is None


def test_a_drop_of_five_percent_is_an_alarm_also_where_it_may_be_chance() -> None:
    for count in (3_000, 300):
        found = watched(REFERENCE, seen(count, noise=0.35), CARD)
        (drop,) = [each for each in found.alarms if each.measure == "drop"]
        assert drop.value >= 0.05
        assert found.drop == drop.value


def test_rows_that_moved_far_are_an_alarm_and_those_that_moved_a_little_are_told() -> None:
    assert {each.of for each in watched(REFERENCE, seen(shift=1.0), CARD).alarms} == {"usage"}
    little = watched(REFERENCE, seen(shift=0.35), CARD)
    assert (little.verdict, little.alarms) == (Verdict.MODERATE, ())


def test_without_outcomes_nothing_is_said_of_the_auc_and_that_is_said() -> None:
    found = watched(REFERENCE, replace(seen(), happened=()), CARD)
    assert (found.performance, found.drop, found.outcomes) == ((), None, 0)
    assert found.notes == ("no outcome is known yet: AUC and calibration were not measured",)


def test_outcomes_that_are_known_of_some_are_measured_for_these() -> None:
    rows = seen()
    known = [each if at % 2 else None for at, each in enumerate(rows.happened)]
    found = watched(REFERENCE, replace(rows, happened=known), CARD)
    assert found.outcomes == 1_500
    assert [each.measure for each in found.performance] == ["drop", "calibration"]


def test_groups_that_are_picked_out_otherwise_are_told_with_their_ratio() -> None:
    rows = seen()
    risks = [float(str(each)) for each in rows.scores["probability"]]
    groups: list[Value] = ["a" if risk > 0.5 or at % 3 else "b" for at, risk in enumerate(risks)]
    found = watched(REFERENCE, replace(rows, groups={"region": groups}), CARD)
    assert found.impact == 0  # nobody of b is picked out
    assert any(each.measure == "disparate_impact" for each in found.alarms)
    alike: list[Value] = ["a" if at % 2 else "b" for at in range(len(risks))]
    calm = watched(REFERENCE, replace(rows, groups={"region": alike}), CARD)
    assert calm.alarms == ()
    assert calm.impact is not None
    assert calm.impact > 0.8


def test_a_model_without_a_threshold_says_that_groups_were_not_compared() -> None:
    found = watched(REFERENCE, replace(seen(), groups={"region": ["a"] * 3_000}), replace(CARD, threshold=None))
    assert found.fairness == ()
    assert "groups were not compared" in found.notes[0]


def test_what_is_told_is_json_with_the_alarms() -> None:
    told = watched(REFERENCE, seen(noise=0.6), CARD).told()
    assert told["verdict"] == "major"
    assert told["alarms"] == [each for each in told["performance"] if each["verdict"] == "major"]  # type: ignore[attr-defined]
