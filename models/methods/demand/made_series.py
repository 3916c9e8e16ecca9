"""A SYNTHETIC series of demand: invented, for demos and tests, never evidence about anything real."""

from __future__ import annotations

import numpy as np

from ordain.models.methods.arrays import Floats

MORNING, EVENING = 9, 19
"""Hours of the two peaks."""


def made_demand(hours: int, weekday: int, seed: int) -> Floats:
    """Quantities of `hours` hours from midnight of a `weekday` (0 is Monday) on, shape (hours,), whole numbers.

    Two peaks a day that are lower on Saturdays and Sundays, a season of a year, slow growth, weather that lasts for
    days (an autoregressive process), and Poisson counts.
    """
    random = np.random.default_rng(seed)
    step = np.arange(hours)
    hour, day = step % 24, step / 24
    weekend = np.where((weekday + step // 24) % 7 >= 5, 0.6, 1.0)
    peaks = weekend * (np.exp(-(((hour - MORNING) / 2.0) ** 2)) + 1.3 * np.exp(-(((hour - EVENING) / 3.0) ** 2)))
    season = 1 + 0.25 * np.sin(2 * np.pi * (day - 80) / 365.25)
    growth = 1 + 0.2 * day / 365.25
    weather = np.zeros(hours // 24 + 1)
    for number in range(1, len(weather)):
        weather[number] = 0.7 * weather[number - 1] + random.normal(0.0, 0.12)
    expected = 40 * (0.15 + peaks) * season * growth * np.exp(weather[step // 24])
    return random.poisson(expected).astype(np.float64)
