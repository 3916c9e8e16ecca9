"""Functions of ranges against the set of points they speak about; and the range that a text says."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ordain.engine.feel.functions import temporals
from ordain.engine.feel.functions.ranges import FUNCTIONS
from ordain.engine.values import temporal
from ordain.engine.values.types import Interval, Value, kind_of

POINTS = [Decimal(step) / 4 for step in range(-8, 33)]
"""Fine enough to have points between and beside the whole bounds below."""


@st.composite
def ranges(draw: st.DrawFn) -> Interval:
    low, high = sorted((draw(st.integers(0, 6)), draw(st.integers(0, 6))))
    low_open, high_open = draw(st.booleans()), draw(st.booleans())
    assume(low < high or not (low_open or high_open))
    return Interval(Decimal(low), Decimal(high), low_open, high_open)


def ask(name: str, *arguments: Value) -> Any:
    return FUNCTIONS[name].signatures[0].python(*arguments)


def points(value: Value) -> frozenset[Decimal]:
    if not isinstance(value, Interval):
        return frozenset({value})
    low = [p for p in POINTS if p > value.low or (p == value.low and not value.low_open)]
    return frozenset(p for p in low if p < value.high or (p == value.high and not value.high_open))


anything = ranges() | st.integers(0, 6).map(Decimal)


@given(anything, anything)
def test_before_and_after_are_about_every_point(one: Value, other: Value) -> None:
    expected = max(points(one)) < min(points(other))
    assert ask("before", one, other) is expected
    assert ask("after", other, one) is expected


@given(ranges(), anything)
def test_a_range_includes_what_has_all_its_points_in_it(one: Interval, other: Value) -> None:
    expected = points(other) <= points(one)
    assert ask("includes", one, other) is expected
    assert ask("during", other, one) is expected


@given(ranges(), ranges())
def test_ranges_overlap_when_they_share_a_point(one: Interval, other: Interval) -> None:
    assert ask("overlaps", one, other) is bool(points(one) & points(other))
    assert ask("coincides", one, other) is (points(one) == points(other))


@given(ranges(), ranges())
def test_one_overlaps_before_the_other_when_it_begins_first_and_ends_inside(one: Interval, other: Interval) -> None:
    mine, its = points(one), points(other)
    expected = min(mine) < min(its) and bool(mine & its) and max(mine) <= max(its)
    assert ask("overlaps before", one, other) is expected
    assert ask("overlaps after", other, one) is expected


@given(ranges(), ranges())
def test_one_starts_the_other_when_they_begin_together(one: Interval, other: Interval) -> None:
    mine, its = points(one), points(other)
    assert ask("starts", one, other) is (min(mine) == min(its) and max(mine) <= max(its))
    assert ask("finishes", one, other) is (max(mine) == max(its) and min(mine) >= min(its))
    assert ask("started by", other, one) is ask("starts", one, other)
    assert ask("finished by", other, one) is ask("finishes", one, other)


@given(ranges(), ranges())
def test_ranges_meet_in_one_point_that_both_include(one: Interval, other: Interval) -> None:
    expected = not one.high_open and not other.low_open and one.high == other.low
    assert ask("meets", one, other) is expected
    assert ask("met by", other, one) is expected


def test_a_point_starts_and_finishes_a_range_that_includes_it_there() -> None:
    low, high = Decimal(1), Decimal(5)
    assert ask("starts", low, Interval(low, high)) is True
    assert ask("starts", low, Interval(low, high, True)) is False
    assert ask("finishes", high, Interval(low, high)) is True
    assert ask("finished by", Interval(low, high, False, True), high) is False


def test_a_side_without_bound_goes_on_for_ever() -> None:
    up, down, five = Interval(Decimal(5), None, False, True), Interval(None, Decimal(5), True), Decimal(5)
    assert ask("includes", up, Decimal(10**9)) is True
    assert ask("before", down, Decimal(6)) is True
    assert ask("before", up, Decimal(10**9)) is False
    assert ask("meets", down, up) is True
    assert ask("overlaps", up, down) is True
    assert ask("includes", Interval(None, None, True, True), five) is True


@pytest.mark.parametrize("other", [Interval(None, Decimal(5)), Interval("a", "b"), "a"])
def test_what_cannot_be_compared_is_a_fault(other: Value) -> None:
    with pytest.raises(ValueError, match=r"null|cannot be compared"):
        ask("before", Decimal(3), other)


@pytest.mark.parametrize(
    ("text", "low", "high", "low_open", "high_open"),
    [
        ("[4..7]", 4, 7, False, False),
        (" ] 4 .. 7 [ ", 4, 7, True, True),
        ("(-1.5..2e2)", Decimal("-1.5"), 200, True, True),
        ("[4..)", 4, None, False, True),
        ("]..7]", None, 7, True, False),
        ('["a..b".."c\\"d"]', "a..b", 'c"d', False, False),
        ('["\\u0061".."\\U00007A"]', "a", "z", False, False),
        ('["a\\/b".."c\\f"]', "a/b", "c\f", False, False),
        ('["\\uD83D\\uDE00"..)', "\U0001f600", None, False, True),
        ('[@"2026-01-01"..date("2026-12-31"))', "2026-01-01", "2026-12-31", False, True),
        ('[ time( "08:00:00" ) .. @"17:00:00" ]', "08:00:00", "17:00:00", False, False),
        ('(duration("P1M")..@"P1Y")', "P1M", "P1Y", True, True),
        ('[date and time("2026-01-01T00:00:00Z")..)', "2026-01-01T00:00:00Z", None, False, True),
    ],
)
def test_a_text_says_a_range(text: str, low: Any, high: Any, low_open: bool, high_open: bool) -> None:
    found = ask("range", text)
    assert (shown(found.low), shown(found.high)) == (low, high)
    assert (found.low_open, found.high_open) == (low_open, high_open)


def shown(value: Value) -> Any:
    return value if value is None or isinstance(value, Decimal | str) else temporal.text(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[..]",
        "(..)",
        "[..7]",
        "[4..]",
        "4..7",
        "[4..7",
        "[4,7]",
        "[4..seven]",
        "[4..3+4]",
        "[null..7]",
        '[4.."a"]',
        '["a..b]',
        '[@"2026-01-01"..@"08:00:00"]',
        '[@"2026-02-30"..@"2026-03-01"]',
        '[date("2026-01-01"..date("2026-01-02")]',
        '[@"2026-01-01")..@"2026-01-02"]',
        '[number("4")..7]',
        '["\\q".."z"]',
        '["\\UFFFFFF".."z"]',
    ],
)
def test_any_other_text_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match=r"`"):
        ask("range", text)


def test_every_entry_has_a_meaning_an_example_and_a_result() -> None:
    for entries in (FUNCTIONS, temporals.FUNCTIONS):
        for name, entry in entries.items():
            assert entry.meaning.endswith(".")
            assert entry.example.startswith(name)
            assert entry.result
            assert entry.signatures


def call(name: str, form: int, *arguments: Value) -> Any:
    return temporals.FUNCTIONS[name].signatures[form].python(*arguments)


def test_a_time_is_built_from_its_parts_and_checked() -> None:
    parts = (Decimal(8), Decimal(30), Decimal("15.000000001"))
    assert temporal.text(call("time", 4, *parts)) == "08:30:15.000000001"
    assert temporal.text(call("time", 4, *parts, temporal.read_any("-PT3H30M"))) == "08:30:15.000000001-03:30"
    assert temporal.text(call("time", 4, *parts, temporal.read_any("PT0S"))) == "08:30:15.000000001Z"
    for bad in ("24 0 0", "8 60 0", "8 0 60", "8 0 -0.5", "8 0 1e30", "-1 0 0", "8.5 0 0", "8 0 0.0000000001"):
        with pytest.raises(ValueError, match=r"must be in|whole number"):
            call("time", 4, *map(Decimal, bad.split()))
    for offset in ("PT14H1S", "-PT15H", "PT0.5S"):
        with pytest.raises(ValueError, match="no offset"):
            call("time", 4, *parts, temporal.read_any(offset))


def test_a_date_needs_whole_parts_in_the_calendar() -> None:
    assert temporal.text(call("date", 3, Decimal(-44), Decimal(3), Decimal(15))) == "-0044-03-15"
    for bad in ("2026 2 29", "2026 13 1", "1000000000 1 1", "2026.5 1 1", "1e30 1 1"):
        with pytest.raises((ValueError, OverflowError)):
            call("date", 3, *map(Decimal, bad.split()))


@pytest.mark.parametrize(
    ("date", "year", "week", "day", "weekday", "month"),
    [
        ("2026-12-31", 365, 53, "Thursday", 4, "December"),
        ("2024-12-31", 366, 1, "Tuesday", 2, "December"),
        ("12024-12-31T08:00:00", 366, 1, "Tuesday", 2, "December"),
        ("-0400-01-01", 1, 52, "Saturday", 6, "January"),
    ],
)
def test_a_day_has_its_place_in_the_calendar(
    date: str, year: int, week: int, day: str, weekday: int, month: str
) -> None:
    value = temporal.read_any(date)
    assert call("day of year", 0, value) == year
    assert call("week of year", 0, value) == week
    assert call("day of week", 0, value) == day
    assert call("month of year", 0, value) == month


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2026-01-31", "2026-02-28", "P0M"),
        ("2026-01-31", "2026-03-31", "P2M"),
        ("2026-03-31", "2026-01-30", "-P2M"),
        ("2026-01-31T23:00:00", "2026-02-28T01:00:00Z", "P0M"),
        ("2026-01-15T23:00:00", "2027-01-15T01:00:00", "P1Y"),
        ("-0001-06-01", "0001-06-01", "P2Y"),
    ],
)
def test_whole_months_lie_between_two_dates(start: str, end: str, months: str) -> None:
    found = call("years and months duration", 0, temporal.read_any(start), temporal.read_any(end))
    assert temporal.text(found) == months


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10:00:00Z", "10:00:00+00:00", True),
        ("10:00:00Z", "11:00:00+01:00", False),
        ("10:00:00", "10:00:00Z", False),
        ("10:00:00@Etc/UTC", "10:00:00Z", False),
        ("P1D", "PT24H", True),
        ("2026-01-01", "2026-01-01T00:00:00", False),
    ],
)
def test_values_are_the_same_only_with_the_same_offset_and_zone(one: str, other: str, same: bool) -> None:
    first, second = temporal.read_any(one), temporal.read_any(other)
    assert call("is", 0, first, second) is same
    assert call("is", 0, (first, None), (second, None)) is same
    assert call("is", 0, {"a": first}, {"a": second}) is same


def test_a_number_is_the_same_whatever_its_digits_and_a_flag_is_no_number() -> None:
    assert call("is", 0, Decimal(1), Decimal("1.00")) is True
    assert call("is", 0, Decimal(1), True) is False
    assert call("is", 0, None, None) is True


def test_a_zone_tells_a_moment_with_a_plain_offset() -> None:
    moment = temporal.read_any("2026-07-01T12:00:00.000000001Z")
    told = call("in zone", 0, moment, "Asia/Kolkata")
    assert temporal.text(told) == "2026-07-01T17:30:00.000000001+05:30"
    with pytest.raises(ValueError, match="without offset"):
        call("in zone", 0, temporal.read_any("2026-07-01T12:00:00"), "Asia/Kolkata")
    with pytest.raises(ValueError, match="no time zone"):
        call("in zone", 0, moment, "Asia/Calcuttta City")


def test_a_date_and_time_takes_its_zone_from_the_time_and_its_offset_from_the_day() -> None:
    time = temporal.read_any("08:00:00@Europe/Paris")
    joined = call("date and time", 2, temporal.read_any("2026-07-01"), time)
    assert temporal.text(joined) == "2026-07-01T08:00:00@Europe/Paris"
    assert temporal.text(temporal.fixed_offset(joined)) == "2026-07-01T08:00:00+02:00"
    again = call("time", 2, joined)
    assert (temporal.text(again), again) == (temporal.text(time), time)
    assert kind_of(again) is kind_of(time)


def test_months_are_counted_by_whole_numbers_only() -> None:
    assert temporal.text(call("months", 1, Decimal(18))) == "P1Y6M"
    with pytest.raises(ValueError, match="whole number"):
        call("months", 1, Decimal("1.5"))


@pytest.mark.parametrize(
    ("body", "named"),
    [("a\\q", "\\q"), ("\\u00", "\\u"), ("\\U0011", "\\U"), ("\\U110000", "\\U110000"), ("a\\`", "\\`")],
)
def test_a_wrong_escape_in_a_text_has_the_words_that_nulls_on_record_have(body: str, named: str) -> None:
    read = FUNCTIONS["range"].signatures[0].python
    with pytest.raises(ValueError, match=re.escape(f"`{named}` is no character")):
        read(f'["{body}"..)')
