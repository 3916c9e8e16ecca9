"""Which version decides from when, as a fold over what was recorded: on both axes, in whatever order it is read."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import StepRefused
from ordain.engine.lifecycle import rules
from ordain.engine.lifecycle.change import Change, Step, Text
from ordain.engine.lifecycle.life import Life, State
from ordain.engine.lifecycle.turns import Turns, turns_of
from ordain.engine.policy.model import Effective

NOON = dt.timedelta(hours=12)


def at(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T00:00:00+00:00")


def text(version: int, digest: str = "") -> Text:
    return Text("fees", version, digest or f"sha256:{version:064}")


def change(number: int, step: Step, version: int, recorded: str, who: str = "asha", **more: object) -> Change:
    return Change(f"{number:08}", step, text(version), at(recorded), who, "approver", **more)  # type: ignore[arg-type]


def turn(number: int, version: int, recorded: str, begins: str | None = None, *, rollback: bool = False) -> Change:
    from_then = None if begins is None else at(begins)
    return change(number, Step.ACTIVATION, version, recorded, begins=from_then, rollback=rollback, reason="because")


def plain(_version: int) -> None:
    return None


def on(turns: Turns, day: str) -> int | None:
    found = turns.deciding("fees", at(day), plain)
    return None if found is None else found.version


def test_the_turn_that_began_last_decides_whenever_it_was_recorded() -> None:
    turns = turns_of(
        [turn(1, 1, "2026-01-01"), turn(2, 3, "2026-02-01", "2026-03-01"), turn(3, 2, "2026-02-20", "2026-02-10")]
    )
    days = ["2025-12-31", "2026-01-01", "2026-02-09", "2026-02-10", "2026-02-28", "2026-03-01"]
    assert [on(turns, day) for day in days] == [None, 1, 1, 2, 2, 3]


def test_what_was_known_then_leaves_out_what_was_recorded_later() -> None:
    turns = turns_of([turn(1, 1, "2026-01-01"), turn(2, 2, "2026-02-20", "2026-02-10")])
    assert on(turns, "2026-02-15") == 2
    assert on(turns.known(at("2026-02-19")), "2026-02-15") == 1


def test_a_rollback_takes_back_what_was_planned_and_is_followed_by_what_is_activated_after_it() -> None:
    planned = [turn(1, 1, "2026-01-01"), turn(2, 2, "2026-02-01"), turn(3, 3, "2026-02-02", "2026-04-01")]
    back = [*planned, turn(4, 1, "2026-03-01", rollback=True)]
    assert [on(turns_of(back), day) for day in ("2026-02-28", "2026-03-01", "2026-05-01")] == [2, 1, 1]
    assert on(turns_of(back).known(at("2026-02-28")), "2026-05-01") == 3, "that was the plan then"
    assert on(turns_of([*back, turn(5, 4, "2026-03-02", "2026-04-01")]), "2026-05-01") == 4


def test_a_season_decides_on_its_days_and_a_rollback_ends_it() -> None:
    season = Effective(dt.date(2026, 2, 1), dt.date(2026, 2, 28), season=True)
    changes = [turn(1, 1, "2026-01-01"), turn(2, 2, "2026-01-15", "2026-02-01"), turn(3, 3, "2026-01-15", "2026-02-10")]

    def days(version: int) -> Effective | None:
        return season if version == 2 else None

    def decide(turns: Turns, day: str) -> int:
        found = turns.deciding("fees", at(day), days)
        assert found is not None
        return found.version

    turns = turns_of(changes)
    assert [decide(turns, day) for day in ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")] == [1, 2, 2, 3]
    assert decide(turns_of([*changes, turn(4, 1, "2026-02-20", rollback=True)]), "2026-02-21") == 1


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5), st.none() | st.integers(0, 9), st.booleans()), max_size=5),
    st.integers(0, 10),
)
def test_all_servers_agree_in_whatever_order_they_read_the_same_entries(
    said: list[tuple[int, int, int | None, bool]], day: int
) -> None:
    start = at("2026-01-01")

    def after(days: int | None) -> str | None:
        return None if days is None else str((start + dt.timedelta(days=days)).date())

    changes = [
        turn(number, version, after(recorded) or "", None if rollback else after(begins), rollback=rollback)
        for number, (version, recorded, begins, rollback) in enumerate(said)
    ]
    moment = start + dt.timedelta(days=day)
    orders = [turns_of(order) for order in permutations(changes)]
    assert len({(turns.void, tuple(turns.of.get("fees", ()))) for turns in orders}) == 1
    assert len({turns.deciding("fees", moment, plain) for turns in orders}) == 1


def life(*changes: Change, needed: int = 1) -> Life:
    return Life("fees", turns_of(changes), needed)


SUBMITTED = change(1, Step.SUBMISSION, 1, "2026-01-01", "asha")


def approval(number: int, who: str, of: Change = SUBMITTED, version: int = 1) -> Change:
    return change(number, Step.APPROVAL, version, "2026-01-02", who, of=of.id)


def test_a_version_goes_from_draft_to_submitted_approved_planned_active_replaced_and_withdrawn() -> None:
    now = at("2026-02-01")
    steps = [SUBMITTED, approval(2, "bela"), turn(3, 1, "2026-01-03", "2026-03-01")]
    states = [life(*steps[:count]).state(1, now, plain) for count in range(4)]
    assert states == [State.DRAFT, State.SUBMITTED, State.APPROVED, State.PLANNED]
    later = at("2026-03-02")
    assert life(*steps).state(1, later, plain) is State.ACTIVE
    replaced = [*steps, turn(4, 2, "2026-03-01", "2026-03-02")]
    assert life(*replaced).state(1, later, plain) is State.REPLACED
    back = [*replaced, turn(5, 1, "2026-03-03", rollback=True)]
    assert [life(*back).state(each, at("2026-03-04"), plain) for each in (1, 2)] == [State.ACTIVE, State.WITHDRAWN]


def test_two_are_needed_where_two_are_asked_for_and_one_who_approves_twice_is_one() -> None:
    once, again = approval(2, "bela"), approval(3, "bela")
    assert life(SUBMITTED, once, again, needed=2).state(1, at("2026-02-01"), plain) is State.SUBMITTED
    assert life(SUBMITTED, once, approval(4, "chen"), needed=2).state(1, at("2026-02-01"), plain) is State.APPROVED


def test_what_was_approved_of_an_earlier_submission_is_void() -> None:
    again = change(3, Step.SUBMISSION, 1, "2026-01-03")
    assert life(SUBMITTED, approval(2, "bela"), again).state(1, at("2026-02-01"), plain) is State.SUBMITTED


def refused(message: str) -> pytest.RaisesExc[StepRefused]:
    return pytest.raises(StepRefused, match=message)


def test_nobody_approves_their_own_and_nobody_twice() -> None:
    def approve(known: Life, who: str) -> None:
        rules.check_approval(known, rules.to_approve(known, 1, at("2026-02-01"), plain), 1, who)

    with refused("asha submitted `fees@1`, and one's own approval does not count"):
        approve(life(SUBMITTED), "asha")
    for spelling in ("ASHA", " asha ", "\uff41sha"):
        with refused(f"{spelling} submitted `fees@1`, and one's own approval does not count"):
            approve(life(SUBMITTED), spelling)
    with refused("bela has approved `fees@1` already"):
        approve(life(SUBMITTED, approval(2, "bela"), needed=2), "bela")
    with refused("`fees@1` was not submitted"):
        approve(life(), "bela")


def test_a_number_is_neither_skipped_nor_taken_again() -> None:
    active = [SUBMITTED, approval(2, "bela"), turn(3, 1, "2026-01-03")]
    with refused("`fees@3` skips version 2"):
        rules.check_submission(life(*active), [text(3)], 1)
    with refused("`fees@1` was activated, and an activated version stays as it is"):
        rules.check_submission(life(*active), [text(1, "sha256:other")], 1)
    with refused("`fees@1` was submitted already by asha"):
        rules.check_submission(life(SUBMITTED), [text(1)], 1)
    with refused("`fees@2` comes too late: version 3 was activated already"):
        rules.check_submission(life(turn(1, 1, "2026-01-01"), turn(2, 3, "2026-01-02")), [text(2)], 1)
    rules.check_submission(life(*active), [text(2)], 1)
    rules.check_submission(life(), [text(4)], 4)


OPEN = Effective(dt.date(2026, 1, 1))


def test_an_activation_needs_its_approvals_a_day_of_its_own_and_for_the_past_a_reason() -> None:
    now = at("2026-02-01") + NOON
    approved = [SUBMITTED, approval(2, "bela")]
    with refused("`fees@1` is not approved"):
        rules.check_activation(life(SUBMITTED), OPEN, 1, None, "", now)
    with refused("from 2026-01-10 on other versions have decided"):
        rules.check_activation(life(*approved), OPEN, 1, at("2026-01-10"), "", now)
    with refused("`fees@1` says that it is in force from 2026-03-01, and 2026-02-01 is before that"):
        rules.check_activation(life(*approved), Effective(dt.date(2026, 3, 1)), 1, None, "", now)
    with refused("`fees@1` says that 2026-01-31 is its last day"):
        rules.check_activation(life(*approved), Effective(OPEN.start, dt.date(2026, 1, 31)), 1, None, "", now)
    with refused("`fees@7` begins on 2026-03-01, too"):
        planned = turn(3, 7, "2026-01-03", "2026-03-01")
        rules.check_activation(life(*approved, planned), OPEN, 1, at("2026-03-01"), "", now)
    assert rules.check_activation(life(*approved), OPEN, 1, None, "", now) is SUBMITTED
    with refused("`fees@1` was activated already"):
        rules.check_activation(life(*approved, turn(3, 1, "2026-01-03")), OPEN, 1, None, "", now)


def test_a_way_back_takes_an_approval_of_somebody_else_or_an_operator_and_always_a_reason() -> None:
    now = at("2026-03-01")
    active = [turn(1, 1, "2026-01-01"), (second := turn(2, 2, "2026-02-01"))]
    approved = life(*active, approval(3, "bela", second, 1))
    with refused("going back to `fees@1` is not approved: 0 of 1"):
        rules.check_rollback(life(*active), 1, "asha", "approver", "wrong prices", now, plain)
    with refused("is not approved: 0 of 1 needed approvals, and that of bela does not count, as they go back"):
        rules.check_rollback(approved, 1, "bela", "approver", "wrong prices", now, plain)
    with refused("going back to `fees@1` needs a reason"):
        rules.check_rollback(approved, 1, "asha", "operator", "", now, plain)
    with refused("`fees@2` decides already"):
        rules.check_rollback(approved, 2, "asha", "operator", "wrong prices", now, plain)
    with refused("`fees@3` has never decided"):
        rules.check_rollback(approved, 3, "asha", "operator", "wrong prices", now, plain)
    assert rules.check_rollback(approved, 1, "asha", "approver", "wrong prices", now, plain) is active[0]
    assert rules.check_rollback(life(*active), 1, "asha", "operator", "wrong prices", now, plain) is active[0]
