"""Lifetime value of subscribers: gradient-boosted trees (XGBoost) on what customers brought in 12 months."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from ordain.engine.errors import DataQualityIssue, Issue
from ordain.engine.values.types import Value, plain
from ordain.models.data.table import Table
from ordain.models.features.encoder import Encoder, Row
from ordain.models.limits import LIMITS
from ordain.models.methods.lifetime.amount_figures import Baseline, figures, not_beaten, of_nothing, stronger
from ordain.models.methods.lifetime.maximum_likelihood import Floats
from ordain.models.methods.lifetime.model_file import MODEL, TREES, FromSubscriptions, written
from ordain.models.methods.lifetime.plots import by_tenth
from ordain.models.methods.lifetime.purchase_table import REVENUE
from ordain.models.methods.lifetime.purchase_training import tiers_of
from ordain.models.methods.lifetime.subscription_score import by_month, prices
from ordain.models.methods.usual import usual_of
from ordain.models.spec import Artifact, Progress, Report

ROUNDS, PATIENCE = 600, 30
RECIPE: dict[str, float | str] = {
    "objective": "reg:squarederror",
    "eval_metric": "rmse",
    "tree_method": "hist",
    "max_depth": 3,
    "eta": 0.1,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "min_child_weight": 5,
}
"""Squared error, since means are what values are added up from: absolute error would aim at the median, often 0."""

Indices = NDArray[np.intp]


def train_subscriptions(table: Table, discount: Decimal, seed: int, progress: Progress | None) -> Artifact:
    """70 % of the customers train, 15 % say when to stop, 15 % are held out. Raises DataQualityIssue."""
    revenue = _revenue(table)
    rows = Encoder(table.facts).rows(table.rows)
    training, validation, held_out = _parts(rows, seed)
    booster = _boost(rows, revenue, training, validation, seed, progress)
    predicted = np.maximum(booster.predict(xgb.DMatrix(rows, nthread=1)).astype(np.float64), 0.0)
    baselines = [Baseline("mean of training", np.full(len(held_out), float(revenue[training].mean())))]
    price = prices([fact.name for fact in table.facts], table.rows)
    if price is not None and bool((price > 0).all()):
        baselines.append(Baseline("12 times the monthly price", 12.0 * price[held_out]))
    hardest = stronger(tuple(baselines), revenue[held_out])
    made = figures(predicted[held_out], revenue[held_out], hardest, "12-month revenue per customer", seed)
    values = by_month(predicted, price, float(discount)).sum(axis=1)
    stored = FromSubscriptions(
        kind="subscriptions",
        rounds=booster.num_boosted_rounds(),
        columns=rows.shape[1],
        discount=discount,
        usual={name: _stored(value) for name, value in usual_of(table.facts, table.rows).items()},
        tiers=tiers_of(values[training]),
    )
    lost = not_beaten(made[0], hardest)
    notes = (
        *([lost] if lost else []),
        of_nothing(made[-1], revenue[held_out], "of revenue"),
        f"Figures are those of the {len(held_out):,} customers held out, before discounting; the trees that are served "
        "are those that were measured.",
    )
    plots = (by_tenth(predicted[held_out], revenue[held_out]),)
    parameters: dict[str, float | int | str] = {
        "learned from": stored.kind,
        **RECIPE,
        "early_stopping_rounds": PATIENCE,
        "discount per year": float(discount),
    }
    parts = {"training": len(training), "validation": len(validation), "held out": len(held_out)}
    files = {MODEL: written(stored), TREES: bytes(booster.save_raw("ubj"))}
    return Artifact(
        files, table.facts, Report(made, hardest.name, notes, plots), parameters, parts, tuple(held_out.tolist())
    )


def _revenue(table: Table) -> Floats:
    cells = table.roles[REVENUE]
    found = [
        Issue(f"row {number}: the {'revenue is missing' if cell is None else f'revenue is {cell}'}")
        for number, cell in enumerate(cells, start=1)
        if not isinstance(cell, Decimal) or cell < 0
    ]
    twice = [subject for subject, count in Counter(table.subjects).items() if count > 1]
    found += [Issue(f"`{subject}` stands twice", "keep one row per customer") for subject in twice]
    if not table.facts:
        found.append(Issue(f"`{table.name}` has no features", "name the columns to learn from"))
    if len(table) < (fewest := LIMITS.fewest_rows * 5):
        found.append(Issue(f"`{table.name}` has {len(table)} customers, {fewest} at least are needed"))
    if len(found) > LIMITS.listed:
        found = [*found[: LIMITS.listed], Issue(f"and {len(found) - LIMITS.listed:,} more findings")]
    if found:
        raise DataQualityIssue(found)
    return np.array([float(cell) for cell in cells if isinstance(cell, Decimal)])


def _parts(rows: Row, seed: int) -> tuple[Indices, Indices, Indices]:
    """Rows with the same features go to the same part, as in `models.methods.split`."""
    _, group = np.unique(rows, axis=0, return_inverse=True, equal_nan=True)
    group = group.ravel()
    order = np.random.default_rng(seed).permutation(int(group.max()) + 1)
    place = order[group] / len(order)
    parts = (place < 0.70, (place >= 0.70) & (place < 0.85), place >= 0.85)
    training, validation, held_out = (np.flatnonzero(part) for part in parts)
    if not (len(training) and len(validation) and len(held_out)):
        raise DataQualityIssue("too few customers differ in their features", "bring more features or more customers")
    return training, validation, held_out


def _boost(
    rows: Row, revenue: Floats, training: Indices, validation: Indices, seed: int, progress: Progress | None
) -> xgb.Booster:
    """The trees up to the round that was best on the validation rows. One thread, so that sums have one order."""
    learned, watched = (xgb.DMatrix(rows[part], revenue[part], nthread=1) for part in (training, validation))
    booster = xgb.train(
        {**RECIPE, "seed": seed, "nthread": 1},
        learned,
        ROUNDS,
        evals=[(watched, "validation")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    if progress:
        progress(booster.num_boosted_rounds(), ROUNDS, f"validation RMSE {booster.best_score:.2f}")
    best: xgb.Booster = booster[: booster.best_iteration + 1]
    return best


def _stored(usual: Value) -> bool | str:
    return usual if isinstance(usual, bool) else str(plain(usual))
