"""The churn model beside its peers: ten seeds, the same splits, in one run, each calibrated and cut alike."""

from __future__ import annotations

import os
import statistics
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier, early_stopping
from rich.progress import track
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.tables import Result
from ordain.engine.errors import SettingsError
from ordain.models.data.mapping import read_mapping
from ordain.models.data.table import Table, read_table
from ordain.models.features.encoder import Encoder, Row
from ordain.models.methods import binary_metrics
from ordain.models.methods.calibration import fit
from ordain.models.methods.split import Split, split
from ordain.models.specs.churn import CHURN

SEEDS = 10
TABLES = {
    "telco": "telco/Telco-Customer-Churn.csv",
    "telecom": "telecom/churn3333.csv",
    "iranian": "iranian/churn.csv",
}
MEASURES: Mapping[str, binary_metrics.Measure] = {
    "AUC": binary_metrics.auc,
    "F1": binary_metrics.f1,
    "accuracy": binary_metrics.accuracy,
    "log loss": binary_metrics.log_loss,
    "ECE": binary_metrics.calibration_error,
}
_NAMES = {"calibration error": "ECE"}
Floats = binary_metrics.Floats
Labels = binary_metrics.Labels


@dataclass(frozen=True, slots=True)
class Task:
    rows: Row
    labels: Labels
    parts: Split
    seed: int

    @property
    def training(self) -> tuple[Row, Labels]:
        return self.rows[self.parts.training], self.labels[self.parts.training]

    @property
    def validation(self) -> tuple[Row, Labels]:
        return self.rows[self.parts.validation], self.labels[self.parts.validation]


def run() -> Result:
    """Means over the seeds, the standard deviation of the AUC beside it. Raises SettingsError without the tables."""
    rows: dict[str, dict[str, object]] = {}
    for name, file in TABLES.items():
        told: dict[str, list[dict[str, float]]] = {}
        table = read_table(_data() / file, read_mapping(name))
        for seed in track(range(SEEDS), f"{name}, {SEEDS} seeds"):
            for called, figures in _figures(table, seed).items():
                told.setdefault(called, []).append(figures)
        best = max(_mean(each, "AUC") for called, each in told.items() if called != "Ordain")
        for called, each in told.items():
            cells: dict[str, object] = {measure: f"{_mean(each, measure):.3f}" for measure in MEASURES}
            cells["sd"] = f"{statistics.stdev(figures['AUC'] for figures in each):.3f}"
            if called == "Ordain":
                cells["beside"] = f"{_mean(each, 'AUC') - best:+.4f}"
            rows[f"{name}: {called}"] = cells
    notes = (
        f"Means of {SEEDS} seeds: 70 % training, 15 % validation, 15 % held out, stratified, copies in one part. "
        "Stopping, calibration (Platt) and threshold (best F1) from validation rows alone.",
        "Protected features are in none of the tables. `beside` is Ordain's AUC less the best peer's.",
        "Peers: logistic regression, LightGBM, CatBoost, HistGradientBoosting, with early stopping where they have it.",
    )
    columns = {"AUC": "AUC", "sd": "sd", **{name: name for name in MEASURES if name != "AUC"}, "beside": "beside"}
    return Result("Churn: quality on held-out rows", columns, rows, notes)


def _data() -> Path:
    place = Path(os.environ.get("ORDAIN_SHARED", "shared")) / "data"
    if not place.is_dir():
        raise SettingsError("there are no tables to train on", "ORDAIN_SHARED names the folder that has `data` in it")
    return place


def _mean(each: list[dict[str, float]], measure: str) -> float:
    return statistics.fmean(figures[measure] for figures in each)


def _figures(table: Table, seed: int) -> dict[str, dict[str, float]]:
    artifact = CHURN.train(table, seed=seed)
    told = {_NAMES.get(each.name, each.name): each.value for each in artifact.report.figures}
    rows, labels = Encoder(table.facts).rows(table.rows), table.labels
    task = Task(rows, labels, split(rows, labels, seed), seed)
    assert tuple(task.parts.held_out.tolist()) == artifact.held_out
    return {"Ordain": told, **{name: _measured(task, learn(task)) for name, learn in PEERS.items()}}


def _measured(task: Task, chances: Floats) -> dict[str, float]:
    least = np.clip(chances, 1e-9, 1 - 1e-9)
    margins = np.log(least / (1 - least))
    at, held_out = task.parts.validation, task.parts.held_out
    risk = fit(margins[at], task.labels[at]).probabilities(margins)
    threshold = binary_metrics.best_threshold(task.labels[at], risk[at])
    return {name: each(task.labels[held_out], risk[held_out], threshold) for name, each in MEASURES.items()}


def _logistic(task: Task) -> Floats:
    made = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=2000)).fit(*task.training)
    return _chances(made.predict_proba(task.rows))


def _lightgbm(task: Task) -> Floats:
    made = LGBMClassifier(
        n_estimators=1000,
        learning_rate=0.05,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.8,
        random_state=task.seed,
        n_jobs=1,
        verbose=-1,
    )
    with warnings.catch_warnings():  # it warns that rows have no names for their columns
        warnings.simplefilter("ignore")
        made.fit(*task.training, eval_set=[task.validation], callbacks=[early_stopping(40, verbose=False)])
        return _chances(made.predict_proba(task.rows))


def _catboost(task: Task) -> Floats:
    made = CatBoostClassifier(
        iterations=1000, random_seed=task.seed, thread_count=1, verbose=0, allow_writing_files=False
    )
    made.fit(*task.training, eval_set=task.validation, early_stopping_rounds=40)
    return _chances(made.predict_proba(task.rows))


def _histogram(task: Task) -> Floats:
    made = HistGradientBoostingClassifier(
        max_iter=1000, learning_rate=0.05, random_state=task.seed, early_stopping=True, n_iter_no_change=40
    )
    rows, labels = task.validation
    made.fit(*task.training, X_val=rows, y_val=labels)
    return _chances(made.predict_proba(task.rows))


def _chances(both: object) -> Floats:
    return np.asarray(both, dtype=np.float64)[:, 1]


PEERS: Mapping[str, Callable[[Task], Floats]] = {
    "logistic regression": _logistic,
    "LightGBM": _lightgbm,
    "CatBoost": _catboost,
    "HistGradientBoosting": _histogram,
}
