"""The fact space split where two versions decide otherwise: a diagram in which equal parts are one, read as boxes.

Dimension by dimension the pieces are followed with the tests that are still open. Pieces that lead to the same rest are
one, and a dimension on which nothing depends is left out, so that a box is as large as the order allows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import islice

from ordain.engine.check.tables.box_search import Box, Budget
from ordain.engine.compare.dimensions import Space

Leaf = Callable[[Sequence[int]], Hashable]
"""What is decided otherwise for one piece of each region; None: nothing."""
_SAME = 0


class Splitting:
    """`leaf` is asked once for each set of tests that hold. Raises TooIntertwined when the budget is used up."""

    def __init__(self, space: Space, leaf: Leaf, budget: Budget) -> None:
        self.space, self.leaf, self.budget = space, leaf, budget
        count = len(space.regions)
        self.masks = [space.masks(number) for number in range(count)]
        self.closed = [-1] * (count + 1)
        for number in range(count - 1, -1, -1):
            closed = self.closed[number + 1]
            for mask in self.masks[number]:
                closed &= mask
            self.closed[number] = closed
        self.ends: dict[Hashable, int] = {None: _SAME}
        self.outcomes: dict[int, Hashable] = {}
        self.nodes: dict[tuple[int, tuple[int, ...]], int] = {}
        self.parts: dict[int, tuple[int, tuple[int, ...]]] = {}
        self.seen: dict[tuple[int, int], int] = {}
        self.chosen = [0] * count
        self.made = 0
        self.root = self._follow(0, (1 << 2 * space.size) - 1)

    def _follow(self, number: int, state: int) -> int:
        state = self._without_later(number, state)
        known = self.seen.get((number, state))
        if known is None:
            known = self.seen[number, state] = self._node(number, state)
        return known

    def _node(self, number: int, state: int) -> int:
        if number == len(self.masks):
            self.budget.spend(20)
            return self._end(self.leaf(self.chosen))
        masks = self.masks[number]
        self.budget.spend(len(masks))
        parts = []
        for piece, mask in enumerate(masks):
            self.chosen[number] = piece
            parts.append(self._follow(number + 1, state & mask))
        if not parts or all(part == parts[0] for part in parts):
            return parts[0] if parts else _SAME
        key = (number, tuple(parts))
        node = self.nodes.get(key)
        if node is None:
            self.made += 1
            node = self.nodes[key] = self.made
            self.parts[node] = key
        return node

    def _end(self, outcome: Hashable) -> int:
        if outcome not in self.ends:
            self.made += 1
            self.ends[outcome] = self.made
            self.outcomes[self.made] = outcome
        return self.ends[outcome]

    def _without_later(self, number: int, state: int) -> int:
        size = self.space.size
        for alone, last in self.space.first:
            holding = state & self.closed[number] & alone
            if holding:
                after = (1 << last + 1) - (1 << (holding & -holding).bit_length())
                state &= ~(after | after << size)
        return state

    def count(self) -> int:
        """How many boxes there are, before neighbours are joined."""
        counts = {_SAME: 0, **dict.fromkeys(self.outcomes, 1)}
        for node, (_, parts) in self.parts.items():  # a node is made after its parts
            counts[node] = sum(counts[part] for part in dict.fromkeys(parts))
        return counts[self.root]

    def boxes(self, most: int) -> list[tuple[Box, Hashable]]:
        """At most so many boxes with what is decided otherwise in them; neighbours with the same are joined."""
        whole = [tuple(range(len(masks))) for masks in self.masks]
        found = list(islice(self._boxes(self.root, list(whole)), most))
        return _joined(found)

    def _boxes(self, node: int, box: list[tuple[int, ...]]) -> Iterator[tuple[Box, Hashable]]:
        if node == _SAME:
            return
        if node in self.outcomes:
            yield tuple(box), self.outcomes[node]
            return
        number, parts = self.parts[node]
        whole = box[number]
        for part in dict.fromkeys(parts):
            box[number] = tuple(piece for piece, other in enumerate(parts) if other == part)
            yield from self._boxes(part, box)
        box[number] = whole


def _joined(boxes: list[tuple[Box, Hashable]]) -> list[tuple[Box, Hashable]]:
    """Boxes that differ in one region alone, with the same outcome, as one; until there are none."""
    joining = True
    while joining:
        joining = False
        for number in range(len(boxes[0][0]) if boxes else 0):
            groups: dict[Hashable, tuple[Box, Hashable]] = {}
            for box, outcome in boxes:
                key = (outcome, box[:number], box[number + 1 :])
                pieces = {*box[number], *(groups[key][0][number] if key in groups else ())}
                joining = joining or key in groups
                groups[key] = ((*box[:number], tuple(sorted(pieces)), *box[number + 1 :]), outcome)
            boxes = list(groups.values())
    return boxes
