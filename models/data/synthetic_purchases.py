"""SYNTHETIC purchases: invented customers who buy as the models of purchases suppose, for demos and tests.

They show that a model finds again what was put in, never that real customers buy so.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from ordain.engine.text.source import digest_of
from ordain.models.data.table import Table

STARTS = dt.date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Truth:
    """What the customers are drawn with: the Pareto/NBD's and the gamma-gamma's parameters, weeks and amounts."""

    r: float = 0.8
    alpha: float = 9.0
    s: float = 0.7
    beta: float = 14.0
    p: float = 6.0
    q: float = 4.0
    v: float = 15.0
    days: int = 730
    joined: int = 182
    """First purchases fall on the first so many of the `days`."""


def synthetic_purchases(count: int, seed: int, truth: Truth | None = None) -> Table:
    """A table of the purchases of `count` SYNTHETIC customers, roles `at` and `amount`; the same seed, the same table.

    A customer buys at gamma(r, alpha) times a week until leaving, at gamma(s, beta) per week; amounts are gamma(p, nu),
    nu gamma(q, v) of the customer's own.
    """
    true, random = truth or Truth(), np.random.default_rng(seed)
    rate = random.gamma(true.r, 1.0 / true.alpha, count)
    left = random.exponential(1.0, count) / random.gamma(true.s, 1.0 / true.beta, count)
    scale = random.gamma(true.q, 1.0 / true.v, count)
    start = random.integers(0, true.joined, count)
    subjects: list[str] = []
    at: list[dt.date] = []
    amounts: list[Decimal] = []
    for number in range(count):
        weeks = min(float(left[number]), (true.days - int(start[number])) / 7.0)
        repeats = np.sort(random.random(random.poisson(rate[number] * weeks))) * weeks
        days = [int(start[number]), *(int(start[number]) + np.floor(repeats * 7.0).astype(np.int64)).tolist()]
        spent = random.gamma(true.p, 1.0 / scale[number], len(days)).round(2).tolist()
        subjects += [f"S-{number + 1:06d}"] * len(days)
        at += [STARTS + dt.timedelta(days=day) for day in days]
        amounts += [Decimal(f"{amount:.2f}") for amount in spent]
    lines = (f"{subject},{day},{amount}\n" for subject, day, amount in zip(subjects, at, amounts, strict=True))
    return Table(
        name=f"SYNTHETIC purchases of {count} customers, seed {seed}",
        facts=(),
        subjects=tuple(subjects),
        rows=tuple({} for _ in subjects),
        digest=digest_of("".join(lines).encode()),
        roles={"at": tuple(at), "amount": tuple(amounts)},
    )
