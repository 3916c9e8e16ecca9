"""How long a failed delivery waits."""

from __future__ import annotations

import datetime as dt

import pytest

from ordain.api.events.waits import retry_after, wait_after
from ordain.api.limits import LIMITS

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)


def test_waits_double_up_to_a_bound_and_differ_by_chance() -> None:
    for tries in range(1, LIMITS.event_tries):
        longest = min(LIMITS.event_first_wait * 2 ** (tries - 1), LIMITS.event_longest_wait)
        drawn = {wait_after(tries) for _ in range(20)}
        assert all(longest / 2 <= each <= longest for each in drawn)
        assert len(drawn) > 1


def test_a_receiver_is_left_alone_as_long_as_it_asks_within_the_bound() -> None:
    assert wait_after(1, 100.0) == 100.0
    assert wait_after(1, 1e9) == LIMITS.event_longest_wait
    assert wait_after(15, 1.0) > 1000


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        ("Sun, 29 Nov 2026 12:01:00 GMT", 60.0),
        ("Sun, 29 Nov 2026 11:01:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, 999_999_999.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds
