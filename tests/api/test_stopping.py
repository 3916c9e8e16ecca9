"""A server that is told to stop ends in good order, whoever the signal reaches: quietly, with all signed."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from answers import ADVICE, body
from batching import on_record, talk
from served import SECONDS, Server

from ordain.audit.verifier.check import verify

PATIENT = {"ORDAIN_BUSY_SECONDS": "30"}
"""A writer that has just been started is waited for, on a busy machine, too."""


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_its_processes_ends_it_quietly_and_all_is_signed(
    tmp_path: Path, workers: str, number: signal.Signals
) -> None:
    """As Ctrl-C does it, and systemd."""
    with Server(tmp_path, **PATIENT, ORDAIN_WORKERS=workers, ORDAIN_CHECKPOINT_SECONDS="3600") as server:
        for subject in range(3):
            assert server.decide("plan-advice", f"C-{subject}", ADVICE).status == 200
        os.killpg(server.pid, number)
        assert server.ended(SECONDS) == 0
        assert not [line for line in server.said().splitlines() if '"info"' not in line and "listens" not in line]
    evidence = verify(tmp_path / "ordain.db")
    assert evidence, evidence.findings
    assert (evidence.decisions, evidence.unsigned) == (3, 0)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_batch_under_way_ends_with_a_line_that_says_so_and_stands_in_the_log(tmp_path: Path, workers: str) -> None:
    with Server(tmp_path, **PATIENT, ORDAIN_WORKERS=workers) as server, talk(server, "plan-advice") as client:
        client.say((body(ADVICE) + b"\n") * 3)
        answers = [client.hear() for _ in range(3)]
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        last = client.hear()
        assert client.hear() is None
        stopping.join(SECONDS)
        assert "is killed" not in server.said()
        lines = [json.loads(line) for line in server.said().splitlines() if line.startswith("{")]
    assert last is not None
    assert (last["http_status"], last["error"]["code"]) == (503, "ServiceUnavailable")
    assert "send the rest again" in last["error"]["message"]
    assert on_record(tmp_path).keys() == {answer["decision_id"] for answer in answers if answer}
    told = [line for line in lines if line.get("route", "").endswith("/batch")]
    assert [(line["decided"], line["code"]) for line in told] == [(3, "ServiceUnavailable")]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_is_told_again_and_again_to_stop_does_not_get_stuck(tmp_path: Path, workers: str) -> None:
    """As by somebody who presses Ctrl-C three times while a client waits for the end of its answer."""
    with Server(tmp_path, **PATIENT, ORDAIN_WORKERS=workers) as server, talk(server, "plan-advice") as client:
        client.say(body(ADVICE) + b"\n")
        assert client.hear()
        for _ in range(3):
            os.killpg(server.pid, signal.SIGINT)
            time.sleep(0.1)
        last = client.hear()
        assert client.hear() is None
        assert server.ended(SECONDS) == 0
        assert "is killed" not in server.said()
    assert last is not None
    assert last["error"]["code"] == "ServiceUnavailable"


def test_a_batch_that_is_read_faster_than_it_is_decided_stops_within_what_was_read(tmp_path: Path) -> None:
    """Thousands of lines are on their way: what is answered is on record, and no more."""
    piece = (body(ADVICE) + b"\n") * 100
    with Server(tmp_path) as server, talk(server, "plan-advice") as client:
        told = threading.Event()

        def send() -> None:
            with suppress(OSError):  # it hangs up when it has waited for a moment
                while not told.is_set():
                    client.say(piece)

        sending = threading.Thread(target=send)
        sending.start()
        assert client.hear()
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        told.set()
        answers = []
        while "error" not in (line := client.hear() or {"error": {}}):
            answers.append(line)
        assert client.hear() is None
        sending.join(SECONDS)
        stopping.join(SECONDS)
    assert "send the rest again" in line["error"]["message"]
    assert len(on_record(tmp_path)) == 1 + len(answers)
