"""How often may be asked: looked at by the event loop before a request's body is read.

A request that is refused by one limit draws on none. It is not waited for, and nothing of it is done.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ordain.api.access.caller import Caller
from ordain.api.access.rates import Rate
from ordain.api.http.bodies import Scope
from ordain.api.limits import LIMITS
from ordain.api.metrics.meter import Meter
from ordain.api.rates.client_address import Clients
from ordain.api.rates.shared_times import Draw, Refused, SharedTimes, draw_of
from ordain.api.settings import Settings
from ordain.engine.errors import Issue, TooManyRequests
from ordain.engine.late import late

if TYPE_CHECKING:
    from ordain.api.rates.redis_times import RedisTimes

INSTALLATION, TENANT, SERVICE, CALLER, ADDRESS = "installation", "tenant", "service", "caller", "address"
_TOLD = {
    INSTALLATION: "this server is limited to {}",
    TENANT: "all callers together are limited to {}",
    SERVICE: "this service is limited to {}",
    CALLER: "this caller is limited to {}",
    ADDRESS: "those from one address are limited to {}",
}


class Limiter:
    """The limits of the settings, and of callers' keys. Used by one event loop.

    X
        gives seconds. Raises SettingsError when Redis is wanted and its package is not there.
    """

    def __init__(
        self,
        settings: Settings,
        meter: Meter | None = None,
        times: SharedTimes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.times, self.clients = times or SharedTimes(), Clients(settings.proxies)
        self._settings, self._meter, self._clock = settings, meter, clock
        whole = INSTALLATION if settings.tenants is None else TENANT
        self._whole = None if settings.rate is None else draw_of(whole, "", settings.rate)
        self.looks = any(
            (settings.rate, settings.rate_per_service, settings.rate_per_caller, settings.rate_per_address)
        )
        self._made: dict[tuple[str, str], Draw] = {}
        self.shared: RedisTimes | None = None
        if settings.redis_url is not None:
            self.shared = late("ordain.api.rates.redis_times:RedisTimes")(settings.redis_url, settings.tenant)

    @property
    def faults(self) -> list[str]:
        """Why limits hold for this server alone, when several are to share them."""
        return [self.shared.fault] if self.shared is not None and self.shared.fault else []

    def draws(self, scope: Scope, caller: Caller | None, service: str, *, of_address: bool = True) -> list[Draw]:
        """What a request draws on. `service` is one that there is; empty when it is about none.

        Without `of_address` the limit of its address is left out: it has been drawn on before it was known who asks.

        Nobody who is not known draws on what all share: else anybody could use it up.
        """
        chosen, found = self._settings, list[Draw]()
        if of_address and chosen.rate_per_address is not None:
            found.append(self._draw(ADDRESS, self.clients.address_of(scope), chosen.rate_per_address))
        if caller is None:
            return found
        rate = caller.rate or chosen.rate_per_caller
        if rate is not None and (name := caller.known_as):
            found.append(self._draw(CALLER, name, rate))
        if service and chosen.rate_per_service is not None:
            found.append(self._draw(SERVICE, service, chosen.rate_per_service))
        if self._whole is not None:
            found.append(self._whole)
        return found

    async def take(self, draws: list[Draw], service: str = "", count: int = 1) -> None:
        """Takes `count` of each. Raises TooManyRequests, and has taken nothing then."""
        if not draws:
            return
        refused = self.times.take(draws, count, self._clock())
        if refused is None and self.shared is not None:
            refused = await self.shared.take(draws, count)
            if refused is not None:
                self.times.give_back(draws, count)
        if refused is not None:
            raise self.refusal(refused, service)

    def told(self, draws: list[Draw]) -> list[tuple[str, str]]:
        """The headers that say how much of its own limits a caller has left: draft-ietf-httpapi-ratelimit-headers-09.

        What others draw on, too, is told to nobody. Where servers share limits it is what this one knows.
        """
        own = [draw for draw in draws if draw.limit in (CALLER, ADDRESS)]
        if not own:
            return []
        now, policies, left = self._clock(), [], []
        for draw in own:
            count, seconds = self.times.left(draw, now)
            policies.append(f'"{draw.limit}";q={draw.rate.requests};w={draw.rate.seconds}')
            left.append(f'"{draw.limit}";r={count};t={math.ceil(seconds)}')
        return [("ratelimit-policy", ", ".join(policies)), ("ratelimit", ", ".join(left))]

    def refusal(self, refused: Refused, service: str, told: str = "") -> TooManyRequests:
        """The error of a request that is refused, which is counted."""
        limit = refused.draw.limit
        if self._meter is not None:
            self._meter.limited(service, limit)
        message = (told or _TOLD[limit]).format(refused.draw.rate)
        return too_many(limit, f"too many requests: {message}", refused.wait)

    def _draw(self, limit: str, name: str, rate: Rate) -> Draw:
        draw = self._made.get((limit, name))
        if draw is None or draw.rate is not rate:
            if len(self._made) >= LIMITS.addresses_kept:
                self._made.clear()
            draw = self._made[limit, name] = draw_of(limit, name, rate)
        return draw


def too_many(limit: str, message: str, wait: float) -> TooManyRequests:
    """The error, with the whole seconds after which to ask again."""
    seconds = max(1, math.ceil(wait))
    again = "ask again in a second" if seconds == 1 else f"ask again in {seconds:,} seconds"
    error = TooManyRequests(Issue(message, again, fields={"limit": limit, "retry_after": seconds}))
    error.wait = wait
    return error
