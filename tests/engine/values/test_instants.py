"""Instants as .NET, Go and Java write them: up to nine digits, cut to the microsecond, and small t and z."""

from __future__ import annotations

import datetime as dt

import pytest

from ordain.api.ask import ask_of_text, asked_time
from ordain.audit.records.actions import _moment
from ordain.audit.records.asked import moment
from ordain.engine.values.temporal import date_time, time
from ordain.engine.values.types import DATE_TIME, TIME, read

CUT = dt.datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=dt.UTC)
SAID = ["2026-11-21T08:00:00.123456Z", "2026-11-21T08:00:00.1234567Z", "2026-11-21t08:00:00.123456789z"]
SAID += ["2026-11-21T13:30:00.123456789+05:30"]


@pytest.mark.parametrize("said", SAID)
def test_an_instant_is_cut_to_the_microsecond_wherever_it_is_read(said: str) -> None:
    assert date_time(said) == read(DATE_TIME, said) == CUT
    assert asked_time(said, dt.UTC) == CUT
    assert ask_of_text("any", "C-1", {}, said).at == CUT
    assert moment(said, "--since", dt.UTC) == CUT
    assert _moment(said, dt.UTC) == CUT


@pytest.mark.parametrize("said", ["08:00:00.1234567", "08:00:00.123456"])
def test_a_time_is_cut_to_the_microsecond(said: str) -> None:
    assert time(said) == read(TIME, said) == dt.time(8, 0, 0, 123456)
    assert time(said + "z") == dt.time(8, 0, 0, 123456, tzinfo=dt.UTC)
