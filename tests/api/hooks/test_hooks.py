"""An event that a source has signed is one decision on record; what is not signed, or cannot be decided, is none."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
import time
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from answers import QUOTE, error_in
from flask.testing import FlaskClient
from senders import (
    OLD_SECRET,
    OLD_STRIPE_SECRET,
    by_standard,
    by_stripe,
    payment_failed,
    usage,
)
from werkzeug.test import TestResponse

from ordain.api.http.app import app_for
from ordain.api.services import Services
from ordain.audit.ledger.reader import Record
from ordain.audit.limits import LIMITS
from ordain.audit.privacy.erasure import erase
from ordain.audit.records.replay import Replayer

STRIPE, CRM = "/v1/hooks/stripe", "/v1/hooks/crm"
LONG = int("1234567890" * 4)
"""A number of more digits than the engine has."""
EACH = pytest.mark.parametrize("use", ["sqlite", "postgresql"], indirect=True)
"""Each kind of database."""


def decisions(use: Services) -> list[Record]:
    use.ledger.settle()
    reader = use.ledger.reader
    found = [reader.record(entry.id) for entry in reader.entries() if entry.read()["kind"] == "decision"]
    return [each for each in found if each is not None]


def post(client: FlaskClient, path: str, body: bytes, headers: dict[str, str]) -> TestResponse:
    return client.post(path, data=body, headers=headers)


@EACH
def test_an_event_signed_by_stripes_package_is_one_decision_on_record(use: Services, client: FlaskClient) -> None:
    body = payment_failed()
    told = post(client, STRIPE, body, by_stripe(body))
    assert told.status_code == 200
    answer = told.get_json()
    [record] = decisions(use)
    assert answer == {
        "source": "stripe",
        "event": "evt_1",
        "type": "invoice.payment_failed",
        "result": "decided",
        "decision_id": str(record.entry.id),
    }
    private: Any = record.private
    assert (record.envelope["service"], private["subject"]) == ("retention", "cus_9")
    assert private["caller"] == {"name": "hook:stripe", "event": "evt_1"}
    assert private["facts"]["churn_risk"]["value"] == "0.8500"
    assert "offer" not in told.text  # a sender of events is not who acts on what was decided


def test_an_event_signed_by_the_package_of_standard_webhooks_is_decided(use: Services, client: FlaskClient) -> None:
    body = usage()
    assert post(client, CRM, body, by_standard(body)).get_json()["result"] == "decided"
    [record] = decisions(use)
    private: Any = record.private
    assert private["caller"] == {"name": "hook:crm", "event": "msg_1"}
    assert private["outcome"]["advice"]["action"] == "plan up"


@EACH
def test_an_event_that_comes_again_is_known_by_its_id_whatever_its_bytes(use: Services, client: FlaskClient) -> None:
    first = payment_failed()
    again = payment_failed().replace(b'"pending_webhooks": 1', b'"pending_webhooks": 0')
    assert again != first
    decided = post(client, STRIPE, first, by_stripe(first)).get_json()
    repeated = post(client, STRIPE, again, by_stripe(again)).get_json()
    assert repeated == {**decided, "result": "repeated"}
    assert len(decisions(use)) == 1


def test_the_same_id_of_another_source_is_another_event(use: Services, client: FlaskClient) -> None:
    body = payment_failed("same")
    post(client, STRIPE, body, by_stripe(body))
    assert post(client, CRM, usage(), by_standard(usage(), "same")).get_json()["result"] == "decided"
    assert len(decisions(use)) == 2


@EACH
def test_an_event_that_many_send_at_once_is_one_decision(use: Services, client: FlaskClient) -> None:
    body, told, start = usage(), [], threading.Barrier(8, timeout=60)
    clients = [app_for(use).test_client() for _ in range(8)]  # a process makes one application, and not at once

    def send(other: FlaskClient) -> None:
        start.wait()
        told.append(post(other, CRM, body, by_standard(body)).get_json())

    threads = [threading.Thread(target=send, args=(other,)) for other in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each["result"] for each in told) == ["decided"] + ["repeated"] * 7
    assert len({each["decision_id"] for each in told}) == 1
    assert len(decisions(use)) == 1


@EACH
def test_an_event_is_known_for_weeks_and_after_the_person_was_erased(
    use: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = usage()
    decided = post(client, CRM, body, by_standard(body)).get_json()
    repeats = use.ledger.repeats
    real = repeats._now
    monkeypatch.setattr(repeats, "_now", lambda: real() + dt.timedelta(days=34))
    assert repeats.forget_old() == 0
    assert repeats.forget_old() == 0  # from where the first look ended
    erase(use.ledger, "C-9", private={"actor": "tests"})
    assert post(client, CRM, body, by_standard(body)).get_json() == {**decided, "result": "repeated"}
    monkeypatch.setattr(repeats, "_now", lambda: real() + dt.timedelta(seconds=LIMITS.lasting_kept + 60))
    assert repeats.forget_old() == 1


def test_types_that_nothing_names_are_taken_and_leave_no_record(use: Services, client: FlaskClient) -> None:
    other = payment_failed().replace(b"invoice.payment_failed", b"invoice.paid")
    test_mode = payment_failed().replace(b'"livemode": true', b'"livemode": false')
    no_type = usage().replace(b'"type"', b'"kind"')
    for path, body, headers in (
        (STRIPE, other, by_stripe(other)),
        (STRIPE, test_mode, by_stripe(test_mode)),
        (CRM, no_type, by_standard(no_type)),
    ):
        told = post(client, path, body, headers)
        assert (told.status_code, told.get_json()["result"]) == (200, "not mapped")
    assert decisions(use) == []


def test_a_denial_is_on_record_and_the_event_settled(use: Services, client: FlaskClient) -> None:
    facts = {**QUOTE, "personal_data_inputs": ["religion"]}
    body = json.dumps({"type": "quote.asked", "data": {"customer": "C-1", "facts": facts}}).encode()
    decided = post(client, CRM, body, by_standard(body))
    assert (decided.status_code, decided.get_json()["result"]) == (200, "decided")
    [record] = decisions(use)
    assert decided.get_json()["decision_id"] == str(record.entry.id)
    assert record.envelope["outcome_class"] == "deny"
    assert post(client, CRM, body, by_standard(body)).get_json()["result"] == "repeated"


def test_what_is_not_signed_rightly_gets_one_answer_that_says_nothing_of_why(
    use: Services, client: FlaskClient
) -> None:
    body = payment_failed()
    good = by_stripe(body)["Stripe-Signature"]
    told = set()
    for headers in (
        {},
        {"Stripe-Signature": ""},
        {"Stripe-Signature": "t=1"},
        {"Stripe-Signature": good[:-1] + ("0" if good[-1] != "0" else "1")},
        {"Stripe-Signature": good.replace("v1=", "v0=")},
        {"Stripe-Signature": good + ",t=5"},
        {"Stripe-Signature": good.replace("t=", "t=0x")},
        by_stripe(body, OLD_STRIPE_SECRET),
        by_stripe(body + b" "),
        by_stripe(body, OLD_STRIPE_SECRET, at=0),
        by_standard(body),
        {"Stripe-Signature": "t=1,v1=\u20ac".encode().decode("latin-1")},
    ):
        answer = post(client, STRIPE, body, headers)
        error = error_in(answer.data)
        told.add((answer.status_code, error["code"], error["message"], str(error["details"])))
    assert {each[:2] for each in told} == {(400, "SignatureRefused")}
    assert len(told) == 1
    assert decisions(use) == []


@pytest.mark.parametrize("seconds", [-90, 90])
def test_what_was_signed_too_long_ago_or_ahead_is_refused(use: Services, client: FlaskClient, seconds: int) -> None:
    body, at = usage(), dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    told = post(client, CRM, body, by_standard(body, at=at))
    assert (told.status_code, error_in(told.data)["code"]) == (400, "EventTooOld")
    assert "60 seconds" in error_in(told.data)["message"]
    assert post(client, CRM, body, by_standard(body, secret=OLD_SECRET, at=at)).get_json()["error"]["code"] == (
        "SignatureRefused"
    )
    assert decisions(use) == []


def test_who_is_no_source_is_told_so_and_no_names(client: FlaskClient) -> None:
    told = post(client, "/v1/hooks/stripes", b"{}", {})
    assert (told.status_code, error_in(told.data)["code"]) == (404, "UnknownHook")
    assert "crm" not in told.text


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"not json", "MalformedRequest", "the event is not JSON"),
        (b"[1]", "MalformedRequest", "the event must be an object"),
        (b'{"type": 5}', "MalformedRequest", "`type` is the number `5`"),
        (usage().replace(b'"plan_gb": 100', b'"plan": 1'), "DataQualityIssue", "the context has no `plan_gb`"),
        (usage(plan_gb="much"), "DataQualityIssue", "`plan_gb`"),
        (usage(plan_gb=None), "CustomerDataIncomplete", "`plan_gb`"),
        (usage(note=json.loads("[" * 200 + "]" * 200)), "DataQualityIssue", "levels deep"),
        (usage(plan_gb=LONG), "DataQualityIssue", "more than 34 digits"),
        (usage(customer=5), "DataQualityIssue", "`subject`: `event.data.customer` gives a number, not a text"),
        (usage(customer=" "), "MalformedRequest", "`subject` must be a text"),
        (usage(customer="\ud800"), "MalformedRequest", "invalid Unicode"),
    ],
)
def test_what_cannot_be_decided_is_told_in_plain_words_and_left_to_be_sent_again(
    use: Services, client: FlaskClient, body: bytes, code: str, message: str
) -> None:
    told = post(client, CRM, body, by_standard(body))
    error = error_in(told.data)
    assert (told.status_code, error["code"]) == (400 if code == "MalformedRequest" else 422, code)
    assert message in error["message"]
    assert decisions(use) == []
    assert post(client, CRM, usage(), by_standard(usage())).get_json()["result"] == "decided"


def test_a_long_number_is_the_text_of_it_and_keeps_no_event_out_that_does_not_count_with_it(
    use: Services, client: FlaskClient
) -> None:
    unread = usage(invoices=[{"number": LONG}])
    assert post(client, CRM, unread, by_standard(unread)).get_json()["result"] == "decided"
    name = usage(customer=LONG)
    assert post(client, CRM, name, by_standard(name, "msg_2")).get_json()["result"] == "decided"
    [_, record] = decisions(use)
    private: Any = record.private
    assert private["subject"] == str(LONG)


def test_the_log_tells_which_event_could_not_be_decided_and_nothing_of_what_is_in_it(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    body = usage(plan_gb="Mrs Smith's")
    with caplog.at_level(logging.WARNING, logger="ordain"):
        post(client, CRM, body, by_standard(body))
    [line] = [record.getMessage() for record in caplog.records]
    assert line == (
        "hook `crm`: the event `msg_1` of type `usage.measured` was not decided: DataQualityIssue (plan_gb)"
    )


def test_a_stopped_service_is_asked_again_later(use: Services, client: FlaskClient) -> None:
    use.stopped.stop("plan-advice", "wrong", "tests")
    body = usage()
    told = post(client, CRM, body, by_standard(body))
    assert (told.status_code, error_in(told.data)["code"]) == (503, "ServiceStopped")
    assert "Retry-After" in told.headers
    use.stopped.start("plan-advice", "right", "tests")
    assert post(client, CRM, body, by_standard(body)).get_json()["result"] == "decided"


def test_a_body_that_is_too_large_is_refused(use: Services, client: FlaskClient) -> None:
    body = usage(note="x" * use.settings.max_body_bytes)
    told = post(client, CRM, body, by_standard(body))
    assert (told.status_code, error_in(told.data)["code"]) == (413, "RequestTooLarge")


def test_while_a_secret_is_changed_both_are_taken(use: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    source = use.hooks.source("stripe")
    both = replace(source, secrets=source.scheme.secrets_in(f"{OLD_STRIPE_SECRET}\n{source.secrets[0].decode()}"))
    body = payment_failed()
    for secret in (OLD_STRIPE_SECRET, source.secrets[0].decode()):
        headers = {name.lower(): value for name, value in by_stripe(body, secret).items()}
        both.check(headers.get, body, time.time())


def test_the_decision_of_an_event_replays(use: Services, client: FlaskClient) -> None:
    body = payment_failed()
    decision_id = post(client, STRIPE, body, by_stripe(body)).get_json()["decision_id"]
    record = use.ledger.reader.record(UUID(decision_id))
    assert record is not None
    replay = Replayer(use.ledger.reader).replay(record)
    assert replay, replay.differs
    assert replay.replayed
