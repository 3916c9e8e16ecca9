"""What `differences` says of two versions: the changes of the text, the regions in words, and what is not covered."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from table_texts import VOCABULARY, policy, table

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.compare.changes import Change
from ordain.engine.compare.difference import Differences, differences
from ordain.engine.compare.region_text import region_text, result_text
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary

SHIPPED = Path(__file__).parents[3] / "policies"


def compared(old: str, new: str) -> Differences:
    return differences(compile_policy(policy(old)), compile_policy(policy(new)), VOCABULARY)


def tables(old: list[str], new: list[str], hit_policy: str = "first", more: str = "") -> Differences:
    both = (compile_policy(table(hit_policy, rules, more=more)) for rules in (old, new))
    return differences(*both, VOCABULARY)


def told(found: Differences) -> set[tuple[str, str, str, str]]:
    """Each region with each output that differs in it: where, which, before, now."""
    assert found.regions is not None
    return {
        (region_text(found.regions.space, each.box), other.output, result_text(other.old), result_text(other.new))
        for each in found.regions.found
        for other in each.difference
    }


def said(found: Differences) -> list[tuple[str, str, str, str, str]]:
    return [(change.sort, change.what, change.part, change.before, change.after) for change in found.changes]


BY_CHANNEL = """
  offers_last_30_days_by_channel:
    type: list of context
    fields: {channel: text, offers: number}
    meaning: how many offers there were by channel
"""


def shipped_by_channel(first: tuple[str, str], *edits: tuple[str, str]) -> Differences:
    """The shipped offer, changed, compared with an edited copy of it, where offers are counted by channel."""
    text = (SHIPPED / "retention-offer/v1.yaml").read_text(encoding="utf-8")
    text = text.replace("given: {", "given: {offers_last_30_days_by_channel: [], ")
    facts = (SHIPPED / "facts.yaml").read_text(encoding="utf-8") + BY_CHANNEL
    return shipped("retention-offer", *edits, text=text.replace(*first) if first[0] else text, facts=facts)


def shipped(name: str, *edits: tuple[str, str], text: str = "", facts: str = "") -> Differences:
    """A shipped policy, or `text` in its place, compared with an edited copy of it."""
    facts = facts or (SHIPPED / "facts.yaml").read_text(encoding="utf-8")
    vocabulary = load_vocabulary(facts.encode(), "policies/facts.yaml")
    text = text or (SHIPPED / name / "v1.yaml").read_text(encoding="utf-8")
    edited = text.replace("\nversion: 1\n", "\nversion: 2\n")
    for before, after in edits:
        assert before in edited
        edited = edited.replace(before, after)

    def load(text: str, version: int) -> CompiledPolicy:
        return compile_policy(load_policy(text.encode(), f"policies/{name}/v{version}.yaml", vocabulary))

    return differences(load(text, 1), load(edited, 2), vocabulary)


def test_a_policy_compared_with_itself_differs_in_nothing() -> None:
    rules = ["{id: a, when: {risk: '> 0.5'}, then: 1}", "{id: b, then: 2}"]
    assert tables(rules, rules).same


def test_rules_of_other_names_and_texts_that_decide_the_same_are_no_region() -> None:
    found = tables(
        ["{id: a, when: {risk: '> 0.5'}, then: 1}", "{id: b, then: 2}"],
        ["{id: c, when: {risk: '<= 0.5'}, then: 2}", "{id: b, then: 1}"],
    )
    assert told(found) == set()
    assert not found.same


def test_a_border_that_moved_is_the_stretch_between_its_places() -> None:
    found = tables(
        ["{id: a, when: {risk: '> 0.5', tier: high}, then: 1}", "{id: b, then: 2}"],
        ["{id: a, when: {risk: '> 0.7', tier: high}, then: 1}", "{id: b, then: 2}"],
    )
    assert told(found) == {("risk in (0.5..0.7] and tier = high", "offer", "1", "2")}
    assert found.regions is not None
    (region,) = found.regions.found
    assert region.customer is not None
    assert Decimal("0.5") < region.customer.facts["risk"] <= Decimal("0.7")
    assert said(found) == [("changed", "rule `a` of `offer`", "risk", "> 0.5", "> 0.7")]


def test_null_is_a_region_of_its_own() -> None:
    found = tables(
        ["{id: a, when: {maybe: 'null'}, then: 1}", "{id: b, when: {maybe: '> 2'}, then: 2}", "{id: c, then: 3}"],
        ["{id: a, when: {maybe: 'null'}, then: 9}", "{id: b, when: {maybe: '> 2'}, then: 2}", "{id: c, then: 3}"],
    )
    assert told(found) == {("maybe = null", "offer", "1", "9")}


def test_who_cannot_be_decided_any_more_is_told() -> None:
    found = tables(
        ["{id: a, when: {vip: true}, then: 1}", "{id: b, when: {vip: false}, then: 2}"],
        ["{id: a, when: {vip: true}, then: 1}"],
        "unique",
    )
    assert told(found) == {("not(vip)", "offer", "2", "cannot be decided (NoRuleApplies)")}


def test_a_decision_that_reads_another_is_followed() -> None:
    first = (
        "  offer:\n    gives: text\n    rules:\n      - {{id: a, when: {{risk: '> {}'}}, then: x}}\n    otherwise: y\n"
    )
    last = "  price:\n    gives: number\n    rules:\n      - {id: p, when: {offer: '= \"x\"'}, then: 10}\n"
    last += "    otherwise: 20\n"
    found = compared(first.format("0.5") + last, first.format("0.6") + last)
    where = "risk in (0.5..0.6]"
    assert told(found) == {(where, "offer", "x", "y"), (where, "price", "10", "20")}


def test_formulas_that_differ_are_told_with_an_example_that_differs() -> None:
    text = "  price:\n    gives: number\n    formula: 'if vip then usage * {} else usage'\n"
    found = compared(text.format("2"), text.format("3"))
    assert told(found) == {("vip", "price", "= usage * 2", "= usage * 3")}
    assert found.regions is not None
    (region,) = found.regions.found
    assert region.customer is not None
    (real,) = region.customer.difference
    assert real.old.value != real.new.value
    assert not region.difference[0].sure


def test_a_part_that_computes_is_a_condition_of_its_own() -> None:
    rules = "{{id: a, if: 'usage > risk', when: {{vip: true}}, then: {}}}"
    found = tables([rules.format(1), "{id: b, then: 2}"], [rules.format(5), "{id: b, then: 2}"])
    assert told(found) == {("vip and usage > risk", "offer", "1", "5")}
    assert found.regions is not None
    (region,) = found.regions.found
    assert region.customer is not None
    assert region.customer.facts["usage"] > region.customer.facts["risk"]


def test_what_a_computed_decision_is_asked_about_is_named_and_customers_are_tried() -> None:
    gives = "    gives: number\n    rules:\n"
    first = f"  base:\n{gives}      - {{id: a, when: {{vip: true}}, then: usage * 2}}\n    otherwise: 1\n"
    last = "  price:\n" + gives + "      - {{id: p, when: {{base: '> {}'}}, then: 10}}\n    otherwise: 20\n"
    found = compared(first + last.format(3), first + last.format(4))
    assert found.regions is None
    assert {each.what for each in found.uncovered} == {"the column `base` of `price`"}
    assert found.sampled is not None
    assert found.sampled.differing > 0
    assert all(customer.difference for customer in found.sampled.found)
    assert not found.same


def test_rules_added_gone_moved_and_renamed_are_told_apart() -> None:
    found = tables(
        [
            "{id: a, when: {risk: '> 0.8'}, then: 1}",
            "{id: b, when: {vip: true}, then: 2}",
            "{id: c, when: {tier: high}, then: 3}",
            "{id: d, when: {tier: low}, then: 4}",
        ],
        [
            "{id: b, when: {vip: true}, then: 2}",
            "{id: a, when: {risk: '> 0.8'}, then: 1}",
            "{id: e, when: {tier: high}, then: 3}",
            "{id: f, when: {tier: medium}, then: 5}",
        ],
    )
    sorts = [(sort, what) for sort, what, *_ in said(found)]
    assert ("renamed", "rule `e` of `offer`") in sorts
    assert ("added", "rule `f` of `offer`") in sorts
    assert ("gone", "rule `d` of `offer`") in sorts
    assert len([sort for sort, _ in sorts if sort == "moved"]) == 1


def test_limits_of_an_intervention_constants_and_days_are_changes_in_words() -> None:
    found = shipped(
        "retention-offer", ("cooldown: 30 days", "cooldown: 60 days"), ("2026-01-01\nowner", "2026-06-01\nowner")
    )
    changes = {(change.what, change.part): change for change in found.changes}
    assert changes["the policy", "effective"].after == "2026-06-01"
    cooldown = changes["`limits` of `offer`", "cooldown"]
    assert isinstance(cooldown, Change)
    assert (cooldown.before, cooldown.after) == ("30 days", "60 days")
    assert cooldown.line == text_line("retention-offer", "cooldown:")


def text_line(name: str, text: str) -> int:
    lines = (SHIPPED / name / "v1.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_a_longer_cooldown_differs_for_those_between_the_two_alone_and_no_region_is_empty() -> None:
    """Nobody is within 30 days of the last offer and not within 60, whatever else is asked of the customer."""
    found = shipped("retention-offer", ("cooldown: 30 days", "cooldown: 60 days"))
    assert found.regions is not None
    assert found.regions.found
    for each in found.regions.found:
        where = region_text(found.regions.space, each.box)
        assert 'today() < last_offer_on + @"P60D"' in where
        assert 'not(today() < last_offer_on + @"P30D")' in where
        assert each.customer is not None
    shorter = shipped("retention-offer", ("cooldown: 30 days", "cooldown: 20 days"))
    assert shorter.regions is not None
    assert shorter.regions.found
    assert all(each.customer is not None for each in shorter.regions.found)


def test_a_limit_by_channel_is_told_as_it_is_written_and_counts_as_its_fact() -> None:
    by_channel = ("at most: 3 per 90 days", "at most: [3 per 90 days, 1 per 30 days and channel]")
    found = shipped_by_channel(by_channel, ("1 per 30 days and channel", "2 per 30 days and channel"))
    assert [line for line in said(found) if "limits" in line[1]] == [
        ("changed", "`limits` of `offer`", "at most", "1 per 30 days and channel", "2 per 30 days and channel")
    ]
    assert not [line for line in said(found) if "rule " in line[1]]
    assert found.regions is not None
    for each in found.regions.found:
        where = region_text(found.regions.space, each.box)
        assert re.search("offers_last_30_days_by_channel of (phone|e-mail|in-app|sms) >= 1", where), where
        assert "for one that was counted" not in where
    added = shipped_by_channel(("", ""), by_channel)
    assert ("added", "`limits` of `offer`", "at most", "", "1 per 30 days and channel") in said(added)


def test_the_shipped_offer_with_another_border_differs_for_whom_the_limits_let_through() -> None:
    found = shipped("retention-offer", ('"> 0.80", clv_tier: high', '"> 0.85", clv_tier: high'))
    assert found.regions is not None
    assert found.regions.found
    for each in found.regions.found:
        where = region_text(found.regions.space, each.box)
        assert "churn_risk in (0.80..0.85] and clv_tier = high" in where
        assert "offers_last_90_days < 3" in where
        assert each.customer is not None


@pytest.mark.parametrize("name", ["price-proposal", "plan-advice", "grandfathering", "alerts", "access"])
def test_shipped_policies_are_compared_exactly(name: str) -> None:
    found = shipped(name)
    assert found.uncovered == ()
    assert found.same


@pytest.mark.parametrize("name", ["price-bounds", "price-law-us-ny"])
def test_what_is_not_covered_of_shipped_policies_is_named(name: str) -> None:
    found = shipped(name)
    assert found.uncovered
    assert found.sampled is not None
    assert found.sampled.tried > 0
    assert found.same
