"""The search for inputs that no rule of a set accepts: columns one after the other, with masks of rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ordain.engine.tables.index_column import bits

Box = tuple[tuple[int, ...], ...]
"""For each column some of its pieces: every combination of them."""


_SCANS = 4
"""A column that is looked at more often is noted by where its rules begin and cease to accept."""


class TooIntertwined(Exception):
    """The budget of steps is used up."""


class Budget:
    """Steps that may still be made; one for each piece that is looked at."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Raises TooIntertwined."""
        self.left -= steps
        if self.left < 0:
            raise TooIntertwined


class Search:
    """`columns` have for each column its pieces with the rules that accept them; every column has a piece.

    Once a rule that is left accepts all pieces of all columns to come, there is nothing more to find.
    """

    def __init__(self, columns: Sequence[Sequence[tuple[int, int]]], budget: Budget) -> None:
        self.columns = columns
        self.budget = budget
        self.closing = [-1] * (len(columns) + 1)
        for number in range(len(columns) - 1, -1, -1):
            closing = self.closing[number + 1]
            for _, mask in columns[number]:
                closing &= mask
            self.closing[number] = closing
        self.counts: dict[tuple[int, int], int] = {}
        self._scanned = [0] * len(columns)
        self._changes: dict[int, dict[int, list[int]]] = {}

    def count(self, mask: int, column: int = 0) -> int:
        """How many boxes of inputs no rule of `mask` accepts. Raises TooIntertwined."""
        if not mask:
            return 1
        if mask & self.closing[column]:
            return 0
        known = self.counts.get((column, mask))
        if known is None:
            pieces = self.columns[column]
            self.budget.spend(len(pieces))
            known = sum(self.count(left, column + 1) for left in self._lefts(mask, column))
            self.counts[column, mask] = known
        return known

    def _lefts(self, mask: int, column: int) -> set[int]:
        """The different sets of rules of `mask` that pieces of a column leave, added in the order of the pieces.

        Few rules leave another set at few places only, however many pieces all rules together cut a column into.
        """
        pieces = self.columns[column]
        self._scanned[column] += 1
        if self._scanned[column] <= _SCANS or 4 * mask.bit_count() > len(pieces):
            return {accepting & mask for _, accepting in pieces}
        changes = self._changes.get(column)
        if changes is None:
            changes = self._changes[column] = _changes(pieces)
        places = {0}
        for rule in bits(mask):
            places.update(changes.get(rule, ()))
        return {pieces[place][1] & mask for place in sorted(places)}

    def any(self, mask: int, column: int = 0) -> bool:
        """Whether there is such a box at all. Raises TooIntertwined."""
        if not mask:
            return True
        if mask & self.closing[column]:
            return False
        known = self.counts.get((column, mask))
        if known is None:
            pieces = self.columns[column]
            self.budget.spend(len(pieces))
            lefts = self._lefts(mask, column)
            known = int(0 in lefts or any(self.any(left, column + 1) for left in lefts))
            self.counts[column, mask] = known
        return known > 0

    def boxes(self, mask: int, column: int = 0) -> Iterator[Box]:
        """The boxes one by one, once `count` has been called. Pieces stand in their order."""
        if not mask:
            yield tuple(tuple(number for number, _ in pieces) for pieces in self.columns[column:])
            return
        if mask & self.closing[column] or not self.count(mask, column):
            return
        groups: dict[int, list[int]] = {}
        for number, accepting in self.columns[column]:
            groups.setdefault(accepting & mask, []).append(number)
        for left, numbers in groups.items():
            for rest in self.boxes(left, column + 1):
                yield (tuple(numbers), *rest)

    def some(self, mask: int, budget: Budget, column: int = 0) -> Iterator[Box]:
        """Boxes as they come, without counting them first. Raises TooIntertwined."""
        if not mask:
            yield tuple(tuple(number for number, _ in pieces) for pieces in self.columns[column:])
            return
        if mask & self.closing[column] or self.counts.get((column, mask)) == 0:
            return
        budget.spend(len(self.columns[column]))
        groups: dict[int, list[int]] = {}
        for number, accepting in self.columns[column]:
            groups.setdefault(accepting & mask, []).append(number)
        for left in sorted(groups, key=int.bit_count):
            for rest in self.some(left, budget, column + 1):
                yield (tuple(groups[left]), *rest)


def _changes(pieces: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    """For each rule the places at which it accepts a piece and not the one before, or the other way round."""
    places: dict[int, list[int]] = defaultdict(list)
    before = pieces[0][1]
    for place, (_, accepting) in enumerate(pieces):
        for rule in bits(accepting ^ before):
            places[rule].append(place)
        before = accepting
    return places
