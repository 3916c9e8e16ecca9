"""Files of rows, read as they come: separated text and JSON lines, also compressed with gzip, and Parquet.

A row that cannot be read does not keep the next one out. In separated text a quote that nobody closes would draw in the
rest of the file: such a line is given up by itself, and the next line begins a row.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import IO, NamedTuple

from ordain.engine.errors import (
    DataQualityIssue,
    Issue,
    MalformedRequest,
    SettingsError,
    did_you_mean,
    quoted,
    reason_of,
)
from ordain.engine.late import late
from ordain.engine.text.regular import opened
from ordain.models.ingest.column_mapping import PLAIN, ColumnMapping
from ordain.models.ingest.json_rows import row_of_text
from ordain.models.ingest.line import Line
from ordain.models.limits import LIMITS

Told = Callable[[int, int], None]
"""Is told how much of how much has been read."""


Needed = Sequence[tuple[str, ...]]


class FileFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def format_of(path: Path) -> FileFormat:
    """By the end of the name. Raises MalformedRequest."""
    name = path.name.lower().removesuffix(".gz")
    suffix = {"ndjson": "jsonl", "tsv": "csv"}.get(name.rpartition(".")[2], name.rpartition(".")[2])
    zipped = path.name.lower().endswith(".gz")
    if suffix not in list(FileFormat) or (zipped and suffix == FileFormat.PARQUET):
        raise MalformedRequest(
            f"`{path.name}` has no known format", "its name ends in .csv, .jsonl or .ndjson (also .gz), or .parquet"
        )
    return FileFormat(suffix)


def check_file(path: Path) -> None:
    """Raises SettingsError where there is no such file, MalformedRequest where its name says no format."""
    format_of(path)
    if not path.exists():
        raise _none(path)


def _none(path: Path) -> SettingsError:
    return SettingsError(f"there is no file `{path.name}`", "name a file of events or snapshots")


def lines_of(path: Path, mapping: ColumnMapping, told: Told, needed: Needed = ()) -> Iterator[Line]:
    """The rows of a file; of each of `needed`, names of the store, a table has one column.

    Raises SettingsError without a file, DataQualityIssue for a header or a file that is damaged.
    """
    kind = format_of(path)
    if kind is FileFormat.PARQUET:
        yield from late("ordain.models.ingest.parquet:lines_of_parquet")(path, mapping, told, needed)
        return
    with _bytes_of(path) as (raw, text):
        size = path.stat().st_size
        numbered = _numbered(text, lambda: told(raw.tell(), size), path.name)
        if kind is FileFormat.JSONL:
            yield from _of_json(numbered, mapping)
        else:
            tabs = path.name.lower().removesuffix(".gz").endswith(".tsv") and mapping.separator == PLAIN.separator
            yield from _of_csv(numbered, replace(mapping, separator="\t") if tabs else mapping, path.name, needed)


def named(mapping: ColumnMapping) -> Callable[[str], str | None]:
    """The store's name of a column; None for one that is left out."""
    ours, left_out = mapping.ours, mapping.left_out
    return lambda column: None if column in left_out else ours.get(column, column)


@contextmanager
def _bytes_of(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The file as it is stored, and its text's bytes."""
    try:
        with opened(path) as raw:
            if path.name.lower().endswith(".gz"):
                with gzip.open(raw) as unzipped:
                    yield raw, unzipped  # type: ignore[misc]
            else:
                yield raw, raw
    except FileNotFoundError:
        raise _none(path) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        said = "it ends too early" if isinstance(error, EOFError) else "it is no gzip file, or a damaged one"
        message = f"`{path.name}` cannot be read to its end: {said}. Rows before that may have been taken"
        raise DataQualityIssue(message, "get it again, and run this again: no row is taken twice") from None
    except OSError as error:
        raise SettingsError(f"`{path.name}` cannot be read: {reason_of(error)}") from None


class _Text(NamedTuple):
    """A line of a file with its end; `wrong` says why it is no text that can be read."""

    number: int
    text: str
    wrong: str = ""


def _numbered(file: IO[bytes], tell: Callable[[], None], name: str) -> Iterator[_Text]:
    number = 0
    while data := file.readline(LIMITS.row_bytes):
        number += 1
        if number % LIMITS.rows_together == 1:
            tell()
        wrong = ""
        if len(data) == LIMITS.row_bytes and not data.endswith(b"\n"):
            wrong = f"the line has more than {LIMITS.row_bytes:,} bytes"
            while (more := file.readline(LIMITS.row_bytes)) and not more.endswith(b"\n"):
                pass
        if number == 1:
            if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise DataQualityIssue(f"`{name}` is UTF-16 text", "save it as UTF-8")
            data = data.removeprefix(b"\xef\xbb\xbf")
        try:
            yield _Text(number, data.decode(), wrong)
        except UnicodeDecodeError as error:
            shown = data.decode("utf-8", "replace")
            yield _Text(number, shown, wrong or f"the line is not UTF-8 text: byte {error.start + 1}")
    tell()


def _of_json(lines: Iterator[_Text], mapping: ColumnMapping) -> Iterator[Line]:
    name_of, plain = named(mapping), not (mapping.ours or mapping.left_out or mapping.missing)
    missing = mapping.missing
    for number, text, wrong in lines:
        if not wrong and text.isspace():
            continue
        shown = text.rstrip("\r\n")
        if wrong:
            yield Line(number, shown, None, wrong)
            continue
        line = row_of_text(number, text.encode(), shown)
        if line.cells is None or plain:
            yield line
        else:
            cells = {name: value for column, value in line.cells.items() if (name := name_of(column)) is not None}
            yield line._replace(cells={n: v for n, v in cells.items() if type(v) is not str or v not in missing})


def _of_csv(lines: Iterator[_Text], mapping: ColumnMapping, file: str, needed: Needed) -> Iterator[Line]:
    rows = _Rows(lines, mapping.separator)
    header = next(iter(rows), None)
    if header is None:
        raise DataQualityIssue(f"`{file}` is empty", "its first line names its columns")
    if header.wrong:
        raise DataQualityIssue(f"the header of `{file}` cannot be read: {header.wrong}")
    check_columns(header.cells, mapping, file, needed)
    names = [named(mapping)(column) or "" for column in header.cells]
    width, missing = len(names), mapping.missing
    for number, text, cells, wrong in rows:
        if wrong:
            yield Line(number, text, None, wrong)
        elif len(cells) != width:
            message = f"the row has {len(cells)} cells, the header {width}"
            yield Line(number, text, None, message)
        else:
            yield Line(
                number,
                text,
                {name: cell for name, cell in zip(names, cells, strict=True) if cell and name and cell not in missing},
            )


class _Cells(NamedTuple):
    number: int
    text: str
    cells: list[str]
    wrong: str = ""


class _Rows:
    """Rows of separated text (RFC 4180), over as many lines as their quotes need; cells without blanks around them."""

    def __init__(self, lines: Iterator[_Text], separator: str) -> None:
        self._lines, self._separator = lines, separator
        self._again: deque[_Text] = deque()

    def __iter__(self) -> Iterator[_Cells]:
        separator = self._separator
        while (line := self._next()) is not None:
            number, text, wrong = line
            shown = text.rstrip("\r\n")
            if wrong:
                yield _Cells(number, shown, [], wrong)
            elif '"' not in text:
                if not shown.isspace() and shown:
                    yield _Cells(number, shown, [cell.strip() for cell in shown.split(separator)])
            else:
                yield self._quoted(line)

    def _next(self) -> _Text | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _quoted(self, first: _Text) -> _Cells:
        taken, quotes = [first], first.text.count('"')
        while quotes % 2 and len(taken) < LIMITS.row_lines and (line := self._next()) is not None:
            taken.append(line)
            quotes += line.text.count('"')
        text = "".join(line.text for line in taken)
        wrong = next((line.wrong for line in taken if line.wrong), "")
        if quotes % 2:
            wrong = wrong or "a quote is opened and not closed"
        elif not wrong:
            try:
                ((*cells,),) = csv.reader(io.StringIO(text, newline=""), delimiter=self._separator, strict=True)
                return _Cells(first.number, text.rstrip("\r\n"), [cell.strip() for cell in cells])
            except (csv.Error, ValueError) as error:
                wrong = f"this is not separated text: {error}"
        self._again.extendleft(reversed(taken[1:]))
        return _Cells(first.number, first.text.rstrip("\r\n"), [], wrong)


def check_columns(columns: Sequence[str], mapping: ColumnMapping, file: str, needed: Needed) -> None:
    """Raises DataQualityIssue with all findings: columns that are nameless, there twice, or lacking."""
    name_of, issues = named(mapping), []
    for column, count in Counter(columns).items():
        if not column:
            issues.append(Issue(f"`{file}` has a column without a name", "name each column, or take it out"))
        elif count > 1:
            issues.append(
                Issue(f"`{file}` has the column {quoted(column)} {count} times", "give each a name of its own")
            )
    for column in (*mapping.ours, *sorted(mapping.left_out)):
        if column not in columns:
            issues.append(Issue(f"`{file}` has no column {quoted(column)}", did_you_mean(column, columns)))
    names = Counter(name for column in columns if (name := name_of(column)))
    for name, count in names.items():
        if count > 1 and name in mapping.ours.values() and Counter(columns)[name] == 1:
            issues.append(Issue(f"`{file}` has a column {quoted(name)}, and the mapping calls another one so"))
    for one_of in needed:
        if not any(name in names or name in mapping.ours.values() for name in one_of):
            hint = f"it has {', '.join(map(quoted, columns[: LIMITS.listed]))}; a mapping says what columns are called"
            if len(one_of) > 1:
                hint += ", and --kind or --snapshot what all rows are"
            issues.append(Issue(f"`{file}` has no column {' or '.join(map(quoted, one_of))}", hint))
    if issues:
        raise DataQualityIssue(issues)
