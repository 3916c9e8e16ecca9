"""What ends soon: versions by the day on which they decide last, and promises."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from ordain.engine.catalog import Texts, read_texts
from ordain.engine.check.across.endings import endings
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy

SHIPPED: Texts = read_texts(Path(__file__).parents[3] / "policies")
VOCABULARY = load_vocabulary(SHIPPED.vocabulary, "facts.yaml")
ADVICE = SHIPPED.policies["policies/plan-advice/v1.yaml"].decode()
PROMISES = load_policy(
    SHIPPED.policies["policies/grandfathering/v1.yaml"], "policies/grandfathering/v1.yaml", VOCABULARY
)
TODAY = dt.date(2027, 12, 1)


def advice(version: int, effective: str) -> Policy:
    """A version of the shipped policy, in force on these days."""
    head, _, rest = ADVICE.partition("effective: ")
    text = head.replace("version: 1", f"version: {version}") + f"effective: {effective}\n" + rest.partition("\n")[2]
    return load_policy(text.encode(), f"policies/plan-advice/v{version}.yaml", VOCABULARY)


def told(policies: list[Policy], days: int = 30) -> list[tuple[str, str, str, str]]:
    return [(str(each.day), each.policy.label, each.promise, each.then) for each in endings(policies, TODAY, days)]


def test_a_promise_is_told_when_its_last_day_comes_and_one_that_is_computed_is_not() -> None:
    assert told([PROMISES]) == [("2027-12-31", "grandfathering@1", "founders", "")]
    assert told([PROMISES], 29) == []


def test_a_version_is_told_with_what_decides_after_it() -> None:
    first = advice(1, "{from: 2026-01-01, until: 2027-12-10}")
    assert told([first]) == [("2027-12-10", "plan-advice@1", "", "")]
    assert told([first, advice(2, "2027-12-11")]) == [("2027-12-10", "plan-advice@1", "", "plan-advice@2")]
    assert told([first, advice(2, "2027-12-20")]) == [("2027-12-10", "plan-advice@1", "", "")], "ten days without"


def test_a_version_that_another_replaces_ends_on_the_day_before() -> None:
    assert told([advice(1, "2026-01-01"), advice(2, "2027-12-05")]) == [
        ("2027-12-04", "plan-advice@1", "", "plan-advice@2")
    ]


def test_what_ended_or_ends_later_is_not_told_and_the_earliest_comes_first() -> None:
    assert told([advice(1, "{from: 2026-01-01, until: 2027-11-30}")]) == []
    season = advice(1, "{from: 2026-01-01, until: 2027-12-01}")
    assert [day for day, *_ in told([PROMISES, season])] == ["2027-12-01", "2027-12-31"]
