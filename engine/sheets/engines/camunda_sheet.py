"""The layout of Camunda's converter of worksheets (dmn-xlsx), in its `advanced` and its simple form.

Advanced: a row of the words input, output and annotation; below it labels, languages of expressions, the
expressions or names of outputs, and types; the hit policy stands in column A of the row of types. Simple: one row of
headings, of which the last is the output.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.sheets.engines.rule_table import Asked, Given, RuleRow, RuleTable, Said
from ordain.engine.sheets.foreign.columns import name_of
from ordain.engine.sheets.foreign.squares import ForeignSheet, Square

_IN, _OUT, _NOTE = "input", "output", "annotation"
_MARKS = (_IN, _OUT, _NOTE)
_LABEL, _LANGUAGE, _TEXT, _TYPE, _HEADERS = 1, 2, 3, 4, 5
"""How many rows below the marks these stand, and where the rules begin."""
_FEEL = re.compile(
    r"""\s*(["<>=\[\](]|!=|-?\s*$|not\s*\(|date\b.*\(|time\s*\(|duration\s*\(|(null|true|false)\s*$)""", re.DOTALL
)
"""How a text begins that is FEEL, also in a column of texts; Camunda puts every other text in quotes."""
_TYPES = {
    "string": "string", "text": "string", "boolean": "boolean", "integer": "number", "long": "number",
    "double": "number", "number": "number", "date": "date", "datetime": "dateTime", "": "",
}  # fmt: skip


def is_camunda(sheet: ForeignSheet) -> bool:
    """Whether a sheet is in the advanced form: its first row marks inputs and outputs, and holds nothing else."""
    marks = [square.text.strip().lower() for square in sheet.rows[0] if not square.empty and square.column > 1]
    first = [square.text.strip().lower() for square in sheet.rows[0] if square.column == 1]
    return {_IN, _OUT} <= {*marks, *first} and all(mark in _MARKS for mark in marks)


def camunda_table(sheet: ForeignSheet) -> RuleTable:
    """The table of a sheet. Raises PolicyError for a language that is not FEEL, and where there is no rule."""
    return _Sheet(sheet).advanced() if is_camunda(sheet) else _Sheet(sheet).simple()


class _Sheet:
    def __init__(self, sheet: ForeignSheet) -> None:
        self.sheet = sheet
        self.top = sheet.rows[0][0].row
        self.squares = {(square.row, square.column): square for row in sheet.rows for square in row}
        self.issues: list[Issue] = []

    def at(self, below: int, column: int) -> Square:
        row = self.top + below
        return self.squares.get((row, column), Square(row, column))

    def advanced(self) -> RuleTable:
        marks = {square.column: square.text.strip().lower() for square in self.sheet.rows[0]}
        asked = [column for column, mark in marks.items() if mark == _IN]
        given = [column for column, mark in marks.items() if mark == _OUT]
        notes = [column for column, mark in marks.items() if mark == _NOTE or (not mark and column > max(given))]
        for column in (*asked, *given):
            language = self.at(_LANGUAGE, column)
            if language.text.strip().lower() not in ("", "feel"):
                self.refuse(language, f"`{language.text}` cannot be read", "write the column's expressions in FEEL")
        kinds = {column: self.type(self.at(_TYPE, column)) for column in (*asked, *given)}
        hit_policy = self.at(_TYPE, 1) if 1 not in kinds else Square(self.top + _TYPE, 1)
        named = Said(hit_policy.text.strip() or "UNIQUE", hit_policy)
        return self.table(named, asked, given, notes, kinds, _HEADERS)

    def simple(self) -> RuleTable:
        columns = [square.column for square in self.sheet.rows[0] if not square.empty]
        if len(columns) < 2:
            hint = "the first row has the headings: the inputs, and last the output"
            self.refuse(self.sheet.rows[0][0], "there are no two headings", hint)
        asked, given = columns[:-1], columns[-1:]
        return self.table(Said("UNIQUE", self.sheet.rows[0][0]), asked, given, [], {}, 1)

    def refuse(self, square: Square, message: str, hint: str) -> None:
        place = self.sheet.place(square)
        self.issues.append(Issue(f"{place}: {message}", hint, self.sheet.span(square), code="sheet-cell"))

    def type(self, square: Square) -> str:
        kind = _TYPES.get(re.sub(r"[\s_-]|and", "", square.text.lower()))
        if kind is None:
            self.refuse(square, f"`{square.text}` is no type", "write string, number, boolean, date or dateTime")
        return kind or ""

    def table(
        self,
        hit_policy: Said,
        asked: list[int],
        given: list[int],
        notes: list[int],
        kinds: dict[int, str],
        headers: int,
    ) -> RuleTable:
        below = _TEXT if headers == _HEADERS else 0
        rows = [row for row in self.sheet.rows if row[0].row >= self.top + headers]
        if not rows and not self.issues:
            message = f"there are no rules below row {self.top + headers - 1}"
            raise PolicyError(Issue(message, "", Span(self.sheet.file, self.top, 1)))
        kinds = {column: kinds.get(column) or self.guessed(column, rows) for column in (*asked, *given)}
        inputs = tuple(self.input(self.at(below, column), kinds[column]) for column in asked)
        outputs = []
        for column in given:
            name = self.at(below, column)
            outputs.append(Given(Said(_snake(name.text) or name_of(self.at(_LABEL, column).text), name), kinds[column]))
        if self.issues:
            raise PolicyError(self.issues)
        said = []
        for row in rows:
            cells = {square.column: square for square in row}
            number = row[0].row
            because = "; ".join(cells[column].text for column in notes if column in cells and not cells[column].empty)
            tests = tuple(self.feel(cells.get(column, Square(number, column)), kinds[column]) for column in asked)
            gives = tuple(self.feel(cells.get(column, Square(number, column)), kinds[column]) for column in given)
            gives = tuple(replace_empty(each) for each in gives)
            said.append(RuleRow(number, f"row-{number}", tests, gives, because))
        return RuleTable(hit_policy, inputs, tuple(outputs), tuple(said))

    def input(self, square: Square, kind: str) -> Asked:
        text = square.text.strip()
        if not text:
            self.refuse(square, "this input has no expression", "write the name of the fact")
        name = _snake(text)
        is_fact = bool(re.fullmatch(r"[\w .-]+", text)) and is_name(name) and not text[:1].isdigit()
        return Asked(Said(name if is_fact else text, square), kind, is_fact)

    def guessed(self, column: int, rows: list[tuple[Square, ...]]) -> str:
        """The type of a column of which nobody says it, by all that stands in it."""
        contents = [square.content for row in rows for square in row if square.column == column and not square.empty]
        if contents and all(isinstance(each, bool) for each in contents):
            return "boolean"
        numeric = (isinstance(each, Decimal) or _is_numeric(each) for each in contents)
        if contents and any(isinstance(each, Decimal) or each for each in contents) and all(numeric):
            return "number"
        days = [each for each in contents if isinstance(each, dt.date)]
        if days and len(days) == len(contents):
            return "dateTime" if any(isinstance(each, dt.datetime) for each in days) else "date"
        return "string"

    def feel(self, square: Square, kind: str) -> Said:
        content = square.content
        if square.empty:
            text = ""
        elif isinstance(content, bool):
            text = "true" if content else "false"
        elif isinstance(content, Decimal):
            number = format(content.scaleb(-2) if square.percent else content, "f")
            text = json.dumps(number) if kind == "string" else number
        elif isinstance(content, dt.datetime):
            text = f'date and time("{content.isoformat()}")'
        elif isinstance(content, dt.date):
            text = f'date("{content.isoformat()}")'
        else:
            text = square.text.strip()
            if kind in ("string", "") and not _FEEL.match(text):
                text = json.dumps(text, ensure_ascii=False)
        return Said(text, square)


def replace_empty(said: Said) -> Said:
    """An output that a row leaves open is null."""
    return said if said.text and said.text != "-" else Said("null", said.square)


def _is_numeric(content: object) -> bool:
    """A text that asks about numbers, or is one: `>= 18`, `[18..65)`, `not(3)`, `-`."""
    if not isinstance(content, str):
        return False
    rest = content.strip().removeprefix("not")
    return rest == "-" or (any(c.isdigit() for c in rest) and set(rest) <= set("0123456789 .,<>=!-+[]()"))


def _snake(text: str) -> str:
    """`Customer.loanAmount` as a policy names it: customer_loan_amount."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text.strip())
    return re.sub(r"[^0-9A-Za-z]+", "_", parted).strip("_").lower()
