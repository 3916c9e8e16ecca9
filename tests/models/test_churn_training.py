"""Training on SYNTHETIC customers: honest splits, honest figures, the same bytes each time."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import DataQualityIssue, SettingsError
from ordain.models.data.table import Table
from ordain.models.features.encoder import Encoder
from ordain.models.methods import binary_metrics as metrics
from ordain.models.methods import calibration
from ordain.models.methods.boosting import RECIPES
from ordain.models.methods.split import Split, split
from ordain.models.registry.card import Card
from ordain.models.registry.registry import Registry
from ordain.models.spec import Artifact, Figure
from ordain.models.specs.churn import CHURN
from ordain.models.training.train import train_model

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _by_name(trained: Artifact) -> dict[str, Figure]:
    return {figure.name: figure for figure in trained.report.figures}


def _split(table: Table) -> Split:
    return split(Encoder(table.facts).rows(table.rows), table.labels, 0)


def test_the_model_beats_saying_that_everybody_stays(trained: Artifact) -> None:
    told = _by_name(trained)
    assert told["AUC"].value > 0.75
    for better in ("Brier score", "log loss"):
        assert told[better].value < (told[better].baseline or 0)
    assert told["F1"].value > (told["F1"].baseline or 0) == 0
    assert told["AUC"].baseline == 0.5
    for each in told.values():
        assert each.low is not None
        assert each.high is not None
        assert each.low <= each.value <= each.high or each.name == "calibration error"


def test_the_same_seed_gives_the_same_model_and_card_bytes(tmp_path: Path, card: Card) -> None:
    registry = Registry(tmp_path / "models", tmp_path / "keys")
    again = train_model(CHURN, None, None, registry, at=AT, rows=card.data.rows)
    assert again.to_bytes() == card.to_bytes()
    other = train_model(CHURN, None, None, registry, at=AT, rows=card.data.rows, seed=1)
    assert other.files != card.files


def test_each_customer_is_in_one_part_and_churn_is_spread_evenly(table: Table, trained: Artifact) -> None:
    found = _split(table)
    parts = (found.training, found.validation, found.held_out)
    assert trained.held_out == tuple(found.held_out.tolist())
    assert list(trained.parts.values()) == [len(part) for part in parts]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(table)))
    assert [len(part) / len(table) for part in parts] == pytest.approx([0.70, 0.15, 0.15], abs=0.01)
    assert [table.labels[part].mean() for part in parts] == pytest.approx([table.labels.mean()] * 3, abs=0.01)


@given(seed=st.integers(0, 2**32 - 1))
def test_no_held_out_row_has_a_copy_in_training_or_validation(seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, 8, (400, 3)).astype(np.float32)
    rows[rows == 7] = np.nan
    churned = np.random.default_rng(seed).integers(0, 2, 400)
    parts = split(rows, churned, seed % 1000)
    keys = [{rows[at].tobytes() for at in part} for part in (parts.training, parts.validation, parts.held_out)]
    assert all(keys)
    assert not keys[0] & keys[1]
    assert not (keys[0] | keys[1]) & keys[2]


def test_stored_trees_are_those_of_the_best_candidate_up_to_its_best_validation_round(
    table: Table, trained: Artifact
) -> None:
    rows, parts = Encoder(table.facts).rows(table.rows), _split(table)
    training, validation = (
        xgb.DMatrix(rows[part], table.labels[part], nthread=1) for part in (parts.training, parts.validation)
    )
    rounds = xgb.Booster(model_file=bytearray(trained.files["model.ubj"])).num_boosted_rounds()
    losses: dict[str, list[float]] = {}
    for name, recipe in RECIPES.items():
        seen: dict[str, dict[str, list[float]]] = {}
        watched = {**recipe, "seed": 0, "nthread": 1}
        xgb.train(watched, training, rounds + 20, evals=[(validation, "v")], evals_result=seen, verbose_eval=False)
        losses[name] = seen["v"]["logloss"]
    chosen = str(trained.parameters["recipe"])
    assert int(np.argmin(losses[chosen])) == rounds - 1
    assert min(losses, key=lambda name: min(losses[name])) == chosen


def test_progress_is_told_after_each_round_of_all_candidates_as_one(table: Table) -> None:
    told: list[tuple[int, int, str]] = []
    CHURN.train(table, rounds=5, progress=lambda at, most, seen: told.append((at, most, seen)))
    most = 5 * len(RECIPES)
    assert [(at, of) for at, of, _ in told] == [(at, most) for at in range(1, most + 1)]
    assert told[4][2] < told[0][2]
    assert told[0][2].startswith("validation log loss 0.")


def test_calibration_repairs_a_margin_that_is_too_sure() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(-1, 1.5, 20_000)
    churned = (random.random(20_000) < 1 / (1 + np.exp(-truth))).astype(np.int64)
    fitted = calibration.fit(3 * truth + 1, churned)
    assert fitted.slope == pytest.approx(1 / 3, abs=0.02)
    assert fitted.intercept == pytest.approx(-1 / 3, abs=0.05)


def test_calibration_stays_finite_on_perfectly_separated_rows() -> None:
    fitted = calibration.fit(np.array([-3.0, -2.0, 2.0, 3.0] * 5), np.array([0, 0, 1, 1] * 5))
    assert 0 < fitted.slope < 10


@given(st.floats(-1e308, 1e308))
def test_a_probability_is_one_for_any_log_odds(log_odds: float) -> None:
    assert 0 <= calibration.probability(log_odds) <= 1


def test_figures_agree_with_counting_by_hand() -> None:
    churned = np.array([0, 0, 1, 1, 1])
    risk = np.array([0.1, 0.6, 0.4, 0.7, 0.9])
    told = {each.name: each.value for each in metrics.figures(churned, risk, 0.5, np.full(5, 0.6), 1.0, 0)}
    assert told["precision"] == pytest.approx(2 / 3)
    assert told["recall"] == pytest.approx(2 / 3)
    assert told["accuracy"] == pytest.approx(3 / 5)
    assert told["AUC"] == pytest.approx(5 / 6)
    assert told["Brier score"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.09 + 0.01) / 5)


def test_the_threshold_is_the_one_with_the_highest_f1() -> None:
    churned = np.array([0, 0, 1, 0, 1, 1])
    risk = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert metrics.best_threshold(churned, risk) == 0.3


def test_customers_of_equal_risk_share_a_line_of_the_reliability_view() -> None:
    (line,) = metrics.reliability(np.array([0, 1, 0, 0]), np.full(4, 0.25))
    assert (line.predicted, line.observed, line.rows) == (0.25, 0.25, 4)


def test_held_out_customers_are_written_as_asks_with_the_tables_own_numbers(
    table: Table, trained: Artifact, tmp_path: Path
) -> None:
    file = tmp_path / "held_out.ndjson"
    train_model(CHURN, None, None, Registry(tmp_path, tmp_path / "keys"), at=AT, rows=len(table), held_out=file)
    asks = [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in file.read_text().splitlines()]
    assert [ask["subject"] for ask in asks] == [table.subjects[at] for at in trained.held_out]
    assert [ask["facts"] for ask in asks] == [table.rows[at] for at in trained.held_out]


def test_too_few_customers_of_a_label_are_refused(table: Table) -> None:
    few = replace(table, roles={"label": (False,) * len(table)})
    with pytest.raises(DataQualityIssue, match="the label of only 0 different rows is true, 20 at least are needed"):
        CHURN.train(few)


def test_a_table_that_teaches_nothing_is_refused(table: Table) -> None:
    same = (table.rows[0],) * len(table)
    with pytest.raises(DataQualityIssue, match="the label of only 0 different rows is true"):
        CHURN.train(replace(table, rows=same))


def test_a_table_without_a_mapping_is_refused_with_the_shipped_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"`churn\.csv` needs a mapping") as caught:
        train_model(CHURN, tmp_path / "churn.csv", None, Registry(tmp_path, tmp_path), at=AT)
    assert "iranian, synthetic, telco, telecom" in caught.value.issues[0].hint


def test_a_mapping_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the mapping `telco` says what the columns of a table mean") as caught:
        train_model(CHURN, None, "telco", Registry(tmp_path, tmp_path), at=AT)
    assert "--data" in caught.value.issues[0].hint


def test_held_out_rows_that_cannot_be_written_are_an_error_and_no_model_is_stored(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models", tmp_path / "keys")
    with pytest.raises(SettingsError, match=r"`asks\.ndjson` cannot be written: no such file or directory"):
        train_model(CHURN, None, None, registry, at=AT, rows=600, held_out=tmp_path / "no" / "asks.ndjson")
    assert registry.names() == ()
