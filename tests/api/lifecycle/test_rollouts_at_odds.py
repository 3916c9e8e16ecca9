"""Roll-outs when clocks differ, steps cross, files are broken, and entries are odd: what is ended stays ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fees import ASHA, BELA, CHEN, Clock, fees, settings_of, steps_in, write
from guarded import FACTS, PLAN, SERVICES, begin, guard_of, guarded, opened
from guarded import ask as ask_all
from office import office_in
from rolled import approved, ask, followed, start, versions

import ordain.api.lifecycle.guarding as under_test
from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.lifecycle.recorded import Lifecycle
from ordain.api.lifecycle.rolling import Asked, Rolling
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.audit.entry.documents import POLICY, Document
from ordain.engine.errors import StepRefused
from ordain.engine.lifecycle.rollout import Action


@pytest.fixture
def clock() -> Clock:
    return Clock("2026-03-01")


@pytest.fixture
def settings(tmp_path: Path, clock: Clock) -> Settings:
    return approved(tmp_path, clock)


# --- clocks, and steps that cross ---------------------------------------------------------------------------------


def test_what_is_ended_stays_ended_when_a_step_before_was_recorded_by_a_clock_ahead(
    settings: Settings, clock: Clock
) -> None:
    start(settings, clock, shares=(2_500,))
    ahead = Clock("2026-03-02")
    with steps_in(settings, ahead) as steps:
        Rolling(steps).share("fees", 5_000, CHEN, "")
    with steps_in(settings, clock) as steps:
        Rolling(steps).revert("fees", CHEN, "complaints")
        for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
            at = dt.datetime.fromisoformat(f"{day}T20:00:00+00:00")
            assert steps.life.turns.rolling("fees", at) is None, day


def test_a_planned_activation_ends_it_also_when_a_step_came_between(settings: Settings, clock: Clock) -> None:
    start(settings, clock, shares=(2_500,))
    with steps_in(settings, clock) as steps:
        steps.activate("fees@2", CHEN, dt.datetime(2026, 3, 5, tzinfo=dt.UTC))
        Rolling(steps).share("fees", 5_000, CHEN, "")
        turns = steps.life.turns
    assert turns.rolling("fees", dt.datetime(2026, 3, 4, tzinfo=dt.UTC)) is not None
    assert turns.rolling("fees", dt.datetime(2026, 3, 6, tzinfo=dt.UTC)) is None


def test_a_version_that_was_taken_back_is_not_rolled_out_by_its_old_approvals(settings: Settings, clock: Clock) -> None:
    with steps_in(settings, clock) as steps:
        steps.activate("fees@2", CHEN, dt.datetime(2026, 3, 5, tzinfo=dt.UTC))
        steps.roll_back("fees", 1, CHEN, "not this one")
        with pytest.raises(StepRefused, match="taken back before it began"):
            Rolling(steps).start("fees@2", CHEN, Asked())


def test_a_version_is_not_planned_over_one_that_is_rolled_out_now(settings: Settings, clock: Clock) -> None:
    start(settings, clock, shares=(5_000,))
    write(settings.policies.parent, 3)
    with steps_in(settings, clock) as steps:
        steps.activate("fees@2", CHEN, dt.datetime(2026, 3, 3, tzinfo=dt.UTC))
        steps.submit("fees@3", ASHA)
        steps.approve("fees@3", BELA)
        with pytest.raises(StepRefused, match="`fees@2` is rolled out already"):
            Rolling(steps).start("fees@3", CHEN, Asked(begins=dt.datetime(2026, 3, 4, tzinfo=dt.UTC)))


def test_going_back_to_the_version_that_decides_for_the_others_ends_it(settings: Settings, clock: Clock) -> None:
    use = replace(wire(settings), now=clock)
    start(settings, clock)
    with steps_in(use.settings, clock) as steps:
        steps.roll_back("fees", 1, CHEN, "an emergency")
        assert steps.life.turns.rolling("fees", clock()) is None
    assert set(versions(followed(use)).values()) == {1}
    use.close()


# --- entries that nobody here can read --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "private"),
    [
        ({"action": "freeze"}, {}),
        ({"stages": [["500", "2026-03-01T00:00:00+00:00"]]}, {}),
        ({"stages": [[500, "2026-03-01T00:00:00"]]}, {}),
        ({}, {"where": None}),
        ({}, {"guards": 7}),
    ],
)
def test_an_entry_of_a_later_version_ends_the_roll_out_and_stops_nobody(
    settings: Settings, clock: Clock, about: dict[str, Any], private: dict[str, Any]
) -> None:
    start(settings, clock, shares=(10_000,))
    with steps_in(settings, clock) as steps:
        last = steps.life.turns.rolling("fees", clock())
        assert last is not None
        said = {"policy": "fees", "version": 2, "digest": last.text.digest, "parts": [], "of": last.id}
        said |= {"action": "share", "stages": [], "shadow": False, **about}
        sealed = {"actor": "x", "role": "operator", "reason": "", "where": {}, "guards": {}, "figures": {}, **private}
        steps.opened.operate("rollout", None, said, sealed)
        steps.life.look()
        assert steps.life.turns.rolling("fees", clock()) is None
    use = replace(wire(settings), now=clock)
    assert set(versions(use).values()) == {1}
    use.close()


def test_an_entry_without_a_version_is_left_out_and_those_beside_it_are_read(settings: Settings, clock: Clock) -> None:
    with steps_in(settings, clock) as steps:
        steps.opened.operate("rollout", None, {"odd": True}, {"actor": "x"}, [Document(POLICY, b"x", "odd", 1)])
        Rolling(steps).start("fees@2", CHEN, Asked())
        assert [each.policy for each in steps.life.turns.changes if each.rollout is not None] == ["fees"]
        other = Lifecycle(steps.opened, 1)
        assert other.look()
        assert other.turns == steps.life.turns


# --- the guard --------------------------------------------------------------------------------------------------


@pytest.fixture
def calm(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """A roll-out of which nothing was seen yet."""
    with opened(guarded(tmp_path, clock), clock) as use:
        yield begin(use, clock, PLAN)


@pytest.fixture
def judged(calm: Services) -> Services:
    """A roll-out that is worse for certain."""
    ask_all(calm, 0, 120)
    return calm


def test_the_guard_leaves_alone_what_somebody_else_has_moved_meanwhile(
    judged: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = guard_of(judged)
    decide = under_test.make_decision

    def slow(*arguments: Any) -> Any:
        monkeypatch.setattr(under_test, "make_decision", decide)
        with steps_in(judged.settings, clock) as steps:
            Rolling(steps).revert("fees", CHEN, "seen it myself")
        return decide(*arguments)

    monkeypatch.setattr(under_test, "make_decision", slow)
    size = judged.ledger.reader.size()
    (looked,) = guard.look()
    assert looked.done is None
    judged.ledger.settle()
    assert judged.ledger.reader.size() == size + 1  # the step of the person alone
    assert guard.look() == []


def test_a_pause_before_anything_was_seen_switches_no_guardrail_off(calm: Services, clock: Clock) -> None:
    with steps_in(calm.settings, clock) as steps:
        Rolling(steps).pause("fees", CHEN, "a holiday")
        Rolling(steps).resume("fees", CHEN, "back")
    ask_all(calm, 0, 120)
    (looked,) = guard_of(calm).look()
    assert looked.as_json()["done"] == "pause"


def test_no_file_keeps_the_guard_or_anybody_from_ending_it(judged: Services) -> None:
    guard = guard_of(judged)
    (judged.settings.policies / "fees/v9.yaml.bak").write_text("odd")
    (looked,) = guard.look()
    assert looked.as_json()["done"] == "pause"


def test_the_guard_asks_the_policy_that_was_activated_last(judged: Services, clock: Clock) -> None:
    guard = guard_of(judged)
    first = judged.settings.policies / "rollouts/v1.yaml"
    text = first.read_text().replace("version: 1", "version: 2").replace("then: pause", "then: revert")
    text = text.replace("rollout_action: pause", "rollout_action: revert")
    (first.parent / "v2.yaml").write_text(text)
    with steps_in(judged.settings, clock) as steps:
        steps.submit("rollouts@2", ASHA)
        steps.approve("rollouts@2", BELA)
        steps.activate("rollouts@2", CHEN)
    (looked,) = guard.look()
    assert looked.as_json()["done"] == "revert"


def test_a_customer_counts_with_the_first_decision_that_has_the_metric(tmp_path: Path, clock: Clock) -> None:
    """Another service asks the same policy, gives nothing of what is measured, and is asked first."""
    settings = guarded(tmp_path, clock)
    services = settings.policies / "services.yaml"
    services.write_text(SERVICES + "  hello: {purpose: A word., policies: [words, fees], gives: [word]}\n")
    file = settings.policies / "words/v1.yaml"
    file.parent.mkdir()
    text = (
        fees(1)
        .replace("policy: fees", "policy: words")
        .replace("fee: {gives: number, formula: base * 0 + 1}", "word: {gives: text, formula: '\"hi\"'}")
    )
    file.write_text(text.replace("expect: {fee: 1}", "expect: {word: hi}"))
    assert "guard_standing" in FACTS
    with steps_in(settings, clock) as steps:
        steps.submit("words@1", ASHA)
        steps.approve("words@1", BELA)
        steps.activate("words@1", CHEN)
    with opened(settings, clock) as wired:
        use = begin(wired, clock, PLAN)
        for number in range(120):
            decide(make_ask("hello", f"C-{number}", {"base": 1}, None), use)
        ask_all(use, 0, 120)
        (looked,) = guard_of(use).look()
    assert looked.as_json()["done"] == "pause"
    assert looked.verdict.split.customers == 120


def test_roll_outs_of_who_may_do_what_are_refused(tmp_path: Path) -> None:
    with office_in(tmp_path) as office:
        first = office.policies / "access/v1.yaml"
        text = first.read_text().replace("version: 1", "version: 2")
        (first.parent / "v2.yaml").write_text(text)
        office.post("asha", "/access/versions/2/submit")
        office.post("bela", "/access/versions/2/approve")
        error = office.refused("bela", "/access/versions/2/rollout", 409, json={"steps": [50]})
        assert "that is for all callers at once" in error["message"]


def test_over_http_what_ends_goes_by_the_record_alone_and_a_huge_number_is_no_version(tmp_path: Path) -> None:
    with office_in(tmp_path) as office:
        office.write("asha", 2)
        office.approved(2)
        office.post("bela", "/fees/versions/2/rollout", steps=[50])
        (office.policies / "fees/v9.yaml.bak").write_text("odd")
        assert office.post("chen", "/fees/rollout/pause", reason="a look")["rollout"]["action"] == Action.PAUSE
        assert office.post("chen", "/fees/rollout/revert", reason="enough")["rollout"]["action"] == Action.REVERT
        huge = {"data": b'{"to": 1e400000, "reason": "x"}', "headers": {"Content-Type": "application/json"}}
        assert office.refused("chen", "/fees/rollback", 400, **huge)["code"] == "MalformedRequest"


# --- beside -----------------------------------------------------------------------------------------------------


def test_a_shadow_is_made_with_what_really_answers(tmp_path: Path, clock: Clock) -> None:
    def both(number: int) -> None:
        write(tmp_path, number)
        own = tmp_path / f"policies/fees/v{number}.yaml"
        more = tmp_path / f"policies/more/v{number}.yaml"
        more.parent.mkdir(exist_ok=True)
        text = own.read_text().replace("policy: fees", "policy: more").replace("fee: {", "extra: {")
        more.write_text(text.replace("{fee:", "{extra:"))
        services = tmp_path / "policies/services.yaml"
        services.write_text("services:\n  quote: {purpose: A fee., policies: [fees, more], gives: [fee, extra]}\n")

    both(1)
    settings = settings_of(tmp_path)
    with steps_in(settings, clock) as steps:
        steps.adopt(CHEN, "it begins")
    both(2)
    with steps_in(settings, clock) as steps:
        steps.submit("fees@2", ASHA)
        steps.approve("fees@2", BELA)
        steps.submit("more@2", ASHA)
        Rolling(steps).start("fees@2", CHEN, Asked())
        Rolling(steps).start("more@2", CHEN, Asked(shadow=True))
    use = replace(wire(settings), now=clock)
    answer = ask(use, "C-1")
    assert answer.as_json()["outcome"] == {"fee": "2", "extra": "1"}
    record = use.ledger.reader.record(answer.entry.id)
    assert record is not None
    assert (record.private or {})["shadows"][0]["outcome"] == {"fee": "2", "extra": "2"}
    use.close()
