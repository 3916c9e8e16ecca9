"""What came back in a sheet, held against the rules it was written from: which rule each row is, what it changes.

A spreadsheet likes to turn texts into numbers and dates. A cell that still says what it said (0.8 for 0.80, TRUE for
true) is unchanged; one whose meaning the spreadsheet may have bent is reported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from ordain.engine.errors import Issue, Level, did_you_mean
from ordain.engine.sheets.book import Cell, Held, Sheet, heading_of, letters
from ordain.engine.sheets.edits import EXPRESSIONS, Edits, PathOf
from ordain.engine.sheets.sections import COMMENT, INSIDE, Row, Section

_ID: PathOf = ("id",)
_NUMBER = re.compile(r"[-+]?\d{1,40}(\.\d{1,40})?([eE][-+]?\d{1,3})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_BENT_DAY = re.compile(
    r"\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d{1,2}/\d{1,2}|\d{4}/\d{1,2}(/\d{1,2})?"
    r"|\d{1,2}[ ./-][A-Za-z]{3,9}([ ./-]\d{2,4})?|[A-Za-z]{3,9}[ ./-]\d{2,4}"
)
"""What spreadsheets make of a text that they take for a day. Two numbers with a point between are a decimal, no day."""
_DIGITS = 15
"""How many digits of a number spreadsheets keep."""
_DATES_AS_WRITTEN = ("then", "until", "requires")
NOTES = ("note", "notes", "remark", "remarks", "annotation", "internal")
"""Headings, in small letters, of what people write beside rules for themselves."""
_ALIKE = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A row of a sheet. `was` is the rule it was written from, None for a new one.

    `edits` are the cells that changed; of a new rule all that are filled. `comment` are the lines above the rule
    when they changed.
    """

    cells: Mapping[PathOf, Cell]
    row: int
    was: Row | None
    edits: Edits
    comment: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """All rows of a sheet in its order. `columns` are its paths with the number of their column."""

    sheet: Sheet
    section: Section
    columns: Mapping[PathOf, int]
    rows: tuple[Arrived, ...]

    @property
    def order(self) -> tuple[PathOf, ...]:
        return tuple(path for path in self.columns if path != COMMENT)


def arrival_of(sheet: Sheet, section: Section, file: str, issues: list[Issue], notes: list[Issue]) -> Arrival:
    """What a sheet says of its rules. Everything that is wrong is added to `issues`, what is left out to `notes`."""
    _about_issues(sheet, section, issues)
    sheet = _of_rules(sheet, section, file, notes)
    columns = _columns(sheet, section, file, issues)
    if issues:
        return Arrival(sheet, section, columns, ())
    rows = [{path: row[column - 1] for path, column in columns.items()} for row in sheet.rows]
    _stray(sheet, columns, file, issues)
    matched = _matched(rows, sheet, section, file, issues)
    arrived = [_arrived(cells, was, sheet, file, issues) for cells, was in zip(rows, matched, strict=True)]
    if not arrived:
        row = sheet.heading_row
        issues.append(sheet.issue(file, "there is no rule left", "a table needs at least one", row=row))
    return Arrival(sheet, section, columns, tuple(arrived))


def _of_rules(sheet: Sheet, section: Section, file: str, notes: list[Issue]) -> Sheet:
    """The sheet without a person's own: columns of notes, and rows of one text, which stand above others as a title."""
    known, ids = {heading_of(path) for path in section.columns}, {row.id for row in section.rows}
    own = set()
    for cell in sheet.headings:
        text = cell.text.strip()
        if text.lower() in NOTES and text not in known:
            own.add(cell.column)
            hint = "what is to stay with a rule goes into the column `comment`"
            note = sheet.issue(file, f"the column `{text}` is left out", hint, row=cell.row, column=cell.column)
            notes.append(replace(note, level=Level.NOTE))
    rows = []
    for row in sheet.rows:
        filled = [cell for cell in row if cell.text.strip() and cell.column not in own]
        if len(filled) == 1 and len(known) > 1 and (text := filled[0].text.strip()) not in ids:
            message = f"the row with nothing but `{text[:80]}` is left out"
            note = sheet.issue(file, message, "a rule has more than one cell", row=filled[0].row)
            notes.append(replace(note, level=Level.NOTE))
        elif filled:
            rows.append(_without(row, own))
    return replace(sheet, headings=_without(sheet.headings, own), rows=tuple(rows))


def _without(cells: tuple[Cell, ...], columns: set[int]) -> tuple[Cell, ...]:
    return tuple(replace(cell, text="") if cell.column in columns else cell for cell in cells)


def _about_issues(sheet: Sheet, section: Section, issues: list[Issue]) -> None:
    given = dict(sheet.about)
    for key, text in section.about:
        if key in given and not _same((key,), text, Cell(given[key], 1, 1)):
            message = f"the table `{section.name}`: `{key}` is `{given[key]}` in the sheets, and `{text}` in the policy"
            issues.append(Issue(message, "change it in the policy's file", code="sheet-cell"))


def _columns(sheet: Sheet, section: Section, file: str, issues: list[Issue]) -> dict[PathOf, int]:
    """The column of each path; headings that are unknown, double or missing are issues."""
    known = {heading_of(path): path for path in section.columns}
    columns: dict[PathOf, int] = {}
    unknown: list[Cell] = []
    for cell in sheet.headings:
        heading = " ".join(cell.text.split())
        path = known.get(cell.text.strip()) or known.get(heading)
        first, colon, rest = heading.partition(": ")
        if not heading:
            continue
        if path is None and colon and first in section.free:
            path = (first, rest)
            unknown.append(cell)
        if path is None:
            unknown.append(cell)
            hint = did_you_mean(heading, known)
            if first == "then":
                hint = "an output is declared in the policy's file, under `gives`; then its column is known"
            issues.append(_column_issue(sheet, cell, file, "there is no such column", hint))
        elif path in columns:
            message = f"the column appears twice; first in column {letters(columns[path])}"
            issues.append(_column_issue(sheet, cell, file, message, "keep one of them"))
        else:
            columns[path] = cell.column
    filled = {path for row in section.rows for path in row.cells} | {COMMENT for row in section.rows if row.comment}
    for path in section.columns:
        if path not in columns and path in filled | {_ID}:
            heading = heading_of(path)
            near = [cell.text for cell in unknown if did_you_mean(cell.text, [heading]).startswith("did")]
            hint = (
                f"is it the one called `{near[0]}`?" if near else "if it does not matter, keep it and empty its cells"
            )
            row = sheet.heading_row
            issues.append(sheet.issue(file, f"the column `{heading}` is missing", hint, row=row))
    return columns


def _column_issue(sheet: Sheet, cell: Cell, file: str, message: str, hint: str) -> Issue:
    text = f"`{cell.text}`: {message}"
    return sheet.issue(file, text, hint, row=cell.row, column=cell.column, text=cell.text)


def _stray(sheet: Sheet, columns: Mapping[PathOf, int], file: str, issues: list[Issue]) -> None:
    """Cells in columns without a heading."""
    headed = set(columns.values())
    for row in sheet.rows:
        for cell in row:
            if cell.column not in headed and cell.text.strip():
                message = f"`{cell.text}` is in a column without a heading"
                issue = sheet.issue(file, message, "give it one, or empty the cell", row=cell.row, column=cell.column)
                issues.append(issue)


def _matched(
    rows: list[dict[PathOf, Cell]], sheet: Sheet, section: Section, file: str, issues: list[Issue]
) -> list[Row | None]:
    """The rule that each row was written from: the one with its id, or, renamed, the one with all its other cells."""
    by_id = {row.id: row for row in section.rows}
    seen: dict[str, Cell] = {}
    matched: list[Row | None] = []
    for cells in rows:
        cell = cells[_ID]
        if not cell.text.strip():
            issues.append(
                sheet.issue(
                    file,
                    "the rule has no id",
                    "give it a word of its own",
                    row=cell.row,
                    column=cell.column,
                )
            )
        exact = (
            cell.text if cell.text in by_id else next((known for known in by_id if _same(_ID, known, cell)), cell.text)
        )
        if exact in seen and exact.strip():
            message = f"the id `{exact}` appears twice; first in row {seen[exact].row}"
            hint = "give each rule an id of its own"
            issues.append(sheet.issue(file, message, hint, row=cell.row, column=cell.column, text=exact))
        matched.append(by_id.get(exact) if exact not in seen else None)
        seen.setdefault(exact, cell)
    left = [row for row in section.rows if row.id not in seen]
    for number, cells in enumerate(rows):
        if matched[number] is None:
            above = matched[number - 1] if number else None
            renamed = _renamed(cells, left, section.rows, above)
            if renamed is not None:
                matched[number] = renamed
                left.remove(renamed)
    return matched


def _renamed(cells: Mapping[PathOf, Cell], left: list[Row], rows: tuple[Row, ...], above: Row | None) -> Row | None:
    """The rule that this row is under a new id: it says the same, or stands in the same place and says half of it."""
    for row in left:
        if _likeness(row, cells) == 1:
            return row
    below = rows.index(above) + 1 if above is not None else 0
    here = rows[below] if below < len(rows) else None
    return here if here is not None and here in left and _likeness(here, cells) >= _ALIKE else None


def _likeness(row: Row, cells: Mapping[PathOf, Cell]) -> Decimal:
    """Which part of the cells that say something is the same, from 0 to 1; ids and comments do not count."""
    told = [(path, _was(row, path), cell) for path, cell in cells.items() if path not in (_ID, COMMENT)]
    told = [(path, before, cell) for path, before, cell in told if before or cell.text.strip()]
    return Decimal(sum(_same(*each) for each in told)) / max(len(told), 1)


def _was(row: Row, path: PathOf) -> str:
    return row.comment if path == COMMENT else row.cells.get(path, "")


def _arrived(cells: dict[PathOf, Cell], was: Row | None, sheet: Sheet, file: str, issues: list[Issue]) -> Arrived:
    edits: dict[PathOf, str | None] = {}
    comment: tuple[str, ...] | None = None
    for path, cell in cells.items():
        before = _was(was, path) if was is not None else ""
        if _same(path, before, cell):
            continue
        fault = _bent(path, before, cell)
        if fault is not None:
            issue = sheet.issue(file, *fault, row=cell.row, column=cell.column, text=cell.text)
            issues.append(issue)
        elif path == COMMENT:
            lines = tuple(cell.text.splitlines())
            kept = tuple(INSIDE + line for line in was.inside) if was is not None else ()
            if lines[len(lines) - len(kept) :] != kept:
                hint = "leave the lines `inside the rule:` as they are; change them in the policy's file"
                issues.append(
                    sheet.issue(file, "comments inside a rule stay there", hint, row=cell.row, column=cell.column)
                )
            above = lines[: len(lines) - len(kept)]
            comment = tuple(line.rstrip().removeprefix(INSIDE) for line in above)
        else:
            edits[path] = _written(path, cell) if cell.text.strip() else None
    return Arrived(cells, cells[_ID].row, was, edits, comment)


def _written(path: PathOf, cell: Cell) -> str:
    """The text that a new or changed cell stands for. A spreadsheet writes flags in capitals."""
    text = _said(path, cell)
    if cell.held is Held.DATE and path[0] in EXPRESSIONS and path[0] not in _DATES_AS_WRITTEN:
        return f'@"{text}"'
    return text.lower() if path[0] in EXPRESSIONS and text in ("TRUE", "FALSE") else text


def _said(path: PathOf, cell: Cell) -> str:
    """A cell's text. Blanks around an expression mean nothing; around words they are its author's."""
    text = _lines(cell.text)
    return text.strip() if path[0] in EXPRESSIONS or path == _ID or not text.strip() else text


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _same(path: PathOf, before: str, cell: Cell) -> bool:
    """Whether a cell still says `before`, in spite of what a spreadsheet makes of texts."""
    now = _said(path, cell)
    if _lines(before) in (now, _lines(cell.text)):
        return True
    if cell.held is Held.DATE and before == f'@"{now}"':
        return True
    if before in ("true", "false") and now.strip().lower() == before:
        return True
    one, other = _number(before), _number(now.strip())
    return one is not None and one == other


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _bent(path: PathOf, before: str, cell: Cell) -> tuple[str, str] | None:
    """What a spreadsheet may have made of a cell against its author's will, and what to do."""
    text = cell.text.strip()
    words_only = path[0] not in EXPRESSIONS and "on" not in path[0]
    if cell.held is Held.DATE and (path == _ID or (before and not _DAY.match(before.removeprefix('@"')))):
        return f"`{text}` is a date here, and was `{before}`", "format the cell as text and write it again"
    if cell.held is Held.TEXT and not words_only and text != before and _BENT_DAY.fullmatch(text):
        return f"`{text}` looks like a date that the spreadsheet made", "write it as 2026-01-31, in a cell that is text"
    number, old = _number(text), _number(before)
    if number is not None and path[0] in EXPRESSIONS:
        if "e" in text.lower():
            return (
                f"`{text}` is a number that the spreadsheet shortened",
                "format the cell as text and write all digits",
            )
        if old is not None and len(old.as_tuple().digits) > _DIGITS and f"{old:.14e}" == f"{number:.14e}":
            return f"`{text}` was `{before}`: spreadsheets keep {_DIGITS} digits", "format the cell as text"
    return None
