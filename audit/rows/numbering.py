"""Which row of a run a decided row is: the output has those that were neither rejected nor erased, in their order."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable


class Numbering:
    """Rows are numbered from 0 in the order of the input, positions from 0 in the order of the output."""

    def __init__(self, absent: Iterable[int]) -> None:
        """`absent` are the numbers of the rows that are not in the output, in order."""
        self._absent = array("q", absent)

    def row(self, position: int) -> int:
        """The number of the row at that position of the output."""
        indexes = range(len(self._absent))
        return position + bisect_right(indexes, position, key=lambda index: self._absent[index] - index)

    def position(self, row: int) -> int:
        """The position of that row in the output, or of the next one that is there."""
        return row - bisect_left(self._absent, row)
