"""Timing several ways of doing the same work so that they can be compared: in turns, within one run."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter_ns


@dataclass(frozen=True, slots=True)
class Spread:
    """What several rounds measured: the median, and the middle half of them (first to third quartile)."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, rounds: Sequence[float]) -> Spread:
        """Raises StatisticsError for fewer than two rounds."""
        low, median, high = statistics.quantiles(rounds, n=4, method="inclusive")
        return cls(median, low, high)


def ratios(rounds: Sequence[float], base: Sequence[float]) -> Spread:
    """How many times `base`, round by round: what slows the whole machine for a while falls on both."""
    return Spread.of([one / other for one, other in zip(rounds, base, strict=True)])


def in_turns(ways: Mapping[str, Callable[[], object]], *, size: int, rounds: int) -> dict[str, list[float]]:
    """Microseconds for one of the `size` decisions that a call makes, round by round, by way.

    Each round calls every way once, and begins with another one. One round before them warms up.
    """
    names = list(ways)
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-1, rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            way = ways[name]
            start = perf_counter_ns()
            way()
            took = perf_counter_ns() - start
            if number >= 0:
                times[name].append(took / size / 1000)
    return times
