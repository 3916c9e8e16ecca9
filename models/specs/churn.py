"""The model `churn`: who leaves, how soon, and why. Gradient-boosted trees, calibrated on rows that they have not seen.

The label says who left within the table's own horizon. Where the table has the role `days` too (how long each was
watched, until leaving or the end), each horizon has a calibration of its own (Platt 1999) on who left within it;
without it the risk is taken to be spread evenly over 90 days, and the card says so.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import xgboost as xgb

from ordain.engine.errors import DataQualityIssue, MalformedRequest, ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, Reason, Score, round_to
from ordain.engine.values.json_text import read_json
from ordain.engine.values.types import DATE, FLAG, NUMBER, TEXT, Type, Value
from ordain.models.data.mapping import read_mapping
from ordain.models.data.synthetic import customers
from ordain.models.data.table import LABEL, Table, table_from
from ordain.models.features.encoder import Encoder
from ordain.models.methods import binary_metrics
from ordain.models.methods.boosting import PATIENCE, RECIPES, ROUNDS, boosted
from ordain.models.methods.calibration import Calibration, fit
from ordain.models.methods.logistic import probability
from ordain.models.methods.split import Split, split
from ordain.models.methods.tree_plots import levels, strengths
from ordain.models.methods.tree_score import TREES, Trees
from ordain.models.methods.usual import as_json, from_json, usual_of
from ordain.models.spec import Artifact, Gives, Output, Progress, Report, Role

MODEL = "model.json"
HORIZONS = (30, 60, 90)
DIGITS = 6
LEVELS = ((0.80, "critical"), (0.60, "high"), (0.30, "medium"), (0.0, "low"))
"""From which risk on each level begins."""
FARTHEST = 3650
"""Days; nobody is said to be expected to leave later."""

Parameters = Mapping[str, float | int | str]


class Churn:
    """The specification; see `models.spec.Spec`."""

    name = "churn"
    about = "The probability that a customer leaves within the horizon of the label, and within 30, 60 and 90 days."
    roles = (
        Role(LABEL, FLAG, "who left"),
        Role("days", NUMBER, "days until leaving, or that were watched without it", needed=False),
        Role("known", DATE, "the day on which the features were read, which must be before `left`", needed=False),
        Role("left", DATE, "the day on which the customer left, blank for who stayed", needed=False),
    )
    outputs = (
        Output("probability", Gives.PROBABILITY, NUMBER, "the probability that the customer leaves", DIGITS),
        Output(
            "risk_level",
            Gives.CLASS,
            Type(TEXT.kind, values=tuple(level for _, level in reversed(LEVELS))),
            "the risk in four levels",
        ),
        *(
            Output(f"within_{days}_days", Gives.PROBABILITY, NUMBER, f"the same within {days} days", DIGITS)
            for days in HORIZONS
        ),
        Output("expected_days", Gives.COUNT, NUMBER, "the days until which half of such customers have left", 0),
    )

    def train(self, table: Table, *, seed: int = 0, progress: Progress | None = None, rounds: int = ROUNDS) -> Artifact:
        """Trees learn from the training rows. How many there are, the calibration and the threshold come from the
        validation rows. Quality is measured on the held-out rows, which take no part in any choice.

        Raises DataQualityIssue for a table with too few rows of a label, or nothing to be learned.
        """
        encoder, labels = Encoder(table.facts), table.labels
        rows = encoder.rows(table.rows)
        parts = split(rows, labels, seed)
        found = boosted(rows, labels, parts, seed, rounds, progress)
        booster = found.booster
        margins = booster.predict(xgb.DMatrix(rows, nthread=1), output_margin=True)
        main = _calibrated(table, margins, labels, parts)
        horizons = _horizons(table, margins, parts, main)
        learned = {
            "slope": main.slope,
            "intercept": main.intercept,
            "horizons": {str(days): [each.slope, each.intercept] for days, each in horizons.items()},
            "usual": as_json(usual_of(table.facts, [table.rows[at] for at in parts.training])),
            "base": float(labels[parts.training].mean()),
            "trees": booster.num_boosted_rounds(),
        }
        risk = main.probabilities(margins)
        threshold, report = _report(labels, risk, parts, seed, evenly=not horizons)
        drawn = (
            strengths(booster, encoder, rows[parts.held_out], main.slope),
            levels(labels[parts.held_out], risk[parts.held_out], LEVELS),
        )
        return Artifact(
            {TREES: bytes(booster.save_raw("ubj")), MODEL: json.dumps(learned, sort_keys=True).encode()},
            table.facts,
            replace(report, plots=report.plots + drawn),
            {
                "recipe": found.recipe,
                **RECIPES[found.recipe],
                "early_stopping_rounds": PATIENCE,
                "trees": booster.num_boosted_rounds(),
                "threshold": threshold,
            },
            {
                "training": len(parts.training),
                "validation": len(parts.validation),
                "held out": len(parts.held_out),
            },
            tuple(parts.held_out.tolist()),
        )

    def scorer(self, files: Mapping[str, bytes], reads: tuple[Fact, ...], parameters: Parameters) -> ChurnScorer:
        """Raises ModelDegradationDetected when the files are not what they must be."""
        try:
            learned = read_json(files[MODEL], MODEL)
            main = Calibration(float(learned["slope"]), float(learned["intercept"]))
            horizons = {int(days): Calibration(*map(float, pair)) for days, pair in learned["horizons"].items()}
            usual = from_json(json.dumps(learned["usual"]).encode())
            base, count = float(learned["base"]), int(learned["trees"])
            trees = files[TREES]
        except (KeyError, TypeError, ValueError, AttributeError, MalformedRequest):
            raise ModelDegradationDetected(f"`{MODEL}` is not what this model's training writes") from None
        return ChurnScorer(Trees.read(trees, reads, count, main, usual), main, horizons, base)

    def sample(self, count: int, seed: int) -> Table:
        """SYNTHETIC customers, read like any other table."""
        text = customers(count, seed).to_csv(index=False, lineterminator="\n")
        return table_from(text.encode(), read_mapping("synthetic"), f"{count} synthetic customers, seed {seed}")


class ChurnScorer:
    """Loaded trees, asked for everything that the specification gives."""

    def __init__(self, trees: Trees, main: Calibration, horizons: Mapping[int, Calibration], base: float) -> None:
        self.trees, self._main, self._horizons, self._base = trees, main, horizons, base

    def scores(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """Of whom nothing at all is known gets the training rows' share, without reasons."""
        asked = [inputs for inputs in many if not self._unknown(inputs)]
        parts = iter(self.trees.contributions(asked) if asked else ())
        found: list[Score | OrdainError] = []
        for inputs in many:
            if self._unknown(inputs):
                found.append(self._score(self._usual, (), inputs))
            elif isinstance(part := next(parts), OrdainError):
                found.append(part)
            else:
                found.append(self._score(part.log_odds, self.trees.reasons(inputs, part), inputs))
        return found

    def plain_scores(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """The same scores without reasons, at a third of the cost."""
        asked = iter(self.trees.log_odds([inputs for inputs in many if not self._unknown(inputs)]))
        told = [self._usual if self._unknown(inputs) else next(asked) for inputs in many]
        return [
            each if isinstance(each, OrdainError) else self._score(each, (), inputs)
            for each, inputs in zip(told, many, strict=True)
        ]

    @property
    def _usual(self) -> float:
        """Log-odds of whom nothing is known of."""
        return math.log(self._base / (1 - self._base))

    def _unknown(self, inputs: Mapping[str, Value]) -> bool:
        return all(fact.optional and inputs.get(fact.name) is None for fact in self.trees.reads)

    def _score(self, log_odds: float, reasons: tuple[Reason, ...], inputs: Mapping[str, Value]) -> Score:
        risk = probability(log_odds)
        margin = (log_odds - self._main.intercept) / self._main.slope
        within, least = {}, 0.0
        for days in HORIZONS:
            if (calibrated := self._horizons.get(days)) is not None:
                chance = probability(calibrated.slope * margin + calibrated.intercept)
            else:
                chance = -math.expm1(math.log1p(-min(risk, 1 - 1e-12)) * days / HORIZONS[-1])
            least = within[days] = max(chance, least)  # who left within 30 days left within 60
        also: dict[str, Value] = {"risk_level": next(level for begins, level in LEVELS if risk >= begins)}
        also |= {f"within_{days}_days": _decimal(chance) for days, chance in within.items()}
        also["expected_days"] = Decimal(_half_left(within[HORIZONS[-1]]))
        return Score(Decimal(repr(risk)), reasons, inputs, also)


CHURN = Churn()


def _decimal(chance: float) -> Decimal:
    return round_to(Decimal(repr(chance)), DIGITS)


def _half_left(within: float) -> int:
    """Days until half have left, at the even risk that gives `within` at the last horizon."""
    hazard = -math.log1p(-min(within, 1 - 1e-12)) / HORIZONS[-1]
    return min(FARTHEST, max(1, round(math.log(2) / hazard))) if hazard > 0 else FARTHEST


def _calibrated(table: Table, margins: np.ndarray, labels: np.ndarray, parts: Split) -> Calibration:
    calibration = fit(margins[parts.validation], labels[parts.validation])
    if not calibration.slope > 1e-6:
        message = f"`{table.name}`: nothing was learned that holds for rows outside of the training rows"
        raise DataQualityIssue(message, "bring more rows, or features that tell the label")
    return calibration


def _horizons(table: Table, margins: np.ndarray, parts: Split, main: Calibration) -> dict[int, Calibration]:
    """One for each horizon with enough of both who left within it and who were still there at its end."""
    if "days" not in table.roles:
        return {}
    days = np.array([math.nan if each is None else float(each) for each in table.roles["days"]])
    left = table.labels == 1
    found = {}
    for horizon in HORIZONS:
        gone = left & (days <= horizon)
        known = parts.validation[(gone | (days >= horizon))[parts.validation]]
        if min(gone[known].sum(), (~gone[known]).sum()) >= 10:
            found[horizon] = fit(margins[known], gone[known].astype(np.int64))
    return found if len(found) == len(HORIZONS) else {}


def _report(labels: np.ndarray, risk: np.ndarray, parts: Split, seed: int, evenly: bool) -> tuple[float, Report]:
    threshold = binary_metrics.best_threshold(labels[parts.validation], risk[parts.validation])
    held_out = labels[parts.held_out]
    nobody = np.full(len(held_out), labels[parts.training].mean())
    told = binary_metrics.figures(held_out, risk[parts.held_out], threshold, nobody, 1.0, seed)
    notes = [f"counted as leaving from a risk of {threshold:.3f} on (best F1 on validation rows)"]
    most = binary_metrics.best_threshold(held_out, risk[parts.held_out])
    reachable = binary_metrics.f1(held_out, risk[parts.held_out], most)
    notes.append(f"an F1 of {reachable:.3f} is the most that any threshold would reach on the held-out rows")
    if evenly:
        notes.append(
            "within 30, 60 and 90 days: the risk of the label, spread evenly over 90 days, as the table says no `days`"
        )
    return threshold, Report(
        told, "everybody stays", tuple(notes), binary_metrics.plots(held_out, risk[parts.held_out])
    )
