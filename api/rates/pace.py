"""A batch, whose lines count as requests do: it goes on as fast as its limits let it."""

from __future__ import annotations

from typing import NamedTuple

from ordain.api.limits import LIMITS
from ordain.api.rates.limiter import Limiter
from ordain.api.rates.shared_times import Draw
from ordain.engine.errors import TooManyRequests


class Pace(NamedTuple):
    """What the lines of a batch draw on."""

    limiter: Limiter
    draws: list[Draw]
    service: str

    async def wait(self, lines: int, waited: float) -> float | TooManyRequests:
        """Takes `lines`; or says after how many seconds to try again, when `waited` have gone by with that.

        Gives the error when that is too long.
        """
        try:
            await self.limiter.take(self.draws, self.service, lines)
        except TooManyRequests as error:
            if waited + error.wait > LIMITS.rate_waits:
                return error
            return max(error.wait, 0.001)
        return 0.0
