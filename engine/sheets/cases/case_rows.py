"""The rows of a sheet of test cases as examples of the policy, read as the policy's own reader reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import CustomerDataIncomplete, Issue, Level, PolicyError, Span, did_you_mean
from ordain.engine.examples.run import FIRED, Decided, decided
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import load_besides_examples, output_at, output_paths
from ordain.engine.policy.model import Example, Policy
from ordain.engine.sheets.alike import told_once
from ordain.engine.sheets.arriving import NOTES
from ordain.engine.sheets.book import Book, Cell, Held, Sheet, letters, text_of
from ordain.engine.sheets.cases.case_cells import Misread, yaml_of
from ordain.engine.sheets.cases.case_sheet import ACTUAL, AT, COMMENT, EXPECT, GIVEN, REFUSED, SHEET, VERDICT, Case
from ordain.engine.sheets.foreign.amounts import decimal_comma_in, decimal_point_in
from ordain.engine.sheets.sheet_parts import parts_of
from ordain.engine.text.scalars import scalar
from ordain.engine.values.types import ANY, TEXT, Kind, Type, list_of

_UNEXPECTED = "nothing-expected"
"""What stands for an expectation while a row that has none is read."""
Path = tuple[str, str]
"""A column: `("given", "clv_tier")`, `("at", "")`."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A row: its texts, the example that it says, and its entries in YAML. `row` is its number in the sheet.

    `lacks` are the facts that it leaves out or gives as null although the policy cannot be decided without them."""

    row: int
    case: Case
    example: Example
    entries: Mapping[Path, str]
    lacks: tuple[str, ...] = ()

    def part(self, of: str) -> dict[str, str]:
        """The entries under `given` or `expect`, by name."""
        return {name: text for (first, name), text in self.entries.items() if first == of}

    def decided(self, compiled: CompiledPolicy) -> Decided:
        """What the policy decides; for whom it lacks a fact, what a service answers."""
        if not self.lacks:
            return decided(compiled, self.example)
        label = compiled.policy.label
        missing = CustomerDataIncomplete([Issue(f"`{label}` needs `{name}`, which is missing") for name in self.lacks])
        return Decided(self.example, dict(self.example.given), frozenset(), missing)


@dataclass(slots=True)
class _Read:
    """A row before its example is known."""

    row: int
    cells: Mapping[Path, Cell]
    entries: dict[Path, str] = field(default_factory=dict)

    @property
    def expects(self) -> bool:
        return any(first in (EXPECT, REFUSED) for first, _ in self.entries)


def rows_of(book: Book, policy: Policy, vocabulary: Vocabulary) -> tuple[tuple[CaseRow, ...], tuple[Issue, ...]]:
    """The rows, and notes of what was left out. Raises PolicyError with every cell that cannot be read."""
    if book.policy != policy.name:
        raise PolicyError(f"these are the sheets of `{book.policy}`, not of `{policy.name}`")
    sheet = next((each for each in book.sheets if each.name == SHEET), None)
    if sheet is None:
        raise PolicyError(f"`{book.file}` holds no test cases", "rules come back with `ordain table --in`")
    issues: list[Issue] = []
    notes: list[Issue] = []
    if book.version not in ("", str(policy.version)):
        written = f"the sheet was written from `{book.policy}@{book.version}`"
        message = f"{written}: its cases are decided by `{policy.label}`"
        notes.append(Issue(message, "", Span(book.file, 1, 1), code="sheet-cell", level=Level.NOTE))
    columns = _columns(sheet, policy, vocabulary, book.file, issues, notes)
    numbers = [path for path in columns if _type(path, policy, vocabulary).kind is Kind.NUMBER]
    commas = _commas(sheet, [columns[path] for path in numbers], book.file, notes)
    reads = []
    for row in sheet.rows:
        filled = [cell for cell in row if cell.text.strip()]
        if not filled:
            continue
        if not _says_case(sheet, filled, columns, policy):
            message = f"the row with `{filled[0].text.strip()[:80]}` is left out: it gives and expects nothing"
            hint = "a case has a cell under `given` or `expect`"
            notes.append(replace(sheet.issue(book.file, message, hint, row=filled[0].row), level=Level.NOTE))
            continue
        reads.append(read := _read(sheet, row, columns, policy, vocabulary, book.file, issues, commas))
        notes += _numbers_read(sheet, read, numbers, book.file, commas)
    if not issues and not reads:
        issues.append(sheet.issue(book.file, "there is no case", "write one in a row", row=sheet.heading_row))
    if issues:
        raise PolicyError(told_once(issues))
    return tuple(_examples(sheet, reads, policy, vocabulary, book.file)), tuple(told_once(notes))


def _commas(sheet: Sheet, columns: Sequence[int], file: str, notes: list[Issue]) -> bool:
    """Whether the sheet writes decimal commas, as `ordain table --import` takes it: where some number has one that
    cannot divide thousands, and none a decimal point."""
    cells = [cell for row in sheet.rows for cell in row if cell.column in columns and cell.held is Held.TEXT]
    commas = [cell for cell in cells if decimal_comma_in(cell.text)]
    has_points = any(decimal_point_in(cell.text) for cell in cells)
    if commas and has_points:
        first = commas[0]
        message = f"`{first.text}`: decimal commas stand beside decimal points"
        note = sheet.issue(file, message, "write all in one way", row=first.row, column=first.column, text=first.text)
        notes.append(replace(note, level=Level.NOTE))
    return bool(commas) and not has_points


def _numbers_read(sheet: Sheet, read: _Read, numbers: Sequence[Path], file: str, commas: bool) -> Iterator[Issue]:
    """Which number a text with commas was taken for: they divide thousands for some people, and decimals for others."""
    for path in numbers:
        cell = read.cells.get(path)
        if cell is not None and ("," in cell.text or (commas and "." in cell.text)) and path in read.entries:
            message = f"`{cell.text.strip()}` is taken as {read.entries[path]}"
            note = sheet.issue(file, message, row=cell.row, column=cell.column, text=cell.text)
            yield replace(note, level=Level.NOTE)


def _says_case(sheet: Sheet, filled: Sequence[Cell], columns: Mapping[Path, int], policy: Policy) -> bool:
    """Whether a row gives or expects something. A title above others, or a text of one's own beside them, does not."""
    paths = {column: path for path, column in columns.items()}
    said = {paths[cell.column][0] for cell in filled if cell.column in paths}
    if not policy.reads and AT in said:
        return True
    headed = {cell.column for cell in sheet.headings if cell.text.strip()}
    stray = any(cell.column not in headed for cell in filled)  # which is refused with its place
    return stray or not said.isdisjoint((GIVEN, EXPECT, REFUSED))


def _columns(
    sheet: Sheet, policy: Policy, vocabulary: Vocabulary, file: str, issues: list[Issue], notes: list[Issue]
) -> dict[Path, int]:
    """The column of each part of a case."""
    columns: dict[Path, int] = {}
    known = [AT, REFUSED, COMMENT, *(f"{GIVEN}: {name}" for name in policy.reads)]
    known += [f"{EXPECT}: {path}" for path in (*output_paths(policy.gives), FIRED)]
    for cell in sheet.headings:
        heading = " ".join(cell.text.split())
        first, _, rest = heading.partition(":")
        path = (first.strip(), rest.strip())
        row, column = cell.row, cell.column
        if not heading or first in (ACTUAL, VERDICT):
            continue
        if heading.lower() in NOTES:
            note = sheet.issue(
                file, f"the column `{heading}` is left out", "write into `comment` what stays", row=row, column=column
            )
            notes.append(replace(note, level=Level.NOTE))
        elif first == GIVEN and rest.strip() in vocabulary and rest.strip() not in policy.reads:
            note = sheet.issue(
                file, "the policy does not read this fact: the column is left out", row=row, column=column
            )
            notes.append(replace(note, level=Level.NOTE))
        elif not _is_known(path, policy):
            hint = did_you_mean(heading, known)
            issues.append(
                sheet.issue(file, f"`{heading}`: there is no such column", hint, row=row, column=column, text=heading)
            )
        elif path in columns:
            message = f"`{heading}`: the column appears twice; first in column {letters(columns[path])}"
            issues.append(sheet.issue(file, message, "keep one of them", row=row, column=column, text=heading))
        else:
            columns[path] = cell.column
    return columns


def _is_known(path: Path, policy: Policy) -> bool:
    first, name = path
    if first == GIVEN:
        return name in policy.reads
    if first == EXPECT:
        return name == FIRED or output_at(policy.gives, name) is not None
    return first in (AT, REFUSED, COMMENT) and not name


def _read(
    sheet: Sheet,
    row: tuple[Cell, ...],
    columns: Mapping[Path, int],
    policy: Policy,
    vocabulary: Vocabulary,
    file: str,
    issues: list[Issue],
    commas: bool,
) -> _Read:
    by_column = {cell.column: cell for cell in row if cell.text.strip()}
    headed = {cell.column for cell in sheet.headings if cell.text.strip()}
    for cell in by_column.values():
        if cell.column not in headed:
            message = f"`{cell.text}` is in a column without a heading"
            hint = "give it one, or empty the cell"
            issues.append(sheet.issue(file, message, hint, row=cell.row, column=cell.column))
    cells = {path: by_column[column] for path, column in columns.items() if column in by_column}
    read = _Read(row[0].row, cells)
    for path, cell in cells.items():
        if path[0] == COMMENT:
            continue
        try:
            read.entries[path] = yaml_of(cell, _type(path, policy, vocabulary), path[1], commas=commas)
        except Misread as error:
            message = f"`{cell.text}`: {error}"
            issues.append(sheet.issue(file, message, error.hint, row=cell.row, column=cell.column, text=cell.text))
    return read


def _type(path: Path, policy: Policy, vocabulary: Vocabulary) -> Type:
    first, name = path
    if first == GIVEN:
        return vocabulary[name].type
    if first == EXPECT:
        return list_of(TEXT) if name == FIRED else output_at(policy.gives, name) or ANY
    return TEXT


def _examples(sheet: Sheet, reads: list[_Read], policy: Policy, vocabulary: Vocabulary, file: str) -> list[CaseRow]:
    """The rows with their examples. Raises PolicyError with what the policy's reader finds, by cell."""
    text = text_of(policy)
    key, value = next(pair for pair in parts_of(text).pairs if pair[0].text == "examples")
    lines, places = _lines(reads, text.count("\n", 0, key.start) + 1)
    whole = text[: key.start] + "\n".join(lines) + "\n" + text[value.end :]
    loaded, issues = load_besides_examples(whole.encode(), policy.span.file, vocabulary, policy.zone, lacking=True)
    if issues:
        raise PolicyError(told_once(_in_sheet(issue, sheet, places, file) for issue in issues))
    rows = []
    for read, example in zip(reads, loaded.examples, strict=True):
        plain = replace(example, refused="") if example.refused == _UNEXPECTED else example
        lacks = tuple(name for name in policy.reads if name not in example.given)
        rows.append(CaseRow(read.row, _case(read), plain, read.entries, lacks))
    return rows


def _case(read: _Read) -> Case:
    texts = {path: cell.text for path, cell in read.cells.items()}
    parts = {of: {name: text for (first, name), text in texts.items() if first == of} for of in (GIVEN, EXPECT)}
    at, refused, comment = (texts.get((name, ""), "").strip() for name in (AT, REFUSED, COMMENT))
    return Case(at, parts[GIVEN], parts[EXPECT], refused, comment)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line of the examples' text comes from. What is found before `inside` is about the whole row."""

    row: int
    column: int
    inside: int
    text: str


def _lines(reads: list[_Read], first: int) -> tuple[list[str], dict[int, _Place]]:
    """The section `examples` with each entry on a line of its own, of which `first` is the number of the first."""
    lines = ["examples:"]
    places: dict[int, _Place] = {}

    def add(read: _Read, start: str, path: Path | None = None) -> None:
        cell = read.cells.get(path) if path is not None else None
        written = read.entries[path] if path is not None else ""
        places[first + len(lines)] = _Place(
            read.row, cell.column if cell else 0, len(start) + 1, cell.text if cell else ""
        )
        lines.append(start + written)

    for read in reads:
        given = [path for path in read.entries if path[0] == GIVEN]
        add(read, "- given:" if given else "- given: {}")
        for path in given:
            add(read, f"    {scalar(path[1], words_only=True)}: ", path)
        for path in ((AT, ""), (REFUSED, "")):
            if path in read.entries:
                add(read, f"  {path[0]}: ", path)
        if not read.expects:
            add(read, f"  refused: {_UNEXPECTED}")
        expected = [path for path in read.entries if path[0] == EXPECT]
        if expected:
            add(read, "  expect:")
        for path in expected:
            add(read, f"    {scalar(path[1], words_only=True)}: ", path)
    return lines, places


def _in_sheet(issue: Issue, sheet: Sheet, places: Mapping[int, _Place], file: str) -> Issue:
    place = places.get(issue.span.line) if issue.span is not None else None
    if issue.span is None or place is None:
        return issue
    column = place.column if issue.span.column >= place.inside else 0
    where = sheet.place(place.row, column)
    span = Span(file, place.row, max(column, 1), place.text if column else "")
    return replace(issue, message=f"{where}: {issue.message}", span=span, code="sheet-cell", replacements=())
