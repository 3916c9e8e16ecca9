"""How few and how many a training takes, how long a trial, and how much is told, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Units in the comments. What tunes a model (rounds, patience) is no limit and stands with its training."""

    fewest_customers: int = 20  # different customers who left, and as many who stayed
    text_values: int = 50  # different texts of a feature that lists no values
    listed: int = 10  # findings about one table that are named; the rest is counted
    model_bytes: int = 1 << 30  # bytes of one file of a stored version
    table_bytes: int = 1 << 32  # bytes of a table to train on
    trial_seconds: float = 60.0  # seconds until a version is read in a process of its own
    series_steps: int = 2_000_000  # products times hours or days of a table of demand
    absent_share: float = 0.3  # of the steps of a series that may have no row
    fixed_effects: int = 2_000  # twice the pairs of segment and product, and the periods, of a table of sales
    reasons: int = 5  # features named as the reasons of one score


LIMITS = Limits()
