"""A version rolled out to a part of the customers: who is decided about by which, and what is on record of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fees import ASHA, BELA, CHEN, Clock, activate, settings_of, steps_in, write
from rolled import SHARES, SUBJECTS, WEEK, approved, ask, followed, start, versions

from ordain.api.lifecycle.rolling import Asked, Rolling
from ordain.api.lifecycle.version_states import version_states
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.records.replay import Replayer
from ordain.audit.verifier.check import verify
from ordain.engine.catalog import read_texts
from ordain.engine.errors import MalformedRequest, OrdainError, PolicyChanged, StepRefused, UnknownPolicy
from ordain.engine.lifecycle.bucket import bucket
from ordain.engine.lifecycle.rollout import Action


@pytest.fixture
def clock() -> Clock:
    return Clock("2026-03-01")


@pytest.fixture
def settings(tmp_path: Path, clock: Clock) -> Settings:
    """Version 1 decides, 2 is approved."""
    return approved(tmp_path, clock)


@pytest.fixture
def use(settings: Settings, clock: Clock) -> Iterator[Services]:
    use = wire(settings)
    yield replace(use, now=clock)
    use.close()


def wanted(share: int) -> dict[str, int]:
    return {subject: 2 if bucket("fees@2", subject) < share else 1 for subject in SUBJECTS}


def test_the_share_grows_by_the_schedule_and_nobody_flips_back(use: Services, clock: Clock) -> None:
    start(use.settings, clock)
    use = followed(use)
    for day, share in (("02", 100), ("07", 100), ("09", 500), ("16", 2_500), ("21", 2_500), ("23", 10_000)):
        clock.set(f"2026-03-{day}")
        clock()
        assert versions(use) == wanted(share), day


def test_all_decisions_of_a_roll_out_replay_and_their_records_say_who_was_in_it(use: Services, clock: Clock) -> None:
    of = start(use.settings, clock, shares=(5_000,))
    use = followed(use)
    for subject in SUBJECTS:
        answer = ask(use, subject)
        record = use.ledger.reader.record(answer.entry.id)
        assert record is not None
        assert record.private is not None
        arm = "challenger" if bucket("fees@2", subject) < 5_000 else "champion"
        told = {"policy": "fees", "version": 2, "of": of, "arm": arm, "bucket": bucket("fees@2", subject)}
        assert record.private["rollouts"] == [told | {"share": 5_000}]
        assert record.envelope["policies"][0]["version"] == (2 if arm == "challenger" else 1)
        assert Replayer(use.ledger.reader).replay(record)
        among = "you were among them" if arm == "challenger" else "you were not among them"
        text = letter(explain(record, use.ledger.reader))
        assert f"being introduced to 50 % of the customers, drawn by lot; {among}" in text
    use.ledger.settle()
    evidence = verify(use.settings.policies.parent / "ordain.db")
    assert evidence, evidence.findings


def test_what_was_in_force_at_a_time_is_asked_with_the_share_of_that_time(use: Services, clock: Clock) -> None:
    start(use.settings, clock)
    use = followed(use)
    clock.set("2026-05-01")
    subject = next(each for each in SUBJECTS if 500 <= bucket("fees@2", each) < 2_500)
    for day, version in (("2026-03-02", 1), ("2026-03-09", 1), ("2026-03-16", 2), ("2026-02-01", None)):
        at = dt.datetime.fromisoformat(f"{day}T13:00:00+00:00")
        assigned = use.catalog.assigned("quote", at, subject, {})
        assert [each.decides for each in assigned] == ([] if version is None else [version == 2]), day


def test_a_pause_keeps_the_share_and_what_was_yet_to_begin_begins_later_by_as_long(use: Services, clock: Clock) -> None:
    start(use.settings, clock)
    use = followed(use)
    clock.set("2026-03-10")
    with steps_in(use.settings, clock) as steps:
        Rolling(steps).pause("fees", CHEN, "looking")
    clock.set("2026-03-30")
    use = followed(use)
    assert versions(use) == wanted(500)
    with steps_in(use.settings, clock) as steps:
        with pytest.raises(StepRefused, match="is paused already"):
            Rolling(steps).pause("fees", CHEN, "again")
        made = Rolling(steps).resume("fees", CHEN, "all is well")
    assert made.rollout is not None
    assert [(stage.percent, str(stage.begins.date())) for stage in made.rollout.stages] == [
        ("5", "2026-03-08"), ("25", "2026-04-04"), ("100", "2026-04-11"),
    ]  # fmt: skip
    use = followed(use)
    assert versions(use) == wanted(500)
    clock.set("2026-04-05")
    assert versions(use) == wanted(2_500)


def test_a_roll_out_that_is_ended_and_begun_again_has_the_same_customers(use: Services, clock: Clock) -> None:
    start(use.settings, clock, shares=(2_500,))
    use = followed(use)
    assert versions(use) == wanted(2_500)
    with steps_in(use.settings, clock) as steps:
        with pytest.raises(MalformedRequest, match="needs a reason"):
            Rolling(steps).revert("fees", CHEN, "")
        Rolling(steps).revert("fees", CHEN, "complaints")
        with pytest.raises(StepRefused, match="no version of `fees` is rolled out"):
            Rolling(steps).revert("fees", CHEN, "again")
    use = followed(use)
    assert versions(use) == wanted(0)
    start(use.settings, clock, shares=(2_500,))
    assert versions(followed(use)) == wanted(2_500)


def test_activating_it_for_all_ends_the_roll_out_and_so_does_a_rollback(use: Services, clock: Clock) -> None:
    start(use.settings, clock, shares=(2_500,))
    with steps_in(use.settings, clock) as steps:
        steps.activate("fees@2", CHEN)
    use = followed(use)
    assert set(versions(use).values()) == {2}
    record = use.ledger.reader.record(ask(use, "C-1").entry.id)
    assert record is not None
    assert "rollouts" not in (record.private or {})
    write(use.settings.policies.parent, 3)
    with steps_in(use.settings, clock) as steps:
        steps.submit("fees@3", ASHA)
        steps.approve("fees@3", BELA)
        Rolling(steps).start("fees@3", CHEN, Asked())
    use = followed(use)
    assert set(versions(use).values()) == {3}
    with steps_in(use.settings, clock) as steps:
        steps.roll_back("fees", 1, CHEN, "an emergency")
    assert set(versions(followed(use)).values()) == {1}


def test_only_customers_of_whom_it_is_said_take_part(tmp_path: Path, clock: Clock) -> None:
    settings = regional(tmp_path, clock)
    with steps_in(settings, clock) as steps:
        for where, match in (
            ({"regoin": ("north",)}, "there is no fact `regoin`"),
            ({"base": ("7",)}, "`base` is no text"),
            ({"region": ("nort",)}, "`region` is never `nort`"),
        ):
            with pytest.raises(StepRefused, match=match):
                Rolling(steps).start("fees@2", CHEN, Asked(where=where))
        Rolling(steps).start("fees@2", CHEN, Asked(where={"region": ("north", "east")}))
    use = replace(wire(settings), now=clock)
    for region, fee in (("north", "2"), ("east", "2"), ("south", "1")):
        assert ask(use, "C-1", region=region).as_json()["outcome"]["fee"] == fee
    use.close()


def regional(folder: Path, clock: Clock) -> Settings:
    write(folder, 1)
    facts = folder / "policies/facts.yaml"
    with facts.open("a") as file:
        file.write("  region: {type: text, values: [north, south, east], optional: true, meaning: where}\n")
    told = facts.read_text()
    settings = settings_of(folder)
    activate(settings, 1, clock)
    write(folder, 2)
    facts.write_text(told)
    with steps_in(settings, clock) as steps:
        steps.submit("fees@2", ASHA)
        steps.approve("fees@2", BELA)
    return settings


def test_a_shadow_is_kept_and_answers_nobody(settings: Settings, clock: Clock) -> None:
    write(settings.policies.parent, 3)
    with steps_in(settings, clock) as steps:
        steps.submit("fees@3", ASHA)
        Rolling(steps).start("fees@3", CHEN, Asked(shadow=True))  # nobody has approved it
    use = replace(wire(settings), now=clock)
    answer = ask(use, "C-1")
    assert answer.as_json()["outcome"] == {"fee": "1"}
    assert b"shadow" not in answer.as_bytes()
    record = use.ledger.reader.record(answer.entry.id)
    assert record is not None
    assert record.private is not None
    assert "version 3 of policy fees was tried on your case" in letter(explain(record, use.ledger.reader))
    (shadow,) = record.private["shadows"]
    assert shadow["outcome"] == {"fee": "3"}
    assert shadow["version"] == 3
    assert Replayer(use.ledger.reader).replay(record)
    with steps_in(settings, clock) as steps:
        Rolling(steps).revert("fees", CHEN, "seen enough")
    record = use.ledger.reader.record(ask(followed(use), "C-1").entry.id)
    assert record is not None
    assert "shadows" not in (record.private or {})
    use.close()


def test_a_shadow_that_cannot_decide_keeps_the_other_from_nothing(settings: Settings, clock: Clock) -> None:
    file = write(settings.policies.parent, 3)
    file.write_text(
        file.read_text().replace("base * 0 + 3", "3 / base").replace("given: {base: 0}", "given: {base: 1}")
    )
    with steps_in(settings, clock) as steps:
        steps.submit("fees@3", ASHA)
        Rolling(steps).start("fees@3", CHEN, Asked(shadow=True))
    use = replace(wire(settings), now=clock)
    answer = ask(use, "C-1", base=0)
    record = use.ledger.reader.record(answer.entry.id)
    assert answer.as_json()["outcome"] == {"fee": "1"}
    assert record is not None
    assert (record.private or {})["shadows"][0]["error"] == "CalculationFailed"
    use.close()


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ({"shares": (500, 100), "every": WEEK}, "1 % after 5 % would give customers back"),
        ({"shares": (0,)}, "0 % is no share"),
        ({"shares": (10_001,)}, "100.01 % is no share"),
        ({"shares": ()}, "needs a share"),
        ({"shares": (100, 500)}, "nothing says when each begins"),
        ({"shares": (100, 500), "every": dt.timedelta()}, "would begin before"),
        ({"begins": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "is past"),
    ],
)
def test_a_schedule_that_is_none_is_refused(
    settings: Settings, clock: Clock, asked: dict[str, object], match: str
) -> None:
    with steps_in(settings, clock) as steps, pytest.raises(MalformedRequest, match=match):
        Rolling(steps).start("fees@2", CHEN, Asked(**asked))  # type: ignore[arg-type]


def test_what_may_not_be_rolled_out_is_refused_and_leaves_all_as_it_was(settings: Settings, clock: Clock) -> None:
    folder = settings.policies.parent
    file = write(folder, 3)
    with steps_in(settings, clock) as steps:
        rolling, before = Rolling(steps), steps.life.turns
        for label, error, match in (
            ("fees@1", StepRefused, "was activated already"),
            ("fees@3", StepRefused, "was not submitted"),
            ("fees@9", OrdainError, "there is no version `fees@9`"),
            ("fees", OrdainError, "names no version"),
        ):
            with pytest.raises(error, match=match):
                rolling.start(label, CHEN, Asked())
        steps.submit("fees@3", ASHA)
        with pytest.raises(StepRefused, match="0 of 1 needed approvals"):
            rolling.start("fees@3", CHEN, Asked())
        for step in (rolling.pause, rolling.resume, rolling.revert):
            with pytest.raises(StepRefused, match="no version of `fees` is rolled out"):
                step("fees", CHEN, "why")
        with pytest.raises(UnknownPolicy, match="there is no policy `feez`"):
            rolling.revert("feez", CHEN, "why")
        assert steps.life.turns.rollouts == before.rollouts == {}
        steps.approve("fees@3", BELA)
        rolling.start("fees@2", CHEN, Asked(shares=(500,)))
        with pytest.raises(StepRefused, match="`fees@2` is rolled out already"):
            rolling.start("fees@3", CHEN, Asked())
        with pytest.raises(StepRefused, match="`fees@2` is rolled out, and `fees@3` would end that"):
            steps.activate("fees@3", CHEN)
        with pytest.raises(StepRefused, match="5 % is not more than the 5 %"):
            rolling.share("fees", 500, CHEN, "")
        assert rolling.share("fees", 800, CHEN, "").rollout.stages[0].percent == "8"  # type: ignore[union-attr]
        with pytest.raises(StepRefused, match="is not paused"):
            rolling.resume("fees", CHEN, "why")
    file = folder / "policies/fees/v2.yaml"
    file.write_text(file.read_text().replace("+ 2", "+ 4"))
    with steps_in(settings, clock) as steps, pytest.raises(PolicyChanged, match="edited after it was rolled out"):
        steps.submit("fees@2", ASHA)
    with pytest.raises(PolicyChanged, match="`fees@2` was edited after it was rolled out"):
        wire(settings)


def test_a_version_that_is_rolled_out_decides_when_its_file_is_gone_and_the_list_says_so(
    settings: Settings, clock: Clock
) -> None:
    start(settings, clock, shares=(10_000,))
    (settings.policies / "fees/v2.yaml").unlink()
    use = replace(wire(settings), now=clock)
    assert set(versions(use).values()) == {2}
    assert use.lifecycle is not None
    texts = read_texts(settings.policies, settings.zone)
    states = version_states(texts, use.lifecycle.turns, 1, clock())
    assert [(each.version, each.state) for each in states] == [(1, "active"), (2, "rolling out")]
    use.close()


def test_a_shadow_becomes_a_roll_out_without_being_ended_first(settings: Settings, clock: Clock) -> None:
    with steps_in(settings, clock) as steps:
        shadow = Rolling(steps).start("fees@2", CHEN, Asked(shadow=True))
        made = Rolling(steps).start("fees@2", CHEN, Asked(shares=(500,)))
        on = steps.life.turns.rolling("fees", clock())
    assert shadow.rollout is not None
    assert (shadow.rollout.action, made.rollout and made.rollout.action) == (Action.SHADOW, Action.START)
    assert on == made


def test_what_is_ended_does_not_begin_for_everybody_by_itself(use: Services, clock: Clock) -> None:
    start(use.settings, clock, shares=(2_500,))
    with steps_in(use.settings, clock) as steps:
        steps.activate("fees@2", CHEN, dt.datetime(2026, 12, 24, tzinfo=dt.UTC))
        assert steps.life.life("fees").state(2, clock(), steps.days("fees")) == "rolling out"
        Rolling(steps).revert("fees", CHEN, "complaints")
        assert steps.life.life("fees").state(2, clock(), steps.days("fees")) == "withdrawn"
    clock.set("2026-12-25")
    assert set(versions(followed(use)).values()) == {1}


def test_while_it_is_paused_the_share_does_not_grow_and_what_was_planned_stays_planned(
    settings: Settings, clock: Clock
) -> None:
    start(settings, clock)
    with steps_in(settings, clock) as steps:
        rolling = Rolling(steps)
        rolling.pause("fees", CHEN, "a look")
        with pytest.raises(StepRefused, match="the roll-out of `fees@2` is paused"):
            rolling.share("fees", 5_000, CHEN, "")
        with pytest.raises(MalformedRequest, match="needs a reason"):
            rolling.resume("fees", CHEN, "")
        made = rolling.resume("fees", CHEN, "fine")
        assert made.rollout is not None
        assert [stage.share for stage in made.rollout.stages] == list(SHARES)


def test_a_share_begins_no_earlier_than_the_days_of_the_version(tmp_path: Path, clock: Clock) -> None:
    write(tmp_path, 1)
    settings = settings_of(tmp_path)
    activate(settings, 1, clock)
    write(tmp_path, 2, "2026-03-05")
    with steps_in(settings, clock) as steps:
        rolling = Rolling(steps)
        steps.submit("fees@2", ASHA)
        steps.approve("fees@2", BELA)
        with pytest.raises(StepRefused, match="not in force on 2026-03-01"):
            rolling.start("fees@2", CHEN, Asked(shares=(500,)))
        rolling.start("fees@2", CHEN, Asked(shares=(500,), begins=dt.datetime(2026, 3, 5, tzinfo=dt.UTC)))
        with pytest.raises(StepRefused, match="not in force on 2026-03-01"):
            rolling.share("fees", 5_000, CHEN, "")
        assert rolling.pause("fees", CHEN, "a look").rollout.stages == ()  # type: ignore[union-attr]
        assert [stage.share for stage in rolling.resume("fees", CHEN, "on").rollout.stages] == [500]  # type: ignore[union-attr]


def test_a_shadow_is_begun_once(settings: Settings, clock: Clock) -> None:
    with steps_in(settings, clock) as steps:
        Rolling(steps).start("fees@2", CHEN, Asked(shadow=True))
        with pytest.raises(StepRefused, match="`fees@2` is tried beside already"):
            Rolling(steps).start("fees@2", CHEN, Asked(shadow=True))
