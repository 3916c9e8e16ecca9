"""A season: a version that decides on its days, after which what would decide without it decides again."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_cases import FILE, catalog, vocabulary
from test_catalog import PLAIN, SERVICES, at, policy

from ordain.engine.catalog import Catalog
from ordain.engine.check.across.endings import endings
from ordain.engine.check.across.held import held_versions
from ordain.engine.errors import NotInForce, PolicyError
from ordain.engine.policy.load import load_policy

SEASON = "{from: 2026-10-15, until: 2026-11-15, then: back}"


def on(held: Catalog, day: str) -> int:
    (compiled,) = held.pick("quote", at(day)).policies
    return compiled.policy.version


def versions(*effective: str) -> Catalog:
    """A policy of so many versions, in force on these days."""
    texts = {f"fees/v{number}": policy(number, days) for number, days in enumerate(effective, start=1)}
    return catalog(texts, SERVICES, PLAIN)


def test_within_a_season_it_decides_and_after_it_the_version_before_decides_again() -> None:
    held = versions("2026-01-01", SEASON)
    days = ["2026-10-14", "2026-10-15", "2026-11-15", "2026-11-16", "2030-01-01"]
    assert [on(held, day) for day in days] == [1, 2, 2, 1, 1]


def test_what_returns_is_the_version_that_would_decide_without_the_season() -> None:
    held = versions("2026-01-01", SEASON, "2026-11-01")
    days = ["2026-10-31", "2026-11-01", "2026-11-15", "2026-11-16"]
    assert [on(held, day) for day in days] == [2, 2, 2, 3], "the third has begun meanwhile, and waits for its end"


def test_of_two_seasons_the_one_that_began_last_decides() -> None:
    held = versions("2026-01-01", SEASON, "{from: 2026-11-01, until: 2026-11-05, then: back}")
    days = ["2026-10-31", "2026-11-01", "2026-11-05", "2026-11-06", "2026-11-16"]
    assert [on(held, day) for day in days] == [2, 3, 3, 2, 1]


def test_after_a_season_nothing_returns_that_has_ended_itself() -> None:
    held = versions("{from: 2026-01-01, until: 2026-10-31}", SEASON)
    assert on(held, "2026-11-15") == 2
    with pytest.raises(NotInForce, match="`fees` has no version in force on 2026-11-16"):
        held.pick("quote", at("2026-11-16"))


def test_without_the_word_an_earlier_version_does_not_come_back() -> None:
    held = versions("2026-01-01", "{from: 2026-10-15, until: 2026-11-15}")
    with pytest.raises(NotInForce):
        held.pick("quote", at("2026-11-16"))


def test_a_season_needs_its_last_day() -> None:
    with pytest.raises(PolicyError) as caught:
        versions("{from: 2026-10-15, then: back}")
    (issue,) = caught.value.issues
    assert (issue.message, issue.span and issue.span.text) == ("a season needs its last day", "then")
    assert "until: 2026-11-15" in issue.hint


def test_the_calendar_of_what_ends_says_what_decides_after_a_season() -> None:
    held = versions("2026-01-01", SEASON)
    told = [
        (str(each.day), each.policy.version, each.then) for each in endings(held.policies(), dt.date(2026, 10, 1), 60)
    ]
    assert told == [("2026-10-14", 1, "fees@2"), ("2026-11-15", 2, "fees@1")]


DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2026, 1, 20))
PERIODS = st.tuples(DAYS, st.none() | DAYS, st.booleans()).filter(
    lambda period: (period[1] is None and not period[2]) or (period[1] is not None and period[0] <= period[1])
)


@given(st.lists(PERIODS, min_size=1, max_size=5))
def test_the_days_that_checks_see_are_those_on_which_a_version_is_picked(
    periods: list[tuple[dt.date, dt.date | None, bool]],
) -> None:
    texts = [
        policy(number, f"{{from: {start}{f', until: {end}' if end else ''}{', then: back' if season else ''}}}")
        for number, (start, end, season) in enumerate(periods, start=1)
    ]
    loaded = [load_policy(text.encode(), FILE, vocabulary(PLAIN)) for text in texts]
    held = held_versions(loaded)
    whole = versions(*(text.partition("effective: ")[2].partition("\n")[0] for text in texts))
    for number in range(1, 26):
        day = dt.date(2026, 1, number)
        deciding = {each.policy.version for each in held if each.days is not None and each.days.holds_on(day)}
        try:
            assert deciding == {on(whole, day.isoformat())}, day
        except NotInForce:
            assert deciding == set(), day
