"""Guardrails of roll-outs: what is paused or ended by itself, by a decision on record, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from fees import CHEN, Clock, settings_of, steps_in
from guarded import GUARD, PLAN, ask, begin, guard_of, guarded, opened, write

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.lifecycle.guarding import Looked
from ordain.api.lifecycle.rolling import Asked, Rolling
from ordain.api.lifecycle.taking_over import activated
from ordain.api.services import Services, wire
from ordain.audit.records.replay import Replayer
from ordain.engine.errors import MalformedRequest, SettingsError, StepRefused
from ordain.engine.lifecycle.rollout import Action
from ordain.engine.sequential.plan_text import plan_of
from ordain.engine.versions import Kept


@pytest.fixture
def clock() -> Clock:
    return Clock("2026-03-01")


@pytest.fixture
def use(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """The second version is approved, and adds 10. All that records has the clock of the test."""
    with opened(guarded(tmp_path, clock), clock) as use:
        yield use


def one(looked: list[Looked]) -> tuple[str, str | None]:
    (only,) = looked
    return str(only.verdict.standing), only.as_json()["done"]


def test_what_is_worse_for_certain_is_paused_once_and_goes_on_when_somebody_has_looked(
    use: Services, clock: Clock
) -> None:
    use = begin(use, clock, PLAN)
    guard = guard_of(use)
    assert one(guard.look()) == ("watch", None)
    ask(use, 0, 20)
    assert one(guard.look()) == ("watch", None)
    ask(use, 20, 120)
    assert one(guard.look()) == ("pause", "pause")
    assert one(guard.look()) == ("pause", None)
    assert one(guard_of(use).look()) == ("pause", None)  # a watch that is started anew
    with steps_in(use.settings, clock) as steps:
        Rolling(steps).resume("fees", CHEN, "it is worth it")
    assert one(guard.look()) == ("pause", None)
    assert guard.look()[0].on.rollout.action is Action.RESUME  # type: ignore[union-attr]


def test_what_is_worse_by_more_is_ended_and_the_record_says_by_which_decision_and_figures(
    use: Services, clock: Clock
) -> None:
    use = begin(use, clock, {**PLAN, "guardrails": [{**GUARD, "revert": 2}]})
    guard = guard_of(use)
    ask(use, 0, 120)
    (looked,) = guard.look()
    done = looked.done
    assert done is not None
    assert done.rollout is not None
    assert (done.rollout.action, done.who, done.role) == (Action.REVERT, "the policy of roll-outs", "operator")
    assert "`fee`" in done.reason
    figures = done.rollout.figures
    seen = figures["guardrails"][0]
    assert seen["champion"]["customers"] + seen["challenger"]["customers"] == 120
    assert float(seen["challenger"]["mean"]) - float(seen["champion"]["mean"]) == pytest.approx(10, abs=2)
    decision = use.ledger.reader.record(UUID(figures["decision"]))
    assert decision is not None
    assert (decision.private or {})["outcome"] == {"rollout_action": "revert"}
    assert Replayer(use.ledger.reader).replay(decision)
    assert guard.look() == []
    assert use.lifecycle is not None
    after = activated(use, use.lifecycle, Kept())
    for number in range(40):
        answer = decide(make_ask("quote", f"C-{number}", {"base": 0}, None), after)
        assert answer.as_json()["outcome"] == {"fee": "0"}


def test_customers_who_are_asked_about_again_count_once(use: Services, clock: Clock) -> None:
    use = begin(use, clock, PLAN)
    guard = guard_of(use)
    for _ in range(8):
        ask(use, 0, 30)
    (looked,) = guard.look()
    assert looked.verdict.split.customers == 30


def test_a_share_that_begins_is_on_record_with_the_figures_of_that_moment(use: Services, clock: Clock) -> None:
    use = begin(use, clock, {**PLAN, "guardrails": [{**GUARD, "pause": 30, "revert": 40}]}, (2_000, 6_000))
    guard = guard_of(use)
    ask(use, 0, 150)
    assert one(guard.look())[1] is None
    clock.set("2026-03-09")
    assert one(guard.look()) == ("fine", "step")
    assert one(guard.look()) == ("fine", None)
    ask(use, 150, 200)
    (looked,) = guard.look()
    assert looked.verdict.split.customers == 200
    assert looked.on.rollout is not None
    assert [stage.percent for stage in looked.on.rollout.stages] == ["20", "60"]


def test_a_split_that_is_not_as_planned_voids_what_was_measured_and_pauses(
    use: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the assignment, as one in an app that asks for some customers only would look."""
    use = begin(use, clock, PLAN, (1_000,))
    monkeypatch.setattr("ordain.engine.lifecycle.assigned.bucket", lambda label, subject: int(subject[2:]) % 3 * 1_000)
    ask(use, 0, 200)
    assert one(guard_of(use).look()) == ("void", "pause")


def test_a_guardrail_of_what_is_not_measured_is_refused(tmp_path: Path, clock: Clock) -> None:
    settings = guarded(tmp_path, clock)
    for guardrail, match in (
        ({**GUARD, "metric": "fe"}, "measured as `fe`"),
        ({**GUARD, "metric": "fee = 3"}, "measured as `fee = 3`"),
    ):
        with steps_in(settings, clock) as steps, pytest.raises(StepRefused, match=match):
            Rolling(steps).start("fees@2", CHEN, Asked(guards=plan_of({"guardrails": [guardrail]})))
    with pytest.raises(MalformedRequest, match="lacks `revert`"):
        plan_of({"guardrails": [{"metric": "fee", "may not": "rise", "pause": 1}]})


def test_a_watch_without_its_policy_says_what_to_copy(tmp_path: Path, clock: Clock) -> None:
    write(tmp_path, 1, 0)
    settings = settings_of(tmp_path)
    with steps_in(settings, clock) as steps:
        steps.adopt(CHEN, "it begins")
    file = tmp_path / "policies/services.yaml"
    file.write_text(file.read_text().partition("  rollouts:")[0])
    use = wire(settings)
    with pytest.raises(SettingsError, match="the service `rollouts` is not the one"):
        guard_of(use)
    use.close()
    use = wire(settings_of(tmp_path, approvals="none"))
    with pytest.raises(SettingsError, match="versions decide by their dates"):
        guard_of(use)
    use.close()
