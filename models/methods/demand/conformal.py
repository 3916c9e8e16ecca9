"""Intervals from the errors of earlier forecasts, whatever their distribution.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018, "Distribution-free predictive inference for regression",
section 2), one calibration for each group of steps ahead (Mondrian), with signed errors, so that an interval may be
longer on one side. Errors are in units of how restless demand was before their origin (normalised conformal prediction,
Papadopoulos et al. 2008): on the bike series the 80 % interval covered 70 % of ten origins without and 80 % with it.

It covers what it says when the errors to come are like those seen; a series that changes covers less for a time, so
coverage is measured and told.
"""

from __future__ import annotations

import math

import numpy as np

from ordain.models.methods.arrays import Floats, Integers

GROUP_ENDS = (1, 3, 7, 14)
"""Days ahead that end a group; a last group holds the rest."""
GROUPS = len(GROUP_ENDS) + 1
LEVELS = (0.80, 0.95)


def group(ahead: Integers, day: int) -> Integers:
    """The group of each step ahead (0 is the first), with `day` steps a day: shape (n,), 0 to `GROUPS` - 1."""
    found: Integers = np.searchsorted(np.array(GROUP_ENDS), ahead // day, side="right")
    return found


def bounds(errors: Floats, groups: Integers) -> Floats:
    """What to add to a forecast for its interval: shape (levels, groups, 2), lower and upper.

    `errors` are observed minus forecast, shape (n,), NaN where nothing was observed. A group with too few errors for a
    level takes in those of the groups after it, then of those before: farther ahead errs more, so it covers rather
    more than it says. Fewer errors than a level takes in all groups give their least and greatest; none give NaN.
    """
    found = np.full((len(LEVELS), GROUPS, 2), np.nan)
    known = ~np.isnan(errors)
    for number in range(GROUPS):
        for at, covers in enumerate(LEVELS):
            for first, last in _wider(number):
                of_groups = np.sort(errors[known & (groups >= first) & (groups <= last)])
                if rank := _rank(len(of_groups), covers):
                    break
            if len(of_groups):
                found[at, number] = of_groups[max(rank, 1) - 1], of_groups[-max(rank, 1)]
    return found


def _wider(number: int) -> list[tuple[int, int]]:
    """The group alone, with more and more of those after it, then of those before."""
    after = [(number, last) for last in range(number, GROUPS)]
    return after + [(first, GROUPS - 1) for first in range(number - 1, -1, -1)]


def _rank(count: int, covers: float) -> int:
    """Which error from either end bounds the next with probability `covers`, half of the rest on each side; 0: none."""
    return math.floor(round((1 - covers) / 2 * (count + 1), 9))
