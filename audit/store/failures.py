"""What SQLite's failures mean to the person who has to act on them (https://www.sqlite.org/rescode.html)."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from ordain.engine.errors import Issue

SQLITE_FAILURES = (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError)
"""All that a call on the database may raise. The last: SQLite quotes a damaged name in its message."""

_SQLITE = {
    "SQLITE_BUSY": (
        "is locked by another connection",
        "find the process that holds a write transaction open; the wait for it is a setting",
    ),
    "SQLITE_LOCKED": ("is locked by another connection", "find the process that holds it"),
    "SQLITE_FULL": ("cannot grow: the disk is full", "make room on the disk that holds it"),
    "SQLITE_READONLY": (
        "is read-only",
        "give this process write access to the file, the `-wal` and `-shm` files beside it, and its folder",
    ),
    "SQLITE_PERM": ("may not be opened", "give this process access to the file and its folder"),
    "SQLITE_CANTOPEN": (
        "cannot be opened for writing",
        "check that it is a file, the rights on it and its folder, and that its disk is not mounted read-only",
    ),
    "SQLITE_IOERR": ("cannot be read or written: the disk failed", "check the disk and the system's log"),
    "SQLITE_NOTADB": ("is not a SQLite database", "check the path, or restore the file from a backup"),
    "SQLITE_CORRUPT": ("is damaged", "run `ordain audit verify`, and restore the file from a backup"),
    "SQLITE_TOOBIG": ("cannot hold an entry this large", "the entry is over SQLite's limit for one row"),
}


def explain_sqlite(error: Exception, name: str) -> Issue:
    """What `error`, from SQLite or from SQLAlchemy around it, says about the ledger in the file `name`."""
    if isinstance(error, NoConnectionFree):
        return too_many_readers(name)
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = "SQLITE_CORRUPT" if isinstance(cause, UnicodeDecodeError) else getattr(cause, "sqlite_errorname", "")
    for known, (what, hint) in _SQLITE.items():
        if code == known or code.startswith(f"{known}_"):
            return Issue(f"the ledger `{name}` {what}", hint)
    if isinstance(cause, sqlite3.OperationalError) and str(cause).startswith("no such table"):
        return Issue(f"the ledger `{name}` has lost a table ({cause})", "restore the file from a backup")
    return Issue(f"the ledger `{name}` failed: {cause or error}", "check the file and the disk that holds it")


def too_many_readers(name: str) -> Issue:
    """SQLAlchemy gave up waiting for one of its connections."""
    what = f"the ledger `{name}` is overloaded: too many requests read it at once"
    return Issue(what, "try again, or send fewer requests at once")
