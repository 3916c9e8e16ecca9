"""Absent facts, and what asked for them and came to nothing: by a few policies made for it."""

from __future__ import annotations

from typing import Any

from feel_cases import AT
from policy_cases import HEAD, catalog

from ordain.engine.gather import gather

FACTS = """\
facts:
  price: {type: number, meaning: the price}
  rival: {type: number, optional: true, meaning: a competitor's price}
  tier: {type: text, values: [gold, tin], optional: true, meaning: the customer's tier}
  gift: {type: number, optional: true, meaning: a gift}
  calm: {type: number, optional: true, meaning: read by nothing}
"""
BODY = """\
decides:
  cap: {gives: number, formula: "if rival = null then price else min(price, rival)"}
  sort:
    gives: text
    hit policy: first
    rules:
      - {id: cheap, when: {price: "< 10"}, then: cheap}
      - {id: gold, if: tier != null and tier = "gold", then: gold}
      - {id: late, if: gift = null or gift > 1, then: late}
      - {id: never-seen, if: gift != null, then: gift}
    otherwise: plain
must hold:
  - {id: below-rival, that: rival = null or price <= rival * 2, because: it is too dear}
examples:
  - given: {price: 5}
    expect: {sort: cheap}
"""
SERVICES = "services:\n  act: {purpose: A case., policies: [sample], gives: [cap, sort]}\n"
CATALOG = catalog({"sample/v1": HEAD.format(kind="decision") + BODY}, SERVICES, FACTS)
PLAN = CATALOG.pick("act", AT)


def _told(given: dict[str, Any]) -> dict[str, list[str]]:
    outcome = PLAN.evaluate(gather(given, PLAN.needs, CATALOG.vocabulary, {}), AT)
    return {
        each["fact"]: [named.get("rule") or named.get("must_hold") or named["decision"] for named in each["skipped"]]
        for each in outcome.not_known()
    }


def test_formulas_rules_that_were_looked_at_and_requirements_count() -> None:
    assert _told({"price": 20}) == {"rival": ["cap", "below-rival"], "tier": ["gold"]}


def test_a_rule_that_was_not_reached_or_that_fired_does_not_count() -> None:
    assert _told({"price": 5}) == {"rival": ["cap", "below-rival"]}
    assert _told({"price": 20, "tier": "gold"}) == {"rival": ["cap", "below-rival"]}


def test_what_is_there_is_known() -> None:
    assert _told({"price": 20, "tier": "tin", "rival": 30, "gift": 2}) == {}


def test_the_names_are_those_that_something_reads() -> None:
    assert set(PLAN.unknowns.names) == {"rival", "tier", "gift"}


def test_equal_keys_stand_for_equal_tellings() -> None:
    seen: dict[Any, Any] = {}
    for price in (5, 20):
        for tier in (None, "gold", "tin"):
            for rival in (None, 30):
                given = {"price": price, "tier": tier, "rival": rival}
                outcome = PLAN.evaluate(gather(given, PLAN.needs, CATALOG.vocabulary, {}), AT)
                key = PLAN.unknowns.key(outcome.absent(), outcome.trail)
                assert seen.setdefault(key, outcome.not_known()) == outcome.not_known()
    assert len(seen) > 3
