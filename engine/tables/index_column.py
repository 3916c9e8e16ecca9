"""One column of a block of rules: for each value, the rules whose cell accepts it."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from ordain.engine.feel.functions.operators import less
from ordain.engine.tables.cells import BEFORE, Cut, Family, PlainCell, Stretch, family_of
from ordain.engine.values.types import Value
from ordain.engine.values.wide import WideDateTime, WideTime

CellAnswer = Callable[[int, int, Value], bool | None]
"""What the cell of a rule and column, both counted from 0, says of a value; None for null."""

Asked = Sequence[tuple[int, PlainCell]]
"""The cells of a column that ask something, each with the bit of its rule."""

Entry = tuple[Mapping[Value, int], int, Callable[[list[Value], Value], int] | None, list[Value], list[int]]
"""For one family: masks of single values; if a value is not among them, the mask of all others when there is no
search, otherwise the mask at the position that the search finds among the bounds."""

_WITH_OFFSET = (dt.time, dt.datetime, WideTime, WideDateTime)
_NULL: type = type(None)
_SIMPLE: frozenset[Family] = frozenset({Decimal, str, bool})


def bits(mask: int) -> Iterator[int]:
    """The positions of the bits that are set, the lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class Column:
    """`entries` are found by the class of a value, or by its family where several share a class.

    Null has an entry unless some cell is unknown for it. `every` has the bit of each rule of the block, `offset`
    is the number of the first; `null` says that a rule of the table is for null in this column.
    """

    __slots__ = (
        "_answer",
        "_asked",
        "_asked_cells",
        "_for_null",
        "_free",
        "_lenient",
        "_named",
        "_offset",
        "_only",
        "_others",
        "_unknown_for_null",
        "entries",
        "number",
    )

    def __init__(
        self, number: int, offset: int, asked: Asked, every: int, null: bool, lenient: bool, answer: CellAnswer | None
    ) -> None:
        self.number = number
        self._offset, self._lenient, self._answer = offset, lenient, answer
        self._asked = _mask(asked)
        self._asked_cells = asked
        self._free = every & ~self._asked
        families = {test.family for _, cell in asked for test in cell.tests} - {None}
        self.entries: dict[Family, Entry] = {family: _entry(family, asked, self._free) for family in families}
        self._named = bool(families)
        # Where types are checked a value has the kind that the cells name, and Python compares them: a year beyond
        # Python's calendar with dates, say.
        self._only = next(iter(self.entries.values())) if len(families) == 1 and not lenient else None
        self._others = self._free | _mask([(bit, cell) for bit, cell in asked if cell.accepts_others])
        self._for_null = self._free | _mask([(bit, cell) for bit, cell in asked if cell.on_null])
        unsure = () if lenient or null else [(bit, cell) for bit, cell in asked if cell.on_null is None]
        self._unknown_for_null = _mask(unsure)
        if not unsure:
            self.entries[_NULL] = {None: self._for_null}, 0, None, [], []

    @property
    def by_value(self) -> bool:
        """Whether no value needs a search."""
        return all(search is None for _, _, search, _, _ in self.entries.values())

    def slowly(self, value: Value, wanted: int) -> tuple[int, int]:
        """The rules that match any value, and those unknown for it; a cell is only asked for a rule that is wanted."""
        if value is None:
            return self._for_null, self._unknown_for_null
        family = family_of(value)
        compared = self._answer is None and not self._lenient and isinstance(value, _WITH_OFFSET)
        if compared and family not in self.entries:
            return self._free | _mask([(bit, cell) for bit, cell in self._asked_cells if _accepts(cell, value)]), 0
        entry = self.entries.get(family, self._only if self._answer is None else None)
        if entry is not None:
            masks, rest, search, bounds, between = entry
            mask = masks.get(value)
            return (rest if search is None else between[search(bounds, value)]) if mask is None else mask, 0
        if self._answer is None or (family is not None and not self._named) or (self._lenient and family in _SIMPLE):
            return self._others, 0
        matching, unknown = self._free, 0
        for bit in bits(self._asked & wanted):
            answer = self._answer(self._offset + bit, self.number, value)
            if answer:
                matching |= 1 << bit
            elif answer is None and not self._lenient:
                unknown |= 1 << bit
        return matching, unknown


def _accepts(cell: PlainCell, value: Value) -> bool:
    """Whether a cell holds for a value that FEEL compares as Python does not: a time with offset with one without."""
    accepted = any(
        (low is None or _beyond(low, value)) and (high is None or not _beyond(high, value))
        for test in cell.tests
        for low, high in test.stretches
    )
    return accepted is not cell.negated


def _beyond(cut: Cut, value: Value) -> bool:
    """Whether the value lies after the cut."""
    return bool(less(cut[0], value)) if cut[1] != BEFORE else less(value, cut[0]) is False


def _mask(asked: Asked) -> int:
    """The bits, set at once: one after the other would copy a long integer for each."""
    if not asked:
        return 0
    flags = bytearray(asked[-1][0] // 8 + 1)
    for bit, _ in asked:
        flags[bit >> 3] |= 1 << (bit & 7)
    return int.from_bytes(flags, "little")


def _entry(family: Family, asked: Asked, free: int) -> Entry:
    """Sweeps over the line of all values: at each cut some rules begin to accept, and others cease to."""
    accepted = [(bit, cell, cell.stretches(family)) for bit, cell in asked]
    cuts: list[Cut] = sorted(
        {cut for _, _, stretches in accepted for ends in stretches for cut in ends if cut is not None}
    )
    place = {cut: number for number, cut in enumerate(cuts, start=1)}
    changes = [0] * (len(cuts) + 2)
    for bit, cell, stretches in accepted:
        if cell.negated and not cell.decides(family):
            continue
        flag = 1 << bit
        for end in _edges(stretches, place, len(cuts) + 1, cell.negated):
            changes[end] ^= flag
    masks = [free ^ changes[0]]
    for change in changes[1:-1]:
        masks.append(masks[-1] ^ change if change else masks[-1])
    return _by_bound(cuts, masks)


def _edges(stretches: Sequence[Stretch], place: Mapping[Cut, int], end: int, negated: bool) -> list[int]:
    """Where a cell begins and ceases to accept, in turns; stretches may overlap."""
    if len(stretches) == 1 and not negated:
        low, high = stretches[0]
        return [place[low] if low else 0, place[high] if high else end]
    edges = [0] if negated else []
    spans = sorted((place[low] if low else 0, place[high] if high else end) for low, high in stretches)
    reached = -1
    for start, stop in spans:
        if start <= reached:
            edges[-1] = reached = max(stop, reached)
        else:
            edges.extend((start, stop))
            reached = stop
    return [*edges, end] if negated else edges


def _by_bound(cuts: list[Cut], masks: list[int]) -> Entry:
    """Masks of the stretches between neighbouring cuts, arranged for a lookup by value."""
    bounds: list[Value] = []
    between, at = [masks[0]], []
    for (value, side), mask in zip(cuts, masks[1:], strict=True):
        if bounds and bounds[-1] == value:
            between[-1] = mask  # the cut after a value that has a cut before it as well
            continue
        bounds.append(value)
        at.append(mask if side == BEFORE else between[-1])
        between.append(mask)
    if all(mask == between[0] for mask in between):
        return dict(zip(bounds, at, strict=True)), between[0], None, [], []
    if at == between[1:]:
        return {}, 0, bisect_right, bounds, between
    differing = {value: mask for value, mask, below in zip(bounds, at, between, strict=False) if mask != below}
    return differing, 0, bisect_left, bounds, between
