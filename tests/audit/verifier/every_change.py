"""Every kind of change to every column of every table of a real ledger, for whichever database it is in."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

Row = tuple[Any, ...]


class Database(Protocol):
    """Where a change is made, with the marks that stand for values in its statements."""

    mark: str

    def rows(self, statement: str, *values: object) -> list[Row]: ...

    def run(self, statement: str, *values: object) -> None: ...


class Sqlite:
    mark = "?"

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA synchronous = OFF")

    def rows(self, statement: str, *values: object) -> list[Row]:
        return self.connection.execute(statement, values).fetchall()

    def run(self, statement: str, *values: object) -> None:
        self.connection.execute(statement, values)


class Postgres:
    mark = "%s"

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def rows(self, statement: str, *values: object) -> list[Row]:
        return self.connection.execute(statement.encode(), values, binary=True).fetchall()

    def run(self, statement: str, *values: object) -> None:
        self.connection.execute(statement.encode(), values)


@dataclass(frozen=True)
class Change:
    """`what` is done to `column` of `table` ("" for whole rows, or the structure)."""

    table: str
    column: str
    what: str
    apply: Callable[[Database], None]

    @property
    def name(self) -> str:
        return f"{self.what} {self.table}{'.' if self.column else ''}{self.column}"


def changes(database: Database, tables: dict[str, list[str]], picks: int) -> Iterator[Change]:
    """`tables`: the names of their columns. Of each table the first rows, the last, and one between."""
    for table, columns in tables.items():
        rows = database.rows(f"SELECT {_list(columns)} FROM {table} ORDER BY {_list(columns)}")
        picked = {len(rows) // 2: rows[len(rows) // 2], 0: rows[0], len(rows) - 1: rows[-1]} if rows else {}
        for row in list(picked.values())[:picks]:
            yield Change(table, "", "delete", _statement(f"DELETE FROM {table} WHERE ", columns, row))
            yield Change(table, "", "insert", _copy(table, columns, row))
            for number, column in enumerate(columns):
                for what, value in _others(row[number]):
                    if what == "retype" and database.mark != "?":
                        continue  # PostgreSQL's columns take one type
                    yield Change(table, column, what, _update(table, column, value, columns, row))
                other = next((each for each in rows if _differ(row, each, number)), None)
                if other is not None:
                    yield Change(table, column, "swap", _swap(table, number, columns, row, other))


def _differ(one: Row, other: Row, number: int) -> bool:
    """Whether two rows are others once the values of that column have changed places."""
    rest = [row[:number] + row[number + 1 :] for row in (one, other)]
    return one[number] != other[number] and rest[0] != rest[1]


def _others(value: object) -> list[tuple[str, object]]:
    if isinstance(value, bytes):
        return [
            ("update", bytes((*value[:-1], value[-1] ^ 1)) if value else b"x"),
            ("update", value[:-1]),
            ("empty", None),
            ("retype", value.decode("latin-1")),
        ]
    if isinstance(value, int):
        return [("update", value + 1), ("update", -value - 5), ("empty", None), ("retype", f"x{value}")]
    if isinstance(value, str):
        changed = value[:-1] + ("0" if value[-1:] != "0" else "1")
        return [("update", changed), ("update", value + " "), ("empty", None), ("retype", value.encode())]
    return [("update", "2026-01-01"), ("update", b"0123456789abcdef")]


def _which(columns: list[str], row: Row, mark: str) -> tuple[str, list[object]]:
    parts = [
        f"{_list([name])} IS NULL" if value is None else f"{_list([name])} = {mark}"
        for name, value in zip(columns, row, strict=True)
    ]
    return " AND ".join(parts), [value for value in row if value is not None]


def _statement(begins: str, columns: list[str], row: Row) -> Callable[[Database], None]:
    def apply(database: Database) -> None:
        which, values = _which(columns, row, database.mark)
        database.run(begins + which, *values)

    return apply


def _update(table: str, column: str, value: object, columns: list[str], row: Row) -> Callable[[Database], None]:
    def apply(database: Database) -> None:
        which, values = _which(columns, row, database.mark)
        database.run(f'UPDATE {table} SET "{column}" = {database.mark} WHERE {which}', value, *values)

    return apply


def _copy(table: str, columns: list[str], row: Row) -> Callable[[Database], None]:
    """The same row under another key: whatever is to be unique is made so."""

    def apply(database: Database) -> None:
        values = [
            bytes((*value[:-2], value[-2] ^ 1, value[-1]))
            if isinstance(value, bytes) and len(value) in (16, 32)
            else value + 1_000
            if isinstance(value, int)
            else f"{value}2"
            if isinstance(value, str) and table in ("document", "ledger_identity", "alembic_version")
            else value
            for value in row
        ]
        database.run(
            f"INSERT INTO {table} ({_list(columns)}) VALUES ({', '.join([database.mark] * len(values))})", *values
        )

    return apply


def _swap(table: str, number: int, columns: list[str], one: Row, other: Row) -> Callable[[Database], None]:
    """Of two rows the values of one column; through rows that are deleted and put back, so that unique ones may go."""

    def apply(database: Database) -> None:
        for row in (one, other):
            which, values = _which(columns, row, database.mark)
            database.run(f"DELETE FROM {table} WHERE {which}", *values)
        for row, value in ((one, other[number]), (other, one[number])):
            changed = [*row[:number], value, *row[number + 1 :]]
            marks = ", ".join([database.mark] * len(changed))
            database.run(f"INSERT INTO {table} ({_list(columns)}) VALUES ({marks})", *changed)

    return apply


def _list(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


SQLITE_STRUCTURE = {
    "a trigger": [
        "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry WHERE leaf_index = new.leaf_index; END"
    ],
    "a view": ["CREATE VIEW v AS SELECT 1"],
    "a table more": ["CREATE TABLE more (one INTEGER)"],
    "an index more": ["CREATE INDEX i ON entry (envelope)"],
    "a partial index that refuses": ["CREATE UNIQUE INDEX i ON entry (key) WHERE leaf_index > 1000000"],
    "a column more": ["ALTER TABLE entry ADD COLUMN more BLOB"],
    "a generated column": ["ALTER TABLE entry ADD COLUMN more AS (leaf_index + 1)"],
    "a default": ["ALTER TABLE checkpoint ADD COLUMN more TEXT DEFAULT 'x'"],
    "a column renamed": ["ALTER TABLE tile RENAME COLUMN hashes TO hash"],
    "an index dropped": ["DROP INDEX entry_of_key"],
    "a conflict clause": [
        "ALTER TABLE request_key RENAME TO before",
        "CREATE TABLE request_key (digest BLOB NOT NULL, request BLOB NOT NULL, id BLOB NOT NULL, "
        "PRIMARY KEY (digest) ON CONFLICT IGNORE, UNIQUE (id)) WITHOUT ROWID",
        "INSERT INTO request_key SELECT * FROM before",
        "DROP TABLE before",
    ],
    "a foreign key": [
        "ALTER TABLE checkpoint RENAME TO before",
        "CREATE TABLE checkpoint (size INTEGER NOT NULL REFERENCES entry ON DELETE CASCADE, note VARCHAR NOT NULL, "
        "PRIMARY KEY (size))",
        "INSERT INTO checkpoint SELECT * FROM before",
        "DROP TABLE before",
    ],
    "a check": [
        "ALTER TABLE tile RENAME TO before",
        "CREATE TABLE tile (level INTEGER NOT NULL CHECK (level < 1), tile_index BIGINT NOT NULL, "
        "hashes BLOB NOT NULL, PRIMARY KEY (level, tile_index))",
        "INSERT INTO tile SELECT * FROM before",
        "DROP TABLE before",
    ],
    "another application id": ["PRAGMA application_id = 5"],
    "another user version": ["PRAGMA user_version = 5"],
}
"""What may be done to a SQLite file's structure."""

POSTGRESQL_STRUCTURE = {
    "a trigger": (
        "CREATE TRIGGER t AFTER INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION nothing()",
        "DROP TRIGGER t ON inbox",
    ),
    "a trigger on a month": (
        "CREATE TRIGGER t BEFORE INSERT ON payload_default FOR EACH ROW EXECUTE FUNCTION nothing()",
        "DROP TRIGGER t ON payload_default",
    ),
    "a rule": ("CREATE RULE r AS ON DELETE TO tile DO INSTEAD NOTHING", "DROP RULE r ON tile"),
    "row security": ("ALTER TABLE entry ENABLE ROW LEVEL SECURITY", "ALTER TABLE entry DISABLE ROW LEVEL SECURITY"),
    "a policy": ("CREATE POLICY p ON entry USING (leaf_index < 5)", "DROP POLICY p ON entry"),
    "unlogged": ("ALTER TABLE inbox SET UNLOGGED", "ALTER TABLE inbox SET LOGGED"),
    "a month unlogged": ("ALTER TABLE payload_default SET UNLOGGED", "ALTER TABLE payload_default SET LOGGED"),
    "a column more": ("ALTER TABLE entry ADD COLUMN more bytea", "ALTER TABLE entry DROP COLUMN more"),
    "a generated column": (
        "ALTER TABLE tile ADD COLUMN more bigint GENERATED ALWAYS AS (tile_index + 1) STORED",
        "ALTER TABLE tile DROP COLUMN more",
    ),
    "a default": (
        "ALTER TABLE inbox ALTER COLUMN envelope SET DEFAULT ''",
        "ALTER TABLE inbox ALTER COLUMN envelope DROP DEFAULT",
    ),
    "a check": ("ALTER TABLE inbox ADD CONSTRAINT c CHECK (length(id) > 1)", "ALTER TABLE inbox DROP CONSTRAINT c"),
    "nullable": (
        "ALTER TABLE entry ALTER COLUMN envelope DROP NOT NULL",
        "ALTER TABLE entry ALTER COLUMN envelope SET NOT NULL",
    ),
    "an index more": ("CREATE INDEX i ON checkpoint (length(note))", "DROP INDEX i"),
    "a partial unique index": ("CREATE UNIQUE INDEX i ON inbox (envelope) WHERE length(id) > 20", "DROP INDEX i"),
    "a foreign key": (
        "ALTER TABLE request_key ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES entry (id) ON DELETE CASCADE",
        "ALTER TABLE request_key DROP CONSTRAINT f",
    ),
    "a table that adds rows": ("CREATE TABLE child () INHERITS (entry)", "DROP TABLE child"),
    "another type": (
        "ALTER TABLE checkpoint ALTER COLUMN note TYPE text",
        "ALTER TABLE checkpoint ALTER COLUMN note TYPE varchar",
    ),
    "an event trigger": (
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION nothing_at_all()",
        "DROP EVENT TRIGGER e",
    ),
}
"""What may be done to a PostgreSQL database's structure, and what takes it back."""

FUNCTIONS = """
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION nothing_at_all() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'
"""


def sqlite_tables(path: str) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")] for name in names}


def postgresql_tables(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    query = """SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace
    GROUP BY 1"""
    return dict(connection.execute(query).fetchall())
