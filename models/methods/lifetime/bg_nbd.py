"""BG/NBD: while a customer is one, purchases come at a rate of their own; after each the customer may leave for good.

Fader, Hardie and Lee 2005, "Counting your customers the easy way: an alternative to the Pareto/NBD model", Marketing
Science 24(2). Rates are gamma(r, alpha) over customers, the probability of leaving after a purchase is beta(a, b).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import betaln, gammaln, hyp2f1

from ordain.models.methods.lifetime.maximum_likelihood import Floats
from ordain.models.methods.lifetime.purchase_process import Fitted, fit_process

TITLE = "BG/NBD"
_APART = 1e-6


@dataclass(frozen=True, slots=True)
class BgNbd:
    """`alpha` is in weeks; `r`, `a` and `b` are plain numbers."""

    r: float
    alpha: float
    a: float
    b: float

    @property
    def title(self) -> str:
        return TITLE

    @property
    def parameters(self) -> Mapping[str, float]:
        return asdict(self)

    def log_likelihood(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Equation 6 of the paper, in logarithms, so that no power leaves the range of a double."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        rate = gammaln(r + frequency) - gammaln(r) + r * np.log(alpha)
        leaving = betaln(a, b + frequency) - betaln(a, b)
        alive = -(r + frequency) * np.log(alpha + age)
        return np.asarray(rate + leaving + np.logaddexp(alive, alive + self._log_odds_left(frequency, recency, age)))

    def alive(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """1 for a customer without repeat purchase: nobody leaves before one. Fader, Hardie and Lee 2008,
        "Computing P(alive) using the BG/NBD model"."""
        return np.asarray(1.0 / (1.0 + np.exp(np.minimum(self._log_odds_left(frequency, recency, age), 700.0))))

    def expected(self, weeks: Floats, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Equation 10 of the paper after Euler's transformation of the hypergeometric function (Abramowitz and Stegun
        15.3.3), which leaves it small arguments however many purchases there were."""
        a, b, r = _apart(self.a, 1.0), self.b, self.r
        c = np.asarray(a + b + frequency - 1.0)
        c = np.where(np.abs(c) < _APART, _APART, c)
        share = weeks / (self.alpha + age + weeks)
        left = np.exp((a - 1.0) * np.log1p(-share)) * hyp2f1(a + b - 1.0 - r, a - 1.0, c, share)
        made = c / (a - 1.0) * (1.0 - left) * self.alive(frequency, recency, age)
        return np.asarray(np.maximum(made, 0.0))

    def _log_odds_left(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Minus infinity without a repeat purchase."""
        bought = np.maximum(frequency, 1.0)
        longer = (self.r + bought) * (np.log(self.alpha + age) - np.log(self.alpha + recency))
        odds = np.log(self.a) - np.log(self.b + bought - 1.0) + longer
        return np.asarray(np.where(frequency > 0, odds, -np.inf))


def fit_bg_nbd(frequency: Floats, recency: Floats, age: Floats, near: BgNbd | None = None) -> Fitted:
    """Maximum likelihood. Shapes (n,); see `purchase_process` for what they are. With `near` the search begins there
    alone: a fit to the same customers, known for less long."""
    if near is not None:
        return fit_process(_made, [tuple(near.parameters.values())], frequency, recency, age)
    weeks = max(float(age.mean()), 0.1)
    starts = [(1.0, weeks, 1.0, 1.0), (0.3, 0.2 * weeks, 0.8, 2.5), (3.0, 3.0 * weeks, 0.3, 5.0)]
    return fit_process(_made, starts, frequency, recency, age)


def _made(parameters: Sequence[float]) -> BgNbd:
    return BgNbd(*parameters)


def _apart(value: float, point: float) -> float:
    """`value`, kept so far from `point`, where a formula has a gap that closes, that no digits cancel."""
    return value if abs(value - point) >= _APART else point + _APART
