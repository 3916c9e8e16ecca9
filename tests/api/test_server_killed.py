"""A server that is killed while it works has lost nothing that it acknowledged."""

from __future__ import annotations

import http.client
import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from uuid import UUID

from answers import ADVICE, NOON, RETENTION
from served import Server, settings_in

from ordain.api.ledger import open_for
from ordain.audit.records.replay import Replayer
from ordain.audit.verifier.check import verify

ROUNDS, CLIENTS = 3, 8
_ASKS = [
    ("plan-advice", {"subject": "C-1", "facts": ADVICE}),
    ("retention", {"subject": "C-2", "facts": RETENTION, "at": NOON}),
]


def _load(server: Server, acknowledged: list[str], stop: threading.Event) -> None:
    """Asks until the server is gone; notes each decision whose answer arrived whole."""
    connection = server.connection(timeout=10)
    try:
        while not stop.is_set():
            for service, asked in _ASKS:
                connection.request("POST", f"/v1/decisions/{service}", json.dumps(asked).encode())
                answer = connection.getresponse()
                data = answer.read()
                if answer.status == 200:
                    acknowledged.append(json.loads(data)["decision_id"])
    except (OSError, http.client.HTTPException, ValueError):
        return  # killed: an answer that did not arrive promises nothing
    finally:
        connection.close()


def _killed_under_load(folder: Path) -> list[str]:
    acknowledged: list[str] = []
    stop = threading.Event()
    with Server(folder) as server:
        clients = [threading.Thread(target=_load, args=(server, acknowledged, stop)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            deadline = time.monotonic() + 30
            while len(acknowledged) < 200 and time.monotonic() < deadline:
                time.sleep(0.01)
            server.kill()
        finally:
            stop.set()
            for client in clients:
                client.join(timeout=120)
        assert "Traceback" not in server.said()
    return acknowledged


def test_what_was_acknowledged_before_a_kill_is_on_record_once_and_replays(tmp_path: Path) -> None:
    database = tmp_path / "ordain.db"
    acknowledged: list[str] = []
    for number in range(ROUNDS):
        answered = _killed_under_load(tmp_path)
        assert len(answered) >= 200, f"round {number} acknowledged only {len(answered)}"
        acknowledged += answered
        evidence = verify(database)
        assert evidence, evidence.findings
    assert len(set(acknowledged)) == len(acknowledged)
    with closing(sqlite3.connect(database)) as connection:
        stored = [str(UUID(bytes=row[0])) for row in connection.execute("SELECT id FROM entry")]
    assert len(set(stored)) == len(stored)
    assert set(acknowledged) <= set(stored)
    print(f"\n{ROUNDS} kills: {len(acknowledged):,} acknowledged, {len(stored):,} on record, all of them verified")
    ledger = open_for(settings_in(tmp_path))
    replayer = Replayer(ledger.reader)
    for decision_id in acknowledged:
        record = ledger.reader.record(UUID(decision_id))
        assert record is not None
        assert replayer.replay(record), decision_id
    ledger.close()


def test_a_server_that_is_told_to_stop_leaves_no_process_and_a_whole_ledger(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        assert server.stop()
        told = [json.loads(line) for line in server.said().splitlines()[1:]]
        assert {each["logger"] for each in told} == {"ordain.access"}
        assert told[-1]["route"] == "/v1/decisions/<service>", "the last line is not lost"
    evidence = verify(tmp_path / "ordain.db")
    assert (evidence.decisions, evidence.unsigned) == (1, 0), "signed before it ended"
