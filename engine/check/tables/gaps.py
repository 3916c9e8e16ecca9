"""What the rules of a table cover together: inputs without a rule, rules without an input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, islice, product

from ordain.engine.check.tables.box_search import Box, Budget, Search, TooIntertwined
from ordain.engine.check.tables.outputs import rank
from ordain.engine.check.tables.regions import Region, neighbours, runs
from ordain.engine.check.tables.regions_of import Grid
from ordain.engine.check.tables.spans import Spans
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import HitPolicy
from ordain.engine.tables.index_column import bits

MOST_BOXES = LIMITS.table_boxes


@dataclass(frozen=True, slots=True)
class Masked:
    """`by` are rules that together take every input of `rule`; one alone where one does."""

    rule: int
    by: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Boxes of inputs by region, the largest first.

    `count`: how many there are in all, or at least; None when the search was given up.
    """

    boxes: list[Box]
    count: int | None

    @property
    def complete(self) -> bool:
        """Whether every gap is among the boxes."""
        return self.count == len(self.boxes)


def gaps(grid: Grid, budget: Budget, few: int = 5) -> Gaps:
    """The inputs that no rule can match; a rule that computes counts as matching whatever its plain cells allow.

    A gap is one stretch of each column of numbers or dates. When the budget is used up, at most so few of them,
    found with a quarter as many steps more.
    """
    order = _order(grid)
    search = Search([list(enumerate(grid.regions[number].possible)) for number in order], budget)
    steps = budget.left
    boxes: list[Box] = []
    try:
        count = search.count(grid.everything)
    except TooIntertwined:
        with suppress(TooIntertwined):
            for box in islice(search.some(grid.everything, Budget(steps // 4)), few):
                boxes.append(next(_stretches(grid, _back(order, box))))
        return Gaps(boxes, None)
    left = count
    for box in islice(search.boxes(grid.everything), MOST_BOXES):
        parts = list(islice(_stretches(grid, _back(order, box)), MOST_BOXES + 1))
        boxes.extend(parts)
        left -= 1
        if len(boxes) > MOST_BOXES:
            break
    boxes.sort(key=lambda box: _size(grid, box), reverse=True)
    return Gaps(boxes[:MOST_BOXES], len(boxes) + left)


def _stretches(grid: Grid, box: Box) -> Iterator[Box]:
    """A box cut where the pieces of a line are not neighbours."""
    return product(
        *(
            neighbours(pieces) if region.on_a_line else (pieces,)
            for region, pieces in zip(grid.regions, box, strict=True)
        )
    )


def masked(grid: Grid, budget: Budget) -> Iterator[Masked]:
    """The rules of a table of the hit policy first or priority that others always come before.

    Dead rules are left out, and so are rules that compute, on both sides. Raises TooIntertwined.
    """
    ranks = _ranks(grid)
    if ranks is None:
        return
    whole = grid.every & ~grid.dead
    accepted = [runs(region) for region in grid.regions]
    either = [Spans(region.possible, union=True) for region in grid.regions]
    every = [Spans(region.possible, union=False) for region in grid.regions]
    order = _order(grid)
    before, own = 0, grid.with_guards()
    for rule in sorted(ranks, key=lambda number: ranks[number]):
        earlier, before = before & ~grid.computed, before | own[rule]
        if not whole >> rule & 1 or grid.computed >> rule & 1:
            continue
        meeting = containing = earlier
        for number in range(len(grid.regions)):
            stretches = accepted[number][rule]
            meeting &= either[number].over(stretches)
            containing &= every[number].over(stretches)
        if containing:
            yield Masked(rule, (grid.owner(next(bits(containing))),))
        elif meeting:
            columns = [_accepted(grid.regions[number], accepted[number][rule], meeting) for number in order]
            if not Search(columns, budget).any(meeting):
                yield Masked(rule, tuple(sorted({grid.owner(bit) for bit in bits(meeting)})))


def _accepted(region: Region, stretches: Sequence[tuple[int, int]], wanted: int) -> list[tuple[int, int]]:
    """The different sets of wanted rules in those pieces of a region."""
    masks = {mask & wanted for first, last in stretches for mask in region.possible[first : last + 1]}
    return [(0, mask) for mask in masks]


def unasked(grid: Grid, budget: Budget) -> Iterator[tuple[int, int, Box]]:
    """Regions that may be null, the rule that then needs a value, and inputs for which the decision stops there.

    Raises TooIntertwined.
    """
    first = grid.table.hit_policy is HitPolicy.FIRST
    before = [0, *accumulate(grid.with_guards() if first else [0] * len(grid.table.rules), int.__or__)]
    for number, region in enumerate(grid.regions):
        if not region.domain.nullable or not region.pieces:
            continue
        null = len(region.pieces) - 1
        unknown = region.possible[null] & ~region.sure[null] & ~grid.computed
        for bit in sorted(bits(unknown), key=grid.owner):
            if grid.table.rules[grid.owner(bit)].missing is not None:
                continue
            columns = [
                [(piece, part.possible[piece]) for piece in ([null] if other == number else part.pieces_of(1 << bit))]
                for other, part in enumerate(grid.regions)
            ]
            earlier = before[grid.owner(bit)]
            search = Search(columns, budget)
            if all(columns) and search.count(earlier):
                yield number, grid.owner(bit), next(search.boxes(earlier))
                break


def _ranks(grid: Grid) -> dict[int, tuple[int, ...]] | None:
    """The order in which rules are preferred; None when the hit policy prefers none. Computed outputs have no rank."""
    rules = grid.table.rules
    if grid.table.hit_policy is HitPolicy.FIRST:
        return {number: (number,) for number in range(len(rules))}
    if grid.table.hit_policy is not HitPolicy.PRIORITY:
        return None
    ranks = {}
    for number, rule in enumerate(rules):
        place = rank(grid.table, rule.gives)
        if place is not None:
            ranks[number] = (*place, number)
    return ranks


def _order(grid: Grid) -> list[int]:
    """Regions in the order of search: first those that most rules ask about."""
    numbers = range(len(grid.regions))
    return sorted(numbers, key=lambda n: (-grid.regions[n].asking.bit_count(), len(grid.regions[n].pieces)))


def _back(order: Sequence[int], box: Box) -> Box:
    by_region = dict(zip(order, box, strict=True))
    return tuple(by_region[number] for number in range(len(order)))


def _size(grid: Grid, box: Box) -> tuple[int, int]:
    """How many columns do not matter, and how many pieces it has: more is larger."""
    whole, size = 0, 1
    for region, pieces in zip(grid.regions, box, strict=True):
        whole += len(pieces) == len(region.pieces)
        size *= len(pieces)
    return whole, size
