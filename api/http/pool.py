"""Threads for what waits, so that the event loop does not: with a queue that has an end, in length and in time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ordain.api.limits import LIMITS
from ordain.api.logs.records import TENANT

Result = TypeVar("Result")


class PoolFull(Exception):
    """Too many wait already, or it has waited too long: it was not begun."""


class Pool:
    """Calls in one of `threads` threads; `waiting` more may wait for one, none longer than `LIMITS.queue_seconds`."""

    def __init__(self, threads: int, waiting: int, name: str) -> None:
        # What its threads say in the log is about the tenant for which it is made.
        self._threads = ThreadPoolExecutor(
            threads, thread_name_prefix=name, initializer=TENANT.set, initargs=(TENANT.get(),)
        )
        self._room = threading.Semaphore(threads + waiting)

    async def run(self, call: Callable[..., Result], *arguments: Any) -> Result:
        """What `call` returns or raises. Raises PoolFull at once when there is no room."""
        if not self._room.acquire(blocking=False):
            raise PoolFull
        future = self._threads.submit(_in_time, time.monotonic() + LIMITS.queue_seconds, call, *arguments)
        future.add_done_callback(lambda _: self._room.release())  # also when nobody waits for it any more
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Waits for what is under way."""
        self._threads.shutdown()


def _in_time(until: float, call: Callable[..., Result], *arguments: Any) -> Result:
    if time.monotonic() > until:
        raise PoolFull
    return call(*arguments)
