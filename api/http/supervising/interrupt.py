"""What the server's process waits for: a signal, or the end of a worker."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

from ordain.api.limits import LIMITS


class Interrupt(threading.Event):
    """Stands in for granian's event, and sees every signal at once. Made by the main thread.

    The system may give a signal to any thread of the process, above all one that comes right after another. Python
    handles it in the main thread, once that does something: one that waits without end in an event never does. And an
    event has a lock, which a handler that interrupts `wait` or `set` would wait for without end. So this waits for a
    pipe that every signal writes to, and looks again and again for what other threads set.
    """

    def __init__(self) -> None:
        super().__init__()
        self._happened = False
        self._signals, wakes = os.pipe()
        for end in (self._signals, wakes):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)

    def is_set(self) -> bool:
        return self._happened

    def set(self) -> None:
        self._happened = True

    def clear(self) -> None:
        self._happened = False

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is set, or for `timeout` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self._happened and (until is None or time.monotonic() < until):
            if select.select([self._signals], [], [], LIMITS.news_seconds)[0]:
                os.read(self._signals, 4096)
        return self._happened
