"""Lifetime value learned from purchases: measured on a later time than it was fitted on, then fitted on everything."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from decimal import Decimal

import numpy as np

from ordain.engine.errors import DataQualityIssue
from ordain.engine.policy.facts import round_to
from ordain.engine.values.decimals import settled, step
from ordain.models.data.table import Table
from ordain.models.limits import LIMITS
from ordain.models.methods.lifetime.amount_figures import Baseline, figures, measures, not_beaten, of_nothing, stronger
from ordain.models.methods.lifetime.bg_nbd import BgNbd, fit_bg_nbd
from ordain.models.methods.lifetime.gamma_gamma import FittedAmounts, fit_gamma_gamma
from ordain.models.methods.lifetime.maximum_likelihood import Floats
from ordain.models.methods.lifetime.model_file import MODEL, FromPurchases, Tiers, amount, exact, written
from ordain.models.methods.lifetime.pareto_nbd import ParetoNbd, fit_pareto_nbd
from ordain.models.methods.lifetime.plots import plots
from ordain.models.methods.lifetime.purchase_process import Fitted
from ordain.models.methods.lifetime.purchase_score import DIGITS, READS
from ordain.models.methods.lifetime.purchase_table import Read, read_purchases
from ordain.models.methods.lifetime.purchase_value import PurchaseValue, usual_of
from ordain.models.methods.lifetime.purchases import DAYS, Histories, Purchases, bought, histories
from ordain.models.spec import Artifact, Progress, Report

HELD_OUT_DAYS = 365
"""Held out are the last 12 months, or the last half of a table that covers less than two years."""
HIGH, MEDIUM = 0.8, 0.5
"""Quantiles of the customers' values from which the tiers `high` and `medium` begin."""


@dataclass(frozen=True, slots=True)
class _Split:
    """Ordinals of days: the fit sees those up to `until`, it is measured on those after, up to `end`."""

    until: int
    end: int

    @property
    def weeks(self) -> float:
        return (self.end - self.until) / DAYS


@dataclass(frozen=True, slots=True)
class _Fit:
    """`process` is the one that is used, `other` the one that is not."""

    process: Fitted
    other: Fitted
    amounts: FittedAmounts
    customers: int


def train_purchases(table: Table, discount: Decimal, seed: int, progress: Progress | None) -> Artifact:
    """Raises DataQualityIssue for a table that is too short, or in which too few buy again."""
    told = progress or (lambda done, all, seen: None)
    read = read_purchases(table)
    purchases = read.purchases
    split = _split(purchases, table.name)
    known = histories(purchases, split.until)
    told(0, 3, f"{len(purchases):,} purchases of {len(purchases.subjects):,} customers")
    fitted = _fit(known, seed, table.name)
    told(1, 3, f"{fitted.process.process.title} on the first {(split.until - int(purchases.day.min())) // 7} weeks")
    report = _report(read, known, fitted, split, seed)
    now = histories(purchases, split.end)
    served = _served(now, fitted, discount, seed)
    told(2, 3, f"{served.process.title} on all weeks")
    stored = _stored(now, served, discount)
    told(3, 3, f"high from {stored.tiers.high}, medium from {stored.tiers.medium}")
    parameters: dict[str, float | int | str] = {
        "learned from": stored.kind,
        "process": stored.process,
        **{name: float(value) for name, value in stored.parameters.items()},
        **{f"amount {name}": float(value) for name, value in stored.amounts.items()},
        "discount per year": float(discount),
        "measured on days after": _date(split.until),
        "fitted on days until": _date(split.end),
    }
    early = int((purchases.day <= split.until).sum())
    parts = {"training": early, "validation": 0, "held out": len(purchases) - early}
    return Artifact({MODEL: written(stored)}, READS, report, parameters, parts)


def _split(purchases: Purchases, name: str) -> _Split:
    first, end = int(purchases.day.min()), int(purchases.day.max())
    if end - first < LIMITS.fewest_weeks * DAYS:
        message = f"`{name}` covers {(end - first) // 7} weeks, {LIMITS.fewest_weeks} at least are needed"
        raise DataQualityIssue(message, "bring a table that goes further back")
    return _Split(max(end - HELD_OUT_DAYS, first + (end - first) // 2), end)


def _fit(known: Histories, seed: int, name: str) -> _Fit:
    """Pareto/NBD; where the data do not settle its parameters, the likelier of it and BG/NBD.

    BG/NBD holds everybody without repeat purchase for alive, however long ago that purchase was, which makes its
    probability useless for them; so it is the second choice even where its likelihood is a little higher.
    """
    again = int(((known.frequency > 0) & (known.mean_amount > 0)).sum())
    if again < LIMITS.fewest_rows:
        message = f"`{name}`: {again} customers bought again in time, {LIMITS.fewest_rows} at least are needed"
        raise DataQualityIssue(message, "bring more customers, or a longer time")
    columns = _drawn(known, seed)
    process, other = fit_pareto_nbd(*columns), fit_bg_nbd(*columns)
    if process.at_bound and other.log_likelihood > process.log_likelihood:
        process, other = other, process
    return _Fit(process, other, fit_gamma_gamma(known.frequency, known.mean_amount), len(columns[0]))


def _drawn(known: Histories, seed: int) -> tuple[Floats, Floats, Floats]:
    """Frequency, recency and age of all customers, or of as many as the limit allows."""
    rows = np.arange(len(known))
    if len(rows) > LIMITS.fitted_customers:
        rows = np.sort(np.random.default_rng(seed).choice(rows, LIMITS.fitted_customers, replace=False))
    return known.frequency[rows], known.recency[rows], known.age[rows]


def _served(now: Histories, measured: _Fit, discount: Decimal, seed: int) -> PurchaseValue:
    """The kind of process that was measured, fitted to all that is known at the end of the table."""
    columns = _drawn(now, seed)
    match measured.process.process:
        case BgNbd() as near:
            process = fit_bg_nbd(*columns, near).process
        case ParetoNbd() as near:
            process = fit_pareto_nbd(*columns, near).process
        case unknown:
            raise TypeError(unknown)
    return PurchaseValue(process, fit_gamma_gamma(now.frequency, now.mean_amount).amounts, float(discount))


def _report(read: Read, known: Histories, fitted: _Fit, split: _Split, seed: int) -> Report:
    """Figures of customers known by `split.until`, on what they bought after it; amounts are not discounted here."""
    purchases = read.purchases
    count, spent = bought(purchases, known.customer, split.until, split.end)
    columns = known.frequency, known.recency, known.age
    weeks = np.full(len(known), split.weeks)
    expected = fitted.process.process.expected(weeks, *columns)
    mean = fitted.amounts.amounts.expected(known.frequency, known.mean_amount)
    of_counts, of_amounts = _baselines(purchases, known, split)
    hardest, hardest_count = stronger(of_amounts, spent), stronger(of_counts, count)
    made = (
        *figures(expected * mean, spent, hardest, "amounts per customer", seed),
        *figures(expected, count, hardest_count, "purchases per customer", seed, "purchases_"),
    )
    named = f"{hardest.name} for amounts, {hardest_count.name} for purchases (the harder of two)"
    other = measures(fitted.other.process.expected(weeks, *columns), count)
    lost = not_beaten(made[0], hardest)
    by_size = next(figure for figure in made if figure.name == "purchases_mae")
    notes = (
        *([lost] if lost else []),
        of_nothing(by_size, count, "purchases"),
        *_notes(read, known, fitted, split, other),
    )
    drawn = plots(known.frequency, expected, count, expected * mean, spent)
    return Report(made, named, notes, drawn)


def _baselines(
    purchases: Purchases, known: Histories, split: _Split
) -> tuple[tuple[Baseline, ...], tuple[Baseline, ...]]:
    """Of purchases and of amounts: everybody's mean, and what each did in the last period of the same length.

    The mean is that of repeat purchases per week of a customer's age; a first purchase in the last period is no repeat.
    """
    weeks = split.weeks
    total = max(float(known.age.sum()), 1.0)
    repeats = known.frequency
    spent = np.where(repeats > 0, repeats * np.nan_to_num(known.mean_amount), 0.0)
    start = split.until - (split.end - split.until)
    count, amounts = bought(purchases, known.customer, start, split.until)
    firsts, first_amounts = _firsts(purchases, known, start)

    def pair(all_of: Floats, own: Floats) -> tuple[Baseline, ...]:
        mean = np.full(len(known), float(all_of.sum()) / total * weeks)
        return Baseline("mean of training", mean), Baseline("the last period again", own)

    return pair(repeats, count - firsts), pair(spent, amounts - first_amounts)


def _firsts(purchases: Purchases, known: Histories, after: int) -> tuple[Floats, Floats]:
    """1 and the amount for each customer whose first purchase is after the day `after`, 0 for the others."""
    starts = np.flatnonzero(np.diff(purchases.customer, prepend=-1))[known.customer]
    late = purchases.day[starts] > after
    return late.astype(np.float64), np.where(late, purchases.amount[starts], 0.0)


def _stored(now: Histories, model: PurchaseValue, discount: Decimal) -> FromPurchases:
    """The final fit, with the usual customer and the tiers as they are at the end of the table."""
    usual = usual_of(now.frequency, now.recency, now.age, now.mean_amount)
    values = model.value(now.frequency, now.recency, now.age, np.nan_to_num(now.mean_amount))
    amounts = {"p": model.amounts.p, "q": model.amounts.q, "v": model.amounts.v}
    return FromPurchases.model_validate(
        {
            "kind": "purchases",
            "process": model.process.title,
            "parameters": {name: exact(value) for name, value in model.process.parameters.items()},
            "amounts": {name: exact(value) for name, value in amounts.items()},
            "discount": discount,
            "usual": {name: settled(round_to(exact(value), DIGITS), step(0)) for name, value in asdict(usual).items()},
            "tiers": tiers_of(values),
        }
    )


def tiers_of(values: Floats) -> Tiers:
    high, medium = (amount(max(float(each), 0.0)) for each in np.quantile(values, (HIGH, MEDIUM)))
    return Tiers(high=high, medium=medium)


def _notes(read: Read, known: Histories, fitted: _Fit, split: _Split, other: dict[str, float]) -> tuple[str, ...]:
    used = fitted.process
    again = known.frequency > 0
    together = measures(known.frequency[again], known.mean_amount[again])["correlation"]
    notes = [
        f"Figures are those of a fit on purchases until {_date(split.until)}, on the {split.weeks:.1f} weeks after, of "
        f"{len(known):,} customers known by then. What is served is fitted on all purchases until {_date(split.end)}.",
        f"{used.process.title} was used (log-likelihood {used.log_likelihood:.1f}); {fitted.other.process.title} "
        f"({fitted.other.log_likelihood:.1f}) has an RMSE of purchases of {other['rmse']:.3f}, a correlation of "
        f"{other['correlation']:.3f} and a sum ratio of {other['sum_ratio']:.2f}.",
        f"How often and how much are taken to be independent; among customers who bought again their correlation is "
        f"{together:.2f}.",
    ]
    if used.at_bound:
        notes.append("The purchases do not settle whether customers leave at all: parameters lie at their bounds.")
    if fitted.amounts.at_bound:
        notes.append("Amounts are so uneven that their mean is not settled: beware of customers of few purchases.")
    if fitted.customers < len(known):
        notes.append(f"Fitted on {fitted.customers:,} customers drawn from {len(known):,}.")
    if read.returned:
        notes.append(f"{read.returned:,} rows of no units or fewer were left out as returns.")
    return tuple(notes)


def _date(ordinal: int) -> str:
    return dt.date.fromordinal(ordinal).isoformat()
