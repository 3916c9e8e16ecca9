"""How few and how many a training takes, and how much it tells, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Units in the comments. What tunes a model (rounds, patience) is no limit and stands with its training."""

    fewest_customers: int = 20  # different customers who left, and as many who stayed
    text_values: int = 50  # different texts of a feature that lists no values
    listed: int = 10  # findings about one table that are named; the rest is counted
    reasons: int = 5  # features named as the reasons of one score


LIMITS = Limits()
