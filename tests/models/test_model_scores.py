"""A trained model as a source of facts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import numpy as np
import pytest
import xgboost as xgb

from ordain.engine.errors import CustomerDataIncomplete, ModelDegradationDetected
from ordain.engine.policy.facts import FactSource
from ordain.models.data.table import Table
from ordain.models.features.encoder import Encoder
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.scoring.xgboost_score import ScoreModel
from ordain.models.training.calibration import probability
from ordain.models.training.train import Trained


def _booster(trained: Trained) -> xgb.Booster:
    return xgb.Booster(model_file=bytearray(trained.trees))


def test_contributions_add_up_to_the_calibrated_prediction_of_the_trees(
    model: ScoreModel, table: Table, trained: Trained
) -> None:
    rows = Encoder(table.facts).rows(table.rows[:300])
    margins = _booster(trained).predict(xgb.DMatrix(rows, nthread=1), output_margin=True)
    for inputs, margin in zip(table.rows[:300], margins.tolist(), strict=True):
        parts = model.contributions(inputs)
        assert parts.log_odds == pytest.approx(model.card.slope * margin + model.card.intercept, abs=1e-5)
        assert parts.base + sum(parts.features) == pytest.approx(parts.log_odds, abs=1e-12)


def test_the_score_is_a_decimal_probability_with_the_largest_reasons_first(model: ScoreModel, table: Table) -> None:
    source: FactSource = model
    for inputs in table.rows[:50]:
        score = source.score(inputs)
        parts = model.contributions(inputs)
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


def test_the_one_hot_cells_of_a_text_are_one_reason(card: Card) -> None:
    random = np.random.default_rng(0)
    plans, calls = random.integers(0, 3, 500), random.integers(0, 9, 500)
    rows = np.column_stack([np.eye(3)[plans], calls]).astype(np.float32)
    churned = (plans == 1).astype(int)
    booster = xgb.train({"objective": "binary:logistic", "nthread": 1}, xgb.DMatrix(rows, churned, nthread=1), 5)
    features = [
        {"name": "plan", "type": "text", "values": ["gold", "silver", "tin"]},
        {"name": "calls", "type": "number"},
    ]
    changed = Card.model_validate({**card.model_dump(), "features": features, "trees": 5, "slope": 2.0})
    model = ScoreModel(changed, "", booster)
    parts = model.contributions({"plan": "silver", "calls": Decimal(4)})
    raw = booster.predict(xgb.DMatrix(np.array([[0, 1, 0, 4]], dtype=np.float32), nthread=1), pred_contribs=True)
    assert parts.features[0] == pytest.approx(2 * float(raw[0, :3].sum()), abs=1e-5)
    assert model.score({"plan": "silver", "calls": Decimal(4)}).reasons[0].feature == "plan"


def test_threads_that_score_at_once_get_what_one_alone_gets(registry: Registry, table: Table) -> None:
    alone = [registry.load("churn").score(inputs) for inputs in table.rows[:200]]
    fresh = registry.load("churn")
    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            assert list(threads.map(fresh.score, table.rows[:200])) == alone


def test_a_missing_input_is_named(model: ScoreModel) -> None:
    with pytest.raises(CustomerDataIncomplete, match="the model needs `usage_gb`"):
        model.score({})


def test_a_score_that_is_not_finite_is_refused(card: Card, trained: Trained, table: Table) -> None:
    broken = Card.model_validate({**card.model_dump(), "slope": 1e308, "intercept": 1e308})
    with pytest.raises(ModelDegradationDetected, match="its score is not a finite number") as caught:
        ScoreModel(broken, "", _booster(trained)).score(table.rows[0])
    assert caught.value.issues[0].hint == "run: ordain train churn"


def test_trees_that_the_card_does_not_describe_are_refused(card: Card, trained: Trained) -> None:
    fewer = Card.model_validate({**card.model_dump(), "features": card.model_dump()["features"][:-1]})
    with pytest.raises(ModelDegradationDetected, match="its trees are not those that its card describes"):
        ScoreModel(fewer, "", _booster(trained))


def test_what_the_model_reads_is_what_the_table_declared(model: ScoreModel, table: Table) -> None:
    assert model.reads == table.facts
    assert model.name == "churn"
    assert model.version == "1"


def test_many_scored_at_once_get_what_each_alone_gets(card: Card, trained: Trained, table: Table) -> None:
    model = ScoreModel(card, "", _booster(trained))
    rows = [dict(row) for row in table.rows[:200]]
    bad = dict.fromkeys(rows[0])
    many = model.score_many([*rows[:100], bad, *rows[100:]])
    assert isinstance(many.pop(100), CustomerDataIncomplete)
    assert many == [model.score(row) for row in rows]
    assert model.score_many([]) == []
