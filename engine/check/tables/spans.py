"""Masks of neighbouring pieces joined at once, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence


class Spans:
    """Unions (or intersections) of masks over stretches, from a table of those over 1, 2, 4 ... neighbours."""

    __slots__ = ("_levels", "_union")

    def __init__(self, masks: Sequence[int], *, union: bool) -> None:
        self._union = union
        self._levels = [list(masks)]
        width = 1
        while 2 * width <= len(masks):
            level = self._levels[-1]
            pairs = zip(level, level[width:], strict=False)
            self._levels.append([a | b for a, b in pairs] if union else [a & b for a, b in pairs])
            width *= 2

    def over(self, stretches: Sequence[tuple[int, int]]) -> int:
        """The masks from each first piece to each last one, joined."""
        joined = 0 if self._union else -1
        for first, last in stretches:
            level = (last - first + 1).bit_length() - 1
            masks = self._levels[level]
            one, other = masks[first], masks[last + 1 - (1 << level)]
            joined = joined | one | other if self._union else joined & one & other
        return joined
