"""Lifetime value of a subscriber: trees that predict 12-month revenue, spread over the months and discounted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
import xgboost as xgb

from ordain.engine.errors import NotThatType, OrdainError
from ordain.engine.policy.facts import Fact, Reason, Score
from ordain.engine.values.decimals import number
from ordain.engine.values.types import Kind, Value
from ordain.models.features.encoder import Encoder
from ordain.models.methods.lifetime.maximum_likelihood import Floats
from ordain.models.methods.lifetime.model_file import MODEL, TREES, FromSubscriptions, amount, broken
from ordain.models.methods.lifetime.outputs import score_of
from ordain.models.methods.lifetime.purchase_value import MONTHS, discounts

PRICE = "monthly_price"
"""The fact that says how the revenue falls over the months, where the model reads it."""
_HALVINGS = 60


def by_month(revenue: Floats, price: Floats | None, discount: float) -> Floats:
    """12 discounted amounts per customer, shape (n, 12), that before discounting add up to `revenue`, shape (n,).

    With a price, each month brings a fixed share of the one before, the share that makes 12 of them the revenue; the
    same amount every month without one, or where the revenue is more than 12 prices.
    """
    share = np.ones_like(revenue)
    if price is not None:
        low, high = np.zeros_like(revenue), np.ones_like(revenue)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            more = price * (middle[:, None] ** np.arange(MONTHS)).sum(axis=1) < revenue
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        share = high
    weights = share[:, None] ** np.arange(MONTHS)
    return np.asarray(revenue[:, None] * weights / weights.sum(axis=1, keepdims=True) * discounts(discount))


class SubscriptionScorer:
    """A loaded version. Safe to share between threads: nothing changes once it is made."""

    def __init__(self, stored: FromSubscriptions, trees: bytes, reads: tuple[Fact, ...]) -> None:
        """Raises ModelDegradationDetected for trees that cannot be read, or that are not those of `stored`."""
        self._encoder = Encoder(reads)
        self._names = tuple(fact.name for fact in reads)
        try:
            self._booster = xgb.Booster({"nthread": 1}, model_file=bytearray(trees))
            fits = self._booster.num_boosted_rounds() == stored.rounds
            fits = fits and self._booster.num_features() == self._encoder.width == stored.columns
        except (xgb.core.XGBoostError, ValueError):
            raise broken(f"`{TREES}` is damaged") from None
        if not fits or not stored.usual.keys() <= set(self._names):
            raise broken(f"its trees are not those that `{MODEL}` describes")
        try:
            self._usual = tuple(_value(fact, stored.usual.get(fact.name)) for fact in reads)
        except NotThatType as error:
            raise broken(f"`{MODEL}` is damaged: {error}") from None
        self._stored, self._discount = stored, float(stored.discount)
        self._starts = tuple(pairwise((*self._encoder.starts, self._encoder.width)))
        self._booster.set_param({"nthread": 1})
        # The first prediction configures the booster, which is not safe between threads; later ones only read.
        self._contributions([[0.0] * self._encoder.width])

    def scores(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        """All customers in one call of XGBoost; an error in the place of one whose facts are missing or unknown."""
        rows: list[list[float]] = []
        made: list[Score | OrdainError | None] = []
        for inputs in many:
            try:
                rows.append(self._encoder.cells(inputs))
                made.append(None)
            except OrdainError as error:
                made.append(error)
        if not rows:
            return [each for each in made if each is not None]
        asked = [inputs for inputs, each in zip(many, made, strict=True) if each is None]
        answers = iter(self._scores(rows, asked))
        return [next(answers) if each is None else each for each in made]

    def _scores(self, rows: list[list[float]], asked: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        parts = self._contributions(rows)
        revenue = np.maximum(parts.sum(axis=1), 0.0)
        months = by_month(revenue, prices(self._names, asked), self._discount)
        sound = np.asarray(np.isfinite(months).all(axis=1))
        rows_of = zip(asked, sound.tolist(), months.tolist(), parts.tolist(), strict=True)
        return [self._score(inputs, fine, of_months, shares) for inputs, fine, of_months, shares in rows_of]

    def _score(
        self, inputs: Mapping[str, Value], sound: bool, months: list[float], parts: list[float]
    ) -> Score | OrdainError:
        """Contributions are exact SHAP values in the unit of the revenue, before discounting."""
        if not sound:
            return broken("its value is not a finite number")
        used = {name: inputs.get(name) for name in self._names}
        reasons = [
            Reason(name, used[name], amount(sum(parts[start:end])), usual)
            for name, (start, end), usual in zip(self._names, self._starts, self._usual, strict=True)
        ]
        return score_of(months, self._stored.tiers, None, None, reasons, used)

    def _contributions(self, rows: list[list[float]]) -> Floats:
        """Of each cell, and last the base; shape (n, cells + 1). Raises ModelDegradationDetected."""
        try:
            matrix = xgb.DMatrix(np.array(rows, dtype=np.float32), nthread=1)
            parts = self._booster.predict(matrix, pred_contribs=True, validate_features=False)
        except (xgb.core.XGBoostError, ValueError) as error:
            raise broken(f"it cannot score: {str(error)[:200]}") from None
        return np.asarray(parts, dtype=np.float64)


def prices(names: Sequence[str], asked: Sequence[Mapping[str, Value]]) -> Floats | None:
    """The monthly price of each, 0 where it is missing, which spreads evenly; None where the model reads none."""
    if PRICE not in names:
        return None
    found = (inputs.get(PRICE) for inputs in asked)
    return np.array([float(price) if isinstance(price, Decimal) else 0.0 for price in found])


def _value(fact: Fact, stored: bool | str | None) -> Value:
    """Raises NotThatType."""
    return number(stored) if fact.type.kind is Kind.NUMBER and isinstance(stored, str) else stored
