"""A worker hears that it is to end before the server software waits for what is under way."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable

ENDING = threading.Event()
"""Set once this process is to end: for threads that work longer than the server waits."""


def when_told_to_end(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Has the loop call `end` once this process gets SIGTERM or SIGINT.

    The loop hears of signals by the descriptor that it is woken with, so granian's own handlers stay. Further signals
    do not reach them: granian 2.8 has no room for a third, which would keep the loop from ever going on.
    """

    def told(*_: object) -> None:
        signal.set_wakeup_fd(-1)  # nobody but this hears of further ones; ignored, Python would complain of them
        loop.call_soon_threadsafe(begin_to_end)

    def begin_to_end() -> None:
        if not ENDING.is_set():
            ENDING.set()
            end()

    def hear() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, told)

    if threading.current_thread() is threading.main_thread():
        loop.call_soon(hear)  # once granian has set its handlers
