"""Whose law a compliance policy is, how sure its rules are, and what the engine itself says of personal facts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from policy_cases import HEAD, catalog, loaded

from ordain.engine.errors import DataQualityIssue, PolicyError
from ordain.engine.evaluate import Outcome
from ordain.engine.gather import gather

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
FACTS = """\
facts:
  place: {type: text, values: [here, there], meaning: where}
  state: {type: text, values: [a, b], meaning: the state}
  consent: {type: flag, meaning: consent}
  base: {type: number, meaning: a price}
  risk: {type: number, optional: true, personal: true, meaning: about a person}
  fee: {type: number, source: policy fees, meaning: given}
  personal: {type: flag, source: personal facts, meaning: whether personal facts were read}
"""
FEES = HEAD.format(kind="decision").replace("sample", "fees") + (
    "decides: {fee: {gives: number, formula: 'if risk != null then base + risk else base'}}\n"
    "examples: [{given: {base: 1}, expect: {fee: 1}}]\n"
)
LAW = HEAD.format(kind="compliance").replace("sample", "law") + (
    'where: place = "here"\n'
    "rules:\n"
    "  - {id: ask, status: in force, source: Act, checked on: 2026-01-02, CONFIDENCE if missing: deny,\n"
    "     applies when: personal, permits when: consent, requires: {tell: them}}\n"
    "examples: [{given: {place: there, personal: true}, expect: {verdict: permit, fired: []}}]\n"
)
SERVICES = "services: {s: {purpose: A case., policies: [fees, law], gives: [fee]}}\n"


def decided(facts: dict[str, Any], confidence: str = "") -> Outcome:
    law = LAW.replace("CONFIDENCE", confidence and f"{confidence},")
    known = catalog({"fees/v1": FEES, "law/v1": law}, SERVICES, FACTS)
    plan = known.pick("s", NOON)
    return plan.evaluate(gather(facts, plan.needs, known.vocabulary, {}), NOON)


def of_law(outcome: Outcome) -> list[dict[str, Any]]:
    return [reason for reason in outcome.reasons() if reason["policy"] == "law@1"]


def test_where_it_is_not_known_whose_law_it_is_the_policy_gives_one_review_and_no_rule_of_it_speaks() -> None:
    outcome = decided({"base": 1, "risk": 1})
    assert outcome.verdict == "review"
    assert [(reason["rule"], reason["missing"]) for reason in of_law(outcome)] == [("not-known-whose-law", "place")]
    assert outcome.obligations() == []


def test_a_law_of_elsewhere_says_nothing_and_asks_nothing() -> None:
    outcome = decided({"base": 1, "risk": 1, "place": "there"})
    assert (outcome.verdict, of_law(outcome), outcome.missing()) == ("permit", [], [])


def test_where_it_is_known_a_missing_fact_of_a_rule_counts_as_the_rule_says() -> None:
    outcome = decided({"base": 1, "risk": 1, "place": "here"})
    assert outcome.verdict == "deny"
    assert [reason["rule"] for reason in of_law(outcome)] == ["ask"]


def test_a_fact_of_where_that_does_not_matter_may_be_missing() -> None:
    """Elsewhere nobody needs a state."""
    text = HEAD.format(kind="compliance") + (
        'where: place = "here" and state = "a"\n'
        "rules: [{id: r, status: in force, source: s, checked on: 2026-01-01, otherwise: deny}]\n"
        "examples:\n"
        "  - {given: {place: there}, expect: {verdict: permit, fired: []}}\n"
        "  - {given: {place: here}, expect: {verdict: review, fired: [not-known-whose-law]}}\n"
        "  - {given: {place: here, state: b}, expect: {verdict: permit, fired: []}}\n"
        "  - {given: {place: here, state: a}, expect: {verdict: deny, fired: [r]}}\n"
        "  - {given: {state: b}, expect: {verdict: review, fired: [not-known-whose-law]}}\n"
    )
    assert loaded(text, FACTS).gives["verdict"]


@pytest.mark.parametrize(
    ("written", "source", "confidence"),
    [
        ("", "Act (checked 2026-01-02)", None),
        ("confidence: confirmed", "Act (checked 2026-01-02)", "confirmed"),
        (
            "confidence: confirmed, not confirmed: the number",
            "Act (checked 2026-01-02; not confirmed: the number)",
            "confirmed",
        ),
        (
            "confidence: one secondary source",
            "Act (one secondary source, read 2026-01-02; the law itself not read)",
            "one secondary source",
        ),
        (
            "confidence: general knowledge",
            "Act (from general knowledge, written down 2026-01-02; not checked)",
            "general knowledge",
        ),
        ("confidence: own rule", "Act (ours, as of 2026-01-02)", "own rule"),
    ],
)
def test_how_sure_a_rule_is_stands_with_its_source_and_a_text_of_before_is_told_as_before(
    written: str, source: str, confidence: str | None
) -> None:
    (reason,) = of_law(decided({"base": 1, "risk": 1, "place": "here", "consent": True}, written))
    assert reason["source"] == source
    assert reason.get("confidence") == confidence
    assert ("confidence" in reason) == (confidence is not None)


def test_a_confidence_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(PolicyError) as caught:
        decided({}, "confidence: sure")
    (issue,) = caught.value.issues
    assert "`sure`" in issue.message
    assert "general knowledge" in f"{issue.message} {issue.hint}"


@pytest.mark.parametrize(("risk", "verdict"), [(1, "deny"), (None, "permit")])
def test_the_engine_says_whether_a_personal_fact_was_read_and_was_there(risk: int | None, verdict: str) -> None:
    """Without the consent that the law asks for where it was."""
    sent = {"base": 1, "place": "here", "consent": False} | ({} if risk is None else {"risk": risk})
    assert decided(sent).verdict == verdict


def test_a_request_may_not_say_what_the_engine_says() -> None:
    with pytest.raises(DataQualityIssue, match="`personal` comes from personal facts, not from a request"):
        decided({"base": 1, "place": "here", "personal": False})


@pytest.mark.parametrize("wrong", ["type: number", "type: flag, optional: true", "type: flag, default: false"])
def test_what_the_engine_says_is_yes_or_no(wrong: str) -> None:
    facts = FACTS.replace("personal: {type: flag,", f"personal: {{{wrong},")
    with pytest.raises(PolicyError, match="`personal` says whether personal facts were read, which is yes or no"):
        catalog({"fees/v1": FEES, "law/v1": LAW.replace("CONFIDENCE", "")}, SERVICES, facts)
