"""Questions from a table: a row of CSV or Parquet, or a line of JSON, is one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ordain.api.ask import Ask, ask_of_text, read_ask
from ordain.api.batch import read_one
from ordain.audit.records.table_rows import JSON_LINES, Row, lines, table_rows
from ordain.engine.errors import Issue, MalformedRequest, OrdainError, counted, near_word, reason_of
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.values.types import Kind, Type


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
                _check_columns(table, names, vocabulary)
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


def _check_columns(table: Table, names: Iterable[str], vocabulary: Vocabulary) -> None:
    names = set(names)
    if table.subject not in names:
        near = near_word(table.subject, names)
        which = f"'{near}'" if near else "NAME"
        raise MalformedRequest(
            f"`{table.path}` has no column `{table.subject}`, which is to say whom a row is about",
            f"say which column does: --subject-column {which}",
        )
    strangers = sorted(names - {table.subject, "at"} - table.ignored - vocabulary.inputs)
    more = len(strangers) - LIMITS.unknown_facts
    if strangers:
        raise MalformedRequest(
            [
                Issue(
                    f"the column `{name}` of `{table.path}` is no fact that a request may send",
                    _hint(name, near_word(name, vocabulary.inputs)),
                )
                for name in strangers[: LIMITS.unknown_facts]
            ]
            + ([Issue(f"and {counted(more, 'more such column')}")] if more > 0 else [])
        )


def _hint(name: str, near: str) -> str:
    meant = f"did you mean `{near}`? If so, rename it; else leave" if near else "rename it, or leave"
    return f"{meant} it out: --ignore-column '{name}'"


def _ask_of(table: Table, service: str, row: Row, columns: list[tuple[str, Type]]) -> Ask:
    facts = {}
    for name, type in columns:
        if (raw := _raw(row.cells[name], type)) is not None:
            facts[name] = raw
    subject, at = row.cells[table.subject], row.cells.get("at")
    when = at.isoformat() if isinstance(at, dt.datetime) else at or None
    return ask_of_text(service, _customer(subject, table.subject), facts, when)


def _customer(cell: object, column: str) -> object:
    """Customers are often numbered. Raises MalformedRequest for a number that may not be as it was written."""
    if isinstance(cell, float) and cell == cell:
        raise MalformedRequest(
            f"the column `{column}` has {cell!r}, a floating-point number, which may be no customer's own",
            "write the column as text or as whole numbers; in pandas: .astype('Int64')",
        )
    return str(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell


def _raw(cell: object, type: Type) -> object:
    """The JSON value of a cell; None when it is empty. What does not fit stays, and is refused with its fact."""
    if isinstance(cell, str):
        return _of_text(cell, type)
    if isinstance(cell, bool | Decimal):
        return cell
    if isinstance(cell, float):
        return None if cell != cell else Decimal(repr(cell))  # a number that is none is how tables write a gap
    if isinstance(cell, dt.datetime) and type.kind is Kind.DATE and cell.tzinfo is None and cell.time() == dt.time():
        return cell.date().isoformat()  # tables often have no dates but as midnights
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, list | tuple):
        return [_raw(item, type.item or type) for item in cell]
    if isinstance(cell, Mapping):
        return {name: _raw(part, type.fields.get(name, type) if type.fields else type) for name, part in cell.items()}
    return Decimal(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell


def _of_text(cell: str, type: Type) -> object:
    if not cell:
        return None
    if type.kind is Kind.NUMBER:
        if "_" in cell or not cell.isascii():  # which Decimal takes, and nobody means
            return cell
        try:
            return Decimal(cell.strip())
        except InvalidOperation:
            return cell
    if type.kind is Kind.FLAG:
        return {"true": True, "false": False}.get(cell.strip().lower(), cell)
    if type.kind is Kind.LIST and type.item is not None:
        return [_of_text(item.strip(), type.item) for item in cell.split(";") if item.strip()]
    return cell
