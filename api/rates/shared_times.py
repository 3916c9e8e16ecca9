"""How far each caller has drawn on its rate: one number for each, in memory that all workers of a server share.

The number is the time at which all that was taken would have come at an even pace (GCRA, the "virtual scheduling" of
ITU-T I.371). So a time that has passed says the same as none: nothing has to be counted down or cleaned up, and a place
whose time has passed is free for another name.

The server's process makes the memory and a lock, and the workers that it forks share both. Names are kept as hashes
(64 bits, seeded at random when the server starts), so no address and no key's id is in it.
"""

from __future__ import annotations

import math
import mmap
import multiprocessing
from collections.abc import Sequence
from typing import NamedTuple

from ordain.api.access.rates import Rate
from ordain.api.limits import LIMITS

_PLACES = 8
"""Places for names whose hashes meet; the one whose time is the least goes when there is no room."""

_ROUNDING = 1e-6
"""Seconds that are no wait."""


class Draw(NamedTuple):
    """What is drawn on: `limit` says which limit it is, `name` whose, as `address 192.0.2.1`.

    `interval` is the time between two requests at an even pace, `room` what may be taken before that pace counts,
    less one `interval`. All times are seconds of the clock that all processes of a machine share (`time.monotonic`).
    """

    limit: str
    name: str
    rate: Rate
    hashed: int
    interval: float
    room: float


class Refused(NamedTuple):
    """Of several draws the one that has to wait longest, and for how long."""

    draw: Draw
    wait: float


def draw_of(limit: str, name: str, rate: Rate) -> Draw:
    """`name` is that of the caller, address or service."""
    whole = f"{limit} {name}"
    interval = rate.seconds / rate.requests
    return Draw(limit, whole, rate, hash(whole) or 1, interval, rate.seconds - interval)


class SharedTimes:
    """The times of some `LIMITS.rate_names` names at once."""

    def __init__(self) -> None:
        self._places = LIMITS.rate_names // _PLACES * _PLACES
        memory = memoryview(mmap.mmap(-1, 16 * self._places))
        self._names, self._times = memory[: 8 * self._places].cast("q"), memory[8 * self._places :].cast("d")
        self._lock = multiprocessing.Lock()

    def take(self, draws: Sequence[Draw], count: int, now: float) -> Refused | None:
        """Takes `count` of each, or nothing of any when one of them has none left. None when they were taken.

        Where there is one left, `count` may be taken: later ones wait the longer for it.
        """
        refused, taken = None, []
        self._lock.acquire(True, LIMITS.rate_lock_seconds)
        try:
            for draw in draws:
                at, time = self._place(draw.hashed)
                begun = time if time > now else now
                wait = begun - now - draw.room
                if wait > _ROUNDING and (refused is None or wait > refused.wait):
                    refused = Refused(draw, wait)
                taken.append((at, draw.hashed, begun + draw.interval * count))
            if refused is None:
                for at, hashed, time in taken:
                    self._names[at] = hashed
                    self._times[at] = time
        finally:
            self._let_go()
        return refused

    def wait_for(self, draw: Draw, now: float) -> float:
        """How long until one could be taken; 0 when it could be now."""
        _, time = self._place(draw.hashed)
        wait = max(time, now) - now - draw.room
        return wait if wait > _ROUNDING else 0.0

    def left(self, draw: Draw, now: float) -> tuple[int, float]:
        """How many could be taken at once now, and after how many seconds all of the rate is there again."""
        _, time = self._place(draw.hashed)
        ahead = max(time, now) - now
        return max(0, math.floor((draw.room - ahead) / draw.interval + _ROUNDING) + 1), ahead

    def give_back(self, draws: Sequence[Draw], count: int) -> None:
        """What was taken and is not used."""
        self._lock.acquire(True, LIMITS.rate_lock_seconds)
        try:
            for draw in draws:
                at, time = self._place(draw.hashed)
                if time:
                    self._times[at] = time - draw.interval * count
        finally:
            self._let_go()

    def _place(self, hashed: int) -> tuple[int, float]:
        """Where the time of a name is, and the time; or the place that is to be its own, and 0."""
        names = self._names
        first = hashed * _PLACES % self._places
        if names[first] == hashed:
            return first, self._times[first]
        places = range(first, first + _PLACES)
        for at in places:
            if names[at] == hashed:
                return at, self._times[at]
        return min(places, key=self._times.__getitem__), 0.0

    def _let_go(self) -> None:
        """A worker that was killed while it counted holds the lock for ever: who waited in vain lets go for it."""
        try:  # noqa: SIM105  # `suppress` would take twice as long as the lock
            self._lock.release()
        except ValueError:  # this worker was taken for a dead one
            pass
