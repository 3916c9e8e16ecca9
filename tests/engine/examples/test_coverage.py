"""What examples reach: rules that fired, conditions seen true and seen false, examples that come out otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from policy_cases import CARE_TABLE, FILE, HEAD, vocabulary

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.examples.coverage import Coverage, measure, percent
from ordain.engine.policy.load import load_policy

SHIPPED = Path(__file__).parents[3] / "policies"
CARE = (
    CARE_TABLE
    + """\
examples:
  - given: {tier: high, risk: 0.85, base: 1}
    expect: {fired: [risky]}
  - given: {tier: low, risk: 0, base: 1000}
    expect: {care: nothing}
"""
)


def measured(text: str) -> Coverage:
    return measure(compile_policy(load_policy(text.encode(), FILE, vocabulary())))


def conditions(coverage: Coverage) -> dict[tuple[str, str, str], tuple[tuple[int, ...], tuple[int, ...]]]:
    return {
        (seen.rule.id, each.condition.on, each.condition.text): (each.true, each.false)
        for seen in coverage.rules
        for each in seen.conditions
    }


def test_rules_that_fired_and_outcomes_seen_are_counted_by_example() -> None:
    found = measured(CARE.replace("HIT", "first"))
    assert {seen.rule.id: seen.fired for seen in found.rules} == {"gold": (), "risky": (1,), "dear": (2,), "other": ()}
    assert conditions(found) == {
        ("gold", "tier", "high"): ((1,), (2,)),
        ("gold", "risk", "> 0.9"): ((), (1, 2)),
        ("risky", "risk", "> risky"): ((1,), (2,)),
        ("dear", "if", "base > 900"): ((2,), ()),
    }
    assert found.outcomes == (6, 8)
    assert found.rules_percent == 50


def test_a_rule_that_nobody_looked_at_was_not_asked() -> None:
    found = conditions(measured(CARE.replace("HIT", "first")))
    assert found["gold", "tier", "high"] == ((1,), (2,))
    assert found["dear", "if", "base > 900"] == ((2,), ())


def test_a_table_that_gave_nothing_was_looked_at_all_the_same() -> None:
    text = CARE.replace("HIT", "first").replace("      - {id: other, then: nothing}\n", "")
    refused = text.replace("base: 1000}\n    expect: {care: nothing}", "base: 1}\n    refused: NoRuleApplies")
    found = measured(refused)
    assert found.failed == ()
    assert conditions(found)["dear", "if", "base > 900"] == ((), (2,))


def test_an_example_that_comes_out_otherwise_says_so_and_the_others_stand() -> None:
    found = measured(CARE.replace("HIT", "first"))
    assert [bool(tried.issues) for tried in found.examples] == [False, True]
    [issue] = found.failed[0].issues
    assert issue.message == "example 2 of `sample@1` gives care `letter`, not `nothing`"


def test_a_null_is_false_for_other_cells_of_a_column_with_a_rule_for_null() -> None:
    rules = """
decides:
  care:
    gives: text
    rules:
      - {id: none, when: {maybe: "null"}, then: nothing}
      - {id: much, when: {maybe: "> 5"}, then: much}
    otherwise: little
examples:
  - {given: {}, expect: {care: nothing}}
"""
    found = conditions(measured(HEAD.format(kind="decision") + rules))
    assert found == {("none", "maybe", "null"): ((1,), ()), ("much", "maybe", "> 5"): ((), (1,))}


def test_a_condition_that_meets_a_missing_fact_has_no_outcome() -> None:
    rules = """
rules:
  - id: cap
    status: in force
    source: House rule
    checked on: 2026-01-01
    in force: {from: 2025-06-01}
    applies when: tier = "high"
    permits when: base <= 100
    because: It is capped.
examples:
  - {given: {tier: high}, expect: {verdict: review}}
  - {given: {tier: high, base: 100}, expect: {verdict: permit}}
  - {given: {tier: low}, expect: {verdict: permit}}
"""
    found = conditions(measured(HEAD.format(kind="compliance") + rules))
    assert found == {
        ("cap", "if", 'today() >= @"2025-06-01"'): ((1, 2, 3), ()),
        ("cap", "if", 'tier = "high"'): ((1, 2), (3,)),
        ("cap", "then verdict", "base <= 100"): ((2,), ()),
    }


@pytest.mark.parametrize(("part", "whole", "said"), [(0, 0, 100), (0, 3, 0), (199, 200, 99), (200, 200, 100)])
def test_percent_is_rounded_down_so_that_100_means_all(part: int, whole: int, said: int) -> None:
    assert percent(part, whole) == said


def test_the_shipped_policies_are_covered_as_far_as_is_known() -> None:
    catalog = load_catalog(read_texts(SHIPPED), run_examples=False)
    found = {}
    for several in catalog.versions.values():
        for compiled in several:
            coverage = measure(compiled)
            assert coverage.failed == ()
            never = [seen.rule.id for seen in coverage.never_fired]
            found[compiled.policy.name] = (len(coverage.rules), never)
    limits = ["step-lowest", "ceiling-yields", "step-lowest-yields", "step-highest-yields"]
    assert {name: never for name, (_, never) in found.items() if never} == {
        "price-bounds": [*limits, "yearly-rise-yields", "competitor-yields", "rounded-up"],
    }
    assert found["price-law-eu"][0] == 10


def test_a_lenient_policy_has_nothing_to_measure() -> None:
    compiled = compile_policy(
        replace(load_policy(CARE.replace("HIT", "first").encode(), FILE, vocabulary()), lenient=True)
    )
    found = measure(compiled)
    assert (found.examples, found.rules, found.rules_percent) == ((), (), 100)
