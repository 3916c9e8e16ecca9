"""A trained forecast of demand, asked for one hour or day of one product."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np
import xgboost as xgb

from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue, Issue, ModelDegradationDetected, OrdainError
from ordain.engine.policy.facts import Fact, Reason, Score, round_to
from ordain.engine.values.types import Value
from ordain.models.features.encoder import Encoder
from ordain.models.limits import LIMITS
from ordain.models.methods.arrays import Flags, Floats
from ordain.models.methods.demand import conformal, trees
from ordain.models.methods.demand.forecast_rows import CELLS, Asked, from_origin, level, rows
from ordain.models.methods.demand.grid import DAYS_AHEAD, WEEKS_BACK, Grid
from ordain.models.methods.demand.origins import intervals
from ordain.models.methods.demand.series import wall_clock

TREES, SERIES = "trees.ubj", "series.json"
RANK_DIGITS, COUNT_DIGITS, REASON_DIGITS = 4, 2, 4
RANKS = 1001
"""Quantiles of the last year by which a forecast is ranked."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "hour": ("hour",),
    "weekday": ("weekday", "day off"),
    "holiday": ("holiday", "holiday before", "holiday after"),
    "season": ("day of year", "days from turn of year"),
    "days ahead": ("steps ahead",),
    "same weekday of past weeks": (
        "one week back",
        "two weeks back",
        "three weeks back",
        "four weeks back",
        "mean of four weeks",
    ),
    "past days": ("last day", "mean of seven days", "mean of fourteen days"),
    "recent level": ("level of a day", "level of a week", "level of two weeks"),
    "product": ("product",),
}
"""Cells whose contributions are told as one reason: they say the same thing in several ways."""


def ranks(grid: Grid) -> Floats:
    """Quantiles of each product's quantities over the last year, shape (products, RANKS)."""
    year = grid.quantity[:, -365 * grid.day :]
    found: Floats = np.nanquantile(year, np.linspace(0.0, 1.0, RANKS), axis=1).T
    return found


def rank(quantiles: Floats, quantity: float) -> float:
    """The share that is less than `quantity`; what is equal counts by half."""
    below = np.searchsorted(quantiles, quantity, side="left") + np.searchsorted(quantiles, quantity, side="right")
    return float(below) / 2 / len(quantiles)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the file of the series holds, as arrays."""

    grid: Grid
    offset: int | None
    bounds: Floats
    ranks: Floats


class DemandScorer:
    """Nothing changes once it is made: safe between threads."""

    def __init__(self, name: str, files: Mapping[str, bytes], reads: tuple[Fact, ...]) -> None:
        self.name = name
        self.reads = reads
        self._when = reads[0].name if reads else ""
        asked = {self._when, "product", "holiday"}
        self._covariates = tuple(fact for fact in reads if fact.name not in asked)
        self._encoder = Encoder(self._covariates)
        self._ends = (*self._encoder.starts, self._encoder.width)
        try:
            self._kept = _read(files[SERIES], self._encoder.width)
            self._booster = xgb.Booster(params={"nthread": 1})
            self._booster.load_model(bytearray(files[TREES]))
        except (KeyError, TypeError, ValueError, xgb.core.XGBoostError) as error:
            raise self._broken(f"its files are damaged: {str(error)[:120]}") from None
        if self._when not in ("demand_hour", "demand_day"):
            raise self._broken("it does not say which hour or day it is asked for")
        if self._booster.num_features() != len(CELLS) + self._encoder.width:
            raise self._broken("its trees are not those of its facts")
        self._products = {product: number for number, product in enumerate(self._kept.grid.products)}
        self._curves = self._all_ahead()

    def scores(self, many: Sequence[Mapping[str, Value]]) -> list[Score | OrdainError]:
        found: list[Score | OrdainError | None] = []
        asked: list[tuple[int, int]] = []
        off: list[bool] = []
        cells: list[list[float]] = []
        for inputs in many:
            try:
                place, covariates = self._place(inputs), self._encoder.cells(inputs)
            except OrdainError as error:
                found.append(error)
                continue
            found.append(None)
            asked.append(place)
            off.append(inputs.get("holiday") is True)
            cells.append(covariates)
        if not asked:
            return [each for each in found if each is not None]
        made = iter(self._asked(asked, np.array(off), np.array(cells, dtype=np.float64).reshape(len(asked), -1)))
        return [
            self._score(inputs, next(made)) if error is None else error
            for inputs, error in zip(many, found, strict=True)
        ]

    def _place(self, inputs: Mapping[str, Value]) -> tuple[int, int]:
        """Product and step ahead. Raises CustomerDataIncomplete and DataQualityIssue."""
        grid = self._kept.grid
        product = 0
        if grid.products != ("",):
            if (named := inputs.get("product")) is None:
                raise CustomerDataIncomplete(Issue("the model needs `product`", fact="product"))
            if named not in self._products:
                message = f"`product`: the model does not know `{named}`"
                raise DataQualityIssue(Issue(message, f"it knows {len(self._products)} products", fact="product"))
            product = self._products[str(named)]
        moment = inputs.get(self._when)
        if moment is None:
            raise CustomerDataIncomplete(Issue(f"the model needs `{self._when}`", fact=self._when))
        if not isinstance(moment, dt.date):
            raise DataQualityIssue(Issue(f"`{self._when}` is not a date", fact=self._when))
        if not isinstance(moment, dt.datetime):
            moment = dt.datetime.combine(moment, dt.time())
        ahead = grid.step_of(wall_clock(moment, self._kept.offset)) - grid.steps
        if not 0 <= ahead < grid.ahead:
            first, last = grid.at(grid.steps), grid.at(grid.steps + grid.ahead - 1)
            message = f"`{self._when}`: {moment.isoformat()} is not between {first.isoformat()} and {last.isoformat()}"
            hint = f"the model forecasts {DAYS_AHEAD} days after the series it learned: train it anew with later rows"
            raise DataQualityIssue(Issue(message, hint, fact=self._when))
        return product, ahead

    def _asked(self, asked: list[tuple[int, int]], off: Flags, covariates: Floats) -> list[_Made | OrdainError]:
        kept = self._kept
        product, ahead = np.array(asked, dtype=np.int64).T
        places = Asked(product, np.full(len(ahead), kept.grid.steps), ahead)
        cells = rows(kept.grid, places, off, covariates)
        unit = level(kept.grid, places)
        try:
            matrix = xgb.DMatrix(cells, nthread=1)
            root = self._booster.predict(matrix).astype(np.float64)
            parts = self._booster.predict(matrix, pred_contribs=True).astype(np.float64)
        except (xgb.core.XGBoostError, ValueError) as error:
            raise self._broken(f"it cannot score: {str(error)[:120]}") from None
        forecast = trees.from_root(root, unit)
        low, high = intervals(kept.grid, places, root, unit, kept.bounds)
        every = zip(product, ahead, cells, unit, forecast, low.T, high.T, parts, strict=True)
        return [
            _Made(int(one), int(step), row, float(size), float(most_likely), lowest, highest, share)
            if np.isfinite([most_likely, *lowest, *highest]).all()
            else self._broken("its score is not a finite number")
            for one, step, row, size, most_likely, lowest, highest, share in every
        ]

    def _score(self, inputs: Mapping[str, Value], made: _Made | OrdainError) -> Score | OrdainError:
        if isinstance(made, OrdainError):
            return made
        week, month = self._curves[made.product]
        also: dict[str, Value] = {
            "forecast": _decimal(made.forecast),
            "low": _decimal(made.low[0]),
            "high": _decimal(made.high[0]),
            "low_95": _decimal(made.low[1]),
            "high_95": _decimal(made.high[1]),
            "next_7_days": week,
            "next_30_days": month,
        }
        level_of_forecast = rank(self._kept.ranks[made.product], made.forecast)
        used = {fact.name: inputs.get(fact.name) for fact in self.reads}
        return Score(_decimal(level_of_forecast, RANK_DIGITS), self._reasons(inputs, made), used, also)

    def _reasons(self, inputs: Mapping[str, Value], made: _Made) -> tuple[Reason, ...]:
        """The largest contributions first, in square roots of the forecast over the product's level."""
        parts = dict(zip(CELLS, made.parts, strict=False))
        of_group = {name: sum(parts[cell] for cell in cells) for name, cells in _GROUPS.items()}
        for fact, (start, end) in zip(self._covariates, pairwise(self._ends), strict=True):
            of_group[fact.name] = made.parts[len(CELLS) + start : len(CELLS) + end].sum()
        told = self._told(made) | {fact.name: (inputs.get(fact.name), None) for fact in self._covariates}
        ordered = sorted(of_group, key=lambda name: abs(of_group[name]), reverse=True)
        return tuple(
            Reason(name, told[name][0], contribution, told[name][1])
            for name in ordered[: LIMITS.reasons]
            if (contribution := _decimal(of_group[name], REASON_DIGITS))
        )

    def _told(self, made: _Made) -> dict[str, tuple[Value, Value]]:
        """What each reason's input is, and what it usually is: quantities are told beside the product's level."""
        cell = dict(zip(CELLS, made.cells.tolist(), strict=False))
        usual = _decimal(made.unit)

        def quantity(name: str) -> tuple[Value, Value]:
            return None if np.isnan(cell[name]) else _decimal(cell[name] * made.unit), usual

        return {
            "hour": (Decimal(int(cell["hour"])), None),
            "weekday": (WEEKDAYS[int(cell["weekday"])], None),
            "holiday": (bool(cell["holiday"]), False),
            "season": (self._kept.grid.at(self._kept.grid.steps + made.ahead).date(), None),
            "days ahead": (Decimal(made.ahead // self._kept.grid.day + 1), None),
            "same weekday of past weeks": quantity("mean of four weeks"),
            "past days": quantity("mean of seven days"),
            "recent level": quantity("level of a week"),
            "product": (self._kept.grid.products[made.product], None),
        }

    def _all_ahead(self) -> list[tuple[tuple[Value, ...], tuple[Value, ...]]]:
        """Both curves of each product, with covariates not known. Made once, as they are the same in every answer."""
        grid = self._kept.grid
        asked = from_origin(grid, grid.steps)
        try:
            root, unit = trees.forecast(self._booster, grid, asked)
        except (xgb.core.XGBoostError, ValueError) as error:
            raise self._broken(f"it cannot score: {str(error)[:120]}") from None
        every = trees.from_root(root, unit).reshape(len(grid.products), DAYS_AHEAD, grid.day)
        if not np.isfinite(every).all():
            raise self._broken("its forecast is not a finite number")
        return [
            (tuple(_decimal(cell) for cell in of_one[:7].ravel()), tuple(_decimal(cell) for cell in of_one.sum(axis=1)))
            for of_one in every
        ]

    def _broken(self, what: str) -> ModelDegradationDetected:
        return ModelDegradationDetected(f"model `{self.name}`: {what}", f"run: ordain train {self.name}")


@dataclass(frozen=True, slots=True)
class _Made:
    """One forecast in parts: `low` and `high` by level, `parts` the trees' contributions by cell."""

    product: int
    ahead: int
    cells: Floats
    unit: float
    forecast: float
    low: Floats
    high: Floats
    parts: Floats


def _decimal(value: float, digits: int = COUNT_DIGITS) -> Decimal:
    return round_to(Decimal(repr(float(value))), digits)


def _read(data: bytes, width: int) -> _Kept:
    """Raises KeyError, TypeError or ValueError where the file is not what training wrote."""
    kept = json.loads(data)
    products = tuple(kept["products"])
    quantity = np.array(kept["quantity"], dtype=np.float64)
    days_off = np.array(kept["days_off"], dtype=np.bool_)
    least, bounds = np.array(kept["least"], dtype=np.float64), np.array(kept["bounds"], dtype=np.float64)
    quantiles = np.array(kept["ranks"], dtype=np.float64)
    day = 24 if kept["hourly"] else 1
    whole = (
        quantity.ndim == 2 and quantity.shape[0] == len(products) and quantity.shape[1] >= (WEEKS_BACK + 1) * 7 * day
    )
    if not whole or len(days_off) < quantity.shape[1] // day + DAYS_AHEAD + 1:
        raise ValueError("its last weeks are not whole")
    if least.shape != (len(products),) or not (least > 0).all():
        raise ValueError("its levels are not above 0")
    if bounds.shape != (len(conformal.LEVELS), conformal.GROUPS, 2) or not np.isfinite(bounds).all():
        raise ValueError("its intervals are not whole")
    if quantiles.shape != (len(products), RANKS) or not (np.diff(quantiles, axis=1) >= 0).all():
        raise ValueError("its ranks are not whole")
    covariates = np.full((*quantity.shape, width), np.nan)
    start = dt.datetime.fromisoformat(kept["start"])
    grid = Grid(start, bool(kept["hourly"]), products, quantity, covariates, days_off, least)
    return _Kept(grid, kept["offset"], bounds, quantiles)
