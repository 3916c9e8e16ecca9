"""Limits that several servers share: the same times as in `shared_times.py`, kept by Redis, by its own clock.

One script takes from all limits of a request or from none, so that no two servers take the same. What has passed
Redis forgets by itself. When Redis does not answer in `LIMITS.redis_waits` seconds, each server goes on with the times
of its own, which it keeps all along; Redis is asked again a moment later.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Sequence

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ordain.api.limits import LIMITS
from ordain.api.rates.shared_times import Draw, Refused
from ordain.engine.errors import SettingsError

_LOG = logging.getLogger("ordain")
_MICROSECONDS = 1_000_000
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local count, most, longest, refused, times = tonumber(ARGV[1]), tonumber(ARGV[2]), 0, 0, {}
for i, key in ipairs(KEYS) do
  local interval, room = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local begun = math.max(tonumber(redis.call('GET', key) or 0), now)
  if begun > now + room + interval * most then
    begun = now + room + interval
    redis.call('SET', key, string.format('%.0f', begun), 'PX', math.ceil((room + interval) / 1000) + 1)
  end
  local wait = begun - now - room
  if wait > longest then longest, refused = wait, i end
  times[i] = begun + interval * count
end
if refused == 0 then
  for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.0f', times[i]), 'PX', math.ceil((times[i] - now) / 1000) + 1)
  end
end
return {refused, math.ceil(longest)}
"""
"""Its times are microseconds. Gives which of the draws was refused, from 1, and how long it has to wait; 0 if none.

A time further ahead than `most` at once can have put it means that the clock was set back: then nothing is left of that
limit, and it fills again as ever. Else who has drawn on it would wait for as long as the clock went back.
"""


class RedisTimes:
    """Used by one event loop. `fault` says why limits are not shared now, if they are not. Raises SettingsError."""

    def __init__(self, url: str, tenant: str) -> None:
        try:
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=LIMITS.redis_connections,
                timeout=LIMITS.redis_waits,
                socket_timeout=LIMITS.redis_waits,
                socket_connect_timeout=LIMITS.redis_waits,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise SettingsError(f"`redis_url`: {error}", "for example: redis://127.0.0.1:6379/0") from None
        self._script = Redis(connection_pool=pool).register_script(_TAKE)
        self._tenant = tenant
        self._rests_until = 0.0
        self.fault = ""

    async def take(self, draws: Sequence[Draw], count: int) -> Refused | None:
        """As `SharedTimes.take`; None, too, when Redis does not answer."""
        if time.monotonic() < self._rests_until:
            return None
        paces = [number for draw in draws for number in (_micro(draw.interval), _micro(draw.room))]
        try:
            async with asyncio.timeout(LIMITS.redis_waits):
                number, wait = await self._script(
                    keys=[self._key(draw) for draw in draws], args=[count, LIMITS.batch_slice, *paces]
                )
        except Exception as error:  # whatever is wrong with Redis, requests are answered
            self._rests(error)
            return None
        if self.fault:
            _LOG.warning("limits are shared again: Redis answers")
            self.fault = ""
        return Refused(draws[number - 1], wait / _MICROSECONDS) if number else None

    def _key(self, draw: Draw) -> str:
        """Within braces what keeps the keys of one request together in a cluster. No address can be read from it."""
        name = hashlib.blake2b(draw.name.encode(), key=self._tenant.encode()[:64], digest_size=16).hexdigest()
        return f"{{ordain:{self._tenant}}}:{name}"

    def _rests(self, error: Exception) -> None:
        self._rests_until = time.monotonic() + LIMITS.redis_rests
        if not self.fault:
            _LOG.warning("limits are not shared: Redis does not answer (%s)", type(error).__name__)
        self.fault = "limits hold for each server alone: Redis (`redis_url`) does not answer"


def _micro(seconds: float) -> int:
    return max(1, round(seconds * _MICROSECONDS))
