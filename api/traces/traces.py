"""Traces on their way out: requests leave what they noted, and a thread of its own makes spans of it and sends them.

No request waits for that. When the collector is slow or away, `LIMITS.traces_waiting` traces wait; further ones are
dropped, and counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ordain.api.http.account import Account
from ordain.api.limits import LIMITS
from ordain.api.traces.trace import Trace, begun

_LOG = logging.getLogger("ordain")


class Finished(NamedTuple):
    """A request that was answered. `shift` is what makes seconds since 1970 of the trace's times."""

    trace: Trace
    name: str
    begun: float
    ended: float
    shift: float
    attributes: dict[str, str | int]


Score = tuple[str, float, float]
"""A model, and when it began and ended to score."""
Send = Callable[[list[Finished]], bool]
"""Sends spans, and says whether they were taken. May wait."""


class Traces:
    """Of requests without a caller's trace `ratio` are traced. `dropped` counts those that nobody took."""

    def __init__(self, send: Send, ratio: float) -> None:
        self.dropped, self._refused = 0, False
        self._send, self._ratio = send, ratio
        self._waiting: deque[Finished] = deque()
        self._sending = False
        self._scored = threading.local()
        threading.Thread(target=self._run, name="traces", daemon=True).start()

    def begin(self, traceparent: str | None) -> Trace | None:
        """None for a request that is not traced."""
        return begun(traceparent, self._ratio)

    def scored(self, model: str, seconds: float) -> None:
        """A model has been asked in this thread, just now."""
        now = time.perf_counter()
        self._here().append((model, now - seconds, now))

    def scores(self) -> list[Score]:
        """What this thread has asked models for since this was called, or the last of it."""
        here = self._here()
        scores = list(here)
        here.clear()
        return scores

    def _here(self) -> deque[Score]:
        here: deque[Score] | None = getattr(self._scored, "here", None)
        if here is None:
            here = self._scored.here = deque(maxlen=LIMITS.traces_scores)
        return here

    def put(self, trace: Trace, seen: Account, status: int) -> None:
        """A traced request has been answered. Nothing of it that a person could be known by is taken along."""
        if len(self._waiting) >= LIMITS.traces_waiting:
            self.dropped += 1
            return
        attributes: dict[str, str | int] = {
            "http.request.method": seen.method,
            "http.route": seen.route,
            "http.response.status_code": status,
            "ordain.request_id": seen.id,
        }
        words = {"service": seen.service, "verdict": seen.verdict, "code": seen.code, "decision_id": trace.decision}
        for name, value in words.items():
            if value:
                attributes[f"ordain.{name}"] = value
        if seen.caller is not None and seen.caller.key_id:
            attributes["ordain.key_id"] = seen.caller.key_id
        ended = time.perf_counter()
        name = f"{seen.method} {seen.route}"
        self._waiting.append(Finished(trace, name, seen.begun, ended, time.time() - ended, attributes))

    def flush(self, seconds: float = LIMITS.traces_flush) -> None:
        """Waits until all are sent, so long at the most."""
        until = time.monotonic() + seconds
        while (self._waiting or self._sending) and time.monotonic() < until:
            time.sleep(0.01)

    def _run(self) -> None:
        while True:
            time.sleep(LIMITS.traces_gather)
            while self._waiting:
                self._sending = True
                some = [self._waiting.popleft() for _ in range(min(len(self._waiting), LIMITS.traces_sent))]
                if not self._taken(some):
                    self.dropped += len(some)
                self._sending = False

    def _taken(self, some: list[Finished]) -> bool:
        fault = None
        try:
            taken = self._send(some)
        except Exception as error:  # whatever it is, requests are not to hear of it
            taken, fault = False, error
        if taken == self._refused:
            told = "traces are taken again" if taken else "traces are dropped: the collector does not take them"
            _LOG.warning("%s", told, exc_info=fault)
        self._refused = not taken
        return taken
