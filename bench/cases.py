"""SYNTHETIC customers for the decision benchmark, the same ones for every engine."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from random import Random

PLANS = ("basic", "standard", "premium", "unlimited")


@dataclass(frozen=True, slots=True)
class Case:
    """One customer, as decimals. Prices in rupees."""

    churn_risk: Decimal
    tenure_months: Decimal
    plan: str
    base_price: Decimal
    current_price: Decimal
    lowest_price: Decimal
    highest_price: Decimal

    def facts(self) -> dict[str, object]:
        """By name, numbers as Decimal: how a request arrives once its JSON is read."""
        return {name: getattr(self, name) for name in self.__slots__}

    def floats(self) -> dict[str, object]:
        """By name, numbers as float: zen-engine takes no Decimal."""
        return {name: float(part) if isinstance(part, Decimal) else part for name, part in self.facts().items()}


def cases(count: int, seed: int) -> list[Case]:
    """Risk and tenure uniform; prices to the paisa around 500, so that each limit bites for some.

    Customers with two limits less than a rupee apart are left out: there may be no whole rupee between them.
    """
    random = Random(seed)  # noqa: S311 - test data, nothing secret
    cases: list[Case] = []
    while len(cases) < count:
        base = random.randrange(30_000, 100_000)
        case = Case(
            churn_risk=Decimal(random.randrange(10_001)) / 10_000,
            tenure_months=Decimal(random.randrange(120)),
            plan=random.choice(PLANS),
            base_price=_rupees(base),
            current_price=_rupees(base * random.uniform(0.75, 1.1)),
            lowest_price=_rupees(base * random.uniform(0.6, 0.8)),
            highest_price=_rupees(base * random.uniform(0.85, 1.2)),
        )
        if not _tight(case):
            cases.append(case)
    return cases


def _tight(case: Case) -> bool:
    step = case.current_price / 10
    limits = sorted((case.lowest_price, case.highest_price, case.current_price - step, case.current_price + step))
    return any(high - low < 1 for low, high in pairwise(limits))


def _rupees(paise: float) -> Decimal:
    return Decimal(round(paise)) / 100
