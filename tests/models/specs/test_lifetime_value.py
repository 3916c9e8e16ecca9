"""The model `lifetime_value` on purchases, on SYNTHETIC customers."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue, ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Score
from ordain.engine.values.types import Value, kind_of
from ordain.models.data.table import Table
from ordain.models.methods.lifetime.purchase_score import facts_of
from ordain.models.methods.lifetime.purchase_table import read_purchases
from ordain.models.methods.lifetime.purchases import histories
from ordain.models.registry.registry import Registry
from ordain.models.spec import Artifact, Gives, Scorer
from ordain.models.specs.catalogue import spec_of
from ordain.models.specs.lifetime_value import SPEC
from ordain.models.training.train import table_for, train_model

ROOT = Path(__file__).parents[3]
BUYER: dict[str, Value] = {
    "frequency": Decimal(6),
    "recency_weeks": Decimal("40.5"),
    "age_weeks": Decimal(44),
    "mean_amount": Decimal("80.00"),
}
NEW: dict[str, Value] = {"frequency": Decimal(0), "age_weeks": Decimal(0)}


def scorer_of(artifact: Artifact) -> Scorer:
    return SPEC.scorer(artifact.files, artifact.reads, artifact.parameters)


def one(scorer: Scorer, inputs: dict[str, Value]) -> Score:
    [answer] = scorer.scores([inputs])
    assert isinstance(answer, Score), answer
    return answer


def refused(scorer: Scorer, inputs: dict[str, Value]) -> OrdainError:
    [answer] = scorer.scores([inputs])
    assert isinstance(answer, OrdainError)
    return answer


@pytest.fixture(scope="module")
def table() -> Table:
    return SPEC.sample(600, 1)


@pytest.fixture(scope="module")
def artifact(table: Table) -> Artifact:
    return SPEC.train(table, seed=3)


@pytest.fixture(scope="module")
def scorer(artifact: Artifact) -> Scorer:
    return scorer_of(artifact)


def test_the_sample_says_that_it_is_synthetic_and_is_the_same_for_the_same_seed() -> None:
    first, again, other = (SPEC.sample(20, seed) for seed in (1, 1, 2))
    assert "SYNTHETIC" in first.name
    assert first.digest == again.digest != other.digest
    assert len(set(first.subjects)) == 20


def test_it_beats_its_baseline_on_the_time_held_out(artifact: Artifact) -> None:
    figures = {figure.name: figure for figure in artifact.report.figures}
    assert artifact.report.figures[0].name == "rmse"
    for figure in figures.values():
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low <= figure.value <= figure.high
    for name in ("rmse", "purchases_rmse"):
        assert figures[name].value < (figures[name].baseline or 0.0)
    assert figures["purchases_sum_ratio"].value == pytest.approx(1.0, abs=0.15)


def test_the_report_says_what_was_measured_and_what_is_served(artifact: Artifact, table: Table) -> None:
    notes = " ".join(artifact.report.notes)
    days = [day for day in table.roles["at"] if isinstance(day, dt.date)]
    last = max(days)
    assert artifact.parameters["measured on days after"] in notes
    assert f"fitted on all purchases until {last.isoformat()}" in notes
    assert "Predicting 0 for everybody has a mean absolute error of" in notes
    assert artifact.parts["training"] + artifact.parts["held out"] == len(set(zip(table.subjects, days, strict=True)))


def test_the_same_table_and_seed_give_the_same_bytes_and_reports(artifact: Artifact, table: Table) -> None:
    assert SPEC.train(table, seed=3) == artifact


def test_every_declared_output_comes_with_its_type_and_digits(scorer: Scorer) -> None:
    answer = one(scorer, BUYER)
    first = SPEC.outputs[0]
    given = {first.name: answer.value, **answer.also}
    assert sorted(given) == sorted(output.name for output in SPEC.outputs)
    for output in SPEC.outputs:
        value = given[output.name]
        assert kind_of(value) is output.type.kind
        for number in value if output.gives is Gives.CURVE else [value]:
            if isinstance(number, Decimal):
                assert number.as_tuple().exponent == -(output.digits or 0)


def test_the_months_add_up_to_the_value_and_the_spends_are_shares_of_it(scorer: Scorer) -> None:
    answer = one(scorer, BUYER)
    months = answer.also["by_month"]
    assert len(months) == 12
    assert sum(months) == answer.value
    assert list(months) == sorted(months, reverse=True)  # some leave, and later money is worth less
    assert answer.also["acquisition_spend"] == (answer.value * Decimal("0.20")).quantize(Decimal("0.01"))
    assert answer.also["retention_spend"] == (answer.value * Decimal("0.10")).quantize(Decimal("0.01"))


def test_a_higher_rate_of_discount_makes_the_same_purchases_worth_less(artifact: Artifact, scorer: Scorer) -> None:
    content = json.loads(artifact.files["model.json"])
    assert content["discount"] == "0.10"
    files = {"model.json": json.dumps({**content, "discount": "0.50"}).encode()}
    with_it, without = one(SPEC.scorer(files, artifact.reads, {}), BUYER), one(scorer, BUYER)
    assert with_it.also["expected_purchases"] == without.also["expected_purchases"]
    assert with_it.value < without.value


def test_the_tiers_split_the_training_customers_as_they_say(scorer: Scorer, table: Table) -> None:
    purchases = read_purchases(table).purchases
    answers = scorer.scores(facts_of(histories(purchases, int(purchases.day.max()))))
    tiers = [answer.also["tier"] for answer in answers if isinstance(answer, Score)]
    assert len(tiers) == 600
    assert tiers.count("high") == pytest.approx(120, abs=4)
    assert tiers.count("medium") == pytest.approx(180, abs=6)


def test_the_reasons_are_what_the_value_would_change_by_with_the_usual_input(scorer: Scorer) -> None:
    answer = one(scorer, BUYER)
    assert {reason.feature for reason in answer.reasons} == set(BUYER)
    strengths = [abs(reason.contribution) for reason in answer.reasons]
    assert strengths == sorted(strengths, reverse=True)
    for reason in answer.reasons:
        if reason.feature in ("recency_weeks", "mean_amount"):
            usual = reason.usual
            if reason.feature == "recency_weeks":
                usual = min(usual, Decimal(44))
            changed = one(scorer, {**BUYER, reason.feature: usual})
            assert reason.contribution == pytest.approx(answer.value - changed.value, abs=Decimal("0.10"))


def test_a_customer_without_any_purchase_is_valued_as_a_new_one(scorer: Scorer) -> None:
    answer = one(scorer, NEW)
    assert answer.value > 0
    assert answer.also["probability_alive"] == 1
    long_ago = one(scorer, {"frequency": Decimal(0), "age_weeks": Decimal(100)})
    assert long_ago.value < answer.value
    assert long_ago.also["probability_alive"] < 1


def test_longer_silence_lowers_the_value_and_the_probability_of_life(scorer: Scorer) -> None:
    values = [one(scorer, {**BUYER, "age_weeks": Decimal(weeks)}) for weeks in (41, 60, 100)]
    alive = [answer.also["probability_alive"] for answer in values]
    assert alive == sorted(alive, reverse=True)
    assert values[0].value > values[1].value > values[2].value


def test_facts_that_are_missing_or_do_not_fit_together_are_told_by_name(scorer: Scorer) -> None:
    missing = refused(scorer, {key: BUYER[key] for key in ("frequency", "age_weeks", "recency_weeks")})
    assert isinstance(missing, CustomerDataIncomplete)
    assert missing.issues[0].fact == "mean_amount"
    for changed, fact in (
        ({"recency_weeks": Decimal(45)}, "recency_weeks"),
        ({"recency_weeks": Decimal(0)}, "recency_weeks"),
        ({"frequency": Decimal("1.5")}, "frequency"),
        ({"age_weeks": Decimal(-1)}, "age_weeks"),
    ):
        wrong = refused(scorer, {**BUYER, **changed})
        assert isinstance(wrong, DataQualityIssue)
        assert wrong.issues[0].fact == fact


def test_many_are_answered_as_each_alone_and_errors_stand_in_their_places(scorer: Scorer) -> None:
    assert scorer.scores([]) == []
    many = [BUYER, {}, NEW]
    answers = scorer.scores(many)
    assert isinstance(answers[1], CustomerDataIncomplete)
    assert (answers[0], answers[2]) == (one(scorer, BUYER), one(scorer, NEW))


@pytest.mark.parametrize("damage", ["not json", "infinite", "unknown", "absent", "negative", "more"])
def test_damaged_files_are_refused(artifact: Artifact, damage: str) -> None:
    text = artifact.files["model.json"].decode()
    content = json.loads(text)
    content["parameters"]["r"] = {"infinite": "Infinity", "negative": "-1"}.get(damage, content["parameters"]["r"])
    if damage == "unknown":
        content["parameters"]["gamma"] = content["parameters"].pop("r")
    made = json.dumps(content).encode() if damage != "not json" else text[:-20].encode()
    files = {} if damage == "absent" else {"model.json": made}
    if damage == "more":
        files["trees.ubj"] = b""
    with pytest.raises(ModelDegradationDetected, match="lifetime_value"):
        SPEC.scorer(files, artifact.reads, artifact.parameters)


def test_a_table_without_dates_or_of_too_few_who_buy_again_is_refused_with_a_hint(table: Table) -> None:
    with pytest.raises(DataQualityIssue, match="no column for `at`") as caught:
        SPEC.train(replace(table, roles={"amount": table.roles["amount"]}))
    assert "revenue_12_months" in caught.value.issues[0].hint
    with pytest.raises(DataQualityIssue, match="bought again in time"):
        SPEC.train(SPEC.sample(12, 1))


def test_all_wrong_rows_are_told_at_once_and_returns_are_left_out_where_units_say_so(table: Table) -> None:
    amounts = list(table.roles["amount"])
    amounts[3], amounts[8] = Decimal("-5.00"), None
    wrong = replace(table, roles={**table.roles, "amount": tuple(amounts)})
    with pytest.raises(DataQualityIssue) as caught:
        read_purchases(wrong)
    assert [issue.message for issue in caught.value.issues] == [
        "row 4: the amount is -5.00",
        "row 9: the purchase has no amount",
    ]
    units = [Decimal(-1) if at in (3, 8) else Decimal(2) for at in range(len(table))]
    assert read_purchases(replace(wrong, roles={**wrong.roles, "units": tuple(units)})).returned == 2


def test_on_real_purchases_it_foresees_as_well_as_was_published(shared_data: Path, tmp_path: Path) -> None:
    """Read by the mapping that the documents show."""
    page = (ROOT / "docs" / "models" / "lifetime-value.md").read_text(encoding="utf-8")
    [mapping] = re.findall(r"```yaml\n(name: cdnow\n.*?)```", page, re.DOTALL)
    (tmp_path / "cdnow.yaml").write_text(mapping, encoding="utf-8")
    table, _ = table_for(SPEC, shared_data / "cdnow" / "CDNOW_sample.txt", tmp_path / "cdnow.yaml", 0, 0)
    figures = {figure.name: figure for figure in SPEC.train(table).report.figures}
    assert figures["purchases_rmse"].value == pytest.approx(1.603, abs=0.001)
    assert figures["purchases_correlation"].value == pytest.approx(0.630, abs=0.001)
    assert figures["purchases_sum_ratio"].value == pytest.approx(0.885, abs=0.002)
    assert figures["rmse"].value < (figures["rmse"].baseline or 0.0)


def test_trained_and_stored_it_scores_as_any_model_of_the_registry(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models", tmp_path / "keys")
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    card = train_model(spec_of("lifetime_value"), None, None, registry, at=at, rows=300)
    assert "SYNTHETIC" in card.data.about
    answer = registry.load("lifetime_value").score(BUYER)
    assert set(answer.also) == {output.name for output in SPEC.outputs[1:]}
