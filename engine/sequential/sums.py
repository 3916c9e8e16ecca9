"""What was seen of two groups of customers, as sums: how many, their means, their spread. Groups are joined by `+`.

Single passes without the raw values: Welford (1962), "Note on a method for calculating corrected sums of squares and
products", Technometrics 4(3); joined as Chan, Golub and LeVeque (1983), "Algorithms for computing the sample variance",
The American Statistician 37(3), equation 1.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ordain.engine.errors import DataQualityIssue

Number = float | Decimal
"""A value of a metric: yes and no are 1 and 0, money is in its unit."""

_TOO_LARGE = 1e100
"""A square of it is still a float, and so is the sum of as many as anybody has."""


@dataclass(slots=True)
class Sums:
    """Of the values of one metric: `n` values, their mean, and the sum of squared distances from it."""

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Takes in one more."""
        self.n += 1
        distance = value - self.mean
        self.mean += distance / self.n
        self.squares += distance * (value - self.mean)

    def __add__(self, other: Sums) -> Sums:
        n = self.n + other.n
        if not self.n or not other.n:
            return Sums(n, self.mean + other.mean, self.squares + other.squares)
        distance = other.mean - self.mean
        mean = self.mean + distance * other.n / n
        return Sums(n, mean, self.squares + other.squares + distance * distance * self.n * other.n / n)

    @property
    def variance(self) -> float:
        """The unbiased estimate; needs two values."""
        return self.squares / (self.n - 1)


@dataclass(slots=True)
class Arm:
    """The customers of one version. A metric may have fewer values than there are customers: some come late."""

    customers: int = 0
    metrics: dict[str, Sums] = field(default_factory=dict)

    def add(self, values: Mapping[str, Number]) -> None:
        """One more customer, with what is known of them by metric. Raises DataQualityIssue, and then adds nothing."""
        numbers = {name: _number(name, value) for name, value in values.items()}
        self.customers += 1
        for name, number in numbers.items():
            self.metrics.setdefault(name, Sums()).add(number)

    def __add__(self, other: Arm) -> Arm:
        names = [*self.metrics, *(name for name in other.metrics if name not in self.metrics)]
        both = {name: self.metrics.get(name, Sums()) + other.metrics.get(name, Sums()) for name in names}
        return Arm(self.customers + other.customers, both)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers who came at one time and had one chance, `share` (0 to 1), of getting the challenger, each counted
    once. They are compared with each other alone, so it does not matter that customers of other times are different.
    """

    share: float
    champion: Arm
    challenger: Arm


def chance(share: float, at_least: float = 0.0, below: float = 1.0) -> float:
    """The chance of the challenger, at a planned share, of a customer whose place in 0 to 1 is known to lie from
    `at_least` on and `below`: 0.25 for a new one at 25 percent, (0.25 - 0.05) / (1 - 0.05) for one who came before,
    at 5 percent, and was given the champion. Whose chance is not the same are two cohorts."""
    return min(max((share - at_least) / (below - at_least), 0.0), 1.0)


def _number(name: str, value: Number) -> float:
    number = float(value)
    if not abs(number) < _TOO_LARGE:
        raise DataQualityIssue(
            f"`{value}` as a value of `{name}` cannot be averaged",
            f"values of a metric are numbers between -{_TOO_LARGE:g} and {_TOO_LARGE:g}",
        )
    return number
