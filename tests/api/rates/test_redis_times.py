"""Servers that share a Redis share their limits; without it each keeps its own, says so, and comes back."""

from __future__ import annotations

import asyncio
import gc
import re
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import redis
from answers import ADVICE, body
from asking import Head
from redis_server import RedisServer
from served import SECONDS, Server, settings_in

from ordain.api.access.caller import LOCAL
from ordain.api.access.rates import Rate, read_rate
from ordain.api.limits import LIMITS
from ordain.api.rates.limiter import Limiter
from ordain.api.rates.redis_times import RedisTimes
from ordain.api.rates.shared_times import SharedTimes, draw_of
from ordain.engine.errors import TooManyRequests

ADVISE = "/v1/decisions/plan-advice"


@pytest.fixture(autouse=True)
def _none_left() -> Iterator[None]:
    """Connections of a loop that has ended are redis-py's to let go of: here, and not in a later test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as running:
        yield running


def shares(server: Server) -> bool:
    """Whether Redis has answered it, which is asked now."""
    assert server.decide("retention", "C-1", {}).status == 422
    return server.get("/healthz").json()["status"] == "ok"


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_gives_and_refuses_what_the_times_in_memory_do(redis_server: RedisServer) -> None:
    async def compare() -> None:
        near, far = SharedTimes(), RedisTimes(redis_server.url, "tests")
        draws = [draw_of("caller", "x", Rate(40, 3600)), draw_of("service", "y", Rate(20, 3600))]
        for count in (1, 16, 2, 1, 1, 5, 1):
            here, there = near.take(draws, count, time.monotonic()), await far.take(draws, count)
            assert (here is None) == (there is None), count
            if here is not None and there is not None:
                assert here.draw == there.draw
                assert abs(here.wait - there.wait) < SECONDS
        assert not far.fault

    asyncio.run(compare())


def test_many_that_take_at_once_from_several_servers_get_no_more_than_there_is(redis_server: RedisServer) -> None:
    async def ask() -> list[bool]:
        servers = [RedisTimes(redis_server.url, "tests") for _ in range(3)]
        draws, told = [draw_of("service", "x", Rate(100, 3600))], list[bool]()
        for _ in range(20):
            came = await asyncio.gather(*(server.take(draws, 1) for server in servers for _ in range(3)))
            told += [each is None for each in came]
        assert not any(server.fault for server in servers)
        return told

    assert sum(asyncio.run(ask())) == 100


def test_tenants_have_their_own_and_no_name_can_be_read_there(redis_server: RedisServer) -> None:
    async def ask() -> None:
        draws = [draw_of("address", "192.0.2.1", Rate(1, 3600)), draw_of("caller", "key 0123456789ab", Rate(1, 3600))]
        for tenant in ("one", "two"):
            assert await RedisTimes(redis_server.url, tenant).take(draws, 1) is None
            assert await RedisTimes(redis_server.url, tenant).take(draws, 1) is not None

    asyncio.run(ask())
    keys = redis_server.names()
    assert len(keys) == 4
    assert all(re.fullmatch(rb"\{ordain:(one|two)\}:[0-9a-f]{32}", key) for key in keys)


def test_what_has_gone_by_is_forgotten(redis_server: RedisServer) -> None:
    async def ask() -> None:
        assert await RedisTimes(redis_server.url, "tests").take([draw_of("caller", "x", Rate(10, 1))], 1) is None

    asyncio.run(ask())
    until(lambda: not redis_server.names())


def test_a_request_that_others_have_used_up_draws_on_nothing_here(redis_server: RedisServer, tmp_path: Path) -> None:
    chosen = settings_in(tmp_path, redis_url=redis_server.url, rate_per_service=read_rate("10 per hour"))

    async def ask() -> None:
        here, there = Limiter(chosen), Limiter(chosen)
        draws = here.draws(Head(), LOCAL, "plan-advice")
        for _ in range(9):
            await there.take(draws)
        await here.take(draws)
        for _ in range(30):
            with pytest.raises(TooManyRequests):
                await here.take(draws)
        assert here.times.wait_for(draws[0], time.monotonic()) == 0  # one of ten was taken here

    asyncio.run(ask())


@pytest.mark.parametrize("how", ["kill", "hang"])
def test_a_redis_that_does_not_answer_is_asked_seldom_and_the_limit_of_this_server_holds(
    redis_server: RedisServer, tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = settings_in(tmp_path, redis_url=redis_server.url, rate_per_service=read_rate("10 per hour"))

    async def ask() -> None:
        limiter = Limiter(chosen)
        draws = limiter.draws(Head(), LOCAL, "plan-advice")
        for _ in range(5):
            await limiter.take(draws)
        getattr(redis_server, how)()
        async with asyncio.timeout(SECONDS):
            for _ in range(5):
                await limiter.take(draws)
        with pytest.raises(TooManyRequests):
            await limiter.take(draws)
        assert limiter.faults == ["limits hold for each server alone: Redis (`redis_url`) does not answer"]
        redis_server.kill()
        redis_server.start()
        await asyncio.sleep(LIMITS.redis_rests)
        others = limiter.draws(Head(), LOCAL, "retention")
        await limiter.take(others)
        assert limiter.faults == []

    asyncio.run(ask())
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert told[0].startswith("limits are not shared: Redis does not answer")
    assert told[1] == "limits are shared again: Redis answers"


def test_two_served_servers_share_a_limit_and_go_on_without_redis(redis_server: RedisServer, tmp_path: Path) -> None:
    more = {"ORDAIN_REDIS_URL": redis_server.url, "ORDAIN_RATE_PER_SERVICE": "30 per hour"}
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with Server(folders[0], **more) as one, Server(folders[1], **more) as two:

        def ask(server: Server) -> int:
            return server.ask("POST", ADVISE, body(ADVICE)).status

        for server in (one, two):  # once connected, Redis answers in time on a busy machine, too
            until(partial(shares, server))
        with ThreadPoolExecutor(4) as threads:
            told = list(threads.map(ask, [one, two] * 30))
        assert (told.count(200), told.count(429)) == (30, 30)
        redis_server.kill()
        told = [ask(one) for _ in range(40)]
        assert set(told) <= {200, 429}
        assert told[-1] == 429  # its own limit holds
        assert told.count(200) < 30  # what it gave before counts
        until(lambda: one.get("/healthz").json()["status"] == "degraded")
        assert any("Redis" in fault for fault in one.get("/healthz").json()["faults"])
        until(lambda: b"ordain_limits_unshared 1\n" in one.get("/metrics").body)
        assert "limits are not shared: Redis does not answer" in one.said()


def test_a_clock_of_redis_that_was_set_back_locks_nobody_out_and_lets_nobody_pass(redis_server: RedisServer) -> None:
    """Times that were kept by the clock of before lie ahead of it, as far as it was set back."""

    async def ask() -> None:
        times, draws = RedisTimes(redis_server.url, "tests"), [draw_of("caller", "x", Rate(5, 5))]
        assert await times.take(draws, 1) is None
        (key,) = redis_server.names()
        with redis.Redis(port=redis_server.port) as client:
            seconds, micro = client.time()
            hour = 3600 * 1_000_000
            client.set(key, seconds * 1_000_000 + micro + hour, px=2 * 3600 * 1000)
        refused = await times.take(draws, 1)
        assert refused is not None, "nothing is left of what there was before"
        assert refused.wait <= 1.0
        await asyncio.sleep(refused.wait)
        assert await times.take(draws, 1) is None
        assert await times.take(draws, 4) is not None, "it fills as ever"

    asyncio.run(ask())
