"""What an entry becomes as an event: all that its envelope says, and what is personal only for who may have it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from answers import ADVICE, NOON, QUOTE, RETENTION

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.events.endpoints import Endpoint
from ordain.api.events.event import DELIVERS
from ordain.api.events.event_pages import Wanted, page_of
from ordain.api.events.outbox import Outbox
from ordain.api.services import Services
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.outgoing import KEYLESS, NOBODY
from ordain.audit.privacy.erasure import erase
from ordain.audit.records.follow_ups import settle
from ordain.engine.errors import ComplianceViolation
from ordain.engine.policy.model import Verdict

SUBJECT = "C-SECRET-7"


def _outbox(use: Services, **more: Any) -> Outbox:
    return Outbox(use.ledger, Endpoint("crm", "https://example.com", ("ordain.*",), **more))


def _decided(use: Services, subject: str = SUBJECT) -> tuple[dict[str, Any], int]:
    """The answer as an app got it, and its leaf."""
    answer = json.loads(decide(make_ask("plan-advice", subject, ADVICE, None), use).as_bytes())
    entry = use.ledger.reader.entry(UUID(answer["decision_id"]))
    assert entry is not None
    assert entry.leaf_index is not None
    return answer, entry.leaf_index


def _settled(use: Services) -> tuple[str, int]:
    """The id of a decision whose review a person settled, and the leaf of that."""
    ask = make_ask(
        "retention", SUBJECT, {**RETENTION, "churn_risk": Decimal("0.85"), "vulnerable_customer": True}, NOON
    )
    decision_id = decide(ask, use).receipt.entry_id
    record = use.ledger.reader.record(UUID(decision_id))
    assert record is not None
    followed = settle(use.ledger, record, Verdict.PERMIT, "agreed", {"actor": "ana"})
    use.ledger.settle()
    entry = use.ledger.reader.entry(UUID(followed.entry_id))
    assert entry is not None
    assert entry.leaf_index is not None
    return decision_id, entry.leaf_index


def test_what_follows_on_a_decision_names_it_to_who_may_have_what_is_sealed(use: Services) -> None:
    decision_id, leaf = _settled(use)
    [public] = _outbox(use).events(leaf)
    assert (public["type"], decision_id in json.dumps(public)) == ("ordain.settled.recorded", False)
    for more in ({"subjects": True}, {"answer": True}):
        [event] = _outbox(use, **more).events(leaf)
        assert event["data"]["decision_id"] == decision_id
    assert len(_reads(use)) == 2


def _reads(use: Services) -> list[dict[str, Any]]:
    return [data for entry in use.ledger.reader.entries() if (data := entry.read())["kind"] == Kind.READ]


def test_an_event_says_what_the_envelope_says_and_nothing_of_a_person(use: Services) -> None:
    answer, leaf = _decided(use)
    event = _outbox(use).events(leaf)[0]
    assert (event["specversion"], event["type"]) == ("1.0", "ordain.decision.recorded")
    assert event["id"] == answer["decision_id"]
    assert event["source"] == use.ledger.identity.origin
    assert event["sequence"] == f"{leaf:016}"
    assert event["data"]["receipt"] == answer["receipt"]
    assert event["data"]["policies"] == ["plan-advice@1"]
    assert event["data"]["service"] == "plan-advice"
    assert "plan-advice@1/nearly-full" in event["data"]["reason_codes"]
    assert SUBJECT not in json.dumps(event)
    assert "95" not in json.dumps(event["data"]["reason_codes"])
    assert "subject" not in event
    assert _reads(use) == [], "nobody's data were read"


def test_an_endpoint_that_may_have_it_gets_the_answer_as_the_app_got_it(use: Services) -> None:
    answer, leaf = _decided(use)
    event = _outbox(use, answer=True).events(leaf)[0]
    assert event["data"]["answer"] == answer
    assert "subject" not in event
    assert _outbox(use, subjects=True).events(leaf)[0]["subject"] == SUBJECT


def test_giving_it_is_on_record_once_in_a_stretch_and_makes_no_event(use: Services) -> None:
    leaves = [_decided(use, f"C-{number}")[1] for number in range(3)]
    outbox = _outbox(use, answer=True, subjects=True)
    for leaf in leaves:
        outbox.events(leaf)
    (noted,) = _reads(use)
    first = use.ledger.reader.entries(leaves[0])
    assert noted["about"] == {"action": DELIVERS, "endpoint": "crm", "from": str(next(first).id), "seconds": 60}
    wanted, ahead = outbox.read(0)
    assert [leaf for leaf, _ in wanted] == [0, *leaves]
    assert ahead == leaves[-1] + 2
    assert len(page_of(use.ledger, -1, Wanted()).events) == 4


def test_an_erased_persons_event_goes_out_without_data_and_says_so(use: Services) -> None:
    _, leaf = _decided(use)
    outbox = _outbox(use, answer=True, subjects=True)
    erase(use.ledger, SUBJECT, private={"actor": "tests"})
    event = outbox.events(leaf)[0]
    assert event["data"]["private"] == "erased"
    assert "answer" not in event["data"]
    assert SUBJECT not in json.dumps(event)
    assert dict(outbox.read(0)[0])[leaf] == KEYLESS


def test_an_outcome_that_no_app_is_given_is_given_to_no_endpoint(use: Services) -> None:
    denied = {name: Decimal(str(value)) if isinstance(value, float) else value for name, value in QUOTE.items()}
    denied["personal_data_inputs"] = ["usage", "race"]
    with pytest.raises(ComplianceViolation):
        decide(make_ask("price-quote", SUBJECT, denied, NOON), use)
    event = _outbox(use, answer=True).events(use.ledger.reader.size() - 1)[0]
    assert event["data"]["verdict"] == "deny"
    assert event["data"]["private"] == "refused"
    assert "answer" not in event["data"]


def test_entries_of_one_person_stand_in_one_line_and_those_of_nobody_in_another(use: Services) -> None:
    leaves = [_decided(use, subject)[1] for subject in ("C-1", "C-2", "C-1")]
    lines = dict(_outbox(use).read(0)[0])
    assert lines[leaves[0]] == lines[leaves[2]] != lines[leaves[1]]
    assert lines[0] == NOBODY


def test_a_page_goes_on_after_the_last_and_has_what_is_wanted(use: Services) -> None:
    leaves = [_decided(use)[1] for _ in range(3)]
    page = page_of(use.ledger, -1, Wanted(("ordain.decision.*",)), most=2)
    assert [int(event["sequence"]) for event in page.events] == leaves[:2]
    rest = page_of(use.ledger, page.after, Wanted(("ordain.decision.*",), ("plan-advice",)), most=2)
    assert [int(event["sequence"]) for event in rest.events] == leaves[2:]
    assert (page.ended, rest.ended) == (False, True)
    assert page_of(use.ledger, -1, Wanted(services=("retention",))).events == []
