"""A client of batches, a process of its own: `python -m bench.batch_load` with a Batch as JSON on standard input.

It sends lines and reads their answers at the same time, and counts those that are answers.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from time import perf_counter

_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Batch:
    port: int
    service: str
    lines: list[str]
    count: int


@dataclass(slots=True)
class Answered:
    """What came of a batch, once it is over: `seconds` from the first byte sent to the last one read."""

    seconds: float = 0.0
    answers: int = 0
    problems: list[str] = field(default_factory=list)


@contextmanager
def sending(port: int, service: str, lines: Sequence[bytes], count: int) -> Iterator[Answered]:
    """Sends `count` lines in another process while the block runs, and waits for their answers at its end.

    Raises RuntimeError when it fails, or a line is not answered.
    """
    batch = Batch(port, service, [line.decode() for line in lines], count)
    answered = Answered()
    command = [sys.executable, "-m", "bench.batch_load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin is not None
        client.stdin.write(json.dumps(asdict(batch)))
        client.stdin.close()
        client.stdin = None
        try:
            yield answered
            told, _ = client.communicate(timeout=_SECONDS)
        finally:
            client.kill()
    if client.returncode:
        raise RuntimeError("the client of the batch failed")
    answered.seconds, answered.answers, answered.problems = json.loads(told)
    if answered.answers != count:
        raise RuntimeError(f"{count - answered.answers} lines were not answered: {answered.problems}")


def _run(batch: Batch) -> tuple[float, int, list[str]]:
    body = "\n".join(islice(cycle(batch.lines), batch.count)).encode()
    head = (
        f"POST /v1/decisions/{batch.service}/batch HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", batch.port), timeout=_SECONDS) as connection:
        start = perf_counter()
        threading.Thread(target=connection.sendall, args=(head.encode() + body,), daemon=True).start()
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answers = 0
        problems: list[str] = []
        for line in answer:
            if b'"decision_id"' in line:
                answers += 1
            elif len(problems) < 3:
                problems.append(line.decode())
        return perf_counter() - start, answers, problems


if __name__ == "__main__":
    print(json.dumps(_run(Batch(**json.load(sys.stdin)))))
