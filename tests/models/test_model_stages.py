"""The stage of a version is a fold over what is on record: whatever that is, and in whatever order it is read."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import StepRefused
from ordain.models.registry import stage_rules as rules
from ordain.models.registry.stages import MEASURES, Change, ModelStages, Stage, Step, stages_of

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
TAKEN = st.sampled_from([step for step in Step if step not in MEASURES])
STEPS = st.lists(st.tuples(TAKEN, st.integers(1, 4)), max_size=20)


def changes(steps: Sequence[tuple[Step, int]], model: str = "churn", *, at_once: bool = False) -> list[Change]:
    return [
        Change(
            *(f"{model}-{place:04}", step, model, version, f"sha256:{version}"),
            *(START + dt.timedelta(minutes=place), "asha"),
            at_once=at_once and step is Step.TRAINED,
        )
        for place, (step, version) in enumerate(steps)
    ]


def folded(*steps: tuple[Step, int], at_once: bool = False) -> ModelStages:
    return stages_of(changes(steps, at_once=at_once)).get("churn", ModelStages("churn"))


@given(STEPS, st.integers(0, 2**32))
def test_the_fold_does_not_depend_on_the_order_of_reading(steps: list[tuple[Step, int]], seed: int) -> None:
    made = [*changes(steps), *changes(steps[::-1], "clv")]
    shuffled = random.Random(seed).sample(made, len(made))  # noqa: S311 - no secret
    assert stages_of(shuffled) == stages_of(made)


@given(STEPS)
def test_at_most_one_version_is_live_and_it_is_the_one_that_was_last_made_so(steps: list[tuple[Step, int]]) -> None:
    stages = folded(*steps)
    live = [each for each in stages.of.values() if each.stage is Stage.LIVE]
    assert len(live) <= 1
    for each in live:
        others = (step for step, version in reversed(steps) if version == each.version and step is not Step.TRAINED)
        last = next(others)
        assert last in (Step.PROMOTED, Step.ROLLED_BACK)
        assert each.by.version == each.version


@pytest.mark.parametrize("step", [Step.PROMOTED, Step.SHADOWED, Step.RETIRED])
def test_a_training_under_a_number_that_is_taken_changes_no_stage(step: Step) -> None:
    before = folded((Step.TRAINED, 1), (step, 1))
    after = folded((Step.TRAINED, 1), (step, 1), (Step.TRAINED, 1))
    assert after.of == before.of
    assert len(after.changes) == 3


@given(STEPS)
def test_every_version_on_record_has_a_stage_and_none_is_live_again_before_it_was_live(
    steps: list[tuple[Step, int]],
) -> None:
    stages = folded(*steps)
    assert set(stages.of) == {version for _, version in steps}
    assert len(set(stages.earlier)) == len(stages.earlier)
    for version in stages.earlier:
        assert stages.stage(version) is not Stage.LIVE
        assert (Step.PROMOTED, version) in steps or (Step.ROLLED_BACK, version) in steps


@given(STEPS)
def test_what_is_recorded_of_one_model_says_nothing_of_another(steps: list[tuple[Step, int]]) -> None:
    other = changes([(Step.TRAINED, 1), (Step.PROMOTED, 1)], "clv")
    both = stages_of([*changes(steps), *other])
    assert both["clv"] == stages_of(other)["clv"]


@given(STEPS)
def test_steps_by_the_rules_never_bring_a_retired_version_back(steps: list[tuple[Step, int]]) -> None:
    taken: list[tuple[Step, int]] = []
    retired: set[int] = set()
    check = {
        Step.PROMOTED: rules.check_promotion,
        Step.SHADOWED: rules.check_shadow,
        Step.RETIRED: rules.check_retirement,
    }
    for step, version in steps:
        stages, number = folded(*taken), version
        try:
            if step is Step.ROLLED_BACK:
                number = rules.check_rollback(stages)
            elif step is Step.TRAINED and number in stages.of:
                continue  # a number is given once
            elif step in check:
                check[step](stages, number)
        except StepRefused:
            continue
        assert number not in retired
        taken.append((step, number))
        retired |= {number} if step is Step.RETIRED else set()
        assert {number for number, each in folded(*taken).of.items() if each.stage is Stage.RETIRED} == retired


@given(STEPS, st.integers(0, 20), st.sampled_from(MEASURES), st.integers(1, 5))
def test_what_is_found_out_about_a_version_changes_no_stage(
    steps: list[tuple[Step, int]], place: int, measure: Step, version: int
) -> None:
    before, after = folded(*steps), folded(*steps[:place], (measure, version), *steps[place:])
    assert {number: each.stage for number, each in after.of.items()} == {
        number: each.stage for number, each in before.of.items()
    }
    assert after.earlier == before.earlier
    assert [each.step for each in after.changes if each.step in MEASURES] == [measure]


def test_a_trained_version_is_a_candidate_until_it_is_promoted() -> None:
    assert folded((Step.TRAINED, 1)).stage(1) is Stage.CANDIDATE
    assert folded((Step.TRAINED, 1)).live is None
    live = folded((Step.TRAINED, 1), (Step.PROMOTED, 1), (Step.TRAINED, 2)).live
    assert live is not None
    assert (live.version, live.digest) == (1, "sha256:1")


def test_a_rollback_goes_back_step_by_step_and_not_to_and_fro() -> None:
    steps = [(Step.PROMOTED, 1), (Step.PROMOTED, 2), (Step.PROMOTED, 3)]
    assert folded(*steps).earlier == (1, 2)
    steps.append((Step.ROLLED_BACK, rules.check_rollback(folded(*steps))))
    assert (folded(*steps).stage(2), folded(*steps).stage(3)) == (Stage.LIVE, Stage.CANDIDATE)
    steps.append((Step.ROLLED_BACK, rules.check_rollback(folded(*steps))))
    assert folded(*steps).stage(1) is Stage.LIVE
    with pytest.raises(StepRefused, match="no version of the model `churn` was live before `churn@1`"):
        rules.check_rollback(folded(*steps))


def test_a_retired_version_is_skipped_on_the_way_back() -> None:
    stages = folded((Step.PROMOTED, 1), (Step.PROMOTED, 2), (Step.PROMOTED, 3), (Step.RETIRED, 2))
    assert rules.check_rollback(stages) == 1


def test_a_live_version_that_is_retired_leaves_none_and_the_one_before_may_come_back() -> None:
    stages = folded((Step.PROMOTED, 1), (Step.PROMOTED, 2), (Step.RETIRED, 2))
    assert stages.live is None
    assert rules.check_rollback(stages) == 1


def test_a_version_that_was_trained_before_there_were_stages_was_live_at_once() -> None:
    stages = folded((Step.TRAINED, 1), (Step.TRAINED, 2), at_once=True)
    assert stages.live is not None
    assert (stages.live.version, stages.earlier) == (2, (1,))


@pytest.mark.parametrize(
    ("check", "steps", "says"),
    [
        (rules.check_promotion, [(Step.PROMOTED, 1)], "`churn@1` is live already"),
        (rules.check_promotion, [(Step.RETIRED, 1)], "`churn@1` is retired, and never comes back"),
        (rules.check_shadow, [(Step.PROMOTED, 1)], "`churn@1` is live, so its scores count"),
        (rules.check_shadow, [(Step.SHADOWED, 1)], "`churn@1` is a shadow already"),
        (rules.check_shadow, [(Step.RETIRED, 1)], "`churn@1` is retired"),
        (rules.check_retirement, [(Step.RETIRED, 1)], "`churn@1` is retired already"),
    ],
)
def test_a_step_that_cannot_follow_is_refused(check: object, steps: list[tuple[Step, int]], says: str) -> None:
    assert callable(check)
    with pytest.raises(StepRefused, match=says):
        check(folded(*steps), 1)
