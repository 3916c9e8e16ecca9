"""Questions from a table: a row of CSV or Parquet, or a line of JSON, is one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ordain.api.ask import Ask, ask_of_text, read_ask
from ordain.api.batch import read_one
from ordain.api.batch_runs.table_cells import check_columns, customer, raw_value
from ordain.audit.records.table_rows import JSON_LINES, Row, lines, table_rows
from ordain.engine.errors import MalformedRequest, OrdainError, reason_of
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.values.types import Type


@dataclass(frozen=True, slots=True)
class Table:
    """`subject` names the column of whom it is about; `ignored` those that are no facts. A column `at` may say when."""

    path: Path
    subject: str = "subject"
    ignored: frozenset[str] = frozenset()


def read_asks(
    table: Table, service: str, vocabulary: Vocabulary, wanted: Callable[[int], bool] = lambda position: True
) -> Iterator[tuple[int, Ask | OrdainError]]:
    """The questions of a file with their numbers: of the line of .jsonl and .ndjson, of the row without the heading.

    Only those at a `wanted` position, which counts them from 0, whatever their numbers are.

    A line of JSON is what the HTTP service takes. Elsewhere a column is a fact; a cell without text or value leaves
    it out, and the items of a list stand between semicolons. What is wrong with one line alone is its error.

    Raises MalformedRequest for a file that is no table, or has a column that is no fact.
    """
    path = table.path
    with _read_errors(path):
        if path.suffix.lower() in JSON_LINES:
            for position, (number, line) in enumerate(lines(path)):
                if wanted(position):
                    yield number, read_one(f"row {number}", read_ask, service, line)
            return
        facts: list[tuple[str, Type]] | None = None
        for position, row in enumerate(table_rows(path)):
            if facts is None:
                names = list(filter(None, row.cells))  # a column without a name is no fact
                check_columns(path, names, table.subject, {"at", *table.ignored}, vocabulary)
                given = [name for name in names if name in vocabulary.inputs and name != table.subject]
                facts = [(name, vocabulary[name].type) for name in given]
            if wanted(position):
                yield row.number, row.fault or read_one(f"row {row.number}", _ask_of, table, service, row, facts)


def count_rows(path: Path) -> int:
    """How many rows a file has, all of them read once: what is no table to its end is refused before it is decided.

    Raises MalformedRequest; for what is no file, too, such as a pipe, which could be read only once.
    """
    with _read_errors(path):
        if path.exists() and not path.is_file():
            raise MalformedRequest(f"`{path}` is no file, and a table is read twice", "write it to a file first")
        return sum(1 for _ in (lines(path) if path.suffix.lower() in JSON_LINES else table_rows(path)))


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MalformedRequest(f"`{path}` cannot be read: {reason_of(error)}") from None


def _ask_of(table: Table, service: str, row: Row, columns: list[tuple[str, Type]]) -> Ask:
    facts = {}
    for name, type in columns:
        if (raw := raw_value(row.cells[name], type)) is not None:
            facts[name] = raw
    subject, at = row.cells[table.subject], row.cells.get("at")
    when = at.isoformat() if isinstance(at, dt.datetime) else at or None
    return ask_of_text(service, customer(subject, table.subject), facts, when)
