"""How each connection to a ledger in SQLite is set up, and how its transactions begin."""

from __future__ import annotations

import sqlite3
from time import sleep

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor

from ordain.audit.limits import LIMITS
from ordain.engine.errors import SettingsError


def set_up(connection: DBAPIConnection, _record: object) -> None:
    """Raises SettingsError where there can be no write-ahead log."""
    # SQLAlchemy begins the transactions (`_begin`), not the driver, which would begin them late and deferred.
    connection.isolation_level = None
    cursor = connection.cursor()
    mode = _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {LIMITS.log_pages}")
    cursor.close()
    if mode != "wal":
        raise SettingsError(
            f"the ledger's file system has no write-ahead log (SQLite's journal mode stays `{mode}`)",
            "keep the ledger on a local disk",
        )


def _write_ahead(cursor: DBAPICursor) -> str:
    """Sets the journal mode, which stays in the file, and returns it.

    While several processes open a new file at once, SQLite answers "busy" here without waiting.
    """
    for attempt in range(1, LIMITS.journal_attempts + 1):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == LIMITS.journal_attempts:
                raise
            sleep(0.01 * attempt)
    row = cursor.fetchone()
    return str(row[0]) if row else ""


def begin_as_told(connection: sa.Connection) -> None:
    """Begins a transaction by the statement in the execution options, where there is one."""
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
