"""A trained model as a source of facts."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
import xgboost as xgb

from ordain.engine.errors import CustomerDataIncomplete, ModelDegradationDetected
from ordain.engine.policy.facts import Fact, FactSource, Score
from ordain.engine.values.types import NUMBER, TEXT, Type
from ordain.models.data.table import Table
from ordain.models.features.encoder import Encoder
from ordain.models.methods.calibration import Calibration
from ordain.models.methods.logistic import probability
from ordain.models.methods.tree_score import TREES, Contributions, Trees
from ordain.models.registry.registry import Registry
from ordain.models.scoring.score_model import ScoreModel
from ordain.models.spec import Artifact
from ordain.models.specs.churn import CHURN, MODEL, ChurnScorer


def _booster(trained: Artifact) -> xgb.Booster:
    return xgb.Booster(model_file=bytearray(trained.files[TREES]))


def _learned(trained: Artifact) -> dict[str, float]:
    learned: dict[str, float] = json.loads(trained.files[MODEL])
    return learned


def _scorer(trained: Artifact, **changed: object) -> ChurnScorer:
    learned = json.dumps({**_learned(trained), **changed}).encode()
    return CHURN.scorer({**trained.files, MODEL: learned}, trained.reads, trained.parameters)


def _parts(trees: Trees, inputs: dict[str, object]) -> Contributions:
    [parts] = trees.contributions([inputs])
    assert isinstance(parts, Contributions)
    return parts


def test_contributions_add_up_to_the_calibrated_prediction_of_the_trees(table: Table, trained: Artifact) -> None:
    rows = Encoder(table.facts).rows(table.rows[:300])
    margins = _booster(trained).predict(xgb.DMatrix(rows, nthread=1), output_margin=True)
    trees, learned = _scorer(trained).trees, _learned(trained)
    for inputs, margin in zip(table.rows[:300], margins.tolist(), strict=True):
        parts = _parts(trees, inputs)
        assert parts.log_odds == pytest.approx(learned["slope"] * margin + learned["intercept"], abs=1e-5)
        assert parts.base + sum(parts.features) == pytest.approx(parts.log_odds, abs=1e-12)


def test_the_score_is_a_decimal_probability_with_the_largest_reasons_first(
    model: ScoreModel, table: Table, trained: Artifact
) -> None:
    source: FactSource = model
    trees = _scorer(trained).trees
    for inputs in table.rows[:50]:
        score = source.score(inputs)
        parts = _parts(trees, inputs)
        assert score.value == Decimal(repr(probability(parts.log_odds)))
        assert score.inputs == inputs
        sizes = [abs(reason.contribution) for reason in score.reasons]
        assert 0 < len(sizes) <= 5
        assert sizes == sorted(sizes, reverse=True)
        by_name = dict(zip((fact.name for fact in model.reads), parts.features, strict=True))
        for reason in score.reasons:
            assert reason.value == inputs[reason.feature]
            assert float(reason.contribution) == pytest.approx(by_name[reason.feature], abs=0.5e-4)
            assert reason.contribution.as_tuple().exponent == -4


def test_a_score_gives_every_output_that_the_specification_names(model: ScoreModel, table: Table) -> None:
    for inputs in table.rows[:200]:
        score = model.score(inputs)
        assert (*("probability",), *score.also) == tuple(output.name for output in CHURN.outputs) == model.outputs
        within = [score.also[f"within_{days}_days"] for days in (30, 60, 90)]
        assert within == sorted(within)
        assert score.also["risk_level"] in CHURN.outputs[1].type.values
        assert score.also["expected_days"] > 0


@pytest.mark.parametrize(
    ("log_odds", "level", "days"), [(-9.0, "low", 3650), (0.0, "medium", 90), (0.5, "high", 64), (3.0, "critical", 20)]
)
def test_levels_and_days_follow_from_the_risk(trained: Artifact, log_odds: float, level: str, days: int) -> None:
    scorer = _scorer(trained, slope=1e-9, intercept=log_odds)
    [score] = scorer.scores([dict.fromkeys(fact.name for fact in trained.reads) | _SOMEBODY])
    assert isinstance(score, Score)
    assert (score.also["risk_level"], score.also["expected_days"]) == (level, days)


_SOMEBODY = {
    name: Decimal(1)
    for name in ("usage_gb", "usage_decline_percent", "days_since_login", "payment_failures", "tickets")
} | {"contract_months": Decimal(1)}


def test_a_table_that_says_how_long_each_was_watched_gives_each_horizon_its_own_calibration(table: Table) -> None:
    random = np.random.default_rng(3)
    days = tuple(Decimal(int(each)) for each in random.integers(1, 46, len(table)))
    watched = tuple(day if left else Decimal(90) for day, left in zip(days, table.labels, strict=True))
    scorer = _scorer(CHURN.train(replace(table, roles={**table.roles, "days": watched})))
    found = [score for score in scorer.scores(table.rows[:500]) if isinstance(score, Score)]
    means = [np.mean([float(score.also[f"within_{days}_days"]) for score in found]) for days in (30, 60, 90)]
    assert means[0] == pytest.approx(means[2] * 30 / 45, rel=0.12)
    assert means[1] == pytest.approx(means[2], rel=0.02)


def test_of_whom_nothing_is_known_gets_the_share_of_all_without_reasons(table: Table) -> None:
    facts = tuple(replace(fact, optional=True) for fact in table.facts)
    trained = CHURN.train(replace(table, facts=facts))
    [score] = _scorer(trained).scores([{}])
    assert isinstance(score, Score)
    assert float(score.value) == pytest.approx(_learned(trained)["base"])
    assert score.reasons == ()


def test_reasons_tell_the_value_against_the_usual(model: ScoreModel, table: Table) -> None:
    usual = sorted(row["usage_gb"] for row in table.rows)[len(table) // 2]
    told = [reason for row in table.rows[:50] for reason in model.score(row).reasons if reason.feature == "usage_gb"]
    assert told
    assert all(abs(float(reason.usual - usual)) < 3 for reason in told)


def test_the_one_hot_cells_of_a_text_are_one_reason() -> None:
    random = np.random.default_rng(0)
    plans, calls = random.integers(0, 3, 500), random.integers(0, 9, 500)
    rows = np.column_stack([np.eye(3)[plans], calls]).astype(np.float32)
    labels = (plans == 1).astype(int)
    booster = xgb.train({"objective": "binary:logistic", "nthread": 1}, xgb.DMatrix(rows, labels, nthread=1), 5)
    facts = (Fact("plan", Type(TEXT.kind, values=("gold", "silver", "tin"))), Fact("calls", NUMBER))
    trees = Trees(booster, facts, 5, Calibration(2.0, 0.0), {"plan": "gold"})
    inputs = {"plan": "silver", "calls": Decimal(4)}
    parts = _parts(trees, inputs)
    raw = booster.predict(xgb.DMatrix(np.array([[0, 1, 0, 4]], dtype=np.float32), nthread=1), pred_contribs=True)
    assert parts.features[0] == pytest.approx(2 * float(raw[0, :3].sum()), abs=1e-5)
    first = trees.reasons(inputs, parts)[0]
    assert (first.feature, first.usual) == ("plan", "gold")


def test_threads_that_score_at_once_get_what_one_alone_gets(registry: Registry, table: Table) -> None:
    one = registry.load("churn")
    alone = [one.score(inputs) for inputs in table.rows[:200]]
    fresh = registry.load("churn")
    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            assert list(threads.map(fresh.score, table.rows[:200])) == alone


def test_a_missing_input_is_named(model: ScoreModel) -> None:
    with pytest.raises(CustomerDataIncomplete, match="the model needs `usage_gb`"):
        model.score({})


def test_a_score_that_is_not_finite_is_refused(model: ScoreModel, trained: Artifact, table: Table) -> None:
    broken = ScoreModel(model.card, "", _scorer(trained, slope=1e308, intercept=1e308))
    with pytest.raises(ModelDegradationDetected, match="its score is not a finite number") as caught:
        broken.score(table.rows[0])
    assert caught.value.issues[0].hint == "run: ordain train churn --promote"


def test_trees_that_the_card_does_not_describe_are_refused(trained: Artifact) -> None:
    with pytest.raises(ModelDegradationDetected, match="its trees are not those that its card describes"):
        CHURN.scorer(trained.files, trained.reads[:-1], trained.parameters)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"slope": "x"}', b"\xff"])
def test_what_was_learned_beside_the_trees_is_refused_when_it_is_something_else(trained: Artifact, data: bytes) -> None:
    with pytest.raises(ModelDegradationDetected, match=r"`model\.json` is not what this model's training writes"):
        CHURN.scorer({**trained.files, MODEL: data}, trained.reads, trained.parameters)


def test_what_the_model_reads_is_what_the_table_declared(model: ScoreModel, table: Table) -> None:
    assert model.reads == table.facts
    assert model.name == "churn"
    assert model.version == "1"


def test_many_scored_at_once_get_what_each_alone_gets(model: ScoreModel, table: Table) -> None:
    rows = [dict(row) for row in table.rows[:200]]
    bad = dict.fromkeys(rows[0])
    many = model.score_many([*rows[:100], bad, *rows[100:]])
    assert isinstance(many.pop(100), CustomerDataIncomplete)
    assert many == [model.score(row) for row in rows]
    assert model.score_many([]) == []


def test_scores_without_reasons_are_the_same_scores(model: ScoreModel, table: Table) -> None:
    asked = [*table.rows[:200], dict.fromkeys(table.rows[0])]
    with_reasons, without = model.score_many(asked), model.score_many(asked, reasons=False)
    for told, plain in zip(with_reasons[:-1], without[:-1], strict=True):
        assert isinstance(told, Score)
        assert isinstance(plain, Score)
        assert float(plain.value) == pytest.approx(float(told.value), abs=1e-9)
        assert (plain.also, plain.reasons) == (told.also, ())
        assert told.reasons
    assert type(without[-1]) is type(with_reasons[-1])
