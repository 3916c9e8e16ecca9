"""The files of a run as DuckDB reads and writes them: a row of Parquet and one of CSV come back as the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ordain.audit.limits import LIMITS
from ordain.audit.rows.row_text import Column, as_cells, cells_as_columns, quoted, row_text_sql, text_terms
from ordain.audit.rows.run_files import CSV

AS_CSV = "FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR ''"
"""For COPY, over the cells that `csv_select` gives: null is nothing, an empty text two quotation marks."""
AS_PARQUET = "FORMAT parquet, COMPRESSION zstd"


def csv_select(columns: Sequence[Column]) -> str:
    """What stands after SELECT to make columns into cells of CSV. Raises MalformedRequest for one without a text."""
    return ", ".join(f"{term} AS {quoted(name)}" for name, term in text_terms(columns).items())


def rows_of(files: Sequence[Path], columns: Sequence[Column]) -> str:
    """A query that gives the rows of these files, in order, with those columns; those of CSV are texts and lists."""
    names = ", ".join(map(name_of, files))
    if files[0].suffix.lower() != CSV:
        wanted = ", ".join(quoted(name) for name, _ in columns)
        return f"SELECT {wanted} FROM read_parquet([{names}], hive_partitioning = false)"  # noqa: S608 - all quoted
    cells = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name, _ in columns)
    options = (
        "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
        f"allow_quoted_nulls = false, strict_mode = true, max_line_size = {LIMITS.csv_line}, columns = {{{cells}}}"
    )
    return f"SELECT {cells_as_columns(columns)} FROM read_csv([{names}], {options})"  # noqa: S608 - as above


def texts_of(files: Sequence[Path], columns: Sequence[Column]) -> str:
    """A query that gives the text of each row of these files, in order, as its column `text`.

    `columns` are those of the file, with their types as the file has them where it is Parquet.
    """
    known = as_cells(columns) if files[0].suffix.lower() == CSV else columns
    return f"SELECT {row_text_sql(known)} AS text FROM ({rows_of(files, columns)})"  # noqa: S608 - as above


def name_of(file: Path) -> str:
    """A file's name as SQL takes it, where it would be a pattern otherwise: `[`, `*` and `?` stand for themselves."""
    return _literal("".join(f"[{each}]" if each in "[*?" else each for each in str(file)))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
