"""A policy's rules as sheets, whatever the file's format: what is written, and what was read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ordain.engine.errors import Issue, PolicyError, Span, did_you_mean
from ordain.engine.policy.model import Policy
from ordain.engine.sheets.edits import PathOf
from ordain.engine.sheets.sections import Section, sections_of

LONGEST = 32_767
"""How many characters a spreadsheet keeps in one cell."""
NOTES = (
    "One sheet for each list of rules; one row for each rule, in the order in which they are tried.",
    "Change, add, move or delete rows and cells. An empty cell leaves its entry out of the rule.",
    "To ask about another fact, add a column such as `when: plan`.",
    "Do not change headings or this page. Hit policies, outputs and the like are changed in the policy's file.",
)


class Held(Enum):
    """What a spreadsheet holds in a cell; a text is all that Ordain writes."""

    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"
    FLAG = "flag"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as it was read: `row` and `column` count from 1, `text` is what it says."""

    text: str
    row: int
    column: int
    held: Held = Held.TEXT


@dataclass(frozen=True, slots=True)
class Sheet:
    """One list of rules in a sheet called `title`; every row has a cell for each heading."""

    name: str
    title: str
    about: tuple[tuple[str, str], ...]
    headings: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def place(self, row: int, column: int = 0) -> str:
        """`sheet `offer`, row 4, column C (when: churn_risk)`."""
        if not column:
            return f"sheet `{self.title}`, row {row}"
        heading = next((cell.text.strip() for cell in self.headings if cell.column == column), "")
        named = f" ({heading})" if heading and row != self.heading_row else ""
        return f"sheet `{self.title}`, row {row}, column {letters(column)}{named}"

    @property
    def heading_row(self) -> int:
        return self.headings[0].row if self.headings else 1

    def issue(self, file: str, message: str, hint: str = "", *, row: int, column: int = 0, text: str = "") -> Issue:
        """A finding about a cell, a row or, in the row of the headings, a column."""
        span = Span(file, row, max(column, 1), text)
        return Issue(f"{self.place(row, column)}: {message}", hint, span, code="sheet-cell")


@dataclass(frozen=True, slots=True)
class Book:
    """All sheets of one policy's version; `digest` is that of the text they were made from.

    `notes` tell whoever opens the file what may be done.
    """

    policy: str
    version: str
    digest: str
    sheets: tuple[Sheet, ...]
    file: str = ""
    notes: tuple[str, ...] = NOTES


def heading_of(path: PathOf) -> str:
    """`when: churn_risk`, `then`, `because`."""
    return ": ".join(path)


def letters(column: int) -> str:
    """A, B, ... Z, AA: how spreadsheets name columns."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def text_of(policy: Policy) -> str:
    """The text of a policy's file without the mark of its encoding."""
    return policy.text.decode("utf-8-sig")


def chosen_sections(policy: Policy, decision: str = "") -> tuple[Section, ...]:
    """The lists of rules of a YAML policy, or the one of `decision`. Raises PolicyError when there is none."""
    if policy.lenient or policy.text.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<"):
        raise PolicyError(f"`{policy.label}` is a .dmn file", "convert it first: ordain dmn convert")
    sections = sections_of(text_of(policy))
    if not sections:
        raise PolicyError(f"`{policy.label}` has no list of rules to put into a sheet")
    known = [section.name for section in sections]
    if decision and decision not in known:
        raise PolicyError(f"`{policy.label}` has no rules called `{decision}`", did_you_mean(decision, known))
    return tuple(section for section in sections if decision in ("", section.name))


def book_of(policy: Policy, decision: str = "", *, exact: bool = True) -> Book:
    """The sheets of a policy, each cell as it is written in its file. Raises PolicyError.

    `exact`: texts that a spreadsheet could not give back are refused.
    """
    sections = chosen_sections(policy, decision)
    titles = _titles([section.name for section in sections])
    sheets = [_sheet(section, title) for section, title in zip(sections, titles, strict=True)]
    if exact:
        refuse_unfit(sheets)
    return Book(policy.name, str(policy.version), policy.digest, tuple(sheets))


def _sheet(section: Section, title: str) -> Sheet:
    headings = tuple(Cell(heading_of(path), 1, n) for n, path in enumerate(section.columns, start=1))
    rows = []
    for number, row in enumerate(section.rows, start=2):
        texts = [*(row.cells.get(path, "") for path in section.columns[:-1]), row.comment]
        rows.append(tuple(Cell(text, number, column) for column, text in enumerate(texts, start=1)))
    return Sheet(section.name, title, section.about, headings, tuple(rows))


def _titles(names: Sequence[str]) -> list[str]:
    """Names of sheets: at most 31 characters, none of those that spreadsheets refuse, none twice in any case."""
    titles: list[str] = []
    taken = {"about", "history"}
    for name in names:
        plain = "".join("_" if c in "[]:*?/\\'" or not c.isprintable() else c for c in name)[:31].strip() or "rules"
        title, number = plain, 2
        while title.lower() in taken:
            title, number = f"{plain[:27]}~{number}", number + 1
        taken.add(title.lower())
        titles.append(title)
    return titles


def refuse_unfit(sheets: Sequence[Sheet]) -> None:
    """Raises PolicyError with each cell that no spreadsheet could give back."""
    if issues := [issue for sheet in sheets for issue in _unfit(sheet)]:
        raise PolicyError(issues)


def _unfit(sheet: Sheet) -> list[Issue]:
    issues = []
    for row in (sheet.headings, *sheet.rows):
        for cell in row:
            if len(cell.text) > LONGEST:
                message = f"{len(cell.text):,} characters are more than the {LONGEST:,} that a spreadsheet keeps"
                issues.append(Issue(f"{sheet.place(cell.row, cell.column)}: {message}", "", code="sheet-cell"))
            bad = next((c for c in cell.text if _is_unfit(c)), "")
            if bad:
                message = f"the character U+{ord(bad):04X} cannot stand in a sheet"
                issues.append(Issue(f"{sheet.place(cell.row, cell.column)}: {message}", "", code="sheet-cell"))
    return issues


def _is_unfit(character: str) -> bool:
    code = ord(character)
    return (code < 32 and character not in "\t\n\r") or 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF)
