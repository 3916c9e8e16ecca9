"""How good forecasts of demand were at past origins, beside those that they have to beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ordain.engine.errors import DataQualityIssue
from ordain.models.methods.arrays import Flags, Floats
from ordain.models.methods.demand import conformal
from ordain.models.methods.demand.demand_scorer import rank, ranks
from ordain.models.methods.demand.grid import Grid
from ordain.models.methods.demand.origins import Past
from ordain.models.methods.demand.series import SeriesOfTable
from ordain.models.spec import Figure, Plot, Report, Series

REPEATS = 2000
"""Bootstrap samples of origins."""
Measure = Callable[[Past, Floats, Flags], float]


def report(series: SeriesOfTable, measured: list[Past], country: str, seed: int) -> Report:
    """`measured` are origins that took no part in training or calibrating what was forecast there.

    Raises DataQualityIssue where nothing can be measured.
    """
    grid = series.grid
    random = np.random.default_rng([seed, 3])
    week, all_days = [each.week(grid) for each in measured], [np.ones(len(each.error), np.bool_) for each in measured]
    unit = "hours a day" if grid.hourly else "days a week"
    scaled = f"mean absolute error over that of {unit} apart before the origin (MASE)"

    def of(measure: Measure, parts: list[Flags], by: str = "forecast") -> Floats:
        every = [measure(past, getattr(past, by), part) for past, part in zip(measured, parts, strict=True)]
        return np.array(every)

    def figure(name: str, measure: Measure, parts: list[Flags], meaning: str) -> Figure:
        values = of(measure, parts)
        low, high = _interval(values, random)
        return Figure(name, _mean(values), meaning, "lower", low, high, _mean(of(measure, parts, "naive")))

    about = f"over {len(measured)} origins a week apart"
    later = "30 days ahead, of the last origins what has come"
    figures = [
        figure("mase_7_days", _mase, week, f"7 days ahead: {scaled}, {about}"),
        figure("mase_30_days", _mase, all_days, f"{later}: {scaled}"),
        figure("absolute_error_share_7_days", _share, week, "7 days ahead: sum of absolute errors over sum observed"),
        figure(
            "level_error_7_days", _level_error(grid), week, "7 days ahead: mean absolute error of the level, 0 to 1"
        ),
        Figure(
            "mase_7_days_of_mean_of_4_weeks",
            _mean(of(_mase, week, "mean_of_weeks")),
            "the first figure of another simple forecast: the mean of the last four weeks",
        ),
        Figure(
            "bias_7_days", _mean(of(_bias, week)), "forecast minus observed, over observed; a median lies below a mean"
        ),
    ]
    for number, covers in enumerate(conformal.LEVELS):
        for called, parts in (("7", week), ("30", all_days)):
            covered = np.array([_covered(past, number, part) for past, part in zip(measured, parts, strict=True)])
            low, high = _interval(covered, random)
            meaning = f"share of what came within the {covers:.0%} interval, {called} days ahead: {covers} is right"
            figures.append(Figure(f"coverage_{covers * 100:.0f}_{called}_days", _mean(covered), meaning, "", low, high))
    widths = np.array([_width(past, part) for past, part in zip(measured, week, strict=True)])
    figures.append(
        Figure("width_80_7_days", _mean(widths), "mean width of the 80% interval over mean observed", "lower")
    )
    first = figures[0]
    if not np.isfinite(first.value):
        message = "forecasts cannot be measured: nothing was counted after the origins, or demand is always the same"
        raise DataQualityIssue(message, "a model is of no use for such a series")
    beaten = first.baseline is not None and first.value < first.baseline
    notes = _notes(series, country)
    if not beaten:
        notes = ("It does NOT beat its baseline: do not use it.", *notes)
    return Report(_told(figures), "the same hour and weekday of the last known week", notes, _plots(grid, measured))


def _told(figures: list[Figure]) -> tuple[Figure, ...]:
    """Without what could not be measured, as where nothing was counted after an origin."""

    def known(value: float | None) -> float | None:
        return value if value is not None and np.isfinite(value) else None

    return tuple(
        replace(each, low=known(each.low), high=known(each.high), baseline=known(each.baseline))
        for each in figures
        if np.isfinite(each.value)
    )


def _known(past: Past, part: Flags, *more: Floats) -> Flags:
    known: Flags = part & ~np.isnan(past.observed)
    for each in more:
        known = known & ~np.isnan(each)
    return known


def _mase(past: Past, forecast: Floats, part: Flags) -> float:
    known = _known(past, part, forecast) & (past.scale > 0)
    return _mean(np.abs(past.observed - forecast)[known] / past.scale[known])


def _share(past: Past, forecast: Floats, part: Flags) -> float:
    known = _known(past, part, forecast)
    total = past.observed[known].sum()
    return float(np.abs(past.observed - forecast)[known].sum() / total) if total > 0 else float("nan")


def _bias(past: Past, forecast: Floats, part: Flags) -> float:
    known = _known(past, part, forecast)
    total = past.observed[known].sum()
    return float((forecast - past.observed)[known].sum() / total) if total > 0 else float("nan")


def _level_error(grid: Grid) -> Measure:
    """Of levels by the year that ends with the series: one scale for all origins, which no forecast was made from."""
    quantiles = ranks(grid)

    def measure(past: Past, forecast: Floats, part: Flags) -> float:
        known = np.flatnonzero(_known(past, part, forecast))
        return _mean(
            np.array(
                [
                    abs(rank(quantiles[product], expected) - rank(quantiles[product], came))
                    for product, expected, came in zip(
                        past.asked.product[known], forecast[known], past.observed[known], strict=True
                    )
                ]
            )
        )

    return measure


def _covered(past: Past, number: int, part: Flags) -> float:
    known = _known(past, part, past.low[number], past.high[number])
    inside = (past.low[number] <= past.observed) & (past.observed <= past.high[number])
    return _mean(inside[known].astype(np.float64))


def _width(past: Past, part: Flags) -> float:
    known = _known(past, part)
    observed = _mean(past.observed[known])
    return _mean((past.high[0] - past.low[0])[known]) / observed if observed > 0 else float("nan")


def _mean(values: Floats) -> float:
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")


def _interval(values: Floats, random: np.random.Generator) -> tuple[float, float]:
    """95 %, by drawing origins again: hours of one origin err together, so they are no sample of their own."""
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    means = values[random.integers(0, len(values), (REPEATS, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _notes(series: SeriesOfTable, country: str) -> tuple[str, ...]:
    grid = series.grid
    called = "hours" if grid.hourly else "days"
    notes = [
        f"Trained to forecast from {grid.at(grid.steps).isoformat()} on, for 30 days: train it anew in that time.",
        f"{series.absent:,} {called} have no row: not counted, so not learned from, not measured by and not filled.",
        "Intervals are conformal, from errors at past origins. After a sudden change they cover less for some weeks.",
        "`demand` is a rank among the last year's quantities: half of all hours lie above 0.5 by its making."
        if grid.hourly
        else "`demand` is a rank among the last year's quantities: half of all days lie above 0.5 by its making.",
    ]
    if grid.steps < 365 * grid.day:
        notes.append("The series is shorter than a year: the level knows no other season than those seen.")
    if series.covariates:
        named = ", ".join(f"`{fact.name}`" for fact in series.covariates)
        notes.append(f"Figures take {named} as known in advance. What is known only afterwards flatters them.")
    if not country and not series.flags_holidays:
        notes.append("It knows no public holidays: name a country, or a column that flags them.")
    if series.flags_holidays and not country:
        notes.append("Holidays to come are known only where `holiday` is sent: the curves know none.")
    if series.left:
        named = ", ".join(f"`{name}`" for name in series.left[:10])
        notes.append(f"Not forecast, as nothing was counted in the last 7 days: {named} ({len(series.left)} in all).")
    if grid.hourly and not series.offset:
        notes.append("Hours are those of the clock on the wall: when asked, the offset from UTC is not looked at.")
    return tuple(notes)


def _plots(grid: Grid, measured: list[Past]) -> tuple[Plot, ...]:
    last = measured[-1]
    part = last.week(grid) & (last.asked.product == 0)
    days = tuple(float(ahead) / grid.day for ahead in last.asked.ahead[part])
    shown = (
        ("observed", last.observed),
        ("forecast", last.forecast),
        ("low 80%", last.low[0]),
        ("high 80%", last.high[0]),
    )
    product = f" of {grid.products[0]}" if grid.products[0] else ""
    origin = grid.at(int(last.asked.origin[0])).isoformat()
    week = Plot(
        "last_origin",
        f"Forecast at {origin}{product}, and what came",
        "line",
        "days ahead",
        "quantity",
        tuple(_line(name, days, values[part]) for name, values in shown),
    )
    at = tuple(grid.at(int(past.asked.origin[0])).date().isoformat() for past in measured)
    errors = tuple(
        _line(name, at, np.array([_mase(past, getattr(past, by), past.week(grid)) for past in measured]))
        for name, by in (("model", "forecast"), ("same hour last week", "naive"))
    )
    by_origin = Plot("by_origin", "Scaled error of 7 days by origin", "bars", "origin", "MASE", errors)
    return week, by_origin, _by_days_ahead(grid, measured)


def _by_days_ahead(grid: Grid, measured: list[Past]) -> Plot:
    """Coverage of the intervals by how far ahead they reach."""
    ends = (0, *conformal.GROUP_ENDS, 30)
    names = tuple(f"{start + 1} to {end}" for start, end in pairwise(ends))
    lines = []
    for number, covers in enumerate(conformal.LEVELS):
        shares = []
        for group in range(conformal.GROUPS):
            parts = [conformal.group(past.asked.ahead, grid.day) == group for past in measured]
            values = np.array([_covered(past, number, part) for past, part in zip(measured, parts, strict=True)])
            shares.append(_mean(values))
        lines.append(_line(f"{covers:.0%} interval", names, np.array(shares)))
    return Plot("coverage", "Share of what came within the interval", "bars", "days ahead", "share", tuple(lines))


def _line(name: str, xs: Sequence[float | str], ys: Floats) -> Series:
    """Without the points where nothing is known."""
    known = ~np.isnan(ys)
    return Series(
        name, tuple(x for x, there in zip(xs, known, strict=True) if there), tuple(float(y) for y in ys[known])
    )
