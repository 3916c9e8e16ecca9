"""A SYNTHETIC broadband operator: invented customers, for demos and tests, never evidence about real people.

Five segments with fixed shares, usage and price elasticity. Whether a customer churned is drawn from a logistic
of five drivers (`DRIVERS`, log-odds per unit) and unexplained noise; segment, elasticity, plan and price do not
drive it, so a model that leans on them has learned noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Segment:
    """`usage_gb` per month: uniform between the two bounds or, without an upper one, gamma-distributed above."""

    name: str
    share: float
    usage_gb: tuple[float, float | None]
    elasticity: float


SEGMENTS = (
    Segment("premium power", 0.15, (150.0, None), -0.3),
    Segment("price-conscious power", 0.25, (100.0, None), -1.8),
    Segment("value seekers", 0.30, (30.0, 60.0), -1.2),
    Segment("budget", 0.20, (50.0, 80.0), -2.0),
    Segment("casual premium", 0.10, (2.0, 29.9), -0.5),
)

INVENTED = "SYNTHETIC-"
"""What the names of invented customers begin with, in a store of features."""

DRIVERS = {
    "usage_decline_percent": 0.06,
    "days_since_login": 0.08,
    "payment_failures": 1.0,
    "tickets": 0.6,
    "contract_months": -0.04,
}
"""Log-odds of churn per percent, day, failure, ticket and month."""

INTERCEPT = -2.9
NOISE = 0.5
"""Standard deviation, in log-odds, of what the drivers do not explain."""

PLANS = ((30, 300), (60, 400), (100, 500), (200, 700), (500, 1000))
"""Monthly allowance in GB and price in rupees."""
PLAN_NAMES = ("basic", "standard", "premium", "unlimited")
PLAN_OF = {30: "basic", 60: "basic", 100: "standard", 200: "premium", 500: "unlimited"}
"""What a plan of that allowance is called."""


def customers(count: int, seed: int) -> pd.DataFrame:
    """`count` synthetic customers, one per row; the same seed gives the same table.

    Columns: subject ("S-00001"), segment, elasticity, usage_gb (this month), usage_decline_percent (against the
    three months before; negative is growth), days_since_login, payment_failures (12 months), tickets (90 days),
    contract_months, plan_gb, monthly_price (rupees), churned ("yes" or "no").
    """
    random = np.random.default_rng(seed)
    segment = random.choice(len(SEGMENTS), size=count, p=[each.share for each in SEGMENTS])
    usage = _usage(random, segment)
    decline = random.normal(4.0, 22.0, count).clip(-60.0, 95.0).round(1)
    idle_days = random.exponential(6.0 * np.exp(0.012 * decline.clip(0.0, None))).astype(np.int64).clip(0, 120)
    table = pd.DataFrame(
        {
            "subject": [f"S-{number:05d}" for number in range(1, count + 1)],
            "segment": np.array([each.name for each in SEGMENTS])[segment],
            "elasticity": np.array([each.elasticity for each in SEGMENTS])[segment],
            "usage_gb": usage,
            "usage_decline_percent": decline,
            "days_since_login": idle_days,
            "payment_failures": random.poisson(0.5, count).clip(0, 12),
            "tickets": random.poisson(0.6, count).clip(0, 20),
            "contract_months": (1 + random.exponential(26.0, count)).astype(np.int64).clip(1, 120),
        }
    )
    table["plan_gb"], table["monthly_price"] = _plan(usage * random.uniform(0.8, 1.6, count))
    chance = _churn_chance(table, random.normal(0.0, NOISE, count))
    table["churned"] = np.where(random.random(count) < chance, "yes", "no")
    return table


def _usage(random: np.random.Generator, segment: NDArray[np.int64]) -> Floats:
    """GB per month, one decimal."""
    usage = np.empty(len(segment))
    for index, each in enumerate(SEGMENTS):
        low, high = each.usage_gb
        of_segment = segment == index
        size = int(of_segment.sum())
        drawn = low + random.gamma(2.0, 35.0, size) if high is None else random.uniform(low, high, size)
        usage[of_segment] = drawn.round(1)
    return usage


def _plan(wanted_gb: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Allowance and price of the smallest plan with the wanted gigabytes, or of the largest plan."""
    allowance, price = np.array(PLANS).T
    chosen = np.searchsorted(allowance, wanted_gb).clip(0, len(PLANS) - 1)
    return allowance[chosen], price[chosen]


def _churn_chance(table: pd.DataFrame, noise: Floats) -> Floats:
    log_odds = INTERCEPT + noise
    for column, weight in DRIVERS.items():
        log_odds = log_odds + weight * table[column].to_numpy()
    chance: Floats = 1.0 / (1.0 + np.exp(-log_odds))
    return chance
