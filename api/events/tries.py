"""Tries to deliver, from one claim of an endpoint until it is lost, stopped, disabled or done."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

from ordain.api.events.backlog import Backlog
from ordain.api.events.carrier import Came, Carrier
from ordain.api.events.outbox import Outbox
from ordain.api.events.state import Place, State, Waits
from ordain.api.events.waits import wait_after
from ordain.api.limits import LIMITS
from ordain.engine.errors import OrdainError

_LOG = logging.getLogger("ordain")


class Tries:
    """Several at once. What was `delivered` and what `failed` is counted."""

    def __init__(
        self,
        place: Place,
        backlog: Backlog,
        outbox: Outbox,
        state: State,
        carrier: Carrier,
        stopping: asyncio.Event,
        once: bool,
    ) -> None:
        self.delivered = self.failed = 0
        self._place, self._backlog, self._outbox, self._state, self._carrier = place, backlog, outbox, state, carrier
        self._stopping, self._once = stopping, once
        self._under_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._all_read, self._looked = False, 0.0
        self._kept = self._checked = time.monotonic()
        self._came, self._disabled = False, ""
        self._accepted: dict[int, int] = {}

    async def run(self) -> bool:
        """Whether there is no more to do. Raises what the ledger and the state raise."""
        watching = asyncio.create_task(self._watch())
        try:
            while not (self._stopping.is_set() or self._disabled):
                await self._read()
                self._begin()
                if not await self._is_ours():
                    return False
                if self._once and self._all_read and not self._under_way and self._backlog.due() > time.time():
                    break
                await self._sleep()
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=LIMITS.events_stop)
            await self._keep()
            return self._stopping.is_set() or self._once
        finally:
            rest = [watching, *self._under_way]
            for each in rest:
                each.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

    async def _watch(self) -> None:
        await self._stopping.wait()
        self._wake.set()

    async def _read(self) -> None:
        """Takes in more entries, unless some are there to be tried or too many wait already."""
        backlog = self._backlog
        if self._all_read and time.monotonic() - self._looked < LIMITS.events_look:
            return
        while len(backlog) < LIMITS.events_waiting and backlog.due() > time.time():
            wanted, ahead = await asyncio.to_thread(self._outbox.read, backlog.ahead)
            self._looked, self._all_read = time.monotonic(), ahead == backlog.ahead
            if self._all_read:
                return
            for leaf, line in wanted:
                backlog.take(leaf, line)
            backlog.read_to(ahead)
            self._came = True

    def _begin(self) -> None:
        if self._stopping.is_set() or self._disabled:  # since the loop looked, while it read
            return
        # Nothing is begun that could end after another process may have taken over.
        if time.monotonic() > self._kept + LIMITS.event_lease - 2 * LIMITS.event_seconds:
            return
        while len(self._under_way) < LIMITS.events_at_once and (waits := self._backlog.start(time.time())):
            task = asyncio.create_task(self._try(waits))
            self._under_way.add(task)
            task.add_done_callback(self._tried)

    def _tried(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._came = True
        self._wake.set()

    async def _try(self, waits: Waits) -> None:
        leaf = waits.leaf
        before = self._accepted.get(leaf, 0)
        came = await self._sent(leaf)
        goes_on = self._accepted.get(leaf, 0) > before
        if not came.fault:
            self._accepted.pop(leaf, None)
            self.delivered += 1
            self._backlog.delivered(leaf)
            return
        self.failed += 1
        if came.gone:
            self._disabled = came.fault
        tries = 1 if goes_on else waits.tries + 1  # of the event that is to be sent next
        if tries >= LIMITS.event_tries:
            _LOG.error("leaf %d is a dead letter of `%s`: %s", leaf, self._place.name, came.fault)
            self._accepted.pop(leaf, None)
            self._backlog.gave_up(leaf, came.fault)
        else:
            self._backlog.failed(leaf, came.fault, time.time() + wait_after(tries, came.retry_after), tries)

    async def _sent(self, leaf: int) -> Came:
        """Sends the events of an entry, one after the other; what was accepted in an earlier try is not sent again."""
        came = Came(None, "")
        try:
            events, line = await asyncio.to_thread(self._outbox.events, leaf), self._backlog.line(leaf)
            async with asyncio.timeout(LIMITS.event_seconds):
                for event in events[self._accepted.get(leaf, 0) :]:
                    came = await self._carrier.send(event, line)
                    if came.fault:
                        return came
                    self._accepted[leaf] = self._accepted.get(leaf, 0) + 1
            return came
        except TimeoutError:
            return Came(None, f"not all events of the entry were taken within {LIMITS.event_seconds:g} seconds")
        except OrdainError as error:
            return Came(None, f"the event cannot be made: {error.message}")
        except Exception:  # whatever it is, it holds up its own line only
            _LOG.exception("leaf %d could not be delivered to `%s`", leaf, self._place.name)
            return Came(None, "a fault of Ordain's own: see the log")

    async def _is_ours(self) -> bool:
        """Keeps what came, if it is time for that. False once a command, or another process, has taken over."""
        now = time.monotonic()
        age = now - self._kept
        if (self._came and age >= LIMITS.events_settle) or age >= LIMITS.event_lease / 4:
            return await self._keep()
        if now - self._checked >= LIMITS.events_orders:
            self._checked = now
            place = await asyncio.to_thread(self._state.place, self._place.name)
            return place is not None and (place.owner, place.epoch) == (self._place.owner, self._place.epoch)
        return True

    async def _keep(self) -> bool:
        self._came, at = False, time.monotonic()
        changes = self._backlog.changes()
        changes.disabled = self._disabled
        kept = await asyncio.to_thread(self._state.settle, self._place, time.time() + LIMITS.event_lease, changes)
        if kept:
            self._kept = at
        return kept

    async def _sleep(self) -> None:
        """Until something comes, is due, or is to be looked for."""
        seconds = LIMITS.events_settle if self._came else LIMITS.events_look
        if len(self._under_way) < LIMITS.events_at_once:
            seconds = max(min(seconds, self._backlog.due() - time.time()), 0.001)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()
