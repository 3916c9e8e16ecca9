"""A decision that cannot be recorded is not given; once it can be, all works again."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from answers import ADVICE, NOON, QUOTE, body, error_in, tells
from flask.testing import FlaskClient
from served import Server, ordain, ordain_here, run

from ordain.api.services import Services
from ordain.audit.store.sqlite import SqliteStore
from ordain.audit.verifier.check import verify

ADVISE = "/v1/decisions/plan-advice"
_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another_process(database: Path) -> Iterator[None]:
    """Another process holds a write transaction open."""
    command = [sys.executable, "-c", _HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield
        finally:
            holder.kill()


def _assert_refused(data: str | bytes, message: str) -> None:
    error = error_in(data)
    assert (error["code"], error["severity"]) == ("NotRecorded", "critical")
    assert message in error["message"]
    assert "plan up" not in str(data)


def test_a_locked_database_is_waited_for_and_then_reported(tmp_path: Path, client: FlaskClient) -> None:
    with held_by_another_process(tmp_path / "ordain.db"):
        answer = client.post(ADVISE, data=body(ADVICE))
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        _assert_refused(answer.data, "is locked by another connection")
        health = client.get("/healthz").get_json()
        assert health["entries"] == 1, "the ledger's own first entry"
        assert health["status"] == "degraded"
        assert "not recorded: the ledger `ordain.db` is locked by another connection" in health["faults"][0]
    assert client.post(ADVISE, data=body(ADVICE)).status_code == 200
    health = client.get("/healthz").get_json()
    assert (health["entries"], health["status"]) == (2, "ok")


def test_a_served_decision_is_not_given_while_the_database_is_locked(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_BUSY_SECONDS="0.2") as server:
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        with held_by_another_process(tmp_path / "ordain.db"):
            answer = server.decide("plan-advice", "C-1", ADVICE)
            assert answer.status == 503
            assert answer.headers["retry-after"] == "1"
            _assert_refused(answer.body, "is locked by another connection")
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        assert "Traceback" not in server.said()
    evidence = verify(tmp_path / "ordain.db")
    assert evidence
    assert evidence.decisions == 2


def test_the_command_exits_with_3_while_the_database_is_locked(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    command = ("decide", "plan-advice", "--subject", "C-1", "--facts", "facts.json")
    assert ordain_here(tmp_path, *command).returncode == 0
    with held_by_another_process(tmp_path / "ordain.db"):
        refused = ordain(tmp_path, *command, ORDAIN_BUSY_SECONDS="0.1")
        told = ordain_here(tmp_path, *command, "--json", ORDAIN_BUSY_SECONDS="0.1")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr.startswith("NotRecorded\n")
    assert "is locked by another connection" in refused.stderr
    assert (told.returncode, told.stdout) == (3, "")
    _assert_refused(told.stderr, "is locked by another connection")
    assert ordain_here(tmp_path, *command).returncode == 0


@pytest.fixture
def full_disk(use: Services) -> Iterator[None]:
    """The database may not grow by a page from here on: SQLite's own answer is then that the disk is full."""

    def no_more(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    assert isinstance(use.ledger.store, SqliteStore)
    writing = use.ledger.store._writing
    sa.event.listen(writing, "connect", no_more)
    use.ledger.store.drop_writer()
    writing.dispose()
    yield
    sa.event.remove(writing, "connect", no_more)
    use.ledger.store.drop_writer()
    writing.dispose()


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_reported_and_the_outcome_is_not_given(client: FlaskClient, use: Services) -> None:
    answers = [client.post("/v1/decisions/price-quote", data=body(QUOTE, at=NOON)) for _ in range(2)]
    for answer in answers:
        assert answer.status_code == 503
        error = error_in(answer.data)
        assert error["code"] == "NotRecorded"
        assert "cannot grow: the disk is full" in error["message"]
        assert not tells(answer.get_data(as_text=True), 525)
    assert use.ledger.reader.size() == 1
    assert client.get("/healthz").status_code == 200


def test_it_works_again_once_there_is_room(client: FlaskClient, use: Services) -> None:
    first = client.post(ADVISE, data=body(ADVICE))
    assert first.status_code == 200
    assert isinstance(use.ledger.store, SqliteStore)
    writer = use.ledger.store._writer
    assert writer is not None
    with writer.begin():
        writer.exec_driver_sql("PRAGMA max_page_count = 1")
    refused = client.post("/v1/decisions/price-quote", data=body(QUOTE, at=NOON))
    assert refused.status_code == 503
    assert client.post("/v1/decisions/price-quote", data=body(QUOTE, at=NOON)).status_code == 200
    assert verify(use.ledger.store.path).decisions == 2


def _with_small_files(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `ordain` where the system lets no file grow beyond 64 blocks of 512 bytes: too few for a first quote."""
    command = ["sh", "-c", 'ulimit -f 64; exec "$@"', "sh", sys.executable, "-m", "ordain", *arguments]
    return run(folder, command)


def test_the_command_exits_with_3_when_the_system_refuses_to_write(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(QUOTE))
    (tmp_path / "small.json").write_text(json.dumps(ADVICE))
    assert ordain_here(tmp_path, "decide", "plan-advice", "--subject", "C-1", "--facts", "small.json").returncode == 0
    command = ("decide", "price-quote", "--subject", "C-1", "--facts", "facts.json", "--at", NOON)
    refused = _with_small_files(tmp_path, *command)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr.startswith("NotRecorded\n")
    assert "Traceback" not in refused.stderr
    assert ordain_here(tmp_path, *command).returncode == 0
    evidence = verify(tmp_path / "ordain.db")
    assert evidence
    assert evidence.decisions == 2


def test_a_ledger_that_was_deleted_under_a_running_service_takes_no_decision(
    tmp_path: Path, client: FlaskClient
) -> None:
    assert client.post(ADVISE, data=body(ADVICE)).status_code == 200
    (tmp_path / "ordain.db").rename(tmp_path / "moved.db")
    answer = client.post(ADVISE, data=body(ADVICE))
    assert answer.status_code == 503
    _assert_refused(answer.data, "was moved or deleted")
    assert not (tmp_path / "ordain.db").exists()
