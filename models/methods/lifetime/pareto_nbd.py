"""Pareto/NBD: purchases come at a rate of a customer's own until the customer leaves, at any moment.

Schmittlein, Morrison and Colombo 1987, "Counting your customers: who are they and what will they do next?", Management
Science 33(1); the formulas are those of Fader and Hardie 2005, "A note on deriving the Pareto/NBD model and related
expressions". Rates of purchases are gamma(r, alpha) over customers, those of leaving gamma(s, beta).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import gammaln

from ordain.models.methods.lifetime.maximum_likelihood import Floats
from ordain.models.methods.lifetime.purchase_process import Fitted, fit_process

TITLE = "Pareto/NBD"
_STEPS = 4000
"""Of the continued fraction, at most: enough for 1 - z from 0.000004 on."""
_APART = 1e-6


@dataclass(frozen=True, slots=True)
class ParetoNbd:
    """`alpha` and `beta` are in weeks; `r` and `s` are plain numbers."""

    r: float
    alpha: float
    s: float
    beta: float

    @property
    def title(self) -> str:
        return TITLE

    @property
    def parameters(self) -> Mapping[str, float]:
        return asdict(self)

    def log_likelihood(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Equation 18 of the note, in logarithms."""
        rate = gammaln(self.r + frequency) - gammaln(self.r) + self.r * np.log(self.alpha)
        alive = self._log_alive(frequency, age)
        seen = np.logaddexp(alive, self._log_left(frequency, recency, age))
        return np.asarray(rate + self.s * np.log(self.beta) + seen)

    def alive(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        odds = self._log_left(frequency, recency, age) - self._log_alive(frequency, age)
        return np.asarray(1.0 / (1.0 + np.exp(np.minimum(odds, 700.0))))

    def expected(self, weeks: Floats, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Equation 41 of the note."""
        below = self.s - 1.0 if abs(self.s - 1.0) >= _APART else _APART
        rate = (self.r + frequency) * (self.beta + age) / (self.alpha + age)
        span = -np.expm1(-below * np.log1p(weeks / (self.beta + age))) / below
        return np.asarray(rate * span * self.alive(frequency, recency, age))

    def _log_alive(self, frequency: Floats, age: Floats) -> Floats:
        return -(self.r + frequency) * np.log(self.alpha + age) - self.s * np.log(self.beta + age)

    def _log_left(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Logarithm of s / (r + s + x) times A0 of the note; minus infinity where recency is age."""
        more, less = self._log_part(frequency, recency), self._log_part(frequency, age)
        gap = np.maximum(more - less, 0.0)
        with np.errstate(divide="ignore"):
            part = more + np.log(-np.expm1(-gap))
        return np.asarray(np.log(self.s) - np.log(self.r + self.s + frequency) + part)

    def _log_part(self, frequency: Floats, week: Floats) -> Floats:
        """One of the two parts of A0, after Euler's transformation (Abramowitz and Stegun 15.3.3): its hypergeometric
        function has a first argument of 1, and only positive terms."""
        from_rate, from_leaving = np.log(self.alpha + week), np.log(self.beta + week)
        third = self.r + self.s + frequency + 1.0
        apart = np.exp(-np.abs(from_rate - from_leaving))
        if self.alpha >= self.beta:
            powers = -(self.r + frequency) * from_rate - self.s * from_leaving
            return np.asarray(powers + np.log(hyp2f1_of_one(self.r + frequency, third, apart)))
        powers = -(self.s + 1.0) * from_leaving - (self.r + frequency - 1.0) * from_rate
        return np.asarray(powers + np.log(hyp2f1_of_one(np.asarray(self.s + 1.0), third, apart)))


def hyp2f1_of_one(b: Floats, c: Floats, rest: Floats) -> Floats:
    """2F1(1, b; c; 1 - `rest`) for 0 < b < c and 0 < `rest` <= 1, arrays that numpy broadcasts.

    By Gauss's continued fraction (Cuyt et al. 2008, "Handbook of continued fractions for special functions", section
    15.3), evaluated from its end. With s = sqrt(rest) its error falls by ((1 - s) / (1 + s))^2 with every step. Agrees
    with the series to 12 digits. scipy's `hyp2f1` gives NaN, or 5 digits, for hundreds of purchases and a small `rest`.
    """
    b, c, rest = np.broadcast_arrays(b, c, rest)
    z = 1.0 - rest
    root = math.sqrt(float(rest.min())) if rest.size else 1.0
    steps = min(_STEPS, 3 + math.ceil(15.0 / math.log((1.0 + root) / max(1.0 - root, 1e-9))))
    value = np.ones_like(z)
    for m in range(steps, 0, -1):
        value = 1.0 - z * (b + m) * (c - 1.0 + m) / ((c - 1.0 + 2 * m) * (c + 2 * m)) / value
        value = 1.0 - z * m * (c - 1.0 - b + m) / ((c - 2.0 + 2 * m) * (c - 1.0 + 2 * m)) / value
    return np.asarray(1.0 / (1.0 - z * b / c / value))


def fit_pareto_nbd(frequency: Floats, recency: Floats, age: Floats, near: ParetoNbd | None = None) -> Fitted:
    """Maximum likelihood. Shapes (n,); see `purchase_process` for what they are. With `near` the search begins there
    alone: a fit to the same customers, known for less long."""
    if near is not None:
        return fit_process(_made, [tuple(near.parameters.values())], frequency, recency, age)
    weeks = max(float(age.mean()), 0.1)
    starts = [(1.0, weeks, 1.0, weeks), (0.5, 0.4 * weeks, 0.6, 0.3 * weeks), (2.0, 2.0 * weeks, 0.5, 3.0 * weeks)]
    return fit_process(_made, starts, frequency, recency, age)


def _made(parameters: Sequence[float]) -> ParetoNbd:
    return ParetoNbd(*parameters)
