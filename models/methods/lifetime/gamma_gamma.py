"""Gamma-gamma: how much a customer spends per purchase, told apart from how often.

Fader and Hardie 2013, "The gamma-gamma model of monetary value". Amounts of a customer are gamma(p, nu), and nu is
gamma(q, v) over customers; amount and frequency are taken to be independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from ordain.models.methods.lifetime.maximum_likelihood import Floats, maximize

LOWEST, HIGHEST = 1e-3, 1e6
LEAST_Q = 1.05
"""The mean over customers is finite for a q above 1 only."""


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """`v` is in the amounts' unit; `p` and `q` are plain numbers."""

    p: float
    q: float
    v: float

    def log_likelihood(self, frequency: Floats, mean_amount: Floats) -> Floats:
        """Equation 1a of the note; `frequency` and `mean_amount` of shape (n,), both above 0."""
        px, spent = self.p * frequency, frequency * mean_amount
        counts = gammaln(px + self.q) - gammaln(px) - gammaln(self.q)
        amounts = self.q * np.log(self.v) + px * np.log(spent) - np.log(mean_amount)
        return np.asarray(counts + amounts - (px + self.q) * np.log(self.v + spent))

    def expected(self, frequency: Floats, mean_amount: Floats) -> Floats:
        """The amount to be expected of a purchase: equation 5, between the customer's mean and everybody's.

        `mean_amount` is not looked at where `frequency` is 0.
        """
        spent = np.where(frequency > 0, frequency * mean_amount, 0.0)
        return np.asarray(self.p * (self.v + spent) / (self.p * frequency + self.q - 1.0))


@dataclass(frozen=True, slots=True)
class FittedAmounts:
    amounts: GammaGamma
    log_likelihood: float
    at_bound: bool


def fit_gamma_gamma(frequency: Floats, mean_amount: Floats) -> FittedAmounts:
    """Maximum likelihood. Shapes (n,); customers with repeat purchases of more than nothing take part, one at least."""
    part = (frequency > 0) & (mean_amount > 0)
    counts, means = frequency[part], mean_amount[part]
    scale = float(means.mean())

    def made(parameters: list[float]) -> GammaGamma:
        p, q, v = parameters
        return GammaGamma(p, max(q, LEAST_Q), v * scale)

    def mean(parameters: Floats) -> float:
        return float(made(parameters.tolist()).log_likelihood(counts, means).mean())

    best = maximize(mean, [(1.0, 2.0, 1.0), (5.0, 4.0, 0.5), (0.5, 6.0, 5.0)], LOWEST, HIGHEST)
    return FittedAmounts(made(list(best.at)), best.value * len(counts), best.at_bound or best.at[1] <= LEAST_Q)
