"""What the server's process waits for: a signal, or the end of a worker."""

from __future__ import annotations

import threading
import time

from ordain.api.limits import LIMITS


class Interrupt(threading.Event):
    """Stands in for granian's event, and sees every signal.

    The system may give a signal to any thread of the process, above all one that comes right after another. Python
    handles it in the main thread, once that does something: one that waits without end in an event never does. And an
    event has a lock, which a handler that interrupts `wait` or `set` would wait for without end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._happened = False

    def is_set(self) -> bool:
        return self._happened

    def set(self) -> None:
        self._happened = True

    def clear(self) -> None:
        self._happened = False

    def wait(self, timeout: float | None = None) -> bool:
        """Looks again and again; without `timeout` until it is set."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self._happened and (until is None or time.monotonic() < until):
            time.sleep(LIMITS.news_seconds)
        return self._happened
