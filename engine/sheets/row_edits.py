"""Single rules of a policy's text edited as rows of a sheet, without one: cells written, rules added and dropped.

What is done to the text is what a sheet that comes back does to it (`back.py`), so all else stays byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ordain.engine.errors import Issue, MalformedRequest, PolicyError, did_you_mean
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import load_besides_examples
from ordain.engine.sheets.arriving import Arrival
from ordain.engine.sheets.back import Rewritten, hint_for_cell, place_of, places_in, rewritten
from ordain.engine.sheets.book import Book, Cell, Sheet, heading_of, letters
from ordain.engine.sheets.sections import COMMENT, Row, Section, sections_of
from ordain.engine.uncollected import uncollected

_FILE = "the table"
_FIRST = 2
"""The row of the first rule, as in a sheet with one row of headings."""
_FEW = 20
"""A list of so many rules is kept as it is where one rule alone is looked at."""


@dataclass(frozen=True, slots=True)
class RowEdit:
    """What is done to a rule of a list: `rule` is its id, and "" for a new one, which follows the rule `after`, or ""
    for none. `cells` are texts by heading, such as `when: plan`; those that are not named stay. `drop` takes it out.
    `move` puts a rule that is there behind the rule `after`, or before all others; one move follows the other."""

    table: str
    rule: str = ""
    after: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    move: bool = False


@dataclass(frozen=True, slots=True)
class CellIssue:
    """A finding about a cell, a rule (`heading` is ""), or a column (`rule` is ""). `number` counts the rules of the
    table as they are after the edits, from 1; 0 for none."""

    table: str
    rule: str
    number: int
    heading: str
    issue: Issue


def edited(text: str, edits: Sequence[RowEdit], label: str) -> Rewritten:
    """The text of the policy `label` with these edits, nothing of which is loaded yet.

    Raises MalformedRequest for a table or rule that there is not; WrongCells for what no text can be made of.
    """
    with uncollected():
        sections = sections_of(text)
        book = _book(sections, edits, label)
        return _rewritten(book, text, label, sections)


def _rewritten(book: Book, text: str, label: str, sections: Sequence[Section]) -> Rewritten:
    try:
        return rewritten(book, text, label, sections)
    except PolicyError as error:
        raise WrongCells(list(_of_sheets(error.issues, book))) from None


def edited_row_issues(
    text: str, sections: Sequence[Section], edits: Sequence[RowEdit], label: str, vocabulary: Vocabulary
) -> list[CellIssue]:
    """What is wrong with the rules of these edits by themselves, in the time that they take, however many there are.

    `sections` are those of the text. What only shows beside other rules, such as an overlap, is not found; `number`
    is 0. Raises MalformedRequest.
    """
    _known(sections, edits)
    near, kept = _cut(text, sections, edits)
    try:
        made = edited(near, kept, label)
    except WrongCells as wrong:
        return [replace(each, number=0) for each in wrong.issues]
    try:
        _, _ = load_besides_examples(made.text.encode(), _FILE, vocabulary)
    except PolicyError as error:
        wanted = {(each.table, each.cells.get("id", each.rule)) for each in kept}
        return [
            replace(each, number=0)
            for each in cell_issues(error.issues, made)
            if (each.table, each.rule) in wanted or (each.table and not each.rule)
        ]
    return []


def cell_issues(issues: Sequence[Issue], made: Rewritten) -> list[CellIssue]:
    """Findings about the new text by the cells that they stand in; `table` is "" for those that stand in none."""
    places = list(places_in(made))
    found = []
    for issue in issues:
        place = None if issue.span is None else place_of(issue, made.text, places)
        if place is None:
            found.append(CellIssue("", "", 0, "", issue))
            continue
        told = replace(issue, hint=hint_for_cell(issue))
        found.append(_of_cell(place.arrival, place.row, place.column, told))
    return found


class WrongCells(Exception):
    """Cells of which no text can be made."""

    def __init__(self, issues: Sequence[CellIssue]) -> None:
        super().__init__(str(issues[0].issue))
        self.issues = tuple(issues)


def _book(sections: Sequence[Section], edits: Sequence[RowEdit], label: str) -> Book:
    """The sheets of the lists that are edited, as they would come back."""
    _known(sections, edits)
    sheets = []
    for section in sections:
        own = [each for each in edits if each.table == section.name]
        if own:
            sheets.append(_sheet(section, own))
    return Book(label, "", "", tuple(sheets), _FILE)


def _sheet(section: Section, edits: Sequence[RowEdit]) -> Sheet:
    headings = list(dict.fromkeys(heading_of(path) for path in section.columns))
    new = {heading for each in edits for heading in each.cells} - set(headings)
    headings = [*headings[:-1], *sorted(new), headings[-1]]  # the last is the comment
    dropped = {each.rule for each in edits if each.rule and each.drop}
    changed = {each.rule: dict(each.cells) for each in edits if each.rule and not each.drop}
    added: dict[str, list[dict[str, str]]] = {}
    for each in edits:
        if not each.rule and not each.drop:
            added.setdefault(each.after, []).append(dict(each.cells))
    rows = [*added.get("", ())]
    for row in _in_order(section, edits):
        if row.id not in dropped:
            rows.append({**_texts(row), **changed.get(row.id, {})})
        rows += added.get(row.id, ())
    heads = tuple(Cell(heading, 1, n) for n, heading in enumerate(headings, start=1))
    cells = (
        tuple(Cell(row.get(heading, ""), number, n) for n, heading in enumerate(headings, start=1))
        for number, row in enumerate(rows, start=_FIRST)
    )
    return Sheet(section.name, section.name, section.about, heads, tuple(cells))


def _in_order(section: Section, edits: Sequence[RowEdit]) -> list[Row]:
    """The rules that are there as they stand after all moves. Raises MalformedRequest."""
    rows = list(section.rows)
    for each in edits:
        if not each.move:
            continue
        if each.drop or not each.rule or each.rule == each.after:
            said = f"`{each.rule or 'a new rule'}` of `{section.name}` cannot be moved"
            raise MalformedRequest(said, "a rule that is there and stays is moved, behind another one")
        moved = rows.pop(next(n for n, row in enumerate(rows) if row.id == each.rule))
        rows.insert(next((n for n, row in enumerate(rows, start=1) if row.id == each.after), 0), moved)
    return rows


def _texts(row: Row) -> dict[str, str]:
    texts = {heading_of(path): text for path, text in row.cells.items()}
    return {**texts, heading_of(COMMENT): row.comment}


def _known(sections: Sequence[Section], edits: Sequence[RowEdit]) -> None:
    names = {section.name: {row.id for row in section.rows} for section in sections}
    for each in edits:
        if each.table not in names:
            raise MalformedRequest(f"there is no table `{each.table[:80]}`", did_you_mean(each.table, names))
        for rule in (each.rule, each.after):
            if rule and rule not in names[each.table]:
                hint = did_you_mean(rule, names[each.table])
                raise MalformedRequest(f"`{each.table}` has no rule `{rule[:80]}`", hint)


def _cut(text: str, sections: Sequence[Section], edits: Sequence[RowEdit]) -> tuple[str, list[RowEdit]]:
    """The text with no more rules of long lists than the edited ones, and the edits of that."""
    kept_edits = [replace(each, move=False, after="" if each.rule else each.after) for each in edits if not each.drop]
    for section in sorted(sections, key=lambda each: each.start, reverse=True):
        if len(section.rows) <= _FEW or section.part.flow:
            continue
        own = {each.rule for each in kept_edits if each.table == section.name and each.rule}
        rows = [row for row in section.rows if row.id in own] or [section.rows[0]]
        text = text[: section.start] + "".join(text[row.start : row.end] for row in rows) + text[section.end :]
        first = rows[-1].id
        kept_edits = [
            replace(each, after=first) if each.table == section.name and not each.rule else each for each in kept_edits
        ]
    return text, kept_edits


def _of_cell(arrival: Arrival, row: int, column: int, issue: Issue) -> CellIssue:
    sheet = arrival.sheet
    return _told(sheet, row, column, issue)


def _told(sheet: Sheet, row: int, column: int, issue: Issue) -> CellIssue:
    heading = next((cell.text for cell in sheet.headings if cell.column == column), "")
    number = max(row - _FIRST + 1, 0)
    ids = next((cell.column for cell in sheet.headings if cell.text == "id"), 1)
    rule = sheet.rows[number - 1][ids - 1].text if number else ""
    return CellIssue(sheet.name, rule, number, heading, issue)


def _of_sheets(issues: Sequence[Issue], book: Book) -> Iterator[CellIssue]:
    """Findings that have the place of a cell before them already: here without it."""
    for issue in issues:
        for sheet in book.sheets:
            if issue.span is None or not issue.message.startswith(f"sheet `{sheet.title}`, row {issue.span.line}"):
                continue
            row, column = issue.span.line, issue.span.column
            whole = sheet.place(row, column)
            message = issue.message.removeprefix(f"{whole}: ").removeprefix(f"{sheet.place(row)}: ")
            at = column if f", column {letters(column)}" in issue.message else 0
            yield _told(sheet, row, at, replace(issue, message=message))
            break
        else:
            yield CellIssue("", "", 0, "", issue)
