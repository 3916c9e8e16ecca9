"""How good elasticities are, beside one for all: by sales that were left out, and by what they say of themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ordain.engine.errors import DataQualityIssue
from ordain.models.methods.arrays import Floats
from ordain.models.methods.elasticity import log_log
from ordain.models.methods.elasticity.log_log import Sales, Slopes
from ordain.models.methods.elasticity.partial_pooling import Drawn, Pooled, draw, pool
from ordain.models.methods.elasticity.sales import SalesOfTable
from ordain.models.methods.elasticity.willingness import prices, share_that_buys
from ordain.models.spec import Figure, Plot, Report, Series

FOLDS = 5
REPEATS = 2000
"""Bootstrap samples of periods."""
DRAWN = 8
"""Groups whose curves are drawn, those that sell most."""


def report(read: SalesOfTable, slopes: Slopes, common: Pooled, drawn: Drawn, seed: int) -> Report:
    """Raises DataQualityIssue where nothing can be measured."""
    sales = read.sales
    left_out = _left_out(sales, seed)
    if not len(left_out.own):
        message = "no group's sales can be told from those of other periods, so nothing can be measured"
        raise DataQualityIssue(message, "bring sales of more periods")
    low, high = _interval(left_out, sales.periods, seed)
    mean_low, mean_high = common.interval_of_mean()
    usable = drawn.usable
    width = float((drawn.high - drawn.low)[usable].mean()) if usable.any() else float("nan")
    figures = (
        Figure(
            "error_left_out",
            _root(left_out.own),
            "root mean square error of log quantity in groups and periods that were left out",
            "lower",
            low,
            high,
            _root(left_out.pooled),
        ),
        Figure("pooled_elasticity", common.mean, "mean elasticity of the groups", "", mean_low, mean_high),
        Figure("spread", common.spread, "standard deviation of the groups' true elasticities, as estimated"),
        Figure(
            "interval_width",
            width,
            "mean width of the 95% intervals of groups with an elasticity of their own",
            "lower",
        ),
        Figure("usable_share", float(usable.mean()), "share of groups with an own estimate below 0", "higher"),
        Figure(
            "plain_least_squares",
            log_log.plain(sales),
            "elasticity without fixed effects: what differs from the pooled one is groups and periods, not price",
        ),
    )
    # Without what could not be measured, as where no group has an estimate of its own.
    told = tuple(each for each in figures if np.isfinite(each.value))
    return Report(told, "one pooled elasticity", _notes(read, slopes, drawn), _plots(read, common, drawn))


@dataclass(frozen=True, slots=True)
class _Errors:
    """Of log quantities that were left out, shape (n,), with the period of each."""

    own: Floats
    pooled: Floats
    period: Floats


def _left_out(sales: Sales, seed: int) -> _Errors:
    """Each group's periods are dealt to the folds; one fold at a time is left out and told from the others."""
    random = np.random.default_rng([seed, 4])
    cell, cells = sales.group * sales.periods + sales.period, sales.groups * sales.periods
    fold = random.permutation(cells)[cell] % FOLDS
    own, one = np.full(len(cell), np.nan), np.full(len(cell), np.nan)
    for number in range(FOLDS):
        known, out = sales.part(fold != number), fold == number
        if not out.any() or out.all():
            continue
        by_group = log_log.by_group(known)
        if not np.isnan(by_group.slope).all():
            slope = draw(
                by_group.slope, by_group.error, by_group.freedom, pool(by_group.slope, by_group.error)
            ).estimate
            own[out] = _error(sales.part(out), known, slope, by_group.effect)
        pooled = log_log.pooled(known)
        one[out] = _error(sales.part(out), known, np.full(sales.groups, pooled.slope[0]), pooled.effect)
    both = ~np.isnan(own) & ~np.isnan(one)
    return _Errors(own[both], one[both], sales.period[both].astype(np.float64))


def _error(asked: Sales, known: Sales, slope: Floats, effect: Floats) -> Floats:
    """Observed minus expected, with the intercepts that go with these slopes; NaN of a group or period not known."""
    rest = known.quantity - slope[known.group] * known.price - effect[known.period]
    count = np.bincount(known.group, minlength=known.groups)
    total = np.bincount(known.group, rest, known.groups)
    intercept = np.divide(total, count, out=np.full(known.groups, np.nan), where=count > 0)
    expected: Floats = intercept[asked.group] + effect[asked.period] + slope[asked.group] * asked.price
    return asked.quantity - expected


def _root(errors: Floats) -> float:
    return float(np.sqrt((errors**2).mean())) if len(errors) else float("nan")


def _interval(errors: _Errors, periods: int, seed: int) -> tuple[float, float]:
    """95 %, by drawing periods again."""
    random = np.random.default_rng([seed, 5])
    period = errors.period.astype(np.int64)
    total, count = np.bincount(period, errors.own**2, periods), np.bincount(period, minlength=periods)
    again = random.integers(0, periods, (REPEATS, periods))
    counted = count[again].sum(axis=1)
    roots = np.sqrt(total[again].sum(axis=1)[counted > 0] / counted[counted > 0])
    low, high = np.quantile(roots, [0.025, 0.975]) if len(roots) else (float("nan"), float("nan"))
    return float(low), float(high)


def _notes(read: SalesOfTable, slopes: Slopes, drawn: Drawn) -> tuple[str, ...]:
    notes = [
        "Fixed effects take up what a group, or a period, has of its own. What moves one group's price and demand in "
        "one period together (an advertised promotion, a rival) is not taken up: only an experiment tells it apart.",
        "Variances are clustered by period. Errors that last over periods make intervals too short.",
        "Small groups are drawn to the mean of all, each by how little it knows (empirical Bayes).",
        "Curves end at the lowest and the highest price that was seen, and speak of buyers at the lowest.",
    ]
    names = [" of ".join(part for part in reversed(pair) if part) for pair in read.groups]
    if drawn.positive.any():
        told = [f"{names[at]} ({slopes.slope[at]:+.2f})" for at in np.flatnonzero(drawn.positive)[:DRAWN]]
        notes.insert(
            0, f"Dearer sold more, so the pooled elasticity is used: {', '.join(told)}; {drawn.positive.sum()} in all."
        )
    unknown = np.isnan(slopes.slope)
    if unknown.any():
        told = [names[at] for at in np.flatnonzero(unknown)[:DRAWN]]
        notes.insert(
            0, f"No elasticity of their own, so the pooled one is used: {', '.join(told)}; {unknown.sum()} in all."
        )
    if read.nought:
        notes.append(f"{read.nought:,} rows without a sale were left out, as 0 has no logarithm.")
    return tuple(notes)


def _plots(read: SalesOfTable, common: Pooled, drawn: Drawn) -> tuple[Plot, ...]:
    names = tuple(" / ".join(part for part in pair if part) for pair in read.groups)
    lines = tuple(
        Series(name, names, tuple(float(value) for value in values))
        for name, values in (("elasticity", drawn.estimate), ("low", drawn.low), ("high", drawn.high))
    )
    pooled = Series("pooled", names, (common.mean,) * len(names))
    by_group = Plot(
        "groups", "Elasticity by group, with 95% intervals", "points", "group", "elasticity", (*lines, pooled)
    )
    sold = np.bincount(read.sales.group, np.exp(read.sales.quantity), read.sales.groups)
    curves = []
    for number in np.argsort(-sold, kind="stable")[:DRAWN]:
        grid = prices(*read.prices[read.groups[number][1]])
        shares = share_that_buys(grid, min(float(drawn.estimate[number]), 0.0))
        curves.append(Series(names[number], tuple(grid.tolist()), tuple(shares.tolist())))
    title = "Of those who buy at the lowest price, who still buys"
    return by_group, Plot("curves", title, "line", "price", "share", tuple(curves))
