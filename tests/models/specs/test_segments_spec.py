"""The model `segments` on SYNTHETIC customers whose true segments are known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from ordain.engine.errors import DataQualityIssue, ModelDegradationDetected, OrdainError, SettingsError
from ordain.engine.policy.facts import Score
from ordain.models.data.synthetic import SEGMENTS, customers
from ordain.models.data.table import Table
from ordain.models.registry.registry import Registry
from ordain.models.spec import Artifact, Scorer
from ordain.models.specs.segments import SPEC
from ordain.models.training.train import train_model

COUNT = 1200
FIVE = replace(SPEC, segments=5)


@pytest.fixture(scope="module")
def sample() -> Table:
    return SPEC.sample(COUNT, 0)


@pytest.fixture(scope="module")
def five(sample: Table) -> Artifact:
    return FIVE.train(sample)


@pytest.fixture(scope="module")
def scorer(five: Artifact) -> Scorer:
    return FIVE.scorer(five.files, five.reads, five.parameters)


def scored(answers: Sequence[Score | OrdainError]) -> list[Score]:
    assert all(isinstance(each, Score) for each in answers)
    return [each for each in answers if isinstance(each, Score)]


def test_the_sample_says_that_its_customers_are_synthetic(sample: Table) -> None:
    assert "SYNTHETIC" in sample.name
    assert len(sample) == COUNT
    assert set(sample.roles) == {role.name for role in SPEC.roles}


def test_five_segments_of_the_operator_are_found_and_called_by_their_names(sample: Table, scorer: Scorer) -> None:
    true = customers(COUNT, 0)["segment"].to_numpy()
    found = np.array([score.value for score in scored(scorer.scores(sample.rows))])
    assert set(found) == {each.name for each in SEGMENTS}
    assert adjusted_rand_score(true, found) > 0.9
    assert (true == found).mean() > 0.95


def test_who_is_assigned_with_little_confidence_is_more_often_assigned_wrongly(sample: Table, scorer: Scorer) -> None:
    true = customers(COUNT, 0)["segment"].to_numpy()
    scores = scored(scorer.scores(sample.rows))
    right = np.array([score.value for score in scores]) == true
    confidence = np.array([float(score.also["confidence"]) for score in scores])
    assert right[confidence >= 0.95].mean() > 0.98 > right[confidence < 0.8].mean() + 0.1


def test_the_same_table_and_seed_give_the_same_bytes_and_another_seed_gives_others(
    sample: Table, five: Artifact
) -> None:
    again = FIVE.train(sample)
    assert again == five
    assert FIVE.train(sample, seed=1).files != five.files


def test_the_first_figure_is_the_silhouette_on_held_out_customers_and_beats_chance(five: Artifact) -> None:
    figures = {figure.name: figure for figure in five.report.figures}
    first = five.report.figures[0]
    assert first.name == "silhouette"
    assert first.low is not None
    assert first.high is not None
    assert first.baseline is not None
    assert first.baseline < 0.1 < first.low < first.value < first.high
    assert figures["bootstrap_agreement"].value > 0.9
    assert figures["restart_agreement"].value > 0.8
    assert five.parts == {"training": 840, "held out": 360}


def test_the_report_tells_size_and_performance_of_each_segment(five: Artifact, sample: Table, scorer: Scorer) -> None:
    plots = {plot.name: plot for plot in five.report.plots}
    segments = np.array([score.value for score in scored(scorer.scores(sample.rows))])
    revenue = np.array([float(value) for value in sample.roles["revenue"]])
    for name, share, mean in zip(
        plots["sizes"].series[0].xs, plots["sizes"].series[0].ys, plots["revenue"].series[0].ys, strict=True
    ):
        assert share == pytest.approx((segments == name).mean())
        assert mean == pytest.approx(revenue[segments == name].mean())
    assert set(plots) == {"sizes", "profile", "revenue", "label", "kept", "confidence"}
    assert any("`budget`:" in note and "revenue" in note for note in five.report.notes)


def test_a_customer_whose_behaviour_changes_moves_to_another_segment(scorer: Scorer) -> None:
    before = {"usage_gb": Decimal(45), "elasticity": Decimal("-1.2"), "current_price": Decimal(400)}
    after = {"usage_gb": Decimal(220), "elasticity": Decimal("-0.3"), "current_price": Decimal(1000)}
    first, second = scored(scorer.scores([before, after]))
    assert (first.value, second.value) == ("value seekers", "premium power")


def test_reasons_name_value_and_usual_value_and_speak_for_the_segment_against_the_second_one(scorer: Scorer) -> None:
    inputs = {"usage_gb": Decimal(220), "elasticity": Decimal("-0.3"), "current_price": Decimal(1000)}
    [score] = scored(scorer.scores([inputs]))
    assert score.also["second_segment"] == "price-conscious power"
    strongest = score.reasons[0]
    assert (strongest.feature, strongest.value) == ("elasticity", Decimal("-0.3"))
    assert strongest.contribution > 0
    assert Decimal("-1.6") < strongest.usual < Decimal("-1.0")
    assert abs(score.also["confidence"].as_tuple().exponent) == 4


def test_a_row_alone_is_answered_as_among_others(sample: Table, scorer: Scorer) -> None:
    together = scorer.scores(sample.rows[:50])
    assert [scorer.scores([row])[0] for row in sample.rows[:50]] == together


def test_a_row_that_cannot_be_scored_is_an_error_in_its_place(sample: Table, scorer: Scorer) -> None:
    answers = scorer.scores([sample.rows[0], {"usage_gb": Decimal(1)}, sample.rows[1]])
    assert isinstance(answers[0], Score)
    assert isinstance(answers[1], OrdainError)
    assert "elasticity" in answers[1].message
    assert isinstance(answers[2], Score)


def test_a_stored_version_answers_as_the_trained_one_did(tmp_path: Path, five: Artifact, scorer: Scorer) -> None:
    registry = Registry(tmp_path / "models", tmp_path / "keys")
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    card = train_model(FIVE, None, None, registry, at=at, rows=COUNT)
    rows = SPEC.sample(5, 1).rows
    assert card.data.synthetic
    assert registry.load("segments").score_many(rows) == scorer.scores(rows)
    assert scorer.scores([]) == []


@pytest.mark.parametrize("method", ["ward", "dbscan"])
def test_another_method_is_taken_by_parameter_and_says_how_customers_are_assigned(sample: Table, method: str) -> None:
    spec = replace(SPEC, method=method, segments=5 if method == "ward" else None)
    artifact = spec.train(sample)
    assert artifact.parameters["method"] == method
    assert any("nearest" in note for note in artifact.report.notes)
    scores = scored(spec.scorer(artifact.files, artifact.reads, artifact.parameters).scores(sample.rows))
    true = customers(COUNT, 0)["segment"].to_numpy()
    assert adjusted_rand_score(true, [score.value for score in scores]) > (0.85 if method == "ward" else 0.3)


def test_what_cannot_be_asked_for_is_told_all_at_once(sample: Table) -> None:
    with pytest.raises(SettingsError) as caught:
        replace(SPEC, method="kmean", segments=1, radius=-1.0).train(sample)
    assert len(caught.value.issues) == 3
    assert "did you mean `kmeans`?" in str(caught.value)
    with pytest.raises(SettingsError, match="takes no number"):
        replace(SPEC, method="dbscan", segments=3).train(sample)


def test_too_few_different_customers_are_told(sample: Table) -> None:
    few = replace(sample, rows=sample.rows[:3] * 100, subjects=sample.subjects[:300])
    with pytest.raises(DataQualityIssue, match="only 3 different customers"):
        replace(SPEC, segments=2).train(replace(few, roles={}))


def test_files_that_are_damaged_or_of_other_facts_are_refused(five: Artifact) -> None:
    with pytest.raises(ModelDegradationDetected, match="missing"):
        SPEC.scorer({}, five.reads, five.parameters)
    with pytest.raises(ModelDegradationDetected, match="understood"):
        SPEC.scorer({"model.json": b"{}"}, five.reads, five.parameters)
    with pytest.raises(ModelDegradationDetected, match="facts"):
        SPEC.scorer(five.files, five.reads[:2], five.parameters)
