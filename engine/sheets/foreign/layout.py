"""Where in a person's sheet the table is: titles above it, one or two rows of headings, rows, lines between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.sheets.book import letters
from ordain.engine.sheets.foreign.squares import ForeignSheet, Square

_TOTAL = re.compile(r"(grand |sub-?)?totals?:?|sums?:?|averages?:?|overall:?|mean:?")
_HALF = 0.5
"""A row of headings has something in at least this part of the columns."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table, one square for each heading; `above` are the lines of text between it and the one before."""

    number: int
    squares: tuple[Square, ...]
    above: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading; of two rows of headings both, the group's first."""

    number: int
    """The column's, from 1, as the spreadsheet counts."""
    text: str

    @property
    def letter(self) -> str:
        return letters(self.number)


@dataclass(frozen=True, slots=True)
class Layout:
    sheet: ForeignSheet
    titles: tuple[str, ...]
    headings: tuple[Heading, ...]
    lines: tuple[Line, ...]
    below: tuple[str, ...]
    """Lines of text after the last row."""
    totals: tuple[Line, ...] = ()
    """Rows that sum up the others, such as `Total`; they are none of `lines`."""
    gaps: tuple[int, ...] = ()
    """The numbers of empty columns between headings."""

    def column(self, index: int) -> tuple[Square, ...]:
        """What stands below a heading, from 0."""
        return tuple(line.squares[index] for line in self.lines)


def layout_of(sheet: ForeignSheet) -> Layout:
    """Finds them. Raises PolicyError when there is no table of at least two columns and one row."""
    rows = sheet.rows
    first = next((number for number, row in enumerate(rows) if _is_headings(row)), None)
    if first is None:
        hint = "it needs a row of headings, one for each column, and the rows below it"
        raise PolicyError(Issue(f"no table is found in the sheet `{sheet.title}`", hint, Span(sheet.file, 1, 1)))
    titles = tuple(square.text for row in rows[:first] for square in _apart(row))
    second = first + 1 < len(rows) and _are_parts(rows[first], rows[first + 1])
    headings = _headings(rows[first], rows[first + 1] if second else None)
    body = rows[first + 2 if second else first + 1 :]
    wanted = [index for index, heading in enumerate(headings) if heading.text]
    lines: list[Line] = []
    totals: list[Line] = []
    above: list[str] = []
    for row in body:
        apart = _apart(row)
        if len(apart) == 1 and len(wanted) > 1 and (isinstance(apart[0].content, str) or apart[0].area):
            above.append(apart[0].text)
            continue
        for index, square in enumerate(row):
            if not square.empty and index not in wanted:
                place = sheet.place(square)
                hint = "write one above it, or delete what stands there"
                raise PolicyError(Issue(f"{place}: this column has no heading", hint, sheet.span(square)))
        line = Line(row[0].row, tuple(row[index] for index in wanted), tuple(above))
        if _sums_up(apart):
            totals.append(line)
            continue
        lines.append(line)
        above = []
    if not lines:
        message = f"there are no rows below the headings in row {rows[first][0].row}"
        raise PolicyError(Issue(message, "", Span(sheet.file, rows[first][0].row, 1)))
    kept = tuple(headings[index] for index in wanted)
    twice = next((each for each in kept if sum(other.text == each.text for other in kept) > 1), None)
    if twice is not None:
        message = f"two columns have the heading `{twice.text}`"
        raise PolicyError(Issue(message, "give each its own", Span(sheet.file, rows[first][0].row, twice.number)))
    numbers = [heading.number for heading in kept]
    gaps = tuple(b - 1 for a, b in pairwise(numbers) if b > a + 1 and not {*range(a + 1, b)} & _used(sheet))
    _refuse_two_tables(sheet, kept, lines, gaps)
    return Layout(sheet, titles, kept, tuple(lines), tuple(above), tuple(totals), gaps)


def _used(sheet: ForeignSheet) -> set[int]:
    return {square.column for square in sheet.rows[0]}


def _sums_up(apart: list[Square]) -> bool:
    """Whether the first text of a row is that of a row of totals."""
    words = next((square.written.lower() for square in apart if square.written), "")
    return bool(_TOTAL.fullmatch(words))


def _refuse_two_tables(
    sheet: ForeignSheet, headings: tuple[Heading, ...], lines: list[Line], gaps: Sequence[int]
) -> None:
    """Columns on two sides of an empty one are two tables where a row has nothing on one of the sides."""
    for gap in gaps:
        left = sum(heading.number < gap for heading in headings)
        if min(left, len(headings) - left) < 2:  # a column of notes, set apart, is no table
            continue
        for line in lines:
            sides = line.squares[:left], line.squares[left:]
            if any(all(square.empty for square in side) for side in sides):
                message = (
                    f"sheet `{sheet.title}`, row {line.number}: the empty column {letters(gap)} divides two tables"
                )
                hint = "copy each into a sheet of its own, or delete the empty column if it is one table"
                raise PolicyError(Issue(message, hint, Span(sheet.file, line.number, gap)))


def _apart(row: tuple[Square, ...]) -> list[Square]:
    """What stands in a row, merged cells once."""
    seen: dict[str, Square] = {}
    for square in row:
        if not square.empty:
            seen.setdefault(square.area or f"{square.column}", square)
    return list(seen.values())


def _is_headings(row: tuple[Square, ...]) -> bool:
    """Texts in most columns, and more than one."""
    apart = _apart(row)
    return (
        len(apart) > 1
        and all(isinstance(square.content, str) for square in apart)
        and sum(not square.empty for square in row) >= _HALF * len(row)
    )


def _are_parts(groups: tuple[Square, ...], row: tuple[Square, ...]) -> bool:
    """Whether a row has the parts of merged headings above it, such as `from` and `to`."""
    if not all(isinstance(square.content, str) for square in row if not square.empty):
        return False
    wide = {group.area for group in groups if group.area and sum(other.area == group.area for other in groups) > 1}
    parted = [square for group, square in zip(groups, row, strict=True) if group.area in wide]
    same = all(
        group.area in wide or square.empty or (square.area and square.area == group.area)
        for group, square in zip(groups, row, strict=True)
    )
    return bool(parted) and same and not any(square.empty for square in parted)


def _headings(groups: tuple[Square, ...], parts: tuple[Square, ...] | None) -> list[Heading]:
    found = []
    for index, group in enumerate(groups):
        part = parts[index] if parts is not None else group
        apart = part is group or part.empty or (part.area and part.area == group.area)
        found.append(Heading(group.column, group.text if apart else f"{group.text} {part.text}"))
    return found
