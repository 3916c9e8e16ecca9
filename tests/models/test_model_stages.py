"""The stage of a version is a fold over what is on record: whatever that is, and in whatever order it is read."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import StepRefused
from ordain.models.registry import stage_rules as rules
from ordain.models.registry.stages import MEASURES, Change, ModelStages, Stage, Step, stages_of

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
TAKEN = st.sampled_from([step for step in Step if step not in MEASURES])
SHARES = {1: 0, 2: 0, 3: 2_000, 4: 500}
"""By version the share, in 10,000 buckets, that its promotions speak of: 0 of all."""
STEPS = st.lists(st.tuples(TAKEN, st.integers(1, 4)), max_size=20)


def changes(
    steps: Sequence[tuple[Step, int]],
    model: str = "churn",
    *,
    at_once: bool = False,
    shares: Mapping[int, int] | None = None,
) -> list[Change]:
    return [
        Change(
            *(f"{model}-{place:04}", step, model, version, f"sha256:{version}"),
            *(START + dt.timedelta(minutes=place), "asha"),
            at_once=at_once and step is Step.TRAINED,
            share=(shares or {}).get(version, 0) if step is Step.PROMOTED else 0,
        )
        for place, (step, version) in enumerate(steps)
    ]


def folded(*steps: tuple[Step, int], at_once: bool = False, shares: Mapping[int, int] | None = None) -> ModelStages:
    return stages_of(changes(steps, at_once=at_once, shares=shares)).get("churn", ModelStages("churn"))


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


@given(STEPS)
def test_a_version_is_partly_live_beside_a_live_one_alone_and_one_at_a_time(steps: list[tuple[Step, int]]) -> None:
    stages = folded(*steps, shares=SHARES)
    partly = [each for each in stages.of.values() if each.stage is Stage.PARTLY_LIVE]
    assert len(partly) <= 1
    assert set(stages.of) == {version for _, version in steps}
    for each in partly:
        assert stages.live is not None
        assert each.share == SHARES[each.version] > 0
        after = steps[max(place for place, step in enumerate(steps) if step == (Step.PROMOTED, each.version)) + 1 :]
        assert not {step for step, _ in after} & {Step.PROMOTED, Step.ROLLED_BACK}


def test_a_share_ends_with_a_rollback_and_the_live_version_goes_on_as_it_was() -> None:
    steps = [(Step.PROMOTED, 1), (Step.PROMOTED, 2), (Step.PROMOTED, 3)]
    before = folded(*steps[:2], shares=SHARES)
    tried = folded(*steps, shares=SHARES)
    assert (tried.live, tried.stage(3)) == (before.live, Stage.PARTLY_LIVE)
    assert tried.earlier == before.earlier
    steps.append((Step.ROLLED_BACK, rules.check_rollback(tried)))
    after = folded(*steps, shares=SHARES)
    assert (after.live, after.stage(3), after.earlier) == (before.live, Stage.CANDIDATE, (1,))
    assert rules.check_rollback(after) == 1


def test_a_share_becomes_all_and_a_rollback_then_goes_back() -> None:
    made = changes([(Step.PROMOTED, 1), (Step.PROMOTED, 3), (Step.PROMOTED, 3)], shares=SHARES)
    stages = stages_of([*made[:2], replace(made[2], share=0)])["churn"]
    assert (stages.stage(3), stages.partly_live, rules.check_rollback(stages)) == (Stage.LIVE, None, 1)


def test_the_live_version_that_is_retired_ends_the_share() -> None:
    stages = folded((Step.PROMOTED, 1), (Step.PROMOTED, 3), (Step.RETIRED, 1), shares=SHARES)
    assert (stages.live, stages.partly_live, stages.stage(3)) == (None, None, Stage.CANDIDATE)


@pytest.mark.parametrize(
    ("steps", "version", "share", "says"),
    [
        ([], 1, 2_000, "no version of the model `churn` is live, so none would score for the rest"),
        ([(Step.PROMOTED, 1)], 1, 2_000, "`churn@1` is live already"),
        ([(Step.PROMOTED, 1), (Step.PROMOTED, 3)], 3, 2_000, "`churn@3` scores for 20 % of the subjects already"),
        ([(Step.PROMOTED, 1), (Step.PROMOTED, 3)], 4, 2_000, "`churn@3` scores for 20 % of the subjects now"),
        ([(Step.PROMOTED, 1), (Step.PROMOTED, 3)], 4, 0, "`churn@3` scores for 20 % of the subjects now"),
    ],
)
def test_a_share_that_cannot_be_is_refused(steps: list[tuple[Step, int]], version: int, share: int, says: str) -> None:
    with pytest.raises(StepRefused, match=says):
        rules.check_promotion(folded(*steps, shares=SHARES), version, share)


def test_a_partly_live_version_may_have_another_share_or_all_and_is_no_shadow() -> None:
    stages = folded((Step.PROMOTED, 1), (Step.PROMOTED, 3), shares=SHARES)
    rules.check_promotion(stages, 3, 5_000)
    rules.check_promotion(stages, 3)
    rules.check_retirement(stages, 3)
    with pytest.raises(StepRefused, match="`churn@3` is partly live, so its scores count"):
        rules.check_shadow(stages, 3)


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
