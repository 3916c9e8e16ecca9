"""`ordain events`: what a person sees and does, and the process that delivers."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE
from deliverer import Deliverer, with_events
from receiver import FINE, Receiver
from served import SECONDS, ordain_here

from ordain.audit.verifier.check import verify


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path, receiver: Receiver) -> Path:
    """With one decision on record, and an endpoint that has begun after it."""
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    (tmp_path / "events.yaml").write_text(receiver.settings())
    _decide(tmp_path, "C-0")
    assert _events(tmp_path, "deliver", "--once").returncode == 0
    return tmp_path


def _decide(folder: Path, subject: str) -> str:
    done = ordain_here(folder, "decide", "plan-advice", "--subject", subject, "--facts", "facts.json", "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["decision_id"])


def _events(folder: Path, *arguments: str, **more: str) -> Any:
    return ordain_here(folder, "events", *arguments, **with_events(folder), **more)


def _standing(folder: Path) -> dict[str, Any]:
    (row,) = json.loads(_events(folder, "list", "--json").stdout)["endpoints"]
    return dict(row)


def _until(done: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert done()


def test_what_comes_after_an_endpoint_was_set_up_is_delivered_once(folder: Path, receiver: Receiver) -> None:
    assert receiver.got == []
    decided = _decide(folder, "C-1")
    assert _standing(folder)["lag"] == 1
    done = _events(folder, "deliver", "--once")
    assert done.stdout == "crm: 1 delivered, 0 tries failed\n"
    assert receiver.ids == [decided]
    assert _events(folder, "list").stdout.startswith("crm  idle  0 entries behind, 0 waiting, 0 dead  http://")
    assert verify(folder / "ordain.db"), "the ledger is as the verifier knows it"


def test_what_fails_waits_and_says_why(folder: Path, receiver: Receiver) -> None:
    receiver.answer = lambda number, event: (500, {}, b"")
    _decide(folder, "C-1")
    told = json.loads(_events(folder, "deliver", "--once", "--json").stdout)
    assert told == {"endpoints": [{"name": "crm", "delivered": 0, "failed": 1}]}
    row = _standing(folder)
    assert (row["waiting"], row["dead"], row["fault"]) == (1, 0, "answered 500: an error")
    assert "the first that waits: answered 500: an error" in _events(folder, "list").stdout


def test_dead_letters_are_listed_and_tried_again_on_request(folder: Path, receiver: Receiver) -> None:
    receiver.answer = lambda number, event: (500, {}, b"")
    decided = _decide(folder, "C-1")
    _events(folder, "deliver", "--once")
    with sqlite3.connect(folder / "ordain.db.events") as connection:
        connection.execute("UPDATE waiting SET dead = 1")
    connection.close()
    (row,) = [json.loads(line) for line in _events(folder, "dead", "crm", "--json").stdout.splitlines()]
    assert (row["entry"], row["tries"], row["fault"]) == (decided, 1, "answered 500: an error")
    assert "1 dead: deliver them with `ordain events replay NAME --dead`" in _events(folder, "dead").stdout
    receiver.answer = lambda number, event: FINE
    assert _events(folder, "replay", "crm", "--dead").stdout == "1 are tried again\n"
    _events(folder, "deliver", "--once")
    assert receiver.ids == [decided]
    assert _events(folder, "dead").stdout == "0 dead\n"


@pytest.mark.parametrize("by", ["entry", "time"])
def test_a_replay_begins_at_an_entry_or_a_time(folder: Path, receiver: Receiver, by: str) -> None:
    first, second = _decide(folder, "C-1"), _decide(folder, "C-2")
    start = first if by == "entry" else "2026-01-01"
    assert _events(folder, "replay", "crm", "--from", start).returncode == 0
    _events(folder, "deliver", "--once")
    assert set(receiver.ids) >= {first, second}
    assert len(receiver.ids) == (2 if by == "entry" else 3)


REFUSED = {
    ("replay", "cmr", "--dead"): "there is no endpoint `cmr`",
    ("replay", "crm", "--dead", "--from", "2026-01-01"): "--from and --dead are two wishes",
    ("replay", "crm", "--from", "yesterday"): "yesterday",
    ("replay", "crm", "--from", "01a2299b-3d3f-7a6a-8b2b-8d6c397e1f5b"): "there is no entry `01a2299b",
    ("dead", "cmr"): "there is no endpoint `cmr`",
    ("test", "cmr"): "there is no endpoint `cmr`",
}


def test_what_cannot_be_meant_is_refused_and_changes_nothing(folder: Path) -> None:
    before = _standing(folder)
    for arguments, message in REFUSED.items():
        done = _events(folder, *arguments)
        assert done.returncode == 2
        assert message in done.stderr
    assert _standing(folder) == before


def test_without_a_file_of_endpoints_every_command_says_what_to_do(tmp_path: Path) -> None:
    for command in (("deliver", "--once"), ("list",), ("dead",), ("replay", "crm"), ("test", "crm")):
        done = ordain_here(tmp_path, "events", *command)
        assert done.returncode == 2
        assert "the setting `events` names no file" in done.stderr


def test_an_endpoint_of_a_service_that_there_never_was_is_an_error(folder: Path, receiver: Receiver) -> None:
    (folder / "events.yaml").write_text(receiver.settings(services=["plan-advise", "price-quote"]))
    for command in (("deliver", "--once"), ("list",)):
        done = _events(folder, *command)
        assert done.returncode == 2
        assert "there is no service `plan-advise`" in done.stderr
        assert "did you mean `plan-advice`?" in done.stderr
        assert "events.yaml:1:" in done.stderr
    (folder / "events.yaml").write_text(receiver.settings(services=["plan-advice"]))
    assert _events(folder, "list").returncode == 0
    for policies in ("none", "others"):
        (folder / "others").mkdir(exist_ok=True)
        other = "services: {other: {purpose: Something., policies: [other], gives: [other]}}"
        (folder / "others/services.yaml").write_text(other)
        done = _events(folder, "list", ORDAIN_POLICIES=str(folder / policies))
        assert done.returncode == 0, "the ledger has decisions of it, or nobody can tell"


def test_an_endpoint_is_tried_with_an_event_of_no_meaning(folder: Path, receiver: Receiver) -> None:
    done = _events(folder, "test", "crm")
    assert (done.returncode, done.stdout) == (0, "crm: delivered, it answered 200\n")
    (got,) = receiver.got
    assert got.event["type"] == "ordain.test.sent"
    receiver.answer = lambda number, event: (403, {}, b"")
    done = _events(folder, "test", "crm", "--json")
    assert done.returncode == 1
    told = {"name": "crm", "delivered": False, "status": 403, "fault": "answered 403: an error"}
    assert json.loads(done.stdout) == told


def test_the_process_delivers_reads_its_file_again_and_ends_as_it_is_told(folder: Path, receiver: Receiver) -> None:
    with Receiver() as other, Deliverer(folder) as deliverer:
        _until(lambda: _standing(folder)["delivering"])
        first = _decide(folder, "C-1")
        _until(lambda: receiver.ids == [first])
        (folder / "events.yaml").write_text("endpoints: {}")
        deliverer.signal(signal.SIGHUP)
        _until(lambda: "the endpoints were not reloaded, those before go on" in deliverer.said())
        second = _decide(folder, "C-1")
        _until(lambda: receiver.ids == [first, second])
        (folder / "events.yaml").write_text(other.settings())
        deliverer.signal(signal.SIGHUP)
        _until(lambda: "reloaded: 1 endpoints, of which 1 had changed or gone" in deliverer.said())
        third = _decide(folder, "C-1")
        _until(lambda: other.ids == [third])
        assert receiver.ids == [first, second]
    assert not _standing(folder)["delivering"], "it let go of the endpoint"
    assert "Traceback" not in deliverer.said()
    assert receiver.faults == other.faults == []


def test_who_delivers_may_be_started_before_there_is_a_ledger(tmp_path: Path) -> None:
    with Receiver() as receiver:
        (tmp_path / "events.yaml").write_text(receiver.settings())
        (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
        once = _events(tmp_path, "deliver", "--once")
        assert once.returncode == 2
        assert "there is no ledger" in once.stderr
        with Deliverer(tmp_path, begins="waiting for a server") as deliverer:
            _decide(tmp_path, "C-0")
            _until(lambda: "delivering to crm" in deliverer.said())
            _until(lambda: _standing(tmp_path)["cursor"] is not None)
            decided = _decide(tmp_path, "C-1")
            _until(lambda: receiver.ids[-1:] == [decided])
