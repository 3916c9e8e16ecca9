"""A row of a run as a text: what its leaf is hashed from, and what a proof shows of it.

A JSON object with the columns in their order. Each value is the text that DuckDB casts it to, null, or of a list the
list of its texts; a moment with a time zone is in UTC, 2026-12-01T04:30:00.000000Z. So a row of Parquet and the same
row of CSV, where every cell is such a text already, have the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ordain.engine.errors import MalformedRequest

Column = tuple[str, str]
"""A name, and a type as DuckDB writes it."""

LIST = "VARCHAR[]"
_MOMENT = "TIMESTAMP WITH TIME ZONE"
_ALSO = {"TIMESTAMPTZ": _MOMENT, "TIMETZ": "TIME WITH TIME ZONE", "TEXT[]": LIST}
_INSTEAD = {
    "HUGEINT": "cast it to DECIMAL(38, 0): Parquet has no such integers",
    "UHUGEINT": "cast it to DECIMAL(38, 0): Parquet has no such integers",
    "TIME WITH TIME ZONE": "cast it to TIME: Parquet keeps no time zone with it",
}
"""Types that are not read from Parquet as they were written, so their text would be another afterwards."""
_NESTED = ("STRUCT", "MAP", "UNION")


def row_text_sql(columns: Sequence[Column]) -> str:
    """An expression of DuckDB, over columns of these names, that gives the text of a row. Raises as `text_terms`."""
    _check(columns)
    pairs = [f"{_literal(name)}, {_value(name, type_)}" for name, type_ in columns]
    return f"CAST(json_object({', '.join(pairs)}) AS VARCHAR)"


def text_terms(columns: Sequence[Column]) -> dict[str, str]:
    """By name an expression that gives the column as its text, a list as JSON: the cells of a CSV file.

    Raises MalformedRequest for a column of a type that has no such text.
    """
    _check(columns)
    return {
        name: f"CAST(to_json({quoted(name)}) AS VARCHAR)" if _is_list(type_) else _value(name, type_)
        for name, type_ in columns
    }


def cells_as_columns(columns: Sequence[Column]) -> str:
    """What stands after SELECT to make the cells of a CSV file, all texts, into columns for `row_text_sql`."""
    cells = (
        f"""from_json({quoted(name)}, '["VARCHAR"]') AS {quoted(name)}""" if _is_list(type_) else quoted(name)
        for name, type_ in columns
    )
    return ", ".join(cells)


def as_cells(columns: Iterable[Column]) -> list[Column]:
    """The same columns as `cells_as_columns` gives them."""
    return [(name, LIST if _is_list(type_) else "VARCHAR") for name, type_ in columns]


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _value(name: str, type_: str) -> str:
    column = quoted(name)
    if _is_list(type_):
        return column
    if _plain(type_) == _MOMENT:  # a cast would follow the session's time zone
        return (
            f"CASE WHEN isfinite({column}) THEN strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%S.%fZ') "
            f"ELSE CAST({column} AS VARCHAR) END"
        )
    return f"CAST({column} AS VARCHAR)"


def _check(columns: Sequence[Column]) -> None:
    for name, type_ in columns:
        plain = _plain(type_)
        if "\r" in name or "\n" in name:  # DuckDB writes the heading of a CSV file so that it is not read again
            raise MalformedRequest(f"the column {name!r} has a line break in its name", "rename it, or leave it out")
        if (instead := _INSTEAD.get(plain)) is not None:
            raise MalformedRequest(f"the column `{name}` is {type_}, which cannot be proved later", instead)
        if (plain.endswith("]") and not _is_list(type_)) or plain.startswith(_NESTED):
            raise MalformedRequest(
                f"the column `{name}` is {type_}, which has no text to be proved by",
                "leave it out, or make it a text: to_json(...)",
            )


def _is_list(type_: str) -> bool:
    return _plain(type_) == LIST


def _plain(type_: str) -> str:
    upper = type_.upper()
    return _ALSO.get(upper, upper)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
