"""The rows of a run's output and rejects, read again by DuckDB: as texts, in order, by whom they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb

from ordain.audit.limits import LIMITS
from ordain.audit.rows.csv_records import count_records, heading
from ordain.audit.rows.output_table import name_of, rows_of
from ordain.audit.rows.proof_file import ProofFile
from ordain.audit.rows.row_text import Column, as_cells, quoted, row_text_sql, text_terms
from ordain.audit.rows.run_files import CSV, RunFiles
from ordain.engine.errors import MalformedRequest, reason_of

_ROW = "row"
"""The column of the rejects that numbers them."""


class Part:
    """Rows of one file, or of several one after the other: `rows` of them, with the columns that a run gave it."""

    def __init__(self, duck: duckdb.DuckDBPyConnection, files: Sequence[Path], columns: Sequence[Column]) -> None:
        self.files, self._duck = list(files), duck
        self.columns = _columns(duck, self.files, columns)
        known = as_cells(self.columns) if self.files[0].suffix.lower() == CSV else self.columns
        self._text, self._terms = row_text_sql(known), text_terms(known)
        self._rows = rows_of(self.files, self.columns)

    def count(self) -> int:
        """How many rows there are."""
        return int(self._ask(f"SELECT count(*) FROM ({self._rows})").fetchall()[0][0])  # noqa: S608 - made of quoted names

    def texts(self, start: int = 0, most: int | None = None) -> Iterator[list[str]]:
        """The texts of the rows from a position on, some at a time."""
        within = (f" LIMIT {most}" if most is not None else "") + (f" OFFSET {start}" if start else "")
        for rows in self._pieces(f"SELECT {self._text} FROM (FROM ({self._rows}){within})"):  # noqa: S608 - as above
            yield [text for (text,) in rows]

    def numbered_texts(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int | None, str]]:
        """The column `row` and the text of rejected rows, by that number; None where it is none."""
        number = f"TRY_CAST({quoted(_ROW)} AS BIGINT)"
        within = "" if end is None else f" WHERE number >= {start} AND number < {end}"
        chosen = f"SELECT {number} AS number, {self._text} AS text FROM ({self._rows})"  # noqa: S608 - as above
        for rows in self._pieces(f"FROM ({chosen}){within} ORDER BY number NULLS LAST"):
            yield from rows

    def numbers(self) -> Iterator[int]:
        """The numbers of all rejected rows that have one, in order."""
        number = f"TRY_CAST({quoted(_ROW)} AS BIGINT)"
        chosen = f"SELECT {number} AS number FROM ({self._rows})"  # noqa: S608 - as above
        for rows in self._pieces(f"FROM ({chosen}) WHERE number IS NOT NULL ORDER BY number"):
            yield from (row for (row,) in rows)

    def places(self, column: str, value: str) -> list[int]:
        """Where, from 0, the text of a column is exactly this value."""
        return [place for place, _ in self._places(column, value, "NULL")]

    def numbered_places(self, column: str, value: str) -> list[tuple[int, int | None]]:
        """The same of rejected rows, each with its number."""
        return self._places(column, value, f"TRY_CAST({quoted(_ROW)} AS BIGINT)")

    def _places(self, column: str, value: str, number: str) -> list[tuple[int, int | None]]:
        placed = "row_number() OVER () - 1 AS place"
        placed = f"SELECT {placed}, {number} AS number, {self._terms[column]} AS found FROM ({self._rows})"  # noqa: S608 - as above
        pieces = self._pieces(f"SELECT place, number FROM ({placed}) WHERE found = ? ORDER BY place", [value])  # noqa: S608 - as above
        return [each for rows in pieces for each in rows]

    def _pieces(self, query: str, values: Sequence[str] = ()) -> Iterator[list[Any]]:
        with closing(self._duck.cursor()) as cursor, _read_errors(self.files):
            cursor.execute(query, list(values))
            while rows := cursor.fetchmany(LIMITS.rows_at_once):
                yield rows

    def _ask(self, query: str) -> duckdb.DuckDBPyConnection:
        with _read_errors(self.files):
            return self._duck.execute(query)


class RunTable:
    """The output of a run, and its rejects where it has any.

    Raises MalformedRequest, as all its methods do, for a file that cannot be read, or has other columns than the run's.
    """

    def __init__(self, duck: duckdb.DuckDBPyConnection, files: RunFiles, proof: ProofFile) -> None:
        try:
            parts = files.parts()
        except OSError:
            parts = []
        if not parts or not all(each.is_file() for each in parts):
            raise MalformedRequest(f"there is no output `{files.output}`", "name the output of a run")
        self.output = Part(duck, parts, _pairs(proof.about["columns"]))
        """All of it, whatever number of files it is."""
        self.rejects: Part | None = None
        if files.rejects.exists():
            self.rejects = Part(duck, [files.rejects], _pairs(proof.about["reject_columns"]))

    def rejected(self, start: int, end: int) -> dict[int, str]:
        """The texts of the rejected rows with numbers from `start` to `end`, without it."""
        if self.rejects is None:
            return {}
        return {row: text for row, text in self.rejects.numbered_texts(start, end) if row is not None}


def count_rows(path: Path) -> int:
    """How many rows one file of a run has. Raises MalformedRequest."""
    with _read_errors([path]):
        if path.suffix.lower() == CSV:
            return count_records(path)
        with in_memory() as duck:
            return int(duck.execute(f"SELECT count(*) FROM read_parquet({name_of(path)})").fetchall()[0][0])  # noqa: S608 - quoted


@contextmanager
def opened_table(files: RunFiles, proof: ProofFile) -> Iterator[RunTable]:
    """What is read leaves nothing on the disk. Raises MalformedRequest."""
    with in_memory() as duck:
        yield RunTable(duck, files, proof)


@contextmanager
def in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB without a file of its own, which fetches nothing over a network."""
    quiet: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": "",
        "autoinstall_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=quiet) as duck:
        yield duck


def _columns(duck: duckdb.DuckDBPyConnection, files: Sequence[Path], columns: Sequence[Column]) -> list[Column]:
    """Those of the run; of Parquet with the types that the files have."""
    with _read_errors(files):
        if files[0].suffix.lower() == CSV:
            types = [type_ for _, type_ in columns]
            found = list(zip_longest(heading(files[0]), types, fillvalue="VARCHAR"))[: len(heading(files[0]))]
        else:
            names = ", ".join(map(name_of, files))
            described = duck.execute(f"DESCRIBE FROM read_parquet([{names}], hive_partitioning = false)").fetchall()
            found = [(name, type_) for name, type_, *_ in described]
    wanted, there = [name for name, _ in columns], [name for name, _ in found]
    if wanted != there:
        raise MalformedRequest(
            f"`{files[0]}` has the columns {', '.join(there)}, and those of the run are {', '.join(wanted)}",
            "name the output of a run as it was written",
        )
    return found


def _pairs(told: list[Any]) -> list[Column]:
    try:
        return [(str(name), str(type_)) for name, type_ in told]
    except (TypeError, ValueError):
        raise MalformedRequest(
            "the proof file does not say which columns the run had", "take it from a backup"
        ) from None


@contextmanager
def _read_errors(files: Sequence[Path]) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError, ValueError) as error:
        why = reason_of(error) if isinstance(error, OSError) else (str(error).splitlines() or [type(error).__name__])[0]
        raise MalformedRequest(f"`{files[0]}` cannot be read as it was written: {why}"[: LIMITS.refusal]) from None
