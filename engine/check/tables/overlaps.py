"""Pairs of rules that can match together where the hit policy allows no overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ordain.engine.check.tables.outputs import Row, differ
from ordain.engine.check.tables.regions import runs
from ordain.engine.check.tables.regions_of import Grid
from ordain.engine.check.tables.spans import Spans
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import HitPolicy
from ordain.engine.tables.index_column import bits


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two rules, and for each region a piece that both accept.

    `known`: whether their outputs differ for certain, as far as that matters.
    """

    first: int
    second: int
    pieces: tuple[int, ...]
    known: bool = True


def overlaps(grid: Grid, rows: Sequence[Row], most: int = LIMITS.table_pairs) -> tuple[list[Overlap], int]:
    """The first so many overlaps, and the number of all. Rules that compute are left out.

    Under `unique` every pair counts, under `any` those whose rows differ, or may.
    """
    if grid.table.hit_policy not in (HitPolicy.UNIQUE, HitPolicy.ANY):
        return [], 0
    accepted = [runs(region) for region in grid.regions]
    either = [Spans(region.sure, union=True) for region in grid.regions]
    live = grid.every & ~grid.dead & ~grid.computed
    same = _same(rows) if grid.table.hit_policy is HitPolicy.ANY else {}
    pairs: list[Overlap] = []
    count = 0
    later = live
    for rule in bits(live):
        later ^= 1 << rule
        meeting = later
        for region, spans in zip(accepted, either, strict=True):
            meeting &= spans.over(region[rule])
            if not meeting:
                break
        if same:
            meeting &= ~same[rows[rule]]
        count += meeting.bit_count()
        for other in bits(meeting) if len(pairs) < most else ():
            if len(pairs) < most:
                known = not same or differ(rows[rule], rows[other]) is True
                pairs.append(Overlap(rule, other, _shared(grid, 1 << rule | 1 << other), known))
    return pairs, count


def _same(rows: Sequence[Row]) -> dict[Row, int]:
    """The rules of each row."""
    by_row: dict[Row, int] = {}
    for number, row in enumerate(rows):
        by_row[row] = by_row.get(row, 0) | 1 << number
    return by_row


def _shared(grid: Grid, both: int) -> tuple[int, ...]:
    return tuple(region.natural(region.pieces_of(both)) for region in grid.regions)
