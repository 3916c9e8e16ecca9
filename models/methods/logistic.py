"""From log-odds to a probability."""

from __future__ import annotations

import math


def probability(log_odds: float) -> float:
    """The logistic function, without overflow at either end."""
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)
