"""`ordain events deliver`: a courier for each endpoint, in a process of its own, until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ordain.api.events.carriers import carrier_of
from ordain.api.events.courier import Courier
from ordain.api.events.endpoints import Endpoint
from ordain.api.events.outbox import Outbox
from ordain.api.events.owner import this_process
from ordain.api.events.state import State
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.engine.errors import OrdainError

_LOG = logging.getLogger("ordain")


class Sums(NamedTuple):
    """Events delivered, and tries that failed."""

    delivered: int = 0
    failed: int = 0


class Running(NamedTuple):
    """One endpoint that is delivered to."""

    endpoint: Endpoint
    courier: Courier
    task: asyncio.Task[None]


class Delivering:
    """Delivers to endpoints, which are `read` again at a SIGHUP; ends at SIGTERM and SIGINT."""

    def __init__(self, opened: OpenLedger, state: State, read: Callable[[], dict[str, Endpoint]], once: bool) -> None:
        self._opened, self._state, self._read, self._once = opened, state, read, once
        self._owner = this_process()
        self._running: dict[str, Running] = {}
        self._ending = asyncio.Event()
        self._sums: dict[str, Sums] = {}
        self._reloading = asyncio.Lock()

    async def run(self, endpoints: Mapping[str, Endpoint]) -> dict[str, Sums]:
        """By endpoint what came of it. With `once` it ends when nothing is left that may be tried now.

        Raises then what the ledger and the state raise.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        reloading: set[asyncio.Task[None]] = set()

        def reload() -> None:
            reloading.add(task := asyncio.create_task(self._reload()))
            task.add_done_callback(reloading.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        self._start(endpoints)
        if self._once:
            done = asyncio.gather(*(each.task for each in self._running.values()), return_exceptions=True)
            done.add_done_callback(lambda _: self._ending.set())
        await self._ending.wait()
        await self._end(list(self._running))
        return self._sums

    def _start(self, endpoints: Mapping[str, Endpoint]) -> None:
        for name, endpoint in endpoints.items():
            outbox, carrier = Outbox(self._opened, endpoint), carrier_of(endpoint)
            courier = Courier(name, outbox, self._state, carrier, self._owner, self._once)
            self._running[name] = Running(endpoint, courier, asyncio.create_task(courier.run()))

    async def _end(self, names: list[str]) -> None:
        """Stops some couriers, all at the same time. With `once`, raises what one of them raised."""
        ended = [self._running.pop(name) for name in names]
        for each in ended:
            each.courier.stop()
        came = await asyncio.gather(*(each.task for each in ended), return_exceptions=True)
        for each in ended:
            before, courier = self._sums.get(each.endpoint.name, Sums()), each.courier
            self._sums[each.endpoint.name] = Sums(before.delivered + courier.delivered, before.failed + courier.failed)
        for fault in came:
            if isinstance(fault, BaseException):
                raise fault

    async def _reload(self) -> None:
        """Takes over the file as it is now, if it is right; endpoints that stay the same are not disturbed."""
        async with self._reloading:
            try:
                new = await asyncio.to_thread(self._read)
            except OrdainError as error:
                _LOG.error("the endpoints were not reloaded, those before go on: %s", error)
                return
            gone = [name for name, each in self._running.items() if new.get(name) != each.endpoint]
            await self._end(gone)
            self._start({name: each for name, each in new.items() if name not in self._running})
        _LOG.info("reloaded: %d endpoints, of which %d had changed or gone", len(new), len(gone))
