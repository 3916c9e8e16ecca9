"""Where in a sheet Drools finds its decision tables: the properties of the rule set, and each table's header and rows.

A cell that begins with `RuleTable` starts a table. Below it stand the kinds of its columns, the objects that
conditions and actions are about, the snippets of code, a label for people; every further row is a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from ordain.engine.errors import Issue, PolicyError, Span, did_you_mean, near_word
from ordain.engine.sheets.foreign.squares import ForeignSheet, Square

_TABLE = "ruletable"
_KIND, _OBJECT, _CODE, _LABEL, _RULES = 1, 2, 3, 4, 5
"""How many rows below the cell `RuleTable` these stand, and where the rules begin."""
KINDS = {
    "NAME": "N", "DESCRIPTION": "I", "CONDITION": "C", "ACTION": "A", "METADATA": "@", "PRIORITY": "P", "SALIENCE": "",
    "DURATION": "D", "TIMER": "T", "CALENDARS": "E", "NO-LOOP": "U", "LOCK-ON-ACTIVE": "L", "AUTO-FOCUS": "F",
    "ACTIVATION-GROUP": "X", "AGENDA-GROUP": "G", "RULEFLOW-GROUP": "R", "DATE-EFFECTIVE": "V", "DATE-EXPIRES": "Z",
}  # fmt: skip
"""Kinds of columns, and the letter that may stand for each."""


@dataclass(frozen=True, slots=True)
class DroolsColumn:
    """A column of a table. `object` stands above its `code`."""

    kind: str
    heading: Square
    object: Square
    code: Square
    label: str


@dataclass(frozen=True, slots=True)
class DroolsTable:
    """`properties` are those of the rule set, by name in small letters. Each row has a square for each column."""

    name: str
    start: Square
    columns: tuple[DroolsColumn, ...]
    rows: tuple[tuple[Square, ...], ...]
    properties: Mapping[str, Square]


def tables_of(sheet: ForeignSheet) -> tuple[DroolsTable, ...]:
    """All tables of a sheet. Raises PolicyError where there is none, or a column has no kind that Drools knows."""
    starts = [square for row in sheet.rows for square in row if square.text.strip().lower().startswith(_TABLE)]
    starts = [each for each in starts if not each.area or each == next(s for s in starts if s.area == each.area)]
    if not starts:
        hint = "a decision table of Drools begins with a cell `RuleTable NAME`"
        raise PolicyError(Issue(f"no table is found in the sheet `{sheet.title}`", hint, Span(sheet.file, 1, 1)))
    squares = {(square.row, square.column): square for row in sheet.rows for square in row}
    properties = dict(_properties(sheet, squares, starts[0].row))
    return tuple(_table(sheet, squares, start, starts, properties) for start in starts)


def chosen_table(sheet: ForeignSheet, name: str = "") -> DroolsTable:
    """The only table, or the one of that name. Raises PolicyError."""
    tables = tables_of(sheet)
    known = [each.name for each in tables]
    if not name and len(tables) > 1:
        raise PolicyError(
            Issue(
                f"the sheet `{sheet.title}` has {len(tables)} tables, and a policy is made of one",
                f"import each under a name of its own, with --table: {', '.join(known)}",
                Span(sheet.file, tables[1].start.row, tables[1].start.column),
            )
        )
    found = next((each for each in tables if not name or each.name.lower() == name.lower()), None)
    if found is None:
        raise PolicyError(f"there is no table `{name}`", did_you_mean(name, known))
    return found


def _properties(
    sheet: ForeignSheet, squares: Mapping[tuple[int, int], Square], end: int
) -> Iterator[tuple[str, Square]]:
    """What stands in the column of `RuleSet` above the first table, each with the cell to its right."""
    first = next((s for row in sheet.rows for s in row if s.text.strip().lower() == "ruleset"), None)
    for row in sheet.rows:
        for square in row:
            here = first is None or square.column == first.column
            if square.row < end and here and not square.empty:
                value = squares.get((square.row, square.column + 1))
                if value is not None and not value.empty:
                    yield square.text.strip().rstrip(":").lower(), value


def _table(
    sheet: ForeignSheet,
    squares: Mapping[tuple[int, int], Square],
    start: Square,
    starts: list[Square],
    properties: Mapping[str, Square],
) -> DroolsTable:
    def at(row: int, column: int) -> Square:
        return squares.get((row, column), Square(row, column))

    last = max((square.column for row in sheet.rows for square in row), default=start.column)
    beside = [each.column for each in starts if each.row == start.row and each.column > start.column]
    end = min([*beside, last + 1])
    headings = takewhile(lambda s: not s.empty, (at(start.row + _KIND, n) for n in range(start.column, end)))
    columns = []
    issues = []
    for heading in headings:
        kind = _kind(heading.text)
        if not kind:
            near = near_word(heading.text.upper(), KINDS)
            hint = f"did you mean `{near}`?" if near else f"one of {', '.join(KINDS)}, or its letter, such as C or A"
            place = sheet.place(heading)
            issues.append(Issue(f"{place}: `{heading.text}` is no kind of column", hint, sheet.span(heading)))
        above, code = (at(start.row + below, heading.column) for below in (_OBJECT, _CODE))
        columns.append(DroolsColumn(kind, heading, above, code, at(start.row + _LABEL, heading.column).text))
    if not columns:
        hint = "write CONDITION, ACTION and the like into the row below `RuleTable`"
        place = sheet.place(start)
        issues.append(Issue(f"{place}: the table has no columns", hint, sheet.span(start)))
    if issues:
        raise PolicyError(issues)
    below = min((each.row for each in starts if each.row > start.row), default=None)
    numbers = sorted(
        {row[0].row for row in sheet.rows if row[0].row >= start.row + _RULES and (below is None or row[0].row < below)}
    )
    rows = [tuple(at(number, column.heading.column) for column in columns) for number in numbers]
    filled = tuple(row for row in rows if not all(square.empty for square in row))
    name = start.text.strip()[len(_TABLE) :].strip()
    return DroolsTable(name or "rules", start, tuple(columns), filled, properties)


def _kind(heading: str) -> str:
    """The kind that a heading names in full or by its letter, a number of one's own behind it: `CONDITION`, `C2`.

    Drools goes by the first letter of any word. Of `FOO` that would make AUTO-FOCUS, which nobody meant.
    """
    text = re.sub(r"[ #-]*[0-9]+$", "", heading.strip().upper())
    kind = next((kind for kind, letter in KINDS.items() if text in (kind, letter) and text), "")
    return "PRIORITY" if kind == "SALIENCE" else kind
