"""Rules that could be one: they give the same and differ in one column, and their cells join to one cell."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ordain.engine.check.tables.in_words import cell_of, is_one_stretch
from ordain.engine.check.tables.outputs import Row
from ordain.engine.check.tables.regions import runs
from ordain.engine.check.tables.regions_of import Grid
from ordain.engine.feel.syntax.printer import printed
from ordain.engine.policy.model import HitPolicy
from ordain.engine.values.types import plain

_ANYWHERE = (HitPolicy.UNIQUE, HitPolicy.ANY)
"""Hit policies under which the place of a rule has no meaning; under others only neighbours can be joined."""


@dataclass(frozen=True, slots=True)
class Mergeable:
    """`cell` is what the joined rule asks of that column; `-`: nothing."""

    rules: tuple[int, ...]
    column: int
    cell: str


def mergeable(grid: Grid, rows: Sequence[Row]) -> Iterator[Mergeable]:
    """Groups of rules that could be one; no rule is in two of them."""
    table = grid.table
    keys = [_key(grid, rule) for rule in range(len(table.rules))]
    dead, used = grid.dead, set[int]()
    for column, number in enumerate(grid.of_column):
        if grid.of_column.count(number) > 1:
            continue
        groups: dict[Hashable, list[int]] = {}
        for rule, (cells, rest) in enumerate(keys):
            if rule not in used and not dead >> rule & 1:
                groups.setdefault((rows[rule], rest, cells[:column], cells[column + 1 :]), []).append(rule)
        several = [group for group in groups.values() if len(group) > 1]
        accepted = runs(grid.regions[number]) if several else {}
        for group in several:
            for joined in _joined(grid, group, column, accepted):
                used.update(joined.rules)
                yield joined


def _key(grid: Grid, rule: int) -> tuple[tuple[str, ...], Hashable]:
    """The cells of a rule as text, and everything else of it that must be equal."""
    planned = grid.plan.rules[rule]
    cells = tuple("" if cell is None else printed(cell.tree) for cell in planned.cells)
    condition = "" if planned.condition is None else printed(planned.condition.tree)
    return cells, (condition, repr(plain(dict(planned.rule.obligations))), repr(planned.rule.missing))


def _joined(
    grid: Grid, group: list[int], column: int, accepted: Mapping[int, Sequence[tuple[int, int]]]
) -> Iterator[Mergeable]:
    """`accepted` are the stretches of pieces of the column that each rule accepts."""
    # A cell that is not plain accepts more pieces here than it does when it is decided.
    plain_ones = [rule for rule in group if _is_plain(grid, rule, column)]
    pieces = {
        rule: [n for first, last in accepted.get(rule, ()) for n in range(first, last + 1)] for rule in plain_ones
    }
    in_order = grid.table.hit_policy not in _ANYWHERE and not grid.table.aggregation
    order = plain_ones if in_order else sorted(plain_ones, key=lambda rule: pieces[rule][0])
    rules: list[int] = []
    together: set[int] = set()
    for rule in order:
        next_ones = set(pieces[rule])
        fits = rules and not (in_order and rule != rules[-1] + 1) and _can_join(grid, column, together, next_ones)
        if not fits:
            yield from _found(grid, column, rules, together)
            rules, together = [], set()
        rules.append(rule)
        together |= next_ones
    yield from _found(grid, column, rules, together)


def _can_join(grid: Grid, column: int, one: set[int], other: set[int]) -> bool:
    region = grid.regions[grid.of_column[column]]
    may_overlap = grid.table.hit_policy in (HitPolicy.FIRST, HitPolicy.ANY, HitPolicy.PRIORITY)
    return (may_overlap or not one & other) and is_one_stretch(region, sorted(one | other))


def _found(grid: Grid, column: int, rules: list[int], together: set[int]) -> Iterator[Mergeable]:
    region = grid.regions[grid.of_column[column]]
    if len(rules) < 2:
        return
    cell = cell_of(region, sorted(together))
    values = {number for number, piece in enumerate(region.pieces) if not piece.null}
    # A column in which nothing is asked of null any more asks for a value in the other rules.
    if cell is None or (region.domain.nullable and together >= values):
        return
    yield Mergeable(tuple(sorted(rules)), column, cell)


def _is_plain(grid: Grid, rule: int, column: int) -> bool:
    """Whether the cell asks something, and its region says all that it asks."""
    if grid.table.rules[rule].cells[column] is None:
        return False
    return not grid.computed >> rule & 1 or rule not in grid.unknown_cells.get(column, ())
