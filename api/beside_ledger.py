"""What is kept beside a ledger and is no part of the log: in a file of its own, or a schema of its own in PostgreSQL.

So nothing of it waits for the ledger's one writer, and several servers of one ledger share it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ordain.engine.errors import LedgerUnavailable


class BesideLedger:
    """`tables` are made when they are not there. `what` it is, is told when it cannot be had.

    `place` is the file, which its owner alone may read, or the engine of the ledger's database, in which the tables
    stand in `schema`. Raises LedgerUnavailable, as every method does.
    """

    def __init__(self, place: Path | sa.Engine, tables: sa.MetaData, schema: str, what: str) -> None:
        self._schema, self._what = schema, what
        self._own = isinstance(place, Path)
        if isinstance(place, Path):
            self._engine = self._file(place)
        else:
            self._engine = place.execution_options(schema_translate_map={None: schema})
        with self.transaction() as connection:
            if not self._own:
                self.lock(connection)
                if not sa.inspect(connection).has_schema(schema):  # only making it takes the right to do so
                    connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
            tables.create_all(connection)

    def lock(self, connection: sa.Connection) -> None:
        """Lets one at a time make what is not there. A file's transaction has its lock already."""
        if not self._own:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": self._schema})

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A connection whose work is kept at the end, and not at all if it raises."""
        try:
            with self._engine.connect() as connection, connection.begin():
                if self._own:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise self._unavailable(getattr(error, "orig", None) or error) from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that only reads, and waits for nobody who writes."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise self._unavailable(getattr(error, "orig", None) or error) from error

    def close(self) -> None:
        """Lets go of the file. It is of no use afterwards."""
        if self._own:
            self._engine.dispose()

    def _file(self, path: Path) -> sa.Engine:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # the files that SQLite makes beside get its mode
        except OSError as error:
            raise self._unavailable(error) from error
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": 10})

        @sa.event.listens_for(engine, "connect")
        def _set_up(connection: Any, _: object) -> None:
            connection.isolation_level = None  # transactions are begun here, not by the driver
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may take the last moments

        return engine

    def _unavailable(self, cause: BaseException) -> LedgerUnavailable:
        return LedgerUnavailable(
            f"{self._what} cannot be read or written: {str(cause).splitlines()[0]}",
            f"check the disk and the rights on the file beside the ledger, or on the schema `{self._schema}`",
        )
