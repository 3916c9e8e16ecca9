"""Options that are a number of something: neither `nan` nor `inf`, which a bound alone lets through, nor more than the
ledger, or the calendar, could count to.
"""

from __future__ import annotations

import math
from typing import Any

import click

_MOST = 2**63 - 1  # what SQLite, PostgreSQL and Python's own counting hold

COUNT = click.IntRange(1, _MOST)
"""How many."""
PLACE = click.IntRange(0, _MOST)
"""Where in the log, or how long the log is."""
DAYS = click.IntRange(1, 365_000)
"""How many days ago."""


class Finite(click.FloatRange):
    """A number between bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Fails, as click does, for what is no such number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a number that can be counted to.", param, ctx)
        return number
