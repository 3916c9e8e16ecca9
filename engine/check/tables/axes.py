"""The tests of a table gathered by what they ask about, before their values are cut into pieces."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ordain.engine.check.tables.domains import Domain
from ordain.engine.check.tables.one_name import without_empty
from ordain.engine.check.tables.regions import Asked, Region, region
from ordain.engine.check.tables.samples import has_samples
from ordain.engine.feel.syntax.tree import Expr
from ordain.engine.tables.cells import CellTest, PlainCell, plain_cell

NEEDS_A_VALUE = PlainCell((CellTest(None, (), None),), False)
"""Accepts no value, and for null it is not known what it says."""


@dataclass
class Axis:
    """A region while it is being collected. `columns` are the plain cells of each column over it, by rule."""

    text: str
    domain: Domain
    columns: list[dict[int, PlainCell | None]] = field(default_factory=list)
    null: list[bool] = field(default_factory=list)

    def pooled(self, rule: int, cell: PlainCell | None, first: int) -> None:
        """A part of a condition: into the first column from `first` on in which this rule has nothing yet."""
        for column in self.columns[first:]:
            if rule not in column:
                column[rule] = cell
                return
        self.columns.append({rule: cell})
        self.null.append(False)

    def region(self, every: int, lenient: bool) -> Region:
        columns = []
        for cells, null in zip(self.columns, self.null, strict=True):
            empty = 0
            for rule, cell in cells.items():
                empty |= (1 << rule) * (cell is None)
            plain = [(rule, cell) for rule, cell in cells.items() if cell is not None]
            columns.append(Asked(plain, empty, null, lenient))
        return region(self.text, self.domain, columns, every)


def plain_test(tree: Expr, axis: Axis, lenient: bool) -> tuple[bool, PlainCell | None]:
    """Whether a cell can be laid out; None: no value satisfies it."""
    kept = without_empty(tree)
    if kept is None:
        return True, None
    cell = plain_cell(kept, lenient=lenient)
    if cell is None:
        return False, None
    families = {test.family for test in cell.tests} - {None}
    if axis.domain.family is None and len(families) == 1 and lenient:
        axis.domain = replace(axis.domain, family=next(iter(families)))  # nothing says what the column holds but this
    family = axis.domain.family
    return family is not None and has_samples(family) and families <= {family}, cell
