"""A request that is sent again under its `Idempotency-Key` gets the answer that it got, and decides nothing."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, NOON, QUOTE, RETENTION, body, error_in
from batching import batch
from databases import database
from flask.testing import FlaskClient
from served import Reply, Server, edit, settings_in
from test_not_recorded import held_by_another_process
from werkzeug.test import TestResponse

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.audit.privacy.erasure import erase
from ordain.audit.privacy.retention import retain
from ordain.audit.store.sqlite import SqliteStore

ADVISE, KEY = "/v1/decisions/plan-advice", "Idempotency-Key"
DENIED = {**QUOTE, "personal_data_inputs": ["religion"]}


@pytest.fixture(params=["sqlite", "postgresql"])
def use(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """The service wired, on each kind of database."""
    with ExitStack() as stack:
        more: dict[str, object] = {"busy_seconds": 5}  # nothing here is meant to be busy, however slow the machine is
        if request.param == "postgresql":
            more["database_url"] = stack.enter_context(database())
        wired = wire(settings_in(tmp_path, **more))
        yield wired
        wired.close()


def post(client: FlaskClient, key: str, sent: bytes, service: str = "plan-advice") -> TestResponse:
    return client.post(f"/v1/decisions/{service}", data=sent, headers={KEY: key})


def recorded(use: Services) -> int:
    use.ledger.settle()
    return use.ledger.reader.size() - 1


def test_the_same_bytes_are_answered_byte_for_byte_and_recorded_once(use: Services, client: FlaskClient) -> None:
    first = post(client, "k", body(ADVICE))
    assert (first.status_code, first.headers.get("Idempotency-Replayed")) == (200, None)
    for _ in range(2):
        again = post(client, "k", body(ADVICE))
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
        assert again.data == first.data
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert post(client, "k2", body(ADVICE)).data != first.data
    assert recorded(use) == 2


def test_scores_reasons_and_obligations_come_back_as_they_were(use: Services, client: FlaskClient) -> None:
    sent = body(RETENTION, at=NOON)
    first, again = (post(client, "k", sent, "retention") for _ in range(2))
    assert first.get_json()["reasons"]
    assert again.data == first.data
    assert recorded(use) == 1


def test_another_body_or_service_under_the_key_is_refused_and_decides_nothing(
    use: Services, client: FlaskClient
) -> None:
    post(client, "k", body(ADVICE))
    for reply in (
        post(client, "k", body(ADVICE, at=NOON)),
        post(client, "k", body(ADVICE) + b" "),
        post(client, "k", body(RETENTION), "retention"),
    ):
        error = error_in(reply.data)
        assert (reply.status_code, error["code"]) == (422, "IdempotencyKeyReused")
        assert "Idempotency-Replayed" not in reply.headers
    assert recorded(use) == 1


def test_what_its_service_refused_is_refused_again_with_the_same_decision(use: Services, client: FlaskClient) -> None:
    first, again = (post(client, "k", body(DENIED, at=NOON), "price-quote") for _ in range(2))
    errors = [error_in(reply.data) for reply in (first, again)]
    assert [reply.status_code for reply in (first, again)] == [422, 422]
    assert errors[0]["code"] == "ComplianceViolation"
    told = ("code", "message", "details", "severity")
    assert [errors[0][name] for name in told] == [errors[1][name] for name in told]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert recorded(use) == 1


def test_an_error_that_recorded_nothing_is_not_kept(tmp_path: Path, client: FlaskClient, use: Services) -> None:
    missing = {"usage_gb": 95}
    for _ in range(2):
        assert post(client, "k", body(missing)).status_code == 422
    assert post(client, "k", body(ADVICE)).status_code == 200, "the key is free"
    if isinstance(use.ledger.store, SqliteStore):
        with held_by_another_process(tmp_path / "ordain.db"):
            assert error_in(post(client, "k2", body(ADVICE)).data)["code"] == "NotRecorded"
        reply = post(client, "k2", body(ADVICE))
        assert (reply.status_code, reply.headers.get("Idempotency-Replayed")) == (200, None)


def test_a_policy_that_changed_meanwhile_changes_no_answer_of_before(tmp_path: Path, policies: Path) -> None:
    sent = body(ADVICE, at=NOON)
    for number in range(2):
        wired = wire(settings_in(tmp_path, policies=policies))
        reply = post(app_for(wired).test_client(), "k", sent)
        wired.close()
        if number == 0:
            first = reply.data
            newer = Path(shutil.copy(policies / "plan-advice/v1.yaml", policies / "plan-advice/v2.yaml"))
            edit(newer, "version: 1", "version: 2")
            edit(newer, "effective: 2026-01-01", "effective: 2026-05-01")
            edit(newer, "The next plan up fits your usage better.", "Take the next plan.")
    assert reply.data == first
    assert b"Take the next plan." not in reply.data


@pytest.mark.parametrize("how", ["erased", "restricted", "expired"])
def test_an_answer_that_is_gone_is_told_as_gone_and_nothing_is_decided(
    use: Services, client: FlaskClient, how: str
) -> None:
    decided = post(client, "k", body(ADVICE)).get_json()["decision_id"]
    private: dict[str, Any] = {"by": "test"}
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    if how == "expired":
        retain(use.ledger, tomorrow, private=private)
    else:
        erase(use.ledger, "C-1", private=private, not_before=tomorrow.date() if how == "restricted" else None)
    before = recorded(use)
    reply = post(client, "k", body(ADVICE))
    error = error_in(reply.data)
    assert (reply.status_code, error["code"]) == (410, "AnswerGone")
    assert decided in error["details"][0]["hint"]
    assert "plan up" not in reply.text
    assert recorded(use) == before
    assert post(client, "k", body(ADVICE, at=NOON)).status_code == 422, "what was asked is still known"


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\xfc", "a\tb"])
def test_a_key_of_another_form_is_refused(server: Server, key: str) -> None:
    before = server.entries()
    reply = server.ask("POST", ADVISE, body(ADVICE), {KEY: key})
    assert (reply.status, error_in(reply.body)["code"]) == (400, "MalformedRequest")
    assert "1 to 255 visible ASCII characters" in error_in(reply.body)["message"]
    reply = server.ask("POST", f"{ADVISE}/batch", body(ADVICE), {KEY: key, "Content-Type": "application/x-ndjson"})
    assert (reply.status, error_in(reply.body)["code"]) == (400, "MalformedRequest")
    assert server.entries() == before


def test_two_keys_are_refused(server: Server) -> None:
    connection = server.connection()
    connection.putrequest("POST", ADVISE)
    for name, value in ((KEY, "a"), (KEY, "b"), ("Content-Length", str(len(body(ADVICE))))):
        connection.putheader(name, value)
    connection.endheaders(body(ADVICE))
    answer = connection.getresponse()
    assert answer.status == 400
    assert "is there 2 times" in error_in(answer.read())["message"]
    connection.close()


@pytest.mark.parametrize("kind", ["sqlite", "sqlite, 2 workers", "postgresql"])
def test_one_key_sent_by_many_at_once_is_one_decision(tmp_path: Path, kind: str) -> None:
    """A server in front, on each database, and with a process that writes for several."""
    turns, clients = 6, 8
    with ExitStack() as stack:
        more = {"ORDAIN_WORKERS": "2"} if "workers" in kind else {}
        more |= {"ORDAIN_DATABASE_URL": stack.enter_context(database())} if kind == "postgresql" else {}
        served = stack.enter_context(Server(tmp_path, **more))
        replies = list[tuple[int, Reply]]()
        together = threading.Barrier(clients)

        def work() -> None:
            for turn in range(turns):
                together.wait()
                reply = served.ask("POST", ADVISE, body(ADVICE, at=NOON), {KEY: f"k{turn}"})
                replies.append((turn, reply))

        threads = [threading.Thread(target=work) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {reply.status for _, reply in replies} == {200}
        assert len({(turn, reply.body) for turn, reply in replies}) == turns
        assert len({reply.body for _, reply in replies}) == turns
        decided = Counter(turn for turn, reply in replies if "idempotency-replayed" not in reply.headers)
        assert decided == dict.fromkeys(range(turns), 1)
        escaped = served.ask("POST", "/v1/decisions/plan%2Dadvice", body(ADVICE, at=NOON), {KEY: "k0"})
        assert escaped.headers["idempotency-replayed"] == "true"
        assert escaped.body in {reply.body for _, reply in replies}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_batch_that_is_sent_again_records_only_what_was_not_recorded(tmp_path: Path, kind: str) -> None:
    lines = [json.dumps({"subject": f"C-{n}", "facts": ADVICE, "at": NOON}).encode() for n in range(30)]
    lines[3] = b'{"subject": "C-3", "facts": {"usage_gb": 95}}'
    lines[5] = b"{"
    with ExitStack() as stack:
        more = {"ORDAIN_DATABASE_URL": stack.enter_context(database())} if kind == "postgresql" else {}
        served = stack.enter_context(Server(tmp_path, **more))
        cut = batch(served, "plan-advice", b"\n".join(lines[:12]), **{KEY: "k"}).body.splitlines()
        whole = batch(served, "plan-advice", b"\n".join(lines), **{KEY: "k"}).body.splitlines()
        assert [whole[n] for n in range(12) if n not in (3, 5)] == [cut[n] for n in range(12) if n not in (3, 5)]
        assert [json.loads(whole[n])["error"]["code"] for n in (3, 5)] == ["CustomerDataIncomplete", "MalformedRequest"]
        lines[3], lines[7] = lines[2], lines[6]
        mended = batch(served, "plan-advice", b"\n".join(lines), **{KEY: "k"}).body.splitlines()
        assert json.loads(mended[3])["outcome"], "what recorded nothing is judged anew"
        wrong = json.loads(mended[7])
        assert (wrong["error"]["code"], wrong["http_status"], wrong["line"]) == ("IdempotencyKeyReused", 422, 8)
        others = [n for n in range(30) if n not in (3, 5, 7)]
        assert [mended[n] for n in others] == [whole[n] for n in others]
        ids = {json.loads(line)["decision_id"] for line in (*whole, *mended) if b"decision_id" in line}
        assert len(ids) == 29
        single = served.ask("POST", ADVISE, lines[0], {KEY: "k"})
        assert "idempotency-replayed" not in single.headers, "a request's key is not that of a line"


def test_a_batch_tells_again_what_its_service_refused(server: Server) -> None:
    line = body(DENIED, at=NOON)
    first, again = (json.loads(batch(server, "price-quote", line, **{KEY: "refused"}).body) for _ in range(2))
    assert first["error"]["code"] == "ComplianceViolation"
    assert again["error"]["details"] == first["error"]["details"]


def test_the_same_batch_sent_twice_at_once_is_decided_once(server: Server) -> None:
    sent = b"\n".join(json.dumps({"subject": f"T-{n}", "facts": ADVICE, "at": NOON}).encode() for n in range(300))
    replies = list[bytes]()
    threads = [
        threading.Thread(target=lambda: replies.append(batch(server, "plan-advice", sent, **{KEY: "twice"}).body))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(replies)) == 1
    assert len(replies[0].splitlines()) == 300
