"""`ordain.Decider` given what it cannot take: an error of Ordain's own, which says what to give."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from served import ROOT

from ordain import Decider
from ordain.engine.errors import DataQualityIssue, MalformedRequest, SettingsError

FACTS = {"usage_gb": 95, "plan_gb": 100}


@pytest.fixture(scope="module")
def decider() -> Decider:
    return Decider.load(ROOT / "policies", time_zone="Asia/Kolkata")


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (dt.datetime(2026, 11, 21), "give a datetime with its offset"),
        (dt.date(2026, 11, 21), "give a datetime with its offset"),
        ("2026-11-21", "give a datetime with its offset"),
        (dt.datetime.max.replace(tzinfo=dt.UTC), "is out of the calendar"),
    ],
)
def test_a_time_without_offset_or_out_of_the_calendar_is_refused(decider: Decider, at: Any, message: str) -> None:
    with pytest.raises(MalformedRequest) as refused:
        decider.decide("plan-advice", FACTS, at)
    assert message in str(refused.value)


@pytest.mark.parametrize("facts", [None, [], {5: 1}, {None: 1}], ids=repr)
def test_facts_that_are_no_mapping_of_names_are_refused(decider: Decider, facts: Any) -> None:
    with pytest.raises(MalformedRequest, match="`facts` must be a mapping"):
        decider.decide("plan-advice", facts)


@pytest.mark.parametrize("service", [None, ["plan-advice"]], ids=repr)
def test_a_service_that_is_no_text_is_refused(decider: Decider, service: Any) -> None:
    with pytest.raises(MalformedRequest, match="the service is"):
        decider.decide(service, FACTS)


def test_a_number_of_thousands_of_digits_is_refused_without_being_written_out(decider: Decider) -> None:
    with pytest.raises(DataQualityIssue, match="more than 1000 digits"):
        decider.decide("plan-advice", {**FACTS, "usage_gb": 10**5000})


@pytest.mark.parametrize("zone", ["Mars/X", "", "../../etc/passwd"])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(SettingsError, match="is not a time zone"):
        Decider.load(ROOT / "policies", time_zone=zone)
