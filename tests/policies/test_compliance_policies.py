"""The shipped compliance policies: what their own examples cannot show."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.catalog import Catalog, load_catalog, read_texts
from ordain.engine.errors import PolicyError
from ordain.engine.evaluate import Outcome
from ordain.engine.examples.run import fired_rules
from ordain.engine.gather import gather
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.model import Example, Verdict
from ordain.engine.step import Step
from ordain.engine.text.source import Node, parse
from ordain.engine.values.types import Value

ROOT = Path(__file__).parents[2]
TEXTS = read_texts(ROOT / "policies")
CATALOG: Catalog = load_catalog(TEXTS)
COMPLIANCE = tuple(sorted({policy.name for policy in CATALOG.policies() if policy.kind == "compliance"}))
LEGAL = tuple(name for name in COMPLIANCE if name != "model-promotion")  # which is about our own models
FILES = {name: f"policies/{name}/v1.yaml" for name in COMPLIANCE}
RULES: dict[tuple[str, str], Node] = {
    (name, rule["id"].text): rule
    for name in COMPLIANCE
    for rule in parse(TEXTS.policies[FILES[name]], FILES[name])["rules"].nodes()
}
NOT_IN_FORCE = [key for key, rule in RULES.items() if rule["status"].text != "in force"]
IN_FORCE = [key for key in RULES if key not in NOT_IN_FORCE]
NEVER_LAW = {"proposed", "vacated", "vetoed"}
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)

QUOTE: dict[str, Any] = {
    "base_price": Decimal(500),
    "demand": Decimal("0.3"),
    "price_elasticity": Decimal("-0.3"),
    "churn_risk": Decimal("0.1"),
    "plan_min_price": Decimal(400),
    "plan_max_price": Decimal(600),
    "current_price": Decimal(500),
    "contract_start": "2025-08-01",
    "contract_price": Decimal(500),
    "plan": "standard",
    "tenure_months": Decimal(15),
}
"""A quote of 525 rupees for a customer who pays 500: a rise."""
CALL: dict[str, Any] = {
    "churn_risk": Decimal("0.9"),
    "clv_tier": "high",
    "offers_last_90_days": Decimal(0),
    "jurisdiction": "US",
    "consumer_state": "TX",
    "recipient_time_zone": "America/New_York",
    "marketing_objection": False,
    "opted_out_channels": [],
    "consented_channels": ["phone"],
}
"""A personal call, to which the customer agreed."""


def decide(service: str, facts: dict[str, Any], at: dt.datetime = NOON) -> Outcome:
    plan = CATALOG.pick(service, at)
    return plan.evaluate(gather(facts, plan.needs, CATALOG.vocabulary, {}), at)


def law(outcome: Outcome) -> list[dict[str, Any]]:
    """The reasons that compliance gives, without those of the price itself."""
    return [reason for reason in outcome.reasons() if reason["policy"].partition("@")[0] in COMPLIANCE]


def compiled(name: str, text: bytes | None = None) -> CompiledPolicy:
    raw = TEXTS.policies[FILES[name]] if text is None else text
    return compile_policy(load_policy(raw, FILES[name], CATALOG.vocabulary))


def run(policy: CompiledPolicy, facts: dict[str, Value], at: dt.datetime) -> tuple[Verdict, list[Step]]:
    values, steps = dict(facts), list[Step]()
    policy.run(values, at, steps)
    return Verdict(values["verdict"]), steps


def findings(policy: CompiledPolicy, example: Example) -> dict[str, tuple[str, bool]]:
    """The verdict of each rule that fired, and whether a fact was missing."""
    table, _, fired, rows, missing, _ = run(policy, dict(example.given), example.at)[1][0]
    lacking = {position for position, _ in missing}
    found = zip(fired, rows, strict=True)
    return {table.rules[number].id: (row["verdict"], number in lacking) for number, row in found}  # type: ignore[union-attr]  # the first step is the table of findings


# --- protected facts and privacy choices ------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    price=st.integers(400, 600),
    risk=st.decimals(0, 1, places=4),
    jurisdiction=st.sampled_from(["EU", "UK", "US", "IN"]),
    flag=st.sampled_from(["privacy_opt_out", "marketing_objection", "vulnerable_customer"]),
)
def test_a_privacy_choice_or_a_mark_never_changes_a_price(
    price: int, risk: Decimal, jurisdiction: str, flag: str
) -> None:
    """Paired records: equal but for one flag."""
    facts = {**QUOTE, "current_price": Decimal(price), "churn_risk": risk, "jurisdiction": jurisdiction}
    without, with_it = (decide("price-quote", {**facts, flag: said}).given() for said in (False, True))
    assert without == with_it


def test_an_opt_out_from_the_sale_of_data_changes_no_verdict_of_a_price_that_does_not_use_it() -> None:
    facts = {**QUOTE, "jurisdiction": "US", "consumer_state": "CA", "auto_renews": False, "price_personalised": True}
    facts |= {"personal_data_inputs": ["usage"], "listed_essential": False, "competitor_data_in_model": False}
    without, with_it = (decide("price-quote", {**facts, "privacy_opt_out": said}) for said in (False, True))
    assert without.verdict is with_it.verdict is Verdict.PERMIT
    assert without.given() == with_it.given()


def test_a_protected_flag_never_changes_an_offer_only_whether_it_may_be_made() -> None:
    later = NOON.replace(hour=17)
    without, with_it = (decide("retention", {**CALL, "vulnerable_customer": said}, later) for said in (False, True))
    assert without.given() == with_it.given()
    assert (without.verdict, with_it.verdict is Verdict.PERMIT) == (Verdict.PERMIT, False)


def test_who_objected_is_offered_nothing_because_nothing_may_be_estimated() -> None:
    decided = decide("retention", {**CALL, "marketing_objection": True}, NOON.replace(hour=17))
    assert decided.given() == {"offer": {"action": "none", "discount_percent": "0", "channel": "none"}}
    assert decided.verdict is Verdict.PERMIT


def test_no_policy_but_compliance_reads_a_protected_fact() -> None:
    protected = {name for name in CATALOG.vocabulary if CATALOG.vocabulary[name].protected}
    assert protected >= {"privacy_opt_out", "marketing_objection", "opted_out_channels", "vulnerable_customer"}
    for policy in CATALOG.policies():
        if policy.kind != "compliance":
            assert protected.isdisjoint(policy.reads), policy.label


def test_a_price_that_reads_a_protected_fact_does_not_load() -> None:
    file = "policies/price-proposal/v1.yaml"
    text = TEXTS.policies[file].replace(b"(1 + demand_weight", b"(if vulnerable_customer then 2 else 1 + demand_weight")
    assert text != TEXTS.policies[file]
    with pytest.raises(PolicyError, match="`vulnerable_customer` is protected"):
        load_catalog(replace(TEXTS, policies={**TEXTS.policies, file: text}))


# --- obligations -------------------------------------------------------------------------------------------------


def new_york(**more: Any) -> Outcome:
    facts = {"jurisdiction": "US", "consumer_state": "NY", "auto_renews": False, "is_existing_subscriber": True}
    personal = {"price_personalised": True, "personal_data_inputs": ["usage"]}
    return decide("price-quote", {**QUOTE, **facts, **personal, **more})


def test_a_personalised_rise_in_new_york_carries_the_statutory_text_byte_for_byte() -> None:
    outcome = new_york()
    assert outcome.given()["price"]["amount"] == "525.00"
    assert outcome.verdict is Verdict.PERMIT
    texts = {duty["rule"]: duty["disclose"].encode() for duty in outcome.obligations() if "disclose" in duty}
    statutory = b"THIS PRICE WAS SET BY AN ALGORITHM USING YOUR PERSONAL DATA."
    assert texts == {"us-ny-algorithmic-pricing": statutory}


def test_a_retention_discount_in_new_york_carries_no_text() -> None:
    outcome = new_york(current_price=Decimal(530))
    assert outcome.verdict is Verdict.PERMIT
    assert outcome.obligations() == []


@pytest.mark.parametrize(
    ("jurisdiction", "first_day", "verdict"),
    [
        ("US", "2026-07-31", Verdict.PERMIT),
        ("US", "2026-08-01", Verdict.DENY),
        ("EU", "2026-07-31", Verdict.DENY),
        ("EU", "2026-08-01", Verdict.PERMIT),
    ],
)
def test_no_day_suits_both_new_york_and_the_union_so_notices_are_planned_for_each(
    jurisdiction: str, first_day: str, verdict: Verdict
) -> None:
    """Told on 1 July: New York wants 30 days at most, the Union one month at least, which is 31 days here."""
    facts = {
        "jurisdiction": jurisdiction,
        "consumer_state": "NY",
        "is_existing_subscriber": True,
        "auto_renews": True,
        "price_personalised": True,
        "personal_data_inputs": ["usage"],
        "pricing_lawful_basis": "contract",
        "commitment_months": Decimal(0),
        "solely_automated": False,
        "score_drawn_on_strongly": False,
        "change_benefit": "none of these",
        "exit_right_stated": True,
        "last_best_tariff_advice_on": "2026-06-01",
        "notice_on": "2026-07-01",
        "price_change_on": first_day,
    }
    assert decide("price-quote", {**QUOTE, **facts}, dt.datetime(2026, 6, 20, tzinfo=dt.UTC)).verdict is verdict


# --- knowledge that is not law --------------------------------------------------------------------------------

EVERYTHING: dict[str, Value] = {
    "price": Decimal(14000),
    "sector": "credit",
    "auto_renews": True,
    "price_personalised": True,
    "personal_data_inputs": ("usage",),
    "solely_automated": True,
    "effect_level": "legal",
    "pays_by_e_mandate": True,
    "consented_channels": (),
    "offer": {"action": "personal call", "discount_percent": Decimal(30), "channel": "phone"},
}
"""Facts on which every rule that is not law would apply, were it law."""
DAYS = [dt.datetime(year, month, 15, 12, tzinfo=dt.UTC) for year in range(2018, 2032) for month in (1, 6, 12)]


@pytest.mark.parametrize(("name", "rule"), NOT_IN_FORCE, ids=[rule for _, rule in NOT_IN_FORCE])
def test_a_pending_vacated_vetoed_or_superseded_rule_never_fires(name: str, rule: str) -> None:
    """The same rule, made law, fires on some of these days: so the days and facts are the right ones."""
    text = TEXTS.policies[FILES[name]]
    status = RULES[name, rule]["status"].text
    as_law = re.sub(rf"(id: {rule}\n    status: ){status}\n".encode(), rb"\1in force\n", text)
    assert as_law != text
    shipped, changed = compiled(name), compiled(name, as_law)
    place = {"jurisdiction": rule[:2].upper(), "consumer_state": rule[3:5].upper() if rule[:2] == "us" else None}
    facts = dict.fromkeys(changed.policy.reads) | EVERYTHING | place
    tried = [({**facts, "sector": sector}, day) for sector in ("credit", "food retail") for day in DAYS]
    assert not any(rule in fired_rules(run(shipped, *case)[1]) for case in tried)
    assert any(rule in fired_rules(run(changed, *case)[1]) for case in tried)


def test_every_status_but_in_force_is_on_file() -> None:
    assert {RULES[key]["status"].text for key in NOT_IN_FORCE} == {
        *("proposed", "pending", "vacated", "vetoed", "superseded")
    }


# --- missing facts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMPLIANCE)
def test_taking_a_fact_away_from_a_denied_case_never_makes_it_permitted(name: str) -> None:
    """Facts with a default, and those whose absence has a declared meaning, are left in place."""
    policy, tried = compiled(name), 0
    for example in policy.policy.examples:
        if run(policy, dict(example.given), example.at)[0] is not Verdict.DENY:
            continue
        for fact in (CATALOG.vocabulary[sent] for sent, value in example.given.items() if value is not None):
            if fact.default is None and not fact.optional and not fact.given_by:
                verdict, _ = run(policy, {**example.given, fact.name: None}, example.at)
                assert verdict is not Verdict.PERMIT, (example.span.line, fact.name)
                tried += 1
    assert tried > 5


def test_a_quote_without_a_jurisdiction_goes_to_review_and_says_what_is_missing() -> None:
    outcome = decide("price-quote", QUOTE)
    assert outcome.verdict is Verdict.REVIEW
    assert {(reason["rule"], reason["missing"]) for reason in law(outcome)} == {("not-known-whose-law", "jurisdiction")}
    assert outcome.obligations() == []


def test_a_rule_asks_only_for_facts_of_its_own_country() -> None:
    """A plain Indian request, without a state or an American fact, is permitted."""
    plan = {"plan_enrolled_on": "2026-01-15", "plan_validity_months": Decimal(1), "upfront_paid": False}
    outcome = decide("price-quote", {**QUOTE, **plan, "jurisdiction": "IN"})
    assert outcome.verdict is Verdict.PERMIT
    assert {reason["rule"] for reason in law(outcome)} == {
        *("in-trai-six-months", "in-rbi-pre-debit-notice", "in-rbi-post-debit-notice")
    }


@pytest.mark.parametrize("fact", ["recipient_time_zone", "marketing_objection", "opted_out_channels"])
def test_a_call_with_a_fact_missing_goes_to_review(fact: str) -> None:
    evening = NOON.replace(hour=17)
    assert decide("retention", CALL, evening).verdict is Verdict.PERMIT
    outcome = decide("retention", {name: value for name, value in CALL.items() if name != fact}, evening)
    assert outcome.verdict is Verdict.REVIEW
    assert {reason.get("missing") for reason in law(outcome)} == {None, fact}


def test_nothing_is_asked_when_nobody_is_contacted() -> None:
    facts = {"churn_risk": Decimal("0.1"), "clv_tier": "low", "offers_last_90_days": Decimal(0)}
    outcome = decide("retention", facts)
    assert (outcome.verdict, outcome.reasons()) == (Verdict.PERMIT, [])


# --- quiet hours -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "zone", "verdict"),
    [
        ("2026-11-20T13:30:00Z", "America/New_York", Verdict.PERMIT),
        ("2026-11-20T13:30:00Z", "America/Chicago", Verdict.DENY),
        # Denver and Phoenix share a clock in winter only.
        ("2026-01-15T15:30:00Z", "America/Denver", Verdict.PERMIT),
        ("2026-01-15T15:30:00Z", "America/Phoenix", Verdict.PERMIT),
        ("2026-07-15T14:30:00Z", "America/Denver", Verdict.PERMIT),
        ("2026-07-15T14:30:00Z", "America/Phoenix", Verdict.DENY),
        # The night in which the clocks of New York go forward, and the night in which they go back.
        ("2026-03-08T01:00:00Z", "America/New_York", Verdict.PERMIT),
        ("2026-03-09T01:00:00Z", "America/New_York", Verdict.PERMIT),
        ("2026-03-09T01:00:01Z", "America/New_York", Verdict.DENY),
        ("2026-11-01T01:30:00Z", "America/New_York", Verdict.DENY),
        ("2026-11-02T01:30:00Z", "America/New_York", Verdict.PERMIT),
    ],
)
def test_quiet_hours_are_those_of_the_recipients_clock(at: str, zone: str, verdict: Verdict) -> None:
    moment = dt.datetime.fromisoformat(at)
    assert decide("retention", {**CALL, "recipient_time_zone": zone}, moment).verdict is verdict


def test_the_offset_in_which_a_time_is_written_does_not_matter_to_quiet_hours() -> None:
    moment = dt.datetime(2026, 11, 20, 13, 30, tzinfo=dt.UTC)
    elsewhere = moment.astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30)))
    assert law(decide("retention", CALL, moment)) == law(decide("retention", CALL, elsewhere))


# --- the files themselves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMPLIANCE)
def test_the_examples_reach_every_rule_on_both_sides_of_its_border(name: str) -> None:
    policy = compiled(name)
    said = [findings(policy, example) for example in policy.policy.examples]
    for of, rule in IN_FORCE:
        if of != name:
            continue
        verdicts = {found[rule][0] for found in said if rule in found and not found[rule][1]}
        if RULES[name, rule].get("permits when"):
            refusal = RULES[name, rule].get("otherwise")
            assert verdicts == {"permit", refusal.text if refusal else "deny"}, rule
        else:
            assert len(verdicts) == 1, rule
            assert any(rule not in found for found in said), rule


@pytest.mark.parametrize("name", LEGAL)
def test_a_compliance_policy_says_that_it_is_no_legal_advice(name: str) -> None:
    text = TEXTS.policies[FILES[name]]
    assert text.startswith(b"# Example content for a policy engine, not legal advice.")
    assert "not legal advice" in parse(text, name)["notice"].text


def test_the_table_in_the_docs_holds_every_rule_with_its_status_days_source_and_confidence() -> None:
    shown, policy = {}, ""
    for line in (ROOT / "docs" / "compliance.md").read_text().splitlines():
        if line.startswith("### "):
            policy = line.removeprefix("### ")
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 7 and cells[0] != "rule":
            rule, where, status, days, source, sure, asks = cells
            assert asks.endswith("."), rule
            shown[policy, rule] = (where, status, days, source, sure)
    written = {}
    for key, node in ((key, node) for key, node in RULES.items() if key[0] in LEGAL):
        period, where, unsure = node.get("in force"), node.get("where"), node.get("not confirmed")
        days = " ".join(f"{end} {day.text}" for end, day in period.items()) if period is not None else ""
        sure = node["confidence"].text + (f"; not confirmed: {unsure.text}" if unsure is not None else "")
        place = f"`{where.text}`" if where is not None else ""
        written[key] = (place, node["status"].text, days, node["source"].text, sure)
    assert shown == written


# --- how sure it is ----------------------------------------------------------------------------------------------


def test_every_rule_says_how_sure_it_is_and_only_a_source_that_was_read_is_called_checked() -> None:
    """What is from general knowledge said `(checked 2026-11-20)`."""
    said = set()
    for name in COMPLIANCE:
        for rule in compiled(name).policy.decisions[0].rules:  # type: ignore[union-attr]  # the table of findings
            if not rule.derived:
                said.add(rule.confidence)
                assert ("(checked " in rule.source) == (rule.confidence == "confirmed"), rule.id
                assert ("not checked" in rule.source) == (rule.confidence == "general knowledge"), rule.id
    assert said == {"confirmed", "general knowledge", "own rule"}


def test_a_rule_that_never_was_law_has_no_days_on_which_it_was() -> None:
    never = {status for (name, rule) in NOT_IN_FORCE if (status := RULES[name, rule]["status"].text) in NEVER_LAW}
    assert never == NEVER_LAW
    assert not [key for key in NOT_IN_FORCE if RULES[key]["status"].text in NEVER_LAW and RULES[key].get("in force")]
