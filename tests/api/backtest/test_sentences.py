"""What a backtest says in sentences: one or several, nothing at all, and a version that was compared with itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ordain.api.backtest.pair import Failed, Pair, Side
from ordain.api.backtest.report_page import page_of
from ordain.api.backtest.sentences import headline, no_rates, not_known
from ordain.api.backtest.slices import Slices
from ordain.api.backtest.tally import Tally
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import NUMBER, TEXT

PERMIT, DENY = "permit", "deny"


def side(verdict: str = PERMIT, tier: str = "gold", rule: str = "first") -> Side:
    return Side({"tier": tier}, {"tier": TEXT}, verdict, [], {"tiers/tier": (rule,)})


def pair(old: Side | Failed, new: Side | Failed, *, by_itself: bool = False) -> Pair:
    return Pair("row 1", "terms", "", old, new, {"income": "5"}, ("tiers@1",), by_itself)


def data(pairs: Sequence[Pair], **more: Any) -> dict[str, Any]:
    tally = Tally()
    for each in pairs:
        tally.add(each)
    head = {"source": "table", "table": "customers.csv", "service": "terms", "with": ["tiers@2"], "synthetic": False}
    return {**head, "other_versions": {"tiers": [3, 1]}, **tally.data(), **more}


WRONG = Failed("DataQualityIssue", "`income`: `much` is not a number")


@pytest.mark.parametrize(
    ("several", "said"),
    [
        (1, "1 row ends in DataQualityIssue already under the versions in force"),
        (2, "2 rows end in DataQualityIssue already under the versions in force"),
    ],
)
def test_rows_that_end_in_an_error_already(several: int, said: str) -> None:
    assert said in not_known(data([pair(WRONG, WRONG)] * several))


@pytest.mark.parametrize(
    ("several", "said"),
    [
        (1, ["1 of them (100.0 %) comes out otherwise, 0 the same", "1 was refused or", "1 was decided then"]),
        (2, ["2 of them (100.0 %) come out otherwise, 0 the same", "2 were refused or", "2 were decided then"]),
    ],
)
def test_one_and_several_that_change(several: int, said: list[str]) -> None:
    first, second = data([pair(side(DENY), side())] * several), data([pair(side(), side(DENY))] * several)
    assert said[0] in headline(first)
    assert any(line.startswith(said[1]) for line in not_known(first))
    assert any(line.startswith(said[2]) for line in not_known(second))
    others = data([pair(side(), side(rule="second"))] * several)
    assert f"{several} of the same {'comes' if several == 1 else 'come'} out so by other rules" in headline(others)


def test_nothing_to_compare_is_said_with_what_may_be_done() -> None:
    assert headline(data([])) == ["customers.csv has no rows, so nothing was decided"]
    asked = {"source": "ledger", "since": "2026-01-01", "service": "terms"}
    assert headline(data([], **asked)) == [
        "no decision on record was made under tiers by terms in that time, so there is nothing to compare; "
        "try a longer time, another --service, or the rows of a table: --table FILE"
    ]
    assert headline(data([], source="ledger", service=None)) == [
        "no decision on record was made under tiers, so there is nothing to compare; "
        "try the rows of a table: --table FILE"
    ]


def test_a_version_compared_with_itself_is_said_and_which_others_there_are() -> None:
    itself = [pair(side(), side(), by_itself=True)]
    said = "tiers@2 decides these rows now: it was compared with itself, so nothing can come out otherwise; "
    assert f"{said}name another version to compare with: tiers@3, tiers@1" in headline(data(itself))
    assert f"{said}there is no other version yet" in headline(data(itself, other_versions={"tiers": []}))
    some = data([*itself, pair(side(), side())], source="ledger")
    assert "1 of them was decided by tiers@2 already" in headline(some)
    assert not any("itself" in line for line in headline(data([pair(side(), side())])))


def test_groups_without_rates_say_why() -> None:
    slices = Slices(Fact("income", NUMBER))
    slices.add({"income": "5"}, changed=False, old={}, new={})
    groups = slices.groups()
    assert "rates are of outputs with a few values that not all decisions share" in no_rates(groups)
    assert "--by income tells numbers by group" in page_of(data([], groups=[groups]))
