"""What apps have confirmed as done is compared with what was decided, and with what persons settled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

import pytest
from reading_sample import CALL, LOOKED_AT, NO_CALL, PRICE, Sample, sample

from ordain.audit.entry.entry import Kind
from ordain.audit.records.actions import actions_on_record
from ordain.audit.records.follow_ups import confirm, settle
from ordain.audit.records.reconcile import Rules, Wrong, reconcile
from ordain.engine.policy.model import Verdict

BY = {"actor": "anna"}


@pytest.fixture
def made(url: str) -> Iterator[Sample]:
    with sample(url) as opened:
        yield opened


def performed(made: Sample, decision_id: UUID, outcome: object) -> None:
    said = {"at": made.clock.tick().isoformat(), "outcome": outcome, "actor": "shop"}
    confirm(made.use, made.record(decision_id), Kind.PERFORMED, said)


def findings(made: Sample) -> list[tuple[Wrong, str | None]]:
    made.use.settle()
    actions = actions_on_record(made.reader)
    assert all(made.clock.at >= action.time for action in actions if action.time)
    done = reconcile(actions, made.reader, Rules(within=dt.timedelta(days=1)))
    return [(finding.wrong, finding.decision_id) for finding in done.findings]


def test_what_was_charged_as_decided_agrees(made: Sample) -> None:
    price = made.decide("C-1", PRICE, "price-quote")
    performed(made, price, {"price": {"amount": "550.0", "currency": "INR"}})
    assert findings(made) == []


def test_another_amount_or_currency_differs(made: Sample) -> None:
    one, other = (made.decide("C-1", PRICE, "price-quote") for _ in range(2))
    performed(made, one, {"price": {"amount": "551", "currency": "INR"}})
    performed(made, other, {"price": {"amount": "550", "currency": "USD"}})
    assert findings(made) == [(Wrong.DIFFERS, str(one)), (Wrong.DIFFERS, str(other))]


def test_what_was_denied_or_waits_for_a_person_may_not_be_done(made: Sample) -> None:
    denied, waits = made.decide("C-1", NO_CALL), made.decide("C-2", LOOKED_AT)
    for each in (denied, waits):
        performed(made, each, {})
    assert findings(made) == [(Wrong.DENIED, str(denied)), (Wrong.REVIEW, str(waits))]


@pytest.mark.parametrize(("verdict", "wrong"), [(Verdict.PERMIT, []), (Verdict.DENY, [Wrong.DENIED])])
def test_a_review_counts_as_the_person_left_it(made: Sample, verdict: Verdict, wrong: list[Wrong]) -> None:
    waits = made.decide("C-2", LOOKED_AT)
    made.use.settle()
    settle(made.use, made.record(waits), verdict, "called", BY)
    performed(made, waits, {"offer": {"action": "personal call"}})
    assert [each for each, _ in findings(made)] == wrong


def test_what_was_done_before_a_person_permitted_it_was_done_without(made: Sample) -> None:
    waits = made.decide("C-2", LOOKED_AT)
    performed(made, waits, {})
    made.clock.at += dt.timedelta(minutes=1)
    settle(made.use, made.record(waits), Verdict.PERMIT, "called", BY)
    assert findings(made) == [(Wrong.REVIEW, str(waits))]


def test_a_review_that_a_person_permitted_and_nobody_carried_out_is_not_done(made: Sample) -> None:
    done, waits = made.decide("C-1", CALL), made.decide("C-2", LOOKED_AT)
    performed(made, done, {})
    made.use.settle()
    settle(made.use, made.record(waits), Verdict.PERMIT, "called", BY)
    made.use.settle()
    since = made.clock.at - dt.timedelta(minutes=1)
    actions = actions_on_record(made.reader)
    late = [*actions, type(actions[0])(99, None, "nobody", "retention", since)]
    wrongs = [(each.wrong, each.decision_id) for each in reconcile(late, made.reader).findings]
    assert (Wrong.NOT_DONE, str(waits)) in wrongs
