"""Maximum likelihood for a handful of parameters that are all positive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize

Floats = NDArray[np.float64]

_WORST = 1e12
"""Stands for a likelihood that cannot be computed there, so that the search turns away from it."""
_ROUNDS = 8
_GAIN = 1e-10
"""The search begins anew where it ended, until a row's mean log-likelihood grows by no more than this."""
_NEAR = 0.02
"""An end so near to a bound, in logarithms, is at it: where nothing is settled, the search stops on its way there."""


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the likelihood is highest; `value` is the mean log-likelihood there. `at_bound`: it may be higher still
    beyond the bounds, so that the data do not settle all parameters."""

    at: tuple[float, ...]
    value: float
    at_bound: bool


def maximize(
    mean_log_likelihood: Callable[[Floats], float],
    starts: Sequence[Sequence[float]],
    low: float,
    high: float,
    rough: Callable[[Floats], float] | None = None,
) -> Maximum:
    """The parameters between `low` and `high` that make `mean_log_likelihood` highest.

    Looked for in the parameters' logarithms by L-BFGS-B (Byrd, Lu, Nocedal and Zhu 1995) with differences, from each of
    `starts`; the best end is taken, and made better with central differences. `rough` is the same of fewer rows: with
    it, the starts are tried there and the search on all rows begins at the best end. Nothing is drawn at random.
    Raises ValueError without a start.
    """
    if not starts:
        raise ValueError("a search needs a start")
    bounds = Bounds(np.log(low), np.log(high))
    inside = [np.log(np.clip(np.asarray(start, dtype=np.float64), low * 1.01, high * 0.99)) for start in starts]
    ends = [_search(rough or mean_log_likelihood, start, bounds, "2-point") for start in inside]
    at, least = min(ends, key=lambda end: end[1])
    if rough is not None:
        at, least = _search(mean_log_likelihood, at, bounds, "2-point")
    for _ in range(_ROUNDS):
        again, less = _search(mean_log_likelihood, at, bounds, "3-point")
        if not less < least - _GAIN:
            break
        at, least = again, less
    edge = bool(np.any(at <= bounds.lb + _NEAR) or np.any(at >= bounds.ub - _NEAR))
    return Maximum(tuple(np.exp(at).tolist()), -least, edge)


def _search(of: Callable[[Floats], float], start: Floats, bounds: Bounds, slopes: str) -> tuple[Floats, float]:
    """Where the search ends, in logarithms, and minus the value there. `slopes` says how they are found."""

    def lost(logs: Floats) -> float:
        value = of(np.exp(logs))
        return -value if np.isfinite(value) else _WORST

    options = {"maxiter": 200, "ftol": 1e-12, "gtol": 1e-8}
    found = minimize(lost, start, method="L-BFGS-B", jac=slopes, bounds=bounds, options=options)
    return np.asarray(found.x, dtype=np.float64), float(found.fun)
