"""Batches over HTTP that are disturbed: a locked or lost ledger, clients that do not read or hang up, a kill."""

from __future__ import annotations

import http.client
import socket
import statistics
import threading
import time
from contextlib import suppress
from pathlib import Path

from answers import ADVICE, body
from batching import on_record, talk
from served import Server
from test_not_recorded import held_by_another_process


def test_a_line_is_answered_before_the_next_is_sent_also_while_the_ledger_is_locked(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_BUSY_SECONDS="0.2") as server, talk(server, "plan-advice") as client:
        answers = []

        def ask() -> None:
            client.say(b"{\n" + body(ADVICE) + b"\n")
            answers.extend([client.hear(), client.hear()])

        ask()
        with held_by_another_process(tmp_path / "ordain.db"):
            ask()
        ask()
        client.end()
        assert client.hear() is None
        assert "Traceback" not in server.said()
    assert [answer and answer.get("http_status") for answer in answers] == [400, None, 400, 503, 400, None]
    refused = answers[3]
    assert refused is not None
    assert refused["error"]["code"] == "NotRecorded"
    assert "is locked by another connection" in refused["error"]["message"]
    assert "plan up" not in str(refused)
    assert on_record(tmp_path).keys() == {answer["decision_id"] for answer in answers if answer and "outcome" in answer}


def test_a_ledger_that_is_gone_is_told_in_each_line_and_the_stream_goes_on(tmp_path: Path) -> None:
    with Server(tmp_path) as server, talk(server, "plan-advice") as client:
        client.say(body(ADVICE) + b"\n")
        assert "outcome" in (client.hear() or {})
        (tmp_path / "ordain.db").rename(tmp_path / "moved.db")
        client.say((body(ADVICE) + b"\n") * 20)
        client.end()
        assert [(line["http_status"], line["error"]["code"]) for line in client.rest()] == [(503, "NotRecorded")] * 20


def test_who_does_not_read_is_not_decided_for_without_end_and_may_go_on(tmp_path: Path) -> None:
    """Answers fill the sockets and what the server keeps; then it decides no more until the client reads."""
    lines, piece = 40_000, (body(ADVICE) + b"\n") * 100
    with Server(tmp_path) as server, talk(server, "plan-advice", SO_RCVBUF=65_536) as client:

        def send() -> None:
            for _ in range(lines // 100):
                client.say(piece)
            client.end()

        sending = threading.Thread(target=send)
        sending.start()
        seen, now = -1, 0
        deadline = time.monotonic() + 50
        while seen != now and time.monotonic() < deadline:
            seen = now
            time.sleep(1.5)
            now = server.entries()
        assert 5_000 < now == seen < lines - 5_000, "it stopped before the end"
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        answers = client.rest()
        sending.join(30)
        assert len(answers) == lines
        assert all("outcome" in answer for answer in answers)
        assert server.entries() >= lines


def test_single_decisions_go_on_while_a_batch_runs(tmp_path: Path) -> None:
    with Server(tmp_path) as server, talk(server, "plan-advice") as client:
        piece = (body(ADVICE) + b"\n") * 100
        running = threading.Event()

        def send() -> None:
            for _ in range(60):
                client.say(piece)
            client.end()

        def read() -> None:
            for number, _ in enumerate(iter(client.hear, None)):
                if number == 100:
                    running.set()

        threads = [threading.Thread(target=send), threading.Thread(target=read)]
        for thread in threads:
            thread.start()
        assert running.wait(30)
        took = []
        while len(took) < 50 and threads[1].is_alive():
            start = time.perf_counter()
            assert server.decide("plan-advice", "C-1", ADVICE).status == 200
            took.append(time.perf_counter() - start)
        for thread in threads:
            thread.join(60)
        assert len(took) > 5
        print(f"\n{len(took)} decisions beside a batch, median {statistics.median(took) * 1000:.1f} ms")
        assert statistics.median(took) < 0.5


# --- an end that nobody wanted ----------------------------------------------------------------------------------


def test_who_hangs_up_ends_the_batch_and_what_was_recorded_stays(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        answered = []
        with talk(server, "plan-advice") as client:
            for _ in range(50):
                client.say((body(ADVICE) + b"\n") * 100)
            answered = [client.hear() for _ in range(500)]
        before = -1
        while before != (before := server.entries()):
            time.sleep(0.3)
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        assert server.entries() == before + 1
        assert server.stop()
        assert "Traceback" not in server.said()
        assert "exception" not in server.said()
    assert on_record(tmp_path).keys() >= {answer["decision_id"] for answer in answered if answer}


def test_a_body_that_breaks_off_within_a_line_is_no_decision_there(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        for head in ("Transfer-Encoding: chunked\r\n\r\n1000", "Content-Length: 4096\r\n"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=120) as client:
                path = "/v1/decisions/plan-advice/batch"
                client.sendall(
                    f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n".encode()
                )
                client.sendall(head.encode() + b"\r\n" + body(ADVICE) + b"\n" + body(ADVICE))
                assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")
        time.sleep(0.5)
        assert "Traceback" not in server.said()
    assert on_record(tmp_path).total() == 2


def test_a_body_that_breaks_off_after_a_whole_line_is_told(tmp_path: Path) -> None:
    with Server(tmp_path) as server, talk(server, "plan-advice") as client:
        client.say(body(ADVICE) + b"\n")
        answer = client.hear()
        client.socket.sendall(b"no chunk\r\n")
        last = client.rest()
    assert answer is not None
    assert [(line["http_status"], line["error"]["code"]) for line in last] == [(400, "MalformedRequest")]
    assert "what came before is answered" in last[0]["error"]["message"]


def test_every_line_that_was_answered_before_a_kill_is_on_record(tmp_path: Path) -> None:
    answered: list[str] = []
    with Server(tmp_path) as server, talk(server, "plan-advice") as client:

        def send() -> None:
            with suppress(OSError):
                while True:
                    client.say((body(ADVICE) + b"\n") * 100)

        def read() -> None:
            try:
                while answer := client.hear():
                    answered.append(answer["decision_id"])
            except (OSError, http.client.HTTPException, ValueError):
                return  # a line that did not arrive whole promises nothing

        threads = [threading.Thread(target=send), threading.Thread(target=read)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 30
        while len(answered) < 1_000 and time.monotonic() < deadline:
            time.sleep(0.01)
        server.kill()
        for thread in threads:
            thread.join(30)
    recorded = on_record(tmp_path)
    print(f"\n{len(answered):,} lines answered before the kill, {recorded.total():,} on record")
    assert len(answered) >= 1_000
    assert recorded.keys() >= set(answered)
    assert max(recorded.values()) == 1


def test_a_server_that_is_told_to_stop_during_a_batch_leaves_a_whole_ledger(tmp_path: Path) -> None:
    with Server(tmp_path) as server, talk(server, "plan-advice") as client:
        client.say(body(ADVICE) + b"\n")
        answer = client.hear()
        assert answer is not None
        assert server.stop()
        assert "Traceback" not in server.said()
    assert on_record(tmp_path).keys() == {answer["decision_id"]}
