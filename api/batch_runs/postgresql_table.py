"""A table of PostgreSQL, copied out as texts: lists as they stand in a CSV file, a cell without value as null."""

from __future__ import annotations

from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from ordain.api.batch_runs.input_rows import quoted_text
from ordain.audit.rows.output_table import name_of
from ordain.engine.errors import MalformedRequest, SettingsError

_LISTS = ("text[]", "character varying[]")


def copy_table(url: str, table: str, target: Path) -> None:
    """Writes `table` (`customers`, `shop.customers`) to `target`, a Parquet file.

    Raises MalformedRequest where there is no such table, SettingsError where the database does not answer.
    """
    plain = target.with_suffix(".csv")
    try:
        with psycopg.connect(url) as connection, plain.open("wb") as file:
            found = connection.execute(
                "SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a "
                "WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
                [table],
            ).fetchall()
            if not found:
                raise MalformedRequest(f"the database has no table `{table}` that you may read", "see \\d in psql")
            columns = [(str(name), str(kind)) for name, kind in found]
            terms = [sql.SQL("{} AS {}").format(_as_text(name, kind), sql.Identifier(name)) for name, kind in columns]
            schema = connection.execute(
                "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = "
                "c.relnamespace WHERE c.oid = to_regclass(%s)",
                [table],
            ).fetchone()
            source = sql.Identifier(*(schema or ()))
            query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, HEADER)")
            with connection.cursor() as cursor, cursor.copy(query.format(sql.SQL(", ").join(terms), source)) as copy:
                for data in copy:
                    file.write(data)
        with duckdb.connect() as database:
            options = "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"'"
            source_text = f"read_csv({name_of(plain)}, {options})"
            beside = target.with_suffix(".writing")
            database.execute(f"COPY (SELECT * FROM {source_text}) TO {quoted_text(str(beside))} (FORMAT parquet)")
        beside.replace(target)
    except psycopg.OperationalError as error:
        raise SettingsError(
            f"the database does not answer: {_first_line(error)}", "see the address, and its log"
        ) from None
    except psycopg.Error as error:
        raise MalformedRequest(f"`{table}` cannot be read: {_first_line(error)}", "such as shop.customers") from None
    finally:
        plain.unlink(missing_ok=True)


def _first_line(error: psycopg.Error) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _as_text(name: str, kind: str) -> sql.Composable:
    column = sql.Identifier(name)
    if kind in _LISTS:
        return sql.SQL("array_to_string({}, ';')").format(column)
    if kind == "timestamp with time zone":
        return sql.SQL("""to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""").format(column)
    return sql.SQL("{}::text").format(column)
