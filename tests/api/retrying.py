"""Clients that send each request under a key of its own, and again until it is answered."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

from answers import ADVICE, NOON

KEY = "Idempotency-Key"
_PASSING = (502, 503)


@dataclass
class Load:
    """`clients` threads that ask the server on `port`; a context manager: at its end all that was begun is answered.

    `patience` and `pause` are seconds: for one request, and between two. `answers` has by key what was answered at
    last, `tries` how often requests were sent, `faults` what must not be.
    """

    port: int
    clients: int = 6
    patience: float = 60.0
    pause: float = 0.005
    answers: dict[str, bytes] = field(default_factory=dict)
    tries: Counter[int] = field(default_factory=Counter)
    replayed: int = 0
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def __enter__(self) -> Load:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(self.patience + 30)

    def wait_for(self, more: int) -> None:
        """Until as many more requests were answered."""
        wanted, end = len(self.answers) + more, time.monotonic() + self.patience
        while len(self.answers) < wanted and not self.faults:
            assert time.monotonic() < end, f"{len(self.answers)} answers, {wanted} were waited for"
            time.sleep(0.01)

    def _work(self, number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        turn = 0
        while not self._stop.is_set() and not self.faults:
            turn += 1
            # Some subjects again and again, some once.
            asked = {"subject": f"C-{number}-{turn % 5 if turn % 2 else turn}", "facts": ADVICE, "at": NOON}
            self._until_answered(line, str(uuid4()), json.dumps(asked).encode())
            time.sleep(self.pause)  # it is about what is answered, not about how much
        line.close()

    def _until_answered(self, line: http.client.HTTPConnection, key: str, sent: bytes) -> None:
        began = time.monotonic()
        tries = 0
        while time.monotonic() - began < self.patience:
            tries += 1
            try:
                line.request("POST", "/v1/decisions/plan-advice", sent, {KEY: key})
                answer = line.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException):  # gone before, or while, it answered
                line.close()
                time.sleep(0.02)
                continue
            if answer.status in _PASSING:
                time.sleep(0.02)
                continue
            if answer.status != 200:
                self.faults.append(f"{answer.status} {data!r}")
                return
            self.answers[key] = data
            self.tries[tries] += 1
            self.replayed += answer.headers.get("Idempotency-Replayed") == "true"
            self.slowest = max(self.slowest, time.monotonic() - began)
            return
        self.faults.append(f"no answer in {self.patience} seconds")
