"""Delivers to one endpoint, as long as it is this process's: at least once, and in order within each line.

What came of tries is kept some moments later, together. Whoever is killed before is followed by a process that does the
same again from where the state says, so a receiver may get an event twice and knows it by its id.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

from ordain.api.events.backlog import Backlog
from ordain.api.events.carrier import Carrier
from ordain.api.events.outbox import Outbox
from ordain.api.events.owner import has_ended
from ordain.api.events.state import Place, State
from ordain.api.events.tries import Tries
from ordain.api.limits import LIMITS
from ordain.engine.errors import OrdainError

_LOG = logging.getLogger("ordain")


class Courier:
    """`owner` names this process. With `once` it ends when nothing is left that may be tried now."""

    def __init__(self, name: str, outbox: Outbox, state: State, carrier: Carrier, owner: str, once: bool) -> None:
        self.delivered = self.failed = 0
        self._name, self._outbox, self._state, self._carrier = name, outbox, state, carrier
        self._owner, self._once = owner, once
        self._stopping = asyncio.Event()
        self._told = ""

    def stop(self) -> None:
        """No further try begins; `run` ends soon."""
        self._stopping.set()

    async def run(self) -> None:
        """Delivers until it is stopped. A fault of the ledger or the state is told in the log, and waited out."""
        try:
            while not self._stopping.is_set():
                try:
                    if await self._turn():
                        return
                except Exception as error:  # a fault of ours, too, must not end it for good
                    if self._once:
                        raise
                    if not isinstance(error, OrdainError):
                        _LOG.exception("delivering to `%s` failed", self._name)
                    else:
                        self._tell(f"events for `{self._name}` wait: {error.message}")
                await self._pause(LIMITS.events_orders)
        finally:
            await self._carrier.close()

    async def _turn(self) -> bool:
        """Delivers for as long as the endpoint is this process's. Whether there is no more to do."""
        place = await self._claimed()
        if place is None:
            self._tell(f"another process delivers to `{self._name}`")
            return self._once
        try:
            if place.disabled:
                self._tell(f"`{self._name}` is disabled: {place.disabled}")
                return self._once
            self._told = ""
            backlog = await self._backlog(place)
            tries = Tries(place, backlog, self._outbox, self._state, self._carrier, self._stopping, self._once)
            try:
                return await tries.run()
            finally:
                self.delivered += tries.delivered
                self.failed += tries.failed
        finally:
            with suppress(OrdainError):
                await asyncio.to_thread(self._state.release, place)

    async def _claimed(self) -> Place | None:
        place = await asyncio.to_thread(self._state.place, self._name)
        if place is None:  # a new endpoint is told of what comes from now on
            await asyncio.to_thread(self._state.begin, self._name, await asyncio.to_thread(self._outbox.size))
        other = place.owner if place is not None else None
        ended = [other] if other is not None and has_ended(other) else []
        now = time.time()
        return await asyncio.to_thread(self._state.claim, self._name, self._owner, now, now + LIMITS.event_lease, ended)

    async def _backlog(self, place: Place) -> Backlog:
        """Everything as the state has it."""
        size = await asyncio.to_thread(self._outbox.size)
        if place.cursor > size:
            _LOG.warning("`%s` had events up to leaf %d, the ledger ends at %d", place.name, place.cursor, size)
        backlog = Backlog(min(place.cursor, size))
        kept = await asyncio.to_thread(self._state.kept, place.name)
        lines = await asyncio.to_thread(self._outbox.lines, [each.leaf for each in kept])
        for each in kept:
            if each.leaf in lines:
                backlog.restore(each, lines[each.leaf])
        return backlog

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _tell(self, message: str) -> None:
        if message != self._told:
            _LOG.warning("%s", message)
            self._told = message
