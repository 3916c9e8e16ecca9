"""A circuit breaker for a model: after some slow or failed scores in a row it is left alone for a while.

Only facts with a fallback ask whether it is: who has none waits for the model, as before. The time that a score took is
known once it has come, so a score that came late is used, and counts as slow: to be able to give up waiting, each score
would have to be made in another thread, which costs each decision more than the model does (see docs/adr).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from ordain.api.limits import LIMITS
from ordain.engine.score_fallback import FAILING, SLOW


class ModelCircuit:
    """`slow` is in seconds, for one row; `now` gives seconds. Safe to use from several threads."""

    def __init__(self, slow: float, now: Callable[[], float]) -> None:
        self._slow, self._now = slow, now
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._why = ""
        self._until = 0.0

    def resting(self) -> str:
        """Why the model is not to be asked now; "" when it may be. Once its time is over, for one who tries it."""
        if not self._why:
            return ""
        with self._lock:
            if self._why and self._now() >= self._until:
                self._until = self._now() + LIMITS.circuit_seconds  # the others wait for what comes of it
                return ""
            return self._why

    def came(self, seconds: float, rows: int = 1) -> None:
        """A score has come, or those of so many rows."""
        if seconds > self._slow * -(-rows // LIMITS.circuit_rows):
            self._fail(SLOW)
        elif self._in_a_row or self._why:
            with self._lock:
                self._in_a_row, self._why = 0, ""

    def failed(self) -> None:
        """No score has come."""
        self._fail(FAILING)

    def _fail(self, why: str) -> None:
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row >= LIMITS.circuit_failures:
                self._why, self._until = why, self._now() + LIMITS.circuit_seconds
