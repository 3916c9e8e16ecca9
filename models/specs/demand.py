"""Demand ahead: how much of a product will be wanted in an hour or on a day, and how high that is."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from ordain.engine.policy.facts import Fact
from ordain.engine.text.source import digest_of
from ordain.engine.values.types import Kind, Type, Value
from ordain.models.data.table import Table
from ordain.models.methods.demand import trees
from ordain.models.methods.demand.demand_report import report
from ordain.models.methods.demand.demand_scorer import COUNT_DIGITS, RANK_DIGITS, SERIES, TREES, DemandScorer, ranks
from ordain.models.methods.demand.grid import WEEKS_BACK
from ordain.models.methods.demand.made_series import made_demand
from ordain.models.methods.demand.origins import WEEKS_NEEDED, Past, backtest, bounds_at
from ordain.models.methods.demand.series import SeriesOfTable, read_series
from ordain.models.spec import Artifact, Gives, Output, Parameter, Progress, Role

_NUMBER = Type(Kind.NUMBER)
_CURVE = Type(Kind.LIST, item=_NUMBER)
SAMPLE_ENDS = dt.date(2026, 1, 1)
SAMPLE_CLOCK = dt.timezone(dt.timedelta(hours=5, minutes=30))


@dataclass(frozen=True, slots=True)
class Demand:
    """`country` names whose public holidays count (`IN`, `US-NY`), beside the days that the role `holiday` flags."""

    country: str = ""
    rounds: int = trees.ROUNDS
    name: str = "demand"
    about: str = (
        "How much of a product will be wanted in one hour, or on one day, of the 30 days after the series ends."
    )
    outputs: tuple[Output, ...] = (
        Output(
            "demand",
            Gives.AMOUNT,
            Type(Kind.NUMBER, unit="fraction"),
            "the forecast as a level: the share of the last year's hours (or days) that had less, 0 low to 1 high",
            RANK_DIGITS,
        ),
        Output("forecast", Gives.COUNT, _NUMBER, "the median quantity that is expected", COUNT_DIGITS),
        Output("low", Gives.COUNT, _NUMBER, "the lower end of the interval that covers 80 percent", COUNT_DIGITS),
        Output("high", Gives.COUNT, _NUMBER, "the upper end of it", COUNT_DIGITS),
        Output("low_95", Gives.COUNT, _NUMBER, "the lower end of the interval that covers 95 percent", COUNT_DIGITS),
        Output("high_95", Gives.COUNT, _NUMBER, "the upper end of it", COUNT_DIGITS),
        Output(
            "next_7_days",
            Gives.CURVE,
            _CURVE,
            "forecasts of the 7 days after the series, by hour or by day",
            COUNT_DIGITS,
        ),
        Output("next_30_days", Gives.CURVE, _CURVE, "sums by day of the 30 days after the series", COUNT_DIGITS),
    )
    roles: tuple[Role, ...] = (
        Role("at", Type(Kind.DATE_TIME), "the hour or the day, as a date and time or a date"),
        Role("quantity", _NUMBER, "how much was wanted then"),
        Role("product", Type(Kind.TEXT), "of what, where the table is about several", needed=False),
        Role("holiday", _NUMBER, "1 on a public holiday, else 0", needed=False),
    )

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        country = "whose public holidays count, by a code such as IN or US-NY"
        return (
            Parameter("country", Type(Kind.TEXT), country),
            Parameter("rounds", _NUMBER, "how many trees forecast", whole=True),
        )

    def adjusted(self, values: Mapping[str, Value]) -> Demand:
        told = dict[str, Any](values)
        return replace(self, **told | {"rounds": int(told.get("rounds", self.rounds))})

    def train(self, table: Table, *, seed: int = 0, progress: Progress | None = None) -> Artifact:
        """Measured at past origins, then trained on all. Raises DataQualityIssue, SettingsError (`country`)."""
        series = read_series(table, self.country)
        grid = series.grid

        steps = [0, 0]

        def told(done: int, of: int) -> None:
            steps[:] = done, of
            if progress is not None:
                progress(done, of, "forecasts of the past")

        calibrated, measured = backtest(grid, seed, self.rounds, told)
        booster = trees.fit(grid, grid.steps, seed, self.rounds)
        state = _state(series, bounds_at(grid, [*calibrated, *measured], grid.steps))
        files = {TREES: bytes(booster.save_raw("ubj")), SERIES: json.dumps(state, sort_keys=True).encode()}
        learned = len(trees.training_rows(grid, grid.steps, seed).step)
        if progress is not None:
            progress(steps[0] + 1, steps[1], f"{learned:,} rows learned from")
        parameters = {**trees.RECIPE, "rounds": self.rounds, "country": self.country}
        parts = {"training": learned, "validation": _counted(calibrated), "held out": _counted(measured)}
        return Artifact(files, _reads(series), report(series, measured, self.country, seed), parameters, parts)

    def scorer(
        self, files: Mapping[str, bytes], reads: tuple[Fact, ...], parameters: Mapping[str, float | int | str]
    ) -> DemandScorer:
        """Raises ModelDegradationDetected for files that are not what training gave."""
        return DemandScorer(self.name, files, reads)

    def sample(self, count: int, seed: int) -> Table:
        """`count` SYNTHETIC hours, in whole days and at least as many as training takes, up to the end of 2025."""
        return self.sample_until(count, seed, SAMPLE_ENDS)

    def sample_until(self, count: int, seed: int, day: dt.date) -> Table:
        """The same up to the beginning of a day: what is learned from them forecasts the 30 days from it on."""
        days = max(-(-count // 24), WEEKS_NEEDED * 7)
        start = dt.datetime.combine(day - dt.timedelta(days=days), dt.time(), SAMPLE_CLOCK)
        quantity = tuple(Decimal(int(each)) for each in made_demand(days * 24, start.weekday(), seed))
        return Table(
            name=f"{len(quantity)} SYNTHETIC hours of demand, seed {seed}",
            facts=(),
            subjects=tuple(f"S-{number:06d}" for number in range(1, len(quantity) + 1)),
            rows=({},) * len(quantity),
            digest=digest_of(repr((start, quantity)).encode()),
            roles={
                "at": tuple(start + dt.timedelta(hours=number) for number in range(len(quantity))),
                "quantity": quantity,
            },
        )


def _state(series: SeriesOfTable, bounds: np.ndarray) -> dict[str, object]:
    """What a forecast is made from beside the trees: the last weeks, the calendar, the errors, last year's ranks."""
    grid = series.grid
    kept = (WEEKS_BACK + 1) * 7
    first = grid.steps // grid.day - kept
    # A series that ends within a day keeps that part of it, too.
    quantity = grid.quantity[:, first * grid.day :]
    return {
        "start": grid.at(first * grid.day).isoformat(),
        "hourly": grid.hourly,
        "offset": series.offset,
        "products": list(grid.products),
        "quantity": [[None if np.isnan(cell) else cell for cell in row] for row in quantity.tolist()],
        "days_off": grid.days_off[first:].tolist(),
        "least": grid.least.tolist(),
        "bounds": bounds.tolist(),
        "ranks": ranks(grid).tolist(),
    }


def _reads(series: SeriesOfTable) -> tuple[Fact, ...]:
    grid = series.grid
    if grid.hourly:
        when = Fact("demand_hour", Type(Kind.DATE_TIME), meaning="the hour that demand is asked for")
    else:
        when = Fact("demand_day", Type(Kind.DATE), meaning="the day that demand is asked for")
    more: list[Fact] = []
    if grid.products != ("",):
        more.append(
            Fact("product", Type(Kind.TEXT, values=grid.products), meaning="the product that demand is asked of")
        )
    if series.flags_holidays:
        holiday = Fact("holiday", Type(Kind.FLAG), optional=True, meaning="whether that day is a public holiday")
        more.append(holiday)
    return (when, *more, *series.covariates)


def _counted(past: list[Past]) -> int:
    return sum(int((~np.isnan(each.observed)).sum()) for each in past)


SPEC = Demand()
