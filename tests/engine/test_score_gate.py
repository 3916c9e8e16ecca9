"""The gate before the scores: what its condition may say, and what policies have to be able to do without."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from ordain.engine.catalog import Catalog, Texts, load_catalog
from ordain.engine.check.findings import check_policies
from ordain.engine.errors import CustomerDataIncomplete, PolicyError
from ordain.engine.gather import gather
from ordain.engine.policy.facts import Facts, Score
from ordain.engine.score_gate import WITHHELD

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
FACTS = b"""
facts:
  risk: {type: number, range: 0..1, source: [request, churn], meaning: the risk of leaving}
  objected: {type: flag, protected: true, meaning: whether the customer objected}
  said_no: {type: flag, default: false, meaning: whether the customer said no}
  agreed: {type: flag, default: false, meaning: whether the customer agreed}
  quoted: {type: number, source: policy sample, meaning: what sample gives}
"""
SERVICES = """
services:
  sample:
    purpose: A case.
    policies: [sample]
    gives: [fee]
    scores:
      unless: '{unless}'
      because: you objected
"""
SAMPLE = """
policy: sample
version: {version}
kind: decision
effective: 2026-0{version}-01
owner: tests
purpose: A case.
{without}
decides:
  fee:
    gives: number
    rules:
      {null}
      - {{id: high, when: {{risk: '> 0.5'}}, then: 2}}
    otherwise: 1
  quoted: {{gives: number, formula: 5}}
examples:
  - given: {{risk: 0.6}}
    expect: {{fee: 2}}
"""
COVERED = {"without": "decides without: [risk]", "null": "- {id: no-score, when: {risk: 'null'}, then: 0}"}
READS = {"without": "", "null": ""}


def texts(unless: str = "objected", *versions: dict[str, str]) -> Texts:
    files = {
        f"policies/sample/v{number}.yaml": SAMPLE.format(version=number, **each).encode()
        for number, each in enumerate(versions or (COVERED,), start=1)
    }
    return Texts(FACTS, SERVICES.replace("{unless}", unless).encode(), files)


class Asked:
    """A model that must not be asked."""

    name, version, digest, reads = "churn", "1", "", ()

    def score(self, inputs: Any) -> Score:
        return Score(Decimal("0.9"), (), {})


def gathered(held: Catalog, at: dt.datetime = AT, **given: object) -> Facts:
    return gather(given, held.pick("sample", at).needs, held.vocabulary, {"churn": Asked()})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("unless", "given", "withheld"),
    [
        ("objected", {"objected": True}, True),
        ("objected", {"objected": False}, False),
        ("objected", {}, True),
        ("objected", {"objected": None}, True),
        ("objected != null and objected", {}, False),
        ("not(agreed)", {}, True),
        ("not(agreed)", {"agreed": True}, False),
        ("not(agreed)", {"agreed": None}, True),
        ("said_no", {}, False),
        ("said_no", {"said_no": None}, True),
        ("objected or not(agreed)", {"objected": False, "agreed": True}, False),
        ("objected or not(agreed)", {"objected": True, "agreed": True}, True),
    ],
)
def test_what_is_not_known_counts_as_an_objection_unless_the_condition_says_otherwise(
    unless: str, given: dict[str, object], withheld: bool
) -> None:
    held = load_catalog(texts(unless))
    facts = gathered(held, **given)
    assert (facts.sources["risk"] == WITHHELD) is withheld
    assert (facts.scores == {}) is withheld
    outcome = held.pick("sample", AT).evaluate(facts, AT)
    assert outcome.given()["fee"] == ("0" if withheld else "2")
    assert set(given) <= set(facts.sources), "what the gate read is among the facts on record"


@pytest.mark.parametrize(
    ("unless", "message"),
    [
        ("objcted", "unknown fact `objcted`"),
        ("1 + 1", "`unless` is a number, not true or false"),
        ("true", "`unless` reads no fact, so it says the same of everybody"),
        ("risk > 0.5", "`unless` reads `risk`, which is not known before the scores"),
        ("quoted > 1", "`unless` reads `quoted`, which is not known before the scores"),
        ('objected and today() > date("2026-01-01")', "`unless` asks for the time"),
    ],
)
def test_a_condition_that_cannot_be_a_gate_is_refused(unless: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_catalog(texts(unless.replace("'", "''")))
    assert message in [issue.message for issue in refused.value.issues]
    assert all(issue.span is not None and issue.span.line == 8 for issue in refused.value.issues)


def test_the_check_tells_of_a_policy_that_cannot_do_without_the_score() -> None:
    message = "`sample@1` cannot decide without `risk`, of which `sample` says when it is not scored"
    found = [issue for issue in check_policies(texts("objected", READS)).issues if issue.code == "without-score"]
    assert [issue.message for issue in found] == [message]
    with pytest.raises(PolicyError, match="cannot decide without `risk`"):
        load_catalog(texts("objected", READS))


def test_an_earlier_version_that_cannot_refuses_rather_than_to_score() -> None:
    held = load_catalog(texts("objected", READS, COVERED))
    assert gathered(held, objected=True).sources["risk"] == WITHHELD
    with pytest.raises(CustomerDataIncomplete, match="rule `high` of sample@1 needs `risk`, which is missing"):
        gathered(held, AT.replace(month=1), objected=True)


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ("[rsk]", "unknown fact `rsk`"),
        ("[objected]", "no model gives `objected`, so nothing withholds it"),
        ("[risk, risk]", "`risk` may be missing anyway"),
    ],
)
def test_what_a_policy_decides_without_is_a_score_that_it_reads(without: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_catalog(texts("objected", {**COVERED, "without": f"decides without: {without}"}))
    assert message in [issue.message for issue in refused.value.issues]


def test_a_rule_that_forgets_the_null_is_told() -> None:
    forgetful = texts("objected", {**COVERED, "null": ""})
    message = "`fee` cannot be decided when `risk` is missing: rule `high` needs it (risk null)"
    assert message in [issue.message for issue in check_policies(forgetful).issues if issue.code == "unasked-null"]
    held = load_catalog(forgetful)
    with pytest.raises(CustomerDataIncomplete, match="rule `high` needs `risk`"):
        held.pick("sample", AT).evaluate(gathered(held, objected=True), AT)
