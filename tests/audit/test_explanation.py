"""An explanation says what is on record, in words a customer understands, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from reading_sample import CALL, LOOKED_AT, NO_CALL, NOTHING, PRICE, Sample, sample, scored

from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.explain.plain_words import code, escaped, words
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.store.rows import DOCUMENT


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


def told(made: Sample, record: Record) -> tuple[dict[str, Any], str]:
    explained = explain(record, made.reader)
    return explained.data, letter(explained)


def test_it_says_what_was_decided_when_and_for_what(made: Sample) -> None:
    data, text = told(made, made.record(made.decide("C-1", PRICE, "price-quote")))
    assert text.startswith("# Our decision of 21 November 2026 at 12:00 (UTC+05:30)\n")
    assert "Your price: **550 INR**" in text
    assert "The rules of law and of our house that we check allow this." in text
    assert "The price per month for one customer, within its limits" in text
    assert data["outcome"]["price"] == {"amount": "550.00", "currency": "INR"}


def test_the_facts_that_counted_are_those_that_the_fired_rules_read(made: Sample) -> None:
    data, text = told(made, made.record(made.decide("C-1")))
    counted = {fact["name"] for fact in data["facts"]}
    assert counted == {
        *("churn_risk", "clv_tier", "jurisdiction", "marketing_objection"),
        *("opted_out_channels", "consented_channels", "recipient_time_zone", "promotions_blocked"),
    }
    assert {"offers_last_90_days", "vulnerable_customer"} <= {fact["name"] for fact in data["also_looked_at"]}
    assert "the customer's lifetime value, in three tiers: **high** (given with the request)" in text
    assert "somebody marked the customer as vulnerable: **no** (assumed, because nothing else was given)" in text


def test_when_no_rule_fired_all_that_was_looked_at_counted(made: Sample) -> None:
    data, text = told(made, made.record(made.decide("C-1", NOTHING)))
    assert "offers_last_90_days" in {fact["name"] for fact in data["facts"]}
    assert data["reasons"] == []
    assert "No rule matched, so what applies otherwise applied." in text


def test_a_default_is_told_only_where_a_table_fell_to_it(made: Sample) -> None:
    record = made.record(made.decide("C-1", NOTHING))
    trace = [{**step, "fired": ["x"]} if "fired" in step else step for step in (record.private or {})["trace"]]
    _, text = told(made, replace(record, private={**(record.private or {}), "trace": trace}))
    assert "what applies otherwise applied" not in text


def test_values_have_their_units_and_dates_are_in_words(made: Sample) -> None:
    _, text = told(made, made.record(made.decide("C-1", PRICE, "price-quote")))
    assert "the time that the customer has been with us: **20 months**" in text
    assert "what the customer pays per month today: **500 INR**" in text
    assert "the day the contract began: **1 March 2025**" in text
    assert "the probability that the customer leaves: **5 %**" in text


def test_a_score_is_told_with_what_moved_it_most_strongest_first(made: Sample) -> None:
    score = scored(
        Decimal("0.85123"),
        ("tickets", Decimal(1), Decimal("0.1")),
        ("usage_gb", Decimal("12.5"), Decimal("-1.5")),
        ("days_since_login", Decimal(60), Decimal("1.2")),
        *((f"small_{n}", Decimal(n), Decimal("0.01")) for n in range(4)),
    )
    data, text = told(made, made.record(made.decide("C-1", score=score)))
    [model] = data["models"]
    assert [driver["feature"] for driver in model["drivers"]][:3] == ["usage_gb", "days_since_login", "tickets"]
    assert "- data used in the last month: 12.5 GB. This lowered the estimate." in text
    assert text.index("This lowered the estimate.") < text.index("- days since login: 60. This raised the estimate.")
    assert "2 more played a smaller part." in text
    assert "computed by the model churn, version 3" in text
    assert "estimated the probability that the customer leaves: **85 %**" in text


def test_each_rule_is_told_with_its_reason_source_condition_and_policy(made: Sample) -> None:
    data, text = told(made, made.record(made.decide("C-1", NO_CALL)))
    first = data["reasons"][0]
    assert (first["policy"], first["version"], first["rule"]) == ("retention-offer", 1, "critical-high-value")
    assert first["conditions"][0]["is"] == "> 0.80"
    assert {fact["name"]: fact["value"] for fact in first["looked_at"]} == {"churn_risk": "0.8500", "clv_tier": "high"}
    assert "Very likely to leave and among our most valuable customers." in text
    assert "its condition on the probability that the customer leaves: `> 0.80`" in text
    assert "House rule (ours, as of 2026-11-29)" in text
    assert "You were **not** given this:" in text
    assert "policy retention-offer, version 1, in force from 1 January 2026" in text


def test_a_calculation_is_told_with_its_reason_and_its_inputs(made: Sample) -> None:
    data, text = told(made, made.record(made.decide("C-1", PRICE, "price-quote")))
    made_by = data["reasons"][0]
    assert made_by["calculated_as"].startswith("base_price * (1 + ")
    assert {fact["name"] for fact in made_by["looked_at"]} == {"base_price", "demand", "price_elasticity", "churn_risk"}
    assert made_by["constants"] == {"churn_weight": "-0.1337", "demand_weight": "0.2897", "elasticity_weight": "0.0785"}
    assert "Base price, moved by demand, elasticity and churn risk." in text


def test_a_letter_tells_amounts_and_no_weights_of_ours(made: Sample) -> None:
    """What a formula multiplies with is for the reviewer, who has it in the explanation's data."""
    _, text = told(made, made.record(made.decide("C-1", PRICE, "price-quote")))
    assert "the customer's price sensitivity: −0.15 | −5.88" in text
    for ours in ("weight", "0.1337", "0.2897", "0.0785", "calculated as", "step-lowest", "bounded price after"):
        assert ours not in text, ours
    before = PRICE.replace("}", ', "price_12_months_ago": 400}')
    data, text = told(made, made.record(made.decide("C-2", before, "price-quote")))
    [cap] = [reason for reason in data["reasons"] if reason.get("rule") == "yearly-rise"]
    assert cap["constants"] == {"highest_yearly_rise": "0.12"}
    assert "highest_yearly_rise" not in text
    assert "A customer's price rises by at most 12 percent in 12 months." in text


def test_a_promise_is_told_without_the_id_of_its_rule(made: Sample) -> None:
    promised = PRICE.replace("}", ', "promised_price": 450, "promised_until": "2026-12-31"}')
    _, text = told(made, made.record(made.decide("C-1", promised, "price-quote")))
    assert "Your promise: **until: 31 December 2026**" in text
    assert "We promised this price to this customer in writing." in text


def test_a_fact_that_a_rule_lacked_is_told_once_in_the_annex(made: Sample) -> None:
    in_new_york = PRICE.replace('"IN"', '"US", "consumer_state": "NY"')
    _, text = told(made, made.record(made.decide("C-1", in_new_york, "price-quote")))
    rule = text.partition("rule `us-rosca` of")[2].partition("\n9. ")[0].partition("it says: review")[0]
    assert rule.count("not known") == 1
    assert "auto renews" not in text


def test_duties_and_disclosures_are_told(made: Sample) -> None:
    record = made.record(made.decide("C-1", PRICE, "price-quote"))
    _, text = told(made, record)
    assert "pre debit notice: at least 24 hours before a debit by e-mandate" in text
    assert "What you had to be shown" not in text
    shown = replace(record, private={**(record.private or {}), "disclosures": ["PERSONAL DATA WERE USED"]})
    assert "## What you had to be shown\n\n- PERSONAL DATA WERE USED" in told(made, shown)[1]


def test_whether_a_person_took_part_is_not_invented(made: Sample) -> None:
    assert "No person took part, as far as this record says." in told(made, made.record(made.decide("C-1")))[1]
    looked_at = told(made, made.record(made.decide("C-1", LOOKED_AT)))[1]
    assert "This is **not decided yet**: a person has to look at it first." in looked_at
    assert "None has settled it yet" in looked_at


def test_what_was_erased_says_so_and_tells_only_what_is_public(made: Sample) -> None:
    entry_id = made.decide("C-77")
    made.erase("C-77")
    data, text = told(made, made.record(entry_id))
    assert data["private_part"] == "erased"
    assert "was erased" in text
    assert "`retention-offer@1/critical-high-value`" not in text
    assert not {"facts", "subject", "outcome"} & data.keys()
    assert "C-77" not in text


def test_what_has_expired_or_is_restricted_says_so(made: Sample) -> None:
    old = made.decide("C-1")
    made.expire()
    kept = made.decide("C-2")
    made.restrict("C-2")
    assert "removed when the time for keeping it was over" in told(made, made.record(old))[1]
    assert "The personal part is not shown." in told(made, made.record(kept))[1]
    legal = Reader(made.store, made.use.keyring, restricted=True)
    record = legal.record(kept)
    assert record is not None
    assert "It is shown for a legal claim." in letter(explain(record, legal))
    assert "personal call" in letter(explain(record, legal))


def test_without_the_kept_texts_it_says_so_and_tells_the_rest(made: Sample) -> None:
    record = made.record(made.decide("C-1"))
    with made.store.transaction() as connection:
        connection.execute(sa.delete(DOCUMENT))
    data, text = told(made, record)
    assert "cannot be read from the ledger" in text
    assert "clv tier: **high**" in text
    assert "Very likely to leave" in text
    assert "### What counted\n\nWhich of this counted can no longer be told" in text
    assert len(data["notes"]) == 3


def test_it_says_so_too_where_they_were_there_a_moment_ago(made: Sample) -> None:
    record = made.record(made.decide("C-1"))
    assert "cannot be read from the ledger" not in told(made, record)[1]
    with made.store.transaction() as connection:
        connection.execute(sa.delete(DOCUMENT))
    assert "cannot be read from the ledger" in told(made, record)[1]


def test_policies_are_compiled_once_for_many_decisions(made: Sample) -> None:
    records = [made.record(made.decide(subject)) for subject in ("C-1", "C-2")]
    plans = [made.reader.past.reread().plan(record.envelope) for record in records]
    assert plans[0] is plans[1]


def test_text_from_a_request_cannot_become_markup(made: Sample) -> None:
    zone = '"recipient_time_zone": "Asia/Kolkata"'
    record = made.record(made.decide("C-1", CALL.replace(zone, '"recipient_time_zone": "Asia/Kolkata"')))
    private = record.private or {}
    evil = "x](http://evil) **bold**\n# Heading \x1b[31m"
    facts = {**private["facts"], "recipient_time_zone": {"value": evil, "source": "request"}}
    text = told(made, replace(record, private={**private, "facts": facts}))[1]
    assert "\n# Heading" not in text
    assert "\x1b" not in text
    assert "\\*\\*bold\\*\\*" in text


@given(st.text())
def test_escaped_text_stays_on_one_line(text: str) -> None:
    assert len(escaped(text).splitlines()) <= 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "not known"),
        (True, "yes"),
        (False, "no"),
        ([], "none"),
        (["a", "b"], "a, b"),
        ({"amount": "5.00", "currency": "INR"}, "5.00 INR"),
        ({"discount_percent": "30"}, "discount percent: 30"),
        ("2026-01-31", "31 January 2026"),
        ("2026-13-31", "2026-13-31"),
        ("2026-01-31T08:00:00+05:30", "31 January 2026, 08:00:00 (UTC+05:30)"),
        ("2026-01-31T08:00:00Z", "31 January 2026, 08:00:00 (UTC)"),
        ("2026-01-31Tea", "2026-01-31Tea"),
    ],
)
def test_values_are_said_as_people_say_them(value: object, said: str) -> None:
    assert words(value) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("> 0.80", "`> 0.80`"),
        ('"a`b" <script>', '`` "a`b" <script> ``'),
        ("a```b`", "```` a```b` ````"),
        ("two\nlines", "`two lines`"),
    ],
)
def test_a_condition_stays_code_whatever_it_holds(text: str, said: str) -> None:
    assert code(text) == said


def test_what_looks_like_a_character_of_html_is_told_as_written() -> None:
    assert escaped("&lt;b&gt; AT&T &#60; R&D;") == r"\&lt;b\&gt; AT&T \&\#60; R\&D;"
