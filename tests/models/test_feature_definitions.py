"""The file of features: what a definition may say, and what is told of one that says something else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from ordain.engine.errors import Issue, PolicyError
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.values.types import DATE, FLAG, NUMBER, TEXT
from ordain.models.features.definition import Aggregation, Condition, Definitions
from ordain.models.features.definitions import SHIPPED, definitions_from, read_definitions

ROOT = Path(__file__).parents[2]
FAULTS = yaml.safe_load((ROOT / "tests/cases/features/faults.yaml").read_text(encoding="utf-8"))
TAIL = "owner: data, meaning: what it is"


def defined(text: str) -> Definitions:
    return definitions_from(f"features:\n  it: {{{text}, {TAIL}}}\n".encode(), "features.yaml")


def issues(text: str) -> tuple[Issue, ...]:
    with pytest.raises(PolicyError) as caught:
        definitions_from(text.encode(), "features.yaml")
    return caught.value.issues


def test_a_definition_says_what_is_counted_of_which_records_and_for_how_long() -> None:
    text = "source: payment, aggregation: mean, field: amount, window: 30 days, digits: 3, default: 0"
    where = "where: {status: [failed, refused], amount: 5.00, first: true}, personal: false"
    feature = defined(f"{text}, {where}").features["it"]
    assert (feature.source, feature.aggregation, feature.field) == ("payment", Aggregation.MEAN, "amount")
    assert (feature.window, feature.against, feature.digits, feature.default) == (30, None, 3, Decimal(0))
    assert feature.where == (
        Condition("status", ("failed", "refused")),
        Condition("amount", (Decimal(5),)),
        Condition("first", (True,)),
    )
    assert (feature.owner, feature.personal, feature.meaning) == ("data", False, "what it is")


def test_a_feature_has_a_type_and_may_be_missing_unless_nothing_is_a_value() -> None:
    found = {
        "source: a, aggregation: count": (NUMBER, False),
        "source: a, aggregation: exists": (FLAG, False),
        "source: a, aggregation: last, field: x, type: text": (TEXT, True),
        "source: a, aggregation: last, field: x, type: text, default: none": (TEXT, False),
        "source: snapshot s, aggregation: last, field: x, type: date": (DATE, True),
        "source: a, aggregation: days since last": (NUMBER, True),
    }
    for text, (type, optional) in found.items():
        fact = defined(text).features["it"].fact
        assert (fact.name, fact.type, fact.optional, fact.personal) == ("it", type, optional, True)


def test_what_a_window_is_compared_with_is_as_long_as_itself_unless_it_says_so() -> None:
    for text, against in (("", 30), (", against: 90 days", 90)):
        feature = defined(f"source: a, aggregation: fall in percent, field: x, window: 30 days{text}").features["it"]
        assert (feature.window, feature.against) == (30, against)


def test_the_digest_changes_with_what_the_value_depends_on_and_with_nothing_else() -> None:
    feature = defined("source: a, aggregation: sum, field: x").features["it"]
    for same in (replace(feature, owner="other"), replace(feature, meaning="other"), replace(feature, personal=False)):
        assert same.digest == feature.digest
    others = [
        replace(feature, window=7),
        replace(feature, where=(Condition("y", ("1",)),)),
        replace(feature, where=(Condition("y", (Decimal(1),)),)),
        replace(feature, aggregation=Aggregation.MEAN),
        replace(feature, digits=3),
    ]
    assert len({each.digest for each in [feature, *others]}) == 6


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["text"])
def test_a_definition_that_cannot_be_is_told_with_its_place(fault: dict[str, str]) -> None:
    (found,) = issues(f"features:\n  it: {{{fault['text']}, {TAIL}}}\n")
    assert str(found.span) == f"features.yaml:{fault['place']}"
    assert fault["message"] in found.message
    assert fault["hint"] in found.hint


def test_all_findings_of_a_file_come_at_once() -> None:
    found = issues("features:\n  A b: {source: a, aggregation: cuont}\n  c: {aggregation: sum}\nowners: x\n")
    assert [(issue.span.line, issue.message) for issue in found if issue.span] == [
        (4, "the file of features has no `owners`"),
        (2, "`A b` is not a lower_snake_case name"),
        (2, "`cuont` is no aggregation"),
        (2, "`owner` is missing"),
        (2, "`meaning` is missing"),
        (3, "`source` is missing"),
        (3, "`field` is missing: `sum` needs one"),
        (3, "`owner` is missing"),
        (3, "`meaning` is missing"),
    ]


@pytest.mark.parametrize("text", ["features: {}", "features: []", "- a", "{}"])
def test_a_file_without_features_is_told(text: str) -> None:
    assert "`features` is missing or empty" in [issue.message for issue in issues(text)]


def test_a_list_of_features_is_told_as_one() -> None:
    assert [issue.message for issue in issues("features: [{source: a}]")] == ["`features` is a list"]


def test_what_the_shipped_features_are_called_means_the_same_among_the_facts() -> None:
    facts = load_vocabulary((ROOT / "policies/facts.yaml").read_bytes(), "facts.yaml")
    shared = [each.fact for each in read_definitions().features.values() if each.name in facts]
    assert {fact.name for fact in shared} >= {"usage_gb", "plan", "plan_gb", "tenure_months", "contract_start"}
    for fact in shared:
        assert facts[fact.name].type.accepts(fact.type), fact.name
        assert facts[fact.name].personal == fact.personal, fact.name


def test_the_shipped_features_cover_what_the_synthetic_churn_model_reads() -> None:
    wanted = "usage_gb usage_decline_percent days_since_login payment_failures tickets contract_months"
    assert set(wanted.split()) <= set(read_definitions().features)
    assert SHIPPED.parent.name == "models", "so it is in the package"
