"""Examples are decided by the calendar of the service's time zone, as the service decides."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from policy_cases import FACTS, FILE, HEAD, vocabulary

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.catalog import Texts
from ordain.engine.check.findings import check_policies
from ordain.engine.examples.run import example_issues
from ordain.engine.policy.load import load_policy

KOLKATA = ZoneInfo("Asia/Kolkata")
RULE = """\
decides:
  fee: {{gives: number, formula: {formula}}}
examples:
  - given: {{}}
    at: {at}
    expect: {{fee: {fee}}}
"""
DIWALI = "'if today() = @\"2026-11-08\" then 1 else 2'"


def issues(formula: str, at: str, fee: int, zone: dt.tzinfo) -> list[str]:
    text = HEAD.format(kind="decision") + RULE.format(formula=formula, at=at, fee=fee)
    policy = load_policy(text.encode(), FILE, vocabulary(FACTS), zone)
    return [issue.message for issue in example_issues(compile_policy(policy))]


@pytest.mark.parametrize(
    ("formula", "at", "fee", "zone"),
    [
        (DIWALI, "2026-11-07T20:00:00Z", 1, KOLKATA),
        (DIWALI, "2026-11-07T20:00:00Z", 2, dt.UTC),
        (DIWALI, "2026-11-08", 1, KOLKATA),
        (DIWALI, "2026-11-08", 1, ZoneInfo("Pacific/Kiritimati")),
        ("now().hour", "2026-11-07T20:00:00Z", 1, KOLKATA),
        ("now().hour", "2026-11-08", 12, KOLKATA),
    ],
)
def test_the_day_and_hour_of_an_example_are_those_of_the_zone(formula: str, at: str, fee: int, zone: dt.tzinfo) -> None:
    assert issues(formula, at, fee, zone) == []


def test_a_check_decides_the_examples_as_a_service_of_that_zone_would() -> None:
    text = HEAD.format(kind="decision") + RULE.format(formula=DIWALI, at="2026-11-07T20:00:00Z", fee=2)
    texts = Texts(b"facts: {x: {type: number, meaning: x}}", b"services: {}", {FILE: text.encode()}, zone=KOLKATA)
    told = [issue.message for issue in check_policies(texts).issues if issue.code == "example"]
    assert told == ["example 1 of `sample@1` gives fee `1`, not `2`"]


def test_a_moment_beyond_the_calendar_of_the_zone_is_refused() -> None:
    text = HEAD.format(kind="decision") + RULE.format(formula="1", at="9999-12-31T23:00:00Z", fee=1)
    texts = Texts(b"facts: {x: {type: number, meaning: x}}", b"services: {}", {FILE: text.encode()}, zone=KOLKATA)
    told = [issue.message for issue in check_policies(texts).issues if issue.code == "value"]
    assert told == ["`9999-12-31T23:00:00Z` is beyond the calendar in this time zone"]
