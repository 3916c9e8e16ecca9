"""The rows that a run decides, whatever they came in: Parquet files in an order, read range by range."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ordain.audit.rows.output_table import name_of
from ordain.engine.errors import MalformedRequest, reason_of


@dataclass(frozen=True, slots=True)
class RowFile:
    """One Parquet file, with the number of its rows."""

    path: Path
    rows: int


@dataclass(frozen=True, slots=True)
class InputRows:
    """`columns` are the types that DuckDB has for them, by name, the same in all files; `digest` is that of what was
    given, `sha256:` and 64 hexadecimal digits. `told` is what people called it."""

    files: tuple[RowFile, ...]
    columns: Mapping[str, str]
    digest: str
    told: str
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", sum(file.rows for file in self.files))

    def part(self, first: int, rows: int, numbered: str) -> str:
        """A query for the rows from number `first` on, at most `rows` of them, in their order; `numbered` is the column
        that has each row's number, from 0 over all files."""
        parts: list[str] = []
        start = 0
        for file in self.files:
            begin, end = max(first - start, 0), min(first + rows - start, file.rows)
            if begin < end:
                parts.append(
                    f"SELECT * EXCLUDE (file_row_number), file_row_number + {start} AS {quoted_name(numbered)} "
                    f"FROM read_parquet({name_of(file.path)}, file_row_number = true) "
                    f"WHERE file_row_number BETWEEN {begin} AND {end - 1}"
                )
            start += file.rows
        return " UNION ALL ".join(parts)

    def all_rows(self) -> str:
        """A query for all rows, in no order that can be relied on."""
        listed = ", ".join(name_of(file.path) for file in self.files)
        return f"SELECT * FROM read_parquet([{listed}])"


def quoted_name(name: str) -> str:
    """A name as it stands in DuckDB's SQL."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """A text as it stands in DuckDB's SQL."""
    return "'" + text.replace("'", "''") + "'"


def parquet_rows(paths: Sequence[Path], told: str, digest: str) -> InputRows:
    """Files that are read as they are. Raises MalformedRequest for what is no Parquet, and for columns that differ."""
    files: list[RowFile] = []
    columns: dict[str, str] = {}
    with duckdb.connect() as database:
        for path in paths:
            try:
                found = database.execute(f"DESCRIBE SELECT * FROM read_parquet({name_of(path)})").fetchall()
                [(rows,)] = database.execute(f"SELECT count(*) FROM read_parquet({name_of(path)})").fetchall()
            except duckdb.Error:
                raise MalformedRequest(f"`{path}` is no Parquet file, or is damaged", "write it anew") from None
            here = {str(name): str(kind) for name, kind, *_ in found}
            if files and here != columns:
                raise MalformedRequest(_differs(path, here, files[0].path, columns), "write all files the same way")
            files.append(RowFile(path, rows))
            columns = here
    lowered: dict[str, str] = {}
    for name in columns:
        if (other := lowered.setdefault(name.casefold(), name)) != name:
            raise MalformedRequest(f"`{told}` has the columns `{other}` and `{name}`", "rename one of them")
    return InputRows(tuple(files), columns, digest, told)


def _differs(path: Path, here: Mapping[str, str], other: Path, there: Mapping[str, str]) -> str:
    for name in here.keys() ^ there.keys():
        has, lacks = (path, other) if name in here else (other, path)
        return f"`{has}` has a column `{name}`, and `{lacks}` has not"
    for name, kind in here.items():
        if there[name] != kind:
            return f"the column `{name}` is {kind} in `{path}`, and {there[name]} in `{other}`"
    return f"`{path}` has its columns in another order than `{other}`"


def digest_of_files(paths: Sequence[Path]) -> str:
    """`sha256:` and hexadecimal digits: of one file that of its bytes, of several that of the digests of each, in their
    order, one a line. Raises MalformedRequest for what cannot be read."""
    digests = [_digest(path) for path in paths]
    if len(digests) == 1:
        return f"sha256:{digests[0]}"
    listed = "".join(f"{each}\n" for each in digests)
    return f"sha256:{hashlib.sha256(listed.encode()).hexdigest()}"


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MalformedRequest(f"`{path}` cannot be read: {reason_of(error)}") from None


def files_of(folder: Path) -> Iterator[Path]:
    """The tables of a folder and of those in it, in the order of their names; hidden files and those whose names begin
    with `_` are others' notes."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith((".", "_")) for part in parts):
            yield path
