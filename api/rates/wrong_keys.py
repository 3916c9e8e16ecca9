"""Keys and tokens that open nothing, from one address: after so many no other one from there is looked at for a while.

What opened before is looked at all the same, so that who sends wrong keys does not keep out others behind the same
address. A request without a key or token is no guess, and counts only for the limit of its address.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ordain.api.access.caller import Caller
from ordain.api.access.door import Door
from ordain.api.access.rates import Rate
from ordain.api.http.bodies import Scope
from ordain.api.http.pool import PoolFull
from ordain.api.limits import LIMITS
from ordain.api.rates.limiter import Limiter
from ordain.api.rates.shared_times import Draw, Refused, draw_of
from ordain.engine.errors import OrdainError, Unauthenticated

WRONG_KEYS = "wrong keys"
TOLD = "those from one address with keys that open nothing are limited to {}"
_LOG_INS = "log-ins from one address are limited to {}"


class WrongKeys:
    """The door, for who does not try too many keys at it. `rate` None lets everybody try."""

    def __init__(
        self, door: Door, limiter: Limiter, rate: Rate | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._door, self._limiter, self._rate, self._clock = door, limiter, rate, clock
        self._opened: set[int] = set()
        """Hashes of what opened."""

    async def caller(self, scope: Scope, counts: bool = True) -> Caller:
        """Who asks; `counts` as in `Door.caller_of`. Raises Unauthenticated, TooManyRequests."""
        credential = self._door.credential(scope)
        if self._rate is None or not credential or not self._door.gate.configured:
            return await self._door.caller_of(scope, counts)
        hashed = hash(credential)
        draw = None if hashed in self._opened else self._may_try(scope, self._rate)
        try:
            caller = await self._door.caller_of(scope, counts)
        except Unauthenticated:
            self._opened.discard(hashed)
            draw = draw or self._draw(scope, self._rate)
            self._limiter.times.take([draw], 1, self._clock())
            raise
        if draw is not None:
            if len(self._opened) >= LIMITS.wrong_keys:
                self._opened.clear()
            self._opened.add(hashed)
        return caller

    async def known(self, scope: Scope, counts: bool = True) -> Caller | None:
        """The same for what anybody may ask: None for who is not known, or tries too often."""
        header = scope.headers.get("authorization")
        gate = self._door.gate
        if gate.login is not None and not header:
            try:
                return await self.caller(scope, counts)
            except (OrdainError, PoolFull):
                return None
        if self._rate is None or not header or not gate.configured:
            return gate.known(header)
        draw = self._draw(scope, self._rate)
        if hash(header) not in self._opened and self._limiter.times.wait_for(draw, self._clock()) > 0:
            return None
        caller = gate.known(header)
        if caller is None:
            self._limiter.times.take([draw], 1, self._clock())
        return caller

    def log_in(self, scope: Scope) -> None:
        """Somebody wants to log in, or comes back from the provider. Raises TooManyRequests."""
        if self._rate is not None:
            draw = draw_of(WRONG_KEYS, f"log-in {self._limiter.clients.address_of(scope)}", self._rate)
            refused = self._limiter.times.take([draw], 1, self._clock())
            if refused is not None:
                raise self._limiter.refusal(refused, "", _LOG_INS)

    def close(self) -> None:
        """Waits for what is under way."""
        self._door.close()

    def _may_try(self, scope: Scope, rate: Rate) -> Draw:
        draw = self._draw(scope, rate)
        wait = self._limiter.times.wait_for(draw, self._clock())
        if wait > 0:
            raise self._limiter.refusal(Refused(draw, wait), "", TOLD)
        return draw

    def _draw(self, scope: Scope, rate: Rate) -> Draw:
        return draw_of(WRONG_KEYS, self._limiter.clients.address_of(scope), rate)
