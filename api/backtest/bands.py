"""Numbers in bands, for matrices and segments: bounds that do not depend on the numbers seen, put together at the end.

A number falls between two neighbours of a fixed row of round numbers (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12 ...,
and the same below zero), so that a stream of them is counted in little memory. Neighbouring bands are then joined
until few are left with about as many decisions in each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ordain.engine.values.decimals import NUMBERS

_ROUND = tuple(map(Decimal, ("1", "1.2", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10")))
_ZERO = Decimal(0)


class Band(NamedTuple):
    """From `low` up to, and without, `high`; the same number twice is that number alone."""

    low: Decimal
    high: Decimal

    def __str__(self) -> str:
        return said(self.low) if self.low == self.high else f"{said(self.low)} to <{said(self.high)}"


def said(value: Decimal) -> str:
    """A number as people read it."""
    return f"{value.normalize(NUMBERS):,f}"


def band_of(value: Decimal) -> Band:
    """The band of the fixed row that a number falls in; zero is one of its own."""
    if value == _ZERO:
        return Band(_ZERO, _ZERO)
    size = NUMBERS.abs(value)
    steps = [each.scaleb(size.adjusted(), context=NUMBERS) for each in _ROUND]
    at = max(number for number, each in enumerate(steps) if each <= size)
    low, high = steps[at], steps[at + 1]
    if value > _ZERO:
        return Band(low, high)
    if size == low:  # the mirror image of a bound opens the band towards zero
        below = steps[at - 1] if at else _ROUND[-2].scaleb(size.adjusted() - 1, context=NUMBERS)
        return Band(NUMBERS.minus(low), NUMBERS.minus(below))
    return Band(NUMBERS.minus(high), NUMBERS.minus(low))


def joined(counts: Mapping[Band, int], most: int) -> dict[Band, Band]:
    """Into which of at most `most` bands each of these goes; all that were seen between two of them are in one."""
    ordered = sorted(counts)
    if len(ordered) <= most:
        return {band: band for band in ordered}
    groups: list[list[Band]] = [[]]
    total, done = sum(counts.values()), 0
    for left, band in zip(range(len(ordered), 0, -1), ordered, strict=True):
        full = done * most >= total * len(groups)
        if groups[-1] and len(groups) < most and (full or left <= most - len(groups)):
            groups.append([])
        groups[-1].append(band)
        done += counts[band]
    return {band: _over(group) for group in groups for band in group}


def in_bands(pairs: Mapping[tuple[Band, Band], int], most: int) -> tuple[list[Band], Counter[tuple[Band, Band]]]:
    """The bands from the lowest, and how many went from one to another."""
    seen: Counter[Band] = Counter()
    for (old, new), count in pairs.items():
        seen[old] += count
        seen[new] += count
    into = joined(seen, most)
    flows: Counter[tuple[Band, Band]] = Counter()
    for (old, new), count in pairs.items():
        flows[into[old], into[new]] += count
    return sorted(set(into.values())), flows


def _over(group: Sequence[Band]) -> Band:
    return group[0] if len(group) == 1 else Band(group[0].low, group[-1].high)
