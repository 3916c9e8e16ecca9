"""Which rules of a table match, without trying them one after the other.

Rules are bits of an integer. Each column keeps, for every stretch of values between two bounds that some rule
names, the rules that accept it; a lookup finds one stretch per column and keeps the bits that are set in all of
them. Rules stand in blocks with masks of their own, so that memory grows with the number of rules and not with
its square, and a caller who wants the first rule stops at the first block that has one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ordain.engine.tables.cells import Family, PlainCell
from ordain.engine.tables.index_column import CellAnswer, Column, Entry
from ordain.engine.values.types import Value

_NULL = type(None)
BLOCK = 4096
"""Rules of one block: masks of half a kilobyte, and of a column at most 8,193 of them."""


class TableIndex:
    """The plain cells of a table's rules, ready to be asked.

    `rules` are the plain cells of each rule, one per column; None asks nothing. A cell that is not plain (see
    `tables.cells`) stands as None too, and counts as accepting everything: the caller tries it for the rules that are
    left. `asks_null` says of each column whether one of its rules is for null, so that its other rules are known not
    to match null.

    With `lenient`, a cell that is null does not match and nothing is unknown. `answer` is asked about a value
    that cannot be looked up (a list, or a value of another kind than the cells name), cell by cell, and may
    raise. Without it a lenient table takes such a value for one that no cell names, and a strict one compares it
    with what its cells name as Python does.
    """

    __slots__ = ("_blocks",)

    def __init__(
        self,
        rules: Sequence[Sequence[PlainCell | None]],
        asks_null: Sequence[bool],
        *,
        lenient: bool = False,
        answer: CellAnswer | None = None,
        block: int = BLOCK,
    ) -> None:
        starts = range(0, len(rules), block)
        self._blocks = tuple(
            _Block(start, rules[start : start + block], asks_null, lenient, answer) for start in starts
        )

    @property
    def single(self) -> bool:
        """Whether one block holds all rules."""
        return len(self._blocks) == 1

    def classes(self) -> list[tuple[int, type, Entry]]:
        """For code that looks rules up itself: of each column its number, the class of its values, and its entry.

        Nothing where there are several blocks, where the values of a column have several classes, or one that does not
        say how they are compared.
        """
        if not self.single:
            return []
        found: list[tuple[int, type, Entry]] = []
        for number, entries in self._blocks[0].tables:
            families = [family for family in entries if family is not _NULL]
            if len(families) != 1 or not isinstance(families[0], type):
                return []
            found.append((number, families[0], entries[families[0]]))
        return found

    def lookup(self, values: Sequence[Value]) -> tuple[int, int]:
        """The rules of which every plain cell holds, and those of which one is null and none false, as bits.

        `values` are the columns' values. Raises what `answer` raises, and TypeError
        for a value that Python cannot compare.
        """
        if len(self._blocks) == 1:
            return self._blocks[0].find(values)
        matching = unknown = 0
        for offset, sure, unsure in self.lookups(values):
            matching |= sure << offset
            unknown |= unsure << offset
        return matching, unknown

    def lookups(self, values: Sequence[Value]) -> Iterator[tuple[int, int, int]]:
        """The same block by block, where there is any: the number of the rule of bit 0, matching, unknown."""
        for block in self._blocks:
            matching, unknown = block.find(values)
            if matching or unknown:
                yield block.offset, matching, unknown


class _Block:
    __slots__ = ("_columns", "_every", "offset", "tables")

    def __init__(
        self,
        offset: int,
        rows: Sequence[Sequence[PlainCell | None]],
        asks_null: Sequence[bool],
        lenient: bool,
        answer: CellAnswer | None,
    ) -> None:
        self.offset = offset
        self._every = (1 << len(rows)) - 1
        columns: list[Column] = []
        for number, null in enumerate(asks_null):
            asked = [(bit, cell) for bit, row in enumerate(rows) if (cell := row[number]) is not None]
            if asked:
                columns.append(Column(number, offset, asked, self._every, null, lenient, answer))
        columns.sort(key=lambda column: not column.by_value)  # the cheap ones first: one of them may end the lookup
        self._columns = tuple(columns)
        self.tables: tuple[tuple[int, Mapping[Family, Entry]], ...] = tuple((c.number, c.entries) for c in columns)

    def find(self, values: Sequence[Value]) -> tuple[int, int]:
        matching = self._every
        for number, entries in self.tables:
            value = values[number]
            entry = entries.get(type(value))
            if entry is None:
                return self._find_slowly(values)
            masks, rest, search, bounds, between = entry
            mask = masks.get(value)
            if mask is None:
                mask = rest if search is None else between[search(bounds, value)]
            matching &= mask
            if not matching:
                return 0, 0
        return matching, 0

    def _find_slowly(self, values: Sequence[Value]) -> tuple[int, int]:
        """The same where a value is unknown, or is not among those that a column can look up."""
        certain = possible = self._every
        for column in self._columns:
            matching, unknown = column.slowly(values[column.number], possible)
            certain &= matching
            possible &= matching | unknown
            if not possible:
                return 0, 0
        return certain, possible & ~certain
