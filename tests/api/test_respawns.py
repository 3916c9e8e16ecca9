"""A worker that is killed twice is no reason to end the others; one that cannot start is given up in the end."""

from __future__ import annotations

from ordain.api.http.supervising.respawns import Respawns
from ordain.api.limits import LIMITS

GRANIAN_GIVES_UP = 5.5  # seconds since the last start of the worker that failed


def given_up(times: list[float], now: float) -> bool:
    """What granian does with it whenever a worker has failed."""
    respawns = Respawns(clock=lambda: now)
    for at in times:
        respawns.clear()
        respawns[0] = at
    return now - respawns.get(0, 0) <= GRANIAN_GIVES_UP


def test_two_failures_within_seconds_end_nothing() -> None:
    assert not given_up([], 1.0)
    assert not given_up([1.0, 1.5], 2.0)


def test_many_within_a_minute_end_the_server() -> None:
    often = [100.0 + second for second in range(LIMITS.restarts)]
    assert given_up(often, often[-1] + 1)
    assert not given_up(often[1:], often[-1] + 1)


def test_as_many_over_a_longer_time_end_nothing() -> None:
    seldom = [100.0 + 3 * second for second in range(LIMITS.restarts)]
    assert not given_up(seldom, seldom[-1] + 1)
    often_before = [100.0 + second for second in range(LIMITS.restarts)]
    assert not given_up([*often_before, 400.0], 401.0)


def test_each_worker_is_counted_for_itself() -> None:
    respawns = Respawns(clock=lambda: 200.0)
    for number in range(2 * LIMITS.restarts - 2):
        respawns[number % 2] = 100.0 + number / 2
    assert 200.0 - respawns.get(0, 0) > GRANIAN_GIVES_UP
    assert 200.0 - respawns.get(1, 0) > GRANIAN_GIVES_UP
