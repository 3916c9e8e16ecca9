"""A service stopped in an emergency decides nothing, anywhere, until it is started; who did it and why is on record."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import islice, permutations
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, NOON, RETENTION, body, error_in
from databases import database
from flask.testing import FlaskClient
from served import Server, ordain_here, settings_in

from ordain.api.ask import Ask, make_ask
from ordain.api.decide import decide
from ordain.api.services import Services, wire
from ordain.api.stopped import Stopped
from ordain.audit.entry.entry import Kind
from ordain.audit.entry.keys import OPERATION
from ordain.audit.ledger.operations import Operations
from ordain.audit.ledger.reader import Record
from ordain.audit.privacy.erasure import erase
from ordain.audit.privacy.retention import retain
from ordain.engine.errors import ServiceStopped, UnknownSubject

SECONDS = 15
"""How long a test waits for what takes a second."""


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("stops"), ORDAIN_WORKERS="2") as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ordain.db"
    else:
        with database() as made:
            yield made


@pytest.fixture
def wired(url: str, tmp_path: Path) -> Iterator[Services]:
    use = wire(settings_in(tmp_path, database_url=url))
    yield use
    use.close()


def command(server: Server, *arguments: str) -> Any:
    done = ordain_here(server.folder, "service", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def until(server: Server, service: str, status: int) -> None:
    """Waits until so many requests in a row have this status that every worker has answered some of them."""
    deadline, row = time.monotonic() + SECONDS, 0
    while row < 40:
        assert time.monotonic() < deadline, f"not every worker answers {status}"
        row = row + 1 if server.decide(service, "C-1", ADVICE).status == status else 0


def test_all_workers_refuse_a_service_that_a_command_stopped_and_only_that(workers: Server) -> None:
    stopped = command(workers, "stop", "plan-advice", "--reason", "the advice is wrong", "--as", "ana")
    try:
        until(workers, "plan-advice", 503)
        reply = workers.decide("plan-advice", "C-1", ADVICE)
        error = error_in(reply.body)
        assert (error["code"], error["message"]) == (
            "ServiceStopped",
            "the service `plan-advice` was stopped: the advice is wrong",
        )
        assert error["details"][0]["since"] == stopped["since"]
        assert int(reply.headers["retry-after"]) > 0
        assert workers.decide("retention", "C-1", RETENTION, at=NOON).status == 200
        health = workers.get("/healthz").json()
        assert [each["service"] for each in health["stopped"]] == ["plan-advice"]
        assert health["status"] == "degraded"
        page = workers.get("/metrics").body
        assert b'ordain_service_stopped{service="plan-advice"} 1' in page
        assert b'ordain_service_stopped{service="retention"} 0' in page
    finally:
        command(workers, "start", "plan-advice", "--reason", "mended", "--as", "ben")
    until(workers, "plan-advice", 200)
    assert workers.get("/healthz").json()["stopped"] == []


def test_in_a_batch_each_line_is_told_and_a_dry_run_goes_on(workers: Server) -> None:
    command(workers, "stop", "plan-advice", "--reason", "the advice is wrong")
    try:
        until(workers, "plan-advice", 503)
        entries = workers.entries()
        lines = b"\n".join([body(ADVICE)] * 3)
        headers = {"Content-Type": "application/x-ndjson"}
        answer = workers.ask("POST", "/v1/decisions/plan-advice/batch", lines, headers)
        told = [json.loads(line) for line in answer.body.splitlines()]
        assert [(each["line"], each["http_status"], each["error"]["code"]) for each in told] == [
            (number, 503, "ServiceStopped") for number in (1, 2, 3)
        ]
        assert workers.ask("POST", "/v1/decisions/plan-advice/dry-run", body(ADVICE)).status == 200
        assert workers.entries() == entries
    finally:
        command(workers, "start", "plan-advice", "--reason", "mended")
    until(workers, "plan-advice", 200)


def test_what_was_decided_under_a_key_before_the_stop_is_told_again(workers: Server) -> None:
    headers = {"Idempotency-Key": "before-the-stop"}
    first = workers.ask("POST", "/v1/decisions/plan-advice", body(ADVICE), headers)
    command(workers, "stop", "plan-advice", "--reason", "the advice is wrong")
    try:
        until(workers, "plan-advice", 503)
        again = workers.ask("POST", "/v1/decisions/plan-advice", body(ADVICE), headers)
        assert (again.status, again.body) == (200, first.body)
    finally:
        command(workers, "start", "plan-advice", "--reason", "mended")
    until(workers, "plan-advice", 200)


def test_a_command_does_not_decide_for_it_either(use: Services, tmp_path: Path) -> None:
    use.stopped.stop("plan-advice", "an outage", "ana")
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    (tmp_path / "rows.csv").write_text("subject,usage_gb,plan_gb\nC-1,95,100\n")
    asked = ("decide", "plan-advice")
    one = ordain_here(tmp_path, *asked, "--subject", "C-1", "--facts", "facts.json")
    table = ordain_here(tmp_path, *asked, "--table", "rows.csv")
    for done in (one, table):
        assert (done.returncode, "was stopped: an outage" in done.stderr) == (3, True), done.stderr


def test_flasks_own_route_refuses_as_the_loop_does(use: Services, client: FlaskClient) -> None:
    use.stopped.stop("plan-advice", "an outage", "ana")
    answer = client.post("/v1/decisions/plan-advice", data=body(ADVICE))
    assert (answer.status_code, error_in(answer.data)["code"]) == (503, "ServiceStopped")
    assert "Retry-After" in answer.headers


def test_another_process_and_a_new_start_know_what_is_stopped(wired: Services) -> None:
    other = Stopped(wired.ledger)
    other.look()
    wired.stopped.stop("retention", "an outage", "ana")
    wired.stopped.stop("retention", "still the outage", "ben")
    wired.stopped.stop("plan-advice", "wrong", "ana")
    other.look()
    assert {name: stop.reason for name, stop in other.now.items()} == {"retention": "an outage", "plan-advice": "wrong"}
    assert [stop.actor for stop in other.start("retention", "over", "ben")] == ["ana", "ben"]
    assert other.start("retention", "over", "ben") == []
    wired.stopped.look()
    late = Stopped(wired.ledger)
    late.look()
    for each in (wired.stopped, other, late):
        assert list(each.now) == ["plan-advice"]
        with pytest.raises(ServiceStopped):
            each.asked(Ask("plan-advice", "C-1", {}))
        assert each.asked(Ask("retention", "C-1", {})).service == "retention"


def test_a_stop_outlives_retention_and_cannot_be_erased(wired: Services) -> None:
    decide(make_ask("plan-advice", "C-1", ADVICE, None), wired)
    wired.stopped.stop("plan-advice", "an outage", "ana")
    gone = retain(wired.ledger, wired.ledger.now(), private={"actor": "tests"})
    assert gone.payloads == 1
    with pytest.raises(UnknownSubject):
        erase(wired.ledger, OPERATION, private={"actor": "tests"})
    late = Stopped(wired.ledger)
    late.look()
    assert late.now["plan-advice"].reason == "an outage"


def test_an_entry_that_was_not_written_here_stops_nothing(use: Services) -> None:
    use.stopped.stop("retention", "an outage", "ana")
    with use.ledger.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO entry SELECT leaf_index + 1, randomblob(16), replace(envelope, 'retention', 'plan-advice'),"
            ' key, sealed FROM entry WHERE instr(envelope, \'"kind":"stop"\')'
        )
    late = Stopped(use.ledger)
    late.look()
    assert list(late.now) == ["retention"]


def test_a_ledger_with_stops_verifies_and_shows_them_as_events(use: Services, tmp_path: Path) -> None:
    use.stopped.stop("plan-advice", "an outage", "ana")
    use.stopped.start("plan-advice", "over", "ben")
    use.ledger.settle()
    assert ordain_here(tmp_path, "audit", "verify", "--open").returncode == 0
    kinds = [entry.read()["kind"] for entry in use.ledger.reader.entries()]
    assert kinds[-2:] == [Kind.STOP, Kind.START]


class InAnotherOrder:
    """The entries as a server may come to see them: one at a look, in any order."""

    def __init__(self, records: list[Record]) -> None:
        self._left = records

    def new(self) -> list[Record]:
        return [self._left.pop()] if self._left else []


def test_in_whatever_order_entries_arrive_the_same_is_stopped(use: Services) -> None:
    for service in ("retention", "plan-advice"):
        use.stopped.stop(service, "first", "ana")
        use.stopped.stop(service, "second", "ana")
        use.stopped.start(service, "over", "ben")
    use.stopped.stop("retention", "third", "ana")
    records = Operations(use.ledger).new()
    assert len(records) == 7
    for order in islice(permutations(records), 0, None, 101):
        other = Stopped(use.ledger)
        other._operations = InAnotherOrder(list(order))  # type: ignore[assignment] - what it reads, and no more of it
        for _ in records:
            other.look()
        assert other.now == use.stopped.now
        assert [stop.reason for stop in other.now.values()] == ["third"]
