"""Each finding about a table with its words, hint and underlined text; samples, and searches that are given up."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from policy_cases import described
from table_texts import VOCABULARY, policy, table

from ordain.engine.check.tables.examined import findings
from ordain.engine.check.tables.samples import inside, sample
from ordain.engine.errors import Level
from ordain.engine.tables.cells import AFTER, BEFORE, Cut
from ordain.engine.values.temporal import Months
from ordain.engine.values.types import Value

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "table_analysis.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_a_table_has_exactly_these_findings(case: dict[str, Any]) -> None:
    more = {key: case[key] for key in ("gives", "more") if key in case}
    found = findings(table(case["hit policy"], case["rules"], **more), VOCABULARY)
    assert described(found) == case["findings"]


def test_a_column_over_an_earlier_table_has_the_values_that_it_gives() -> None:
    decides = """\
  level:
    gives: text
    rules:
      - {id: many, when: {usage: "> 3"}, then: many}
      - {id: few, when: {usage: "<= 3"}, then: few}
  offer:
    gives: number
    rules:
      - {id: a, when: {level: '"many"'}, then: 1}
      - {id: b, when: {level: '"fwe"'}, then: 2}
"""
    dead, gap = findings(policy(decides), VOCABULARY)
    assert (dead.code, dead.hint) == ("dead-rule", "`level` is one of many, few")
    assert gap.message == "no rule of `offer` covers level few"


def test_a_formula_may_give_what_is_not_declared() -> None:
    decides = "  grade2: {gives: {type: text, values: [a, b]}, formula: segment}\n"
    [found] = findings(policy(decides), VOCABULARY)
    assert (found.code, found.level) == ("undeclared-output", Level.NOTE)


def test_two_columns_of_one_fact_are_one() -> None:
    rules = ['{id: a, when: {risk: "> 0.5", (risk): "< 0.3"}, then: 1}', "{id: b, then: 2}"]
    [found] = findings(table("first", rules), VOCABULARY)
    assert found.message == "`a` of `offer` never applies: no value of `risk` passes `> 0.5` and `< 0.3`"


def test_a_search_that_takes_too_long_says_so_and_tells_the_gaps_it_has_met() -> None:
    rules = [
        f"{{id: r{n}, when: {{usage: '[{n}..{n + 5}]', risk: '> 0.{n % 9}', tier: 'not(low)'}}, then: {n}}}"
        for n in range(9)
    ]
    found = findings(table("first", rules), VOCABULARY, steps=40)
    codes = [issue.code for issue in found]
    assert "gap" in codes
    [note] = [issue for issue in found if issue.code == "inexact" and "gaps" in issue.message]
    assert note.message == (
        "the rules of `offer` are too complex to check completely: whether it has more gaps is not known"
    )
    assert note.level is Level.NOTE


FAMILIES: dict[object, st.SearchStrategy[Value]] = {
    Decimal: st.decimals(-50, 50, places=2),
    str: st.text("ab", max_size=2),
    dt.date: st.dates(dt.date(2026, 1, 1), dt.date(2026, 1, 9)),
    dt.timedelta: st.integers(-3, 3).map(lambda n: dt.timedelta(microseconds=n)),
    (dt.time, False): st.sampled_from([dt.time(0), dt.time(8), dt.time(23, 59, 59, 999999)]),
    (dt.datetime, True): st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 2), timezones=st.just(dt.UTC)),
    Months: st.integers(0, 4).map(Months),
}


@given(st.data(), st.sampled_from(list(FAMILIES)), st.none() | st.integers(0, 2))
def test_a_sample_lies_between_its_cuts_and_is_found_where_there_is_a_value(
    data: st.DataObject, family: object, precision: int | None
) -> None:
    values = FAMILIES[family]

    def cut() -> Cut | None:
        return data.draw(st.none() | st.tuples(values, st.sampled_from([BEFORE, AFTER])))

    low, high = cut(), cut()
    found = sample(family, low, high, precision)
    if found is not None:
        assert inside(found, low, high)
        if family is Decimal and precision is not None:
            assert found == round(found, precision)
    else:
        value = data.draw(values)
        on_grid = family is not Decimal or precision is None or value == round(value, precision)
        assert not (inside(value, low, high) and on_grid)


@pytest.mark.parametrize(
    ("low", "high", "precision", "value"),
    [
        ((Decimal("0.8"), AFTER), (Decimal(1), BEFORE), None, "0.9"),
        ((Decimal("0.8"), AFTER), (Decimal("0.8001"), BEFORE), 4, None),
        ((Decimal("0.8"), BEFORE), (Decimal(1), BEFORE), 4, "0.8"),
        ((Decimal("0.8"), AFTER), (Decimal(1), AFTER), None, "1"),
        ((Decimal(90), AFTER), None, None, "91"),
        (None, (Decimal("30.5"), BEFORE), 0, "29"),
        (None, None, 2, "0"),
    ],
)
def test_a_sample_is_a_natural_number(low: Cut | None, high: Cut | None, precision: int | None, value: str) -> None:
    found = sample(Decimal, low, high, precision)
    assert found == (None if value is None else Decimal(value))
