"""What any model of when customers buy answers, and how one is fitted.

Time is counted in weeks from a customer's first purchase. In all functions `frequency` is the number of repeat
purchases, `recency` the week of the last one (0 without), `age` the week until which the customer was watched; arrays
that fit together as numpy broadcasts them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ordain.models.methods.lifetime.maximum_likelihood import Floats, maximize

LOWEST, HIGHEST = 1e-3, 1e4
"""Bounds of every parameter; estimates on real data lie well inside."""
_ROUGH = 500
"""Different customers, about, on whom the starts of the search are tried."""


class PurchaseProcess(Protocol):
    """A fitted model. `parameters` are its own, by the names that its paper gives them."""

    @property
    def title(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, float]: ...

    def log_likelihood(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Natural logarithm of the likelihood of each customer."""
        ...

    def alive(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """The probability that the customer is still one at `age`."""
        ...

    def expected(self, weeks: Floats, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """The expected number of purchases in the `weeks` after `age`."""
        ...


@dataclass(frozen=True, slots=True)
class Fitted:
    """`log_likelihood` is the sum over all customers."""

    process: PurchaseProcess
    log_likelihood: float
    at_bound: bool


def fit_process(
    made: Callable[[Sequence[float]], PurchaseProcess],
    starts: Sequence[Sequence[float]],
    frequency: Floats,
    recency: Floats,
    age: Floats,
) -> Fitted:
    """The process whose parameters make what was seen likeliest. All arrays have shape (n,), n at least 1."""
    rows, times = np.unique(np.stack([frequency, recency, age], axis=1), axis=0, return_counts=True)
    counts = times.astype(np.float64)
    every = max(1, len(rows) // _ROUGH)

    def mean_of(rows: Floats, counts: Floats) -> Callable[[Floats], float]:
        columns, total = rows.T, float(counts.sum())
        return lambda parameters: float(counts @ made(parameters.tolist()).log_likelihood(*columns)) / total

    rough = mean_of(rows[::every], counts[::every]) if every > 1 and len(starts) > 1 else None
    best = maximize(mean_of(rows, counts), starts, LOWEST, HIGHEST, rough)
    return Fitted(made(best.at), best.value * len(frequency), best.at_bound)
