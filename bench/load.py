"""A load generator, a process of its own: `python -m bench.load` with a Job as JSON on standard input.

Connections stay open; each sends a request that was built beforehand, waits for the whole answer, counted by its
Content-Length, and sends the next. When the time is up nothing more is sent and what is under way is awaited, so
every request that reached the server has an answer that was counted.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from time import perf_counter
from typing import cast

_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_DRAIN_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Job:
    port: int
    path: str
    bodies: list[str]
    connections: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Load:
    """`answered` counts those with status 200, `failed` any others; `seconds` is from the first request to the last
    answer, `milliseconds` the time that each of the answered took, from sending to its last byte."""

    answered: int
    failed: int
    seconds: float
    milliseconds: list[float]
    first_failure: str


def measure(port: int, path: str, bodies: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Runs the load in another process. Raises RuntimeError when it fails or does not end."""
    job = Job(port, path, [body.decode() for body in bodies], connections, seconds)
    command = [sys.executable, "-m", "bench.load"]
    text, limit = json.dumps(asdict(job)), seconds + _DRAIN_SECONDS + 15
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=limit, check=False)
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr.strip()[-500:]}")
    return Load(**json.loads(done.stdout))


class _Client(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self.run, self.done = run, asyncio.get_running_loop().create_future()
        self.buffer, self.expected, self.sent = bytearray(), 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.send()

    def send(self) -> None:
        self.sent = perf_counter()
        self.transport.write(next(self.run.requests))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.expected:
            head = self.buffer.find(_HEAD_END)
            if head < 0:
                return
            length = _LENGTH.search(self.buffer, 0, head)
            if length is None:
                self.done.set_exception(RuntimeError("an answer without Content-Length"))
                return
            self.expected = head + len(_HEAD_END) + int(length[1])
        if len(self.buffer) < self.expected:
            return
        self.run.count(self.buffer, perf_counter() - self.sent)
        self.buffer.clear()
        self.expected = 0
        if perf_counter() < self.run.deadline:
            self.send()
        else:
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or RuntimeError("the server closed a connection"))


class _Run:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.requests = cycle([_request(job.path, body.encode()) for body in job.bodies])
        self.milliseconds: list[float] = []
        self.failed, self.first_failure = 0, ""
        self.deadline = 0.0

    def count(self, answer: bytearray, seconds: float) -> None:
        if answer.startswith(b"HTTP/1.1 200 "):
            self.milliseconds.append(seconds * 1000)
        else:
            self.failed += 1
            self.first_failure = self.first_failure or answer.decode(errors="replace")[:2000]

    async def go(self) -> Load:
        loop = asyncio.get_running_loop()
        start = perf_counter()
        self.deadline = start + self.job.seconds
        opening = [
            loop.create_connection(lambda: _Client(self), "127.0.0.1", self.job.port)
            for _ in range(self.job.connections)
        ]
        clients = [client for _, client in await asyncio.gather(*opening)]
        async with asyncio.timeout(self.job.seconds + _DRAIN_SECONDS):
            await asyncio.gather(*(client.done for client in clients))
        seconds = perf_counter() - start
        for client in clients:
            client.transport.close()
        return Load(len(self.milliseconds), self.failed, seconds, self.milliseconds, self.first_failure)


def _request(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + _HEAD_END + body


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_Run(Job(**json.load(sys.stdin))).go()))))
