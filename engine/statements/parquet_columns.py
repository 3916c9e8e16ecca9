"""The columns of a Parquet file, with the digits of its numbers, as DuckDB reads them."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from ordain.engine.backends.digits import Digits
from ordain.engine.errors import Issue, MalformedRequest

_WHOLE = {
    "TINYINT": 3,
    "UTINYINT": 3,
    "SMALLINT": 5,
    "USMALLINT": 5,
    "INTEGER": 10,
    "UINTEGER": 10,
    "BIGINT": 19,
    "UBIGINT": 20,
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def columns_of(path: Path) -> dict[str, Digits | None]:
    """Each column by name, with its digits where it is a decimal or a whole number; else None.

    Raises MalformedRequest for a file that is no Parquet, and for a column of floating point: what 0.1 is in it is
    not what anybody wrote.
    """
    with duckdb.connect() as database:
        try:
            found = database.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        except duckdb.Error:
            raise MalformedRequest(f"`{path}` is no Parquet file", "name a file that ends with .parquet") from None
    floats = [str(name) for name, kind, *_ in found if kind in ("DOUBLE", "FLOAT")]
    if floats:
        raise MalformedRequest(
            [
                Issue(
                    f"column `{name}` of `{path}` is in floating point, which no decision is made on",
                    f'write it as a decimal first: CAST("{name}" AS DECIMAL(12, 4))',
                )
                for name in floats
            ]
        )
    return {str(name): _digits(str(kind)) for name, kind, *_ in found}


def _digits(kind: str) -> Digits | None:
    if (decimal := _DECIMAL.fullmatch(kind)) is not None:
        precision, scale = map(int, decimal.groups())
        return Digits(precision - scale, scale)
    return Digits(_WHOLE[kind], 0) if kind in _WHOLE else None
