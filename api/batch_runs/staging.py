"""What a run is given, made into Parquet files: Parquet as it is, CSV and a table of PostgreSQL as texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ordain.api.batch_runs.input_rows import (
    InputRows,
    digest_of_files,
    files_of,
    parquet_rows,
    quoted_name,
    quoted_text,
)
from ordain.api.limits import LIMITS
from ordain.audit.records.table_rows import table_rows
from ordain.audit.rows.output_table import name_of
from ordain.engine.errors import MalformedRequest
from ordain.engine.late import late

UNREAD = "row that cannot be read"
"""A column of staged files: what is wrong with a row of a CSV file as a whole, such as that it has too many cells."""
_DATABASES = ("postgresql", "postgres")


def is_database(given: str) -> bool:
    """Whether it names a database, and not a file."""
    return urlsplit(given).scheme in _DATABASES


def given_rows(given: str, table: str, staged: Path, look: Callable[[], None]) -> InputRows:
    """The rows of a file, of a folder of files, or of `table` in a database. What is no Parquet is written to `staged`,
    a folder, unless it stands there from an earlier try.

    Raises MalformedRequest for what is none of these, SettingsError where a database does not answer.
    """
    if is_database(given):
        return _table_of_database(given, table, staged)
    if table:
        raise MalformedRequest(f"`{given}` is no database, so it has no table `{table}`", "leave --table out")
    path = Path(given)
    if path.is_dir():
        paths = list(files_of(path))
        if not paths:
            raise MalformedRequest(f"the folder `{path}` has no files", "name a folder of .parquet or .csv files")
    elif path.is_file():
        paths = [path]
    else:
        raise MalformedRequest(
            f"there is no file `{path}`", "a file .parquet or .csv, a folder of such, or a database postgresql://..."
        )
    kinds = {each.suffix.lower() for each in paths}
    if len(kinds) > 1:
        told = ", ".join(sorted(kind or "no ending" for kind in kinds))
        raise MalformedRequest(f"the files of `{path}` are of several kinds: {told}", "one kind to a folder")
    match kinds.pop():
        case ".parquet":
            return parquet_rows(paths, given, digest_of_files(paths))
        case ".csv":
            digest = digest_of_files(paths)
            staged.mkdir(parents=True, exist_ok=True)
            return parquet_rows([_staged_csv(each, staged, n, look) for n, each in enumerate(paths)], given, digest)
        case kind:
            raise MalformedRequest(
                f"`{paths[0]}` is not a table that can be read here{f': {kind}' if kind else ''}",
                "its name must end in .parquet or .csv; .jsonl is read by `ordain decide --table`",
            )


def _staged_csv(path: Path, staged: Path, number: int, look: Callable[[], None]) -> Path:
    """Every cell as a text; one without text is null."""
    target = staged / f"rows-{number:05}.parquet"
    if target.exists():
        return target
    first = next(iter(table_rows(path)), None)  # says what is wrong with its beginning
    beside = target.with_suffix(".writing")
    with duckdb.connect() as database:
        options = "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', strict_mode = true"
        source = f"read_csv({name_of(path)}, {options}, max_line_size = {LIMITS.batch_line_bytes})"
        query = f"COPY (SELECT *, NULL::VARCHAR AS {quoted_name(UNREAD)} FROM {source}) TO {quoted_text(str(beside))}"
        try:
            names = [str(each[0]) for each in database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
            if first is not None and names != list(first.cells):
                raise duckdb.Error("it reads the heading otherwise")
            database.execute(f"{query} (FORMAT parquet)")
        except duckdb.Error:  # something is not as CSV is to be: slower, and each row is told
            if first is None:
                raise MalformedRequest(f"`{path}` has no heading", "a row with the names of the columns") from None
            _by_hand(path, beside, look)
    beside.replace(target)
    return target


def _by_hand(path: Path, target: Path, look: Callable[[], None]) -> None:
    """As `ordain decide --table` reads it. Raises MalformedRequest for what is none from some row on."""
    writer: pq.ParquetWriter | None = None
    rows: list[dict[str, str | None]] = []
    names: list[str] = []

    def flush() -> None:
        nonlocal writer
        schema = pa.schema([(name, pa.string()) for name in [*names, UNREAD]])
        if writer is None:
            writer = pq.ParquetWriter(target, schema)
        writer.write_table(pa.Table.from_pylist(rows, schema))
        rows.clear()
        look()

    for row in table_rows(path):
        names = names or [name for name in row.cells if name]
        cells: dict[str, str | None] = {name: row.cells.get(name) or None for name in names}
        rows.append({**cells, UNREAD: None if row.fault is None else str(row.fault.issues[0].message)})
        if len(rows) == LIMITS.batch_rows_staged:
            flush()
    if rows or writer is None:
        flush()
    if writer is not None:
        writer.close()


def _table_of_database(url: str, table: str, staged: Path) -> InputRows:
    """All rows as they are at one moment, each cell as a text; they are read once, and never again for this run."""
    if not table:
        raise MalformedRequest("which table of the database is meant?", "name it: --table customers")
    target = staged / "rows-00000.parquet"
    if not target.exists():
        if urlsplit(url).password:
            raise MalformedRequest(
                "a password in an address can be read by everybody on this machine",
                "leave it out there, and set PGPASSWORD, or keep it in ~/.pgpass",
            )
        staged.mkdir(parents=True, exist_ok=True)
        late("ordain.api.batch_runs.postgresql_table:copy_table")(url, table, target)
    return parquet_rows([target], f"{_without_user(url)} {table}", digest_of_files([target]))


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.hostname or "").geturl()
