"""Temporal values: what is read, how it is written, and that the wide classes and Python's are one number line."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import NotThatType
from ordain.engine.values import temporal
from ordain.engine.values import temporal_sums as sums
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import Kind, kind_of, plain
from ordain.engine.values.wide import (
    WideDate,
    WideDateTime,
    WideDuration,
    WideTime,
    calendar_day,
    day_number,
    make_date_time,
    make_day,
    make_duration,
    make_time,
)
from ordain.engine.values.zones import CYCLE, DAY, Zone, named

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "temporal.yaml").read_text(encoding="utf-8"))
ZONES = ("Etc/UTC", "Europe/Paris", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe")
FOUR_CENTURIES = CYCLE * DAY

offsets = st.none() | st.integers(-14 * 3600, 14 * 3600).map(lambda s: dt.timezone(dt.timedelta(seconds=s)))
zones = offsets | st.sampled_from(ZONES).map(named)
day_numbers = st.one_of(
    st.integers(1, 3_652_059),
    st.integers(-(10**6), 10**6),
    st.integers(day_number(-999_999_998, 1, 1), day_number(999_999_998, 12, 31)),
)
clocks = st.integers(0, 86_399_999_999).map(lambda micro: micro * 1000) | st.integers(0, DAY - 1)
dates = day_numbers.map(make_day)
times = st.builds(make_time, clocks, zones)
date_times = st.builds(lambda day, clock, zone: make_date_time(day * DAY + clock, zone), day_numbers, clocks, zones)
spans = (st.integers(-(10**33), 10**33) | st.integers(-(10**10), 10**10).map(lambda n: n * 1000)).map(make_duration)
months = st.integers(-12 * 999_999_999, 12 * 999_999_999).map(Months)
python_dates = st.dates()
python_moments = st.datetimes(timezones=st.just(dt.UTC))
python_spans = st.timedeltas()


@pytest.mark.parametrize("case", CASES["read"], ids=lambda case: case["text"])
def test_a_text_is_read_and_written_as_feel_writes_it(case: dict[str, str]) -> None:
    value = temporal.read_any(case["text"])
    assert (temporal.text(value), kind_of(value)) == (case.get("as", case["text"]), Kind(case["kind"]))
    assert "datetime" in type(value).__module__ or isinstance(
        value, Months | WideDate | WideTime | WideDateTime | WideDuration
    )


@pytest.mark.parametrize("text", CASES["refused"])
def test_any_other_text_is_refused(text: str) -> None:
    for read in (temporal.read_any, temporal.read_date, temporal.read_time, temporal.read_duration):
        with pytest.raises(NotThatType):
            read(text)
    with pytest.raises(NotThatType):
        temporal.read_date_time(text)


def test_a_zone_that_is_none_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotThatType, match="did you mean `Europe/Paris`"):
        temporal.read_any("08:00:00@Europe/Parsi")


def test_a_request_takes_no_zone_and_no_wide_year() -> None:
    for read, text in (
        (temporal.date, "10000-01-01"),
        (temporal.time, "08:00:00@Europe/Paris"),
        (temporal.date_time, "2026-01-31T08:00:00"),
        (temporal.date_time, "2026-01-31T08:00:00@Europe/Paris"),
    ):
        with pytest.raises(NotThatType):
            read(text)


def test_a_duration_of_a_request_is_cut_to_the_microsecond() -> None:
    assert temporal.duration("-PT0.0000019S") == dt.timedelta(microseconds=-1)
    with pytest.raises(NotThatType, match="too long"):
        temporal.duration("P9999999999D")


def test_a_date_alone_is_its_midnight_where_a_date_and_time_is_read() -> None:
    assert temporal.read_date_time("2026-01-31") == dt.datetime(2026, 1, 31)
    assert temporal.at_midnight(dt.date(2026, 1, 31)) == dt.datetime(2026, 1, 31, tzinfo=dt.UTC)


def test_only_a_date_and_time_without_offset_is_local() -> None:
    texts = ("2026-01-31T08:00:00", "2026-01-31T08:00:00Z", "-2026-01-31T08:00:00", "2026-01-31", "08:00:00")
    assert [temporal.is_local(temporal.read_any(text)) for text in texts] == [True, False, True, False, False]


@given(st.one_of(dates, times, date_times, spans, months))
def test_what_is_written_is_read_as_the_same_value(value: Any) -> None:
    again = temporal.read_any(temporal.text(value))
    assert (again, type(again), hash(again)) == (value, type(value), hash(value))
    assert temporal.text(again) == temporal.text(value)


@given(st.one_of(dates, times, date_times, spans, months))
def test_a_value_survives_a_copy_and_has_a_json_form(value: Any) -> None:
    again = copy.deepcopy(value)
    assert again == value
    assert temporal.text(again) == temporal.text(value)
    assert isinstance(plain(value), str)


@given(st.one_of(*(st.lists(some, min_size=2, max_size=6) for some in (dates, spans, months))))
def test_order_is_total(values: list[Any]) -> None:
    values.sort()
    for one, other in pairwise(values):
        assert one <= other
        assert not other < one
        assert (one == other) == (not one < other)
        assert one != other or hash(one) == hash(other)


@given(st.lists(st.one_of(times), min_size=2, max_size=6), st.lists(date_times, min_size=2, max_size=6))
def test_order_is_total_among_values_with_offset_and_among_those_without(some: list[Any], more: list[Any]) -> None:
    for values in (some, more):
        for local in (True, False):
            ranked = sorted(value for value in values if (value.tzinfo is None) == local)
            for one, other in pairwise(ranked):
                assert one <= other
                assert (one == other) == (not one < other)
                assert one != other or hash(one) == hash(other)


def test_a_local_value_has_no_order_with_one_that_has_an_offset() -> None:
    with pytest.raises(TypeError):
        sorted(map(temporal.read_date_time, ("99999-01-01T00:00:00", "2026-01-01T00:00:00Z")))


@given(day_numbers)
def test_days_are_counted_without_gap(number: int) -> None:
    year, month, day = calendar_day(number)
    assert day_number(year, month, day) == number
    if 1 <= year <= 9999:
        assert dt.date(year, month, day).toordinal() == number


@given(python_dates, python_spans, st.integers(-30_000, 30_000))
def test_sums_of_dates_agree_with_python_in_its_range_and_repeat_after_400_years(
    date: dt.date, span: dt.timedelta, count: int
) -> None:
    try:
        expected = date + span
    except OverflowError:
        expected = None
    if expected is not None:
        assert sums.add(date, span) == expected
    far = make_day(date.toordinal() + 100 * CYCLE)
    for by in (span, Months(count)):
        here, there = sums.add(date, by), sums.add(far, by)
        assert (there.month, there.day, there.year - here.year) == (here.month, here.day, 40_000)
        assert sums.difference(there, here) == make_duration(100 * FOUR_CENTURIES)


@given(python_moments, python_spans)
def test_sums_of_moments_agree_with_python_in_its_range_and_repeat_after_400_years(
    moment: dt.datetime, span: dt.timedelta
) -> None:
    far = sums.add(moment, make_duration(100 * FOUR_CENTURIES))
    there = sums.add(far, span)
    try:
        assert sums.add(moment, span) == moment + span
    except OverflowError:
        assert isinstance(sums.add(moment, span), WideDateTime)
    assert sums.difference(there, far) == span
    assert sums.subtract(there, make_duration(100 * FOUR_CENTURIES)) == sums.add(moment, span)


@given(date_times.filter(lambda value: value.tzinfo is not None), st.sampled_from(ZONES), spans)
def test_a_moment_is_the_same_in_every_zone(moment: Any, zone: str, span: Any) -> None:
    told = sums.in_zone(moment, named(zone))
    assert told == moment
    assert hash(told) == hash(moment)
    with contextlib.suppress(OverflowError):  # out of the calendar
        assert sums.add(told, span) == sums.add(moment, span)


def dt_of(text: str) -> dt.datetime:
    value = temporal.read_date_time(text)
    assert isinstance(value, dt.datetime)
    return value


def test_a_zone_has_the_offset_of_the_moment_and_keeps_its_name() -> None:
    summer, winter = (dt_of(f"2026-{month}-01T12:00:00@Europe/Paris") for month in ("07", "01"))
    assert (summer.utcoffset(), winter.utcoffset()) == (dt.timedelta(hours=2), dt.timedelta(hours=1))
    far = temporal.read_date_time("52026-07-01T12:00:00@Europe/Paris")
    assert isinstance(far.tzinfo, Zone)
    assert (far.tzinfo.name, far.tzinfo.offset) == ("Europe/Paris", dt.timedelta(hours=2))


@given(spans, spans)
def test_sums_of_durations_are_exact(one: Any, other: Any) -> None:
    try:
        total = sums.spans_added(one, other)
    except OverflowError:
        return
    assert sums.spans_subtracted(total, other) == one
    assert sums.negated(sums.negated(one)) == one


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-01-31T08:00:00.1234567Z", "2026-01-31T08:00:00.123456+00:00"),
        ("2026-01-31T08:00:00.123456789+05:30", "2026-01-31T08:00:00.123456+05:30"),
        ("2026-01-31T08:00:00.999999999Z", "2026-01-31T08:00:00.999999+00:00"),
        ("2026-01-31t08:00:00.5z", "2026-01-31T08:00:00.500000+00:00"),
        ("2026-01-31t08:00:00z", "2026-01-31T08:00:00+00:00"),
    ],
)
def test_an_instant_of_a_request_is_taken_as_other_languages_write_it_and_cut(text: str, wanted: str) -> None:
    assert temporal.date_time(text).isoformat() == wanted


@pytest.mark.parametrize(
    "text",
    ["2026-01-31T08:00:00123Z", "2026-01-31T08:00:00.Z", "2026-01-31T08:00:00.1234567890Z", "2026-01-31 08:00:00Z"],
)
def test_what_is_no_instant_of_rfc_3339_stays_refused(text: str) -> None:
    with pytest.raises(NotThatType):
        temporal.date_time(text)
