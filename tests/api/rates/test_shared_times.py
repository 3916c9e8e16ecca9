"""A rate is what it says: so many at once, then an even pace, for each by itself, however many processes count."""

from __future__ import annotations

import os
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.api.access.rates import Rate
from ordain.api.limits import LIMITS
from ordain.api.rates.shared_times import SharedTimes, draw_of

RATES = st.builds(Rate, st.integers(1, 50), st.sampled_from((1, 60, 3600)))
STEPS = st.lists(st.tuples(st.integers(0, 40_000), st.integers(1, 16)), max_size=60)
"""Milliseconds that go by, and how many are asked for then."""


class Bucket:
    """The same as a bucket of tokens: full at first, filled evenly, and it may be overdrawn by who finds one in it."""

    def __init__(self, rate: Rate) -> None:
        self.rate, self.tokens, self.at = rate, Fraction(rate.requests), Fraction(0)

    def fill(self, now: Fraction) -> None:
        self.tokens += (now - self.at) * Fraction(self.rate.requests, self.rate.seconds)
        self.tokens, self.at = min(self.tokens, Fraction(self.rate.requests)), now

    def may(self, now: Fraction) -> bool:
        self.fill(now)
        return self.tokens >= 1

    def near(self) -> bool:
        """Whether rounding may decide."""
        return abs(self.tokens - 1) < Fraction(1, 10_000)


@given(st.lists(RATES, min_size=1, max_size=3), STEPS, st.integers(1, 10_000_000))
def test_what_is_taken_is_what_buckets_of_tokens_would_give(
    rates: list[Rate], steps: list[tuple[int, int]], begin: int
) -> None:
    times, buckets = SharedTimes(), [Bucket(rate) for rate in rates]
    draws = [draw_of(f"limit {number}", "x", rate) for number, rate in enumerate(rates)]
    now = Fraction(begin)
    for bucket in buckets:
        bucket.at = now
    for pause, count in steps:
        now += Fraction(pause, 1000)
        may = [bucket.may(now) for bucket in buckets]
        if any(bucket.near() for bucket in buckets):
            return
        refused = times.take(draws, count, float(now))
        assert (refused is None) == all(may)
        if refused is None:
            for bucket in buckets:
                bucket.tokens -= count
            for draw, bucket in zip(draws, buckets, strict=True):
                assert abs(times.left(draw, float(now))[0] - max(bucket.tokens, 0)) <= 1
        else:
            lacking = [(1 - bucket.tokens) * bucket.rate.seconds / bucket.rate.requests for bucket in buckets]
            assert refused.wait == pytest.approx(float(max(lacking)), rel=1e-3, abs=1e-3)
            assert refused.wait == pytest.approx(times.wait_for(refused.draw, float(now)))


def test_who_waits_as_long_as_it_is_told_is_taken() -> None:
    times, draw, now = SharedTimes(), draw_of("caller", "x", Rate(7, 60)), 1000.0
    for _ in range(7):
        assert times.take([draw], 1, now) is None
    for _ in range(50):
        refused = times.take([draw], 1, now)
        assert refused is not None
        now += refused.wait
        assert times.take([draw], 1, now) is None


def test_what_is_given_back_was_not_taken() -> None:
    times, draw = SharedTimes(), draw_of("caller", "x", Rate(1, 3600))
    for _ in range(5):
        assert times.take([draw], 1, 10.0) is None
        assert times.take([draw], 1, 10.0) is not None
        times.give_back([draw], 1)


def test_names_that_meet_in_one_place_are_kept_apart_until_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.api.rates.shared_times.LIMITS", _Few())
    times, rate = SharedTimes(), Rate(1, 3600)
    first = [draw_of("caller", str(number), rate) for number in range(8)]
    for draw in first:
        assert times.take([draw], 1, 10.0) is None
    assert all(times.take([draw], 1, 11.0) for draw in first)
    assert times.take([draw_of("caller", "one more", rate)], 1, 12.0) is None  # it takes the place of one
    assert sum(times.wait_for(draw, 13.0) > 0 for draw in first) == 7
    assert times.take([first[0]], 1, 10.0 + 2 * 3600) is None  # all have gone by


class _Few:
    rate_names, rate_lock_seconds = 8, 0.05


def test_processes_that_count_together_give_no_more_than_one_would() -> None:
    times, draw, reading = SharedTimes(), draw_of("caller", "x", Rate(500, 3600)), os.pipe()
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            given = sum(times.take([draw], 1, time.monotonic()) is None for _ in range(1000))
            os.write(reading[1], f"{given:6}".encode())
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    os.close(reading[1])
    with os.fdopen(reading[0]) as pipe:
        told = [int(pipe.read(6)) for _ in children]
    assert sum(told) == 500


def test_a_process_that_was_killed_while_it_counted_is_not_waited_for_again() -> None:
    times, draw = SharedTimes(), draw_of("caller", "x", Rate(2, 3600))
    child = os.fork()
    if child == 0:
        times._lock.acquire()
        os._exit(0)
    os.waitpid(child, 0)
    assert times.take([draw], 1, 10.0) is None
    assert times._lock.acquire(block=False)  # it is free again
    times._lock.release()
    assert times.take([draw], 1, 10.0) is None
    assert times.take([draw], 1, 10.0) is not None


def test_there_is_room_for_tens_of_thousands_of_callers() -> None:
    times, rate = SharedTimes(), Rate(1, 3600)
    draws = [draw_of("caller", f"key {number}", rate) for number in range(LIMITS.rate_names // 4)]
    for draw in draws:
        assert times.take([draw], 1, 10.0) is None
    assert sum(times.wait_for(draw, 11.0) > 0 for draw in draws) > 0.999 * len(draws)


@given(RATES, st.integers(0, 60), st.integers(1, 10_000_000))
def test_what_is_said_to_be_left_can_be_taken_and_not_one_more(rate: Rate, before: int, begin: int) -> None:
    times, draw, now = SharedTimes(), draw_of("caller", "x", rate), float(begin)
    for _ in range(before):
        times.take([draw], 1, now)
    left, seconds = times.left(draw, now)
    assert left == max(0, rate.requests - before)
    assert seconds == pytest.approx(min(before, rate.requests) * rate.seconds / rate.requests)
    assert times.left(draw, now + seconds) == (rate.requests, pytest.approx(0))
    assert [times.take([draw], 1, now) is None for _ in range(left + 1)] == [True] * left + [False]
