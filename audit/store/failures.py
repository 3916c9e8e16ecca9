"""What a database's failures mean to the person who has to act on them.

https://www.sqlite.org/rescode.html, https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import sqlite3

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from ordain.engine.errors import Issue

SQLITE_FAILURES = (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError)
"""All that a call on the database may raise. The last: SQLite quotes a damaged name in its message."""

POSTGRESQL_FAILURES = (SQLAlchemyError, psycopg.Error)

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
    "SQLITE_CANTOPEN": ("cannot be opened", "check that it is a file, and the rights on it and its folder"),
    "SQLITE_IOERR": ("cannot be read or written: the disk failed", "check the disk and the system's log"),
    "SQLITE_NOTADB": ("is not a SQLite database", "check the path, or restore the file from a backup"),
    "SQLITE_CORRUPT": ("is damaged", "run `ordain audit verify`, and restore the file from a backup"),
    "SQLITE_TOOBIG": ("cannot hold an entry this large", "the entry is over SQLite's limit for one row"),
}


_POSTGRESQL = {
    "08": ("cannot be reached", "check that the server runs, and the network"),
    "28": ("refuses the user", "check the user and password in `database_url`"),
    "3D": ("does not exist", "create the database, or check `database_url`"),
    "40": ("undid the write, which conflicted with another one", "try again"),
    "42501": ("denies a right", "grant the user the rights on the ledger's tables"),
    "42P01": ("has lost a table", "restore it from a backup"),
    "53100": ("cannot grow: the server's disk is full", "make room on the disk that holds it"),
    "53300": ("takes no more connections", "raise `max_connections`, or use fewer processes"),
    "53": ("has run out of resources", "see the server's log"),
    "57014": ("took too long", "find what holds the database back; the wait for it is a setting"),
    "55P03": ("is locked by another connection", "find the process that holds a lock"),
    "57P": ("is shutting down or starting up", "try again once it is back"),
    "25006": ("is read-only", "name the primary server, not a standby, in `database_url`"),
    "58": ("cannot be read or written: the server's disk failed", "check the disk and the server's log"),
    "XX": ("is damaged", "run `ordain audit verify`, and restore it from a backup"),
}


def explain_sqlite(error: Exception, name: str) -> Issue:
    """What `error`, from SQLite or from SQLAlchemy around it, says about the ledger in the file `name`."""
    if isinstance(error, NoConnectionFree):
        return _too_many(name)
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = "SQLITE_CORRUPT" if isinstance(cause, UnicodeDecodeError) else getattr(cause, "sqlite_errorname", "")
    for known, (what, hint) in _SQLITE.items():
        if code == known or code.startswith(f"{known}_"):
            return Issue(f"the ledger `{name}` {what}", hint)
    if isinstance(cause, sqlite3.OperationalError) and str(cause).startswith("no such table"):
        return Issue(f"the ledger `{name}` has lost a table ({cause})", "restore the file from a backup")
    return Issue(f"the ledger `{name}` failed: {cause or error}", "check the file and the disk that holds it")


def explain_postgresql(error: Exception, name: str) -> Issue:
    """What `error`, from psycopg or from SQLAlchemy around it, says about the ledger in the database `name`."""
    if isinstance(error, NoConnectionFree):
        return _too_many(name)
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlstate", None) or ""
    for known, (what, hint) in sorted(_POSTGRESQL.items(), key=lambda pair: -len(pair[0])):
        if code.startswith(known):
            return Issue(f"the ledger `{name}` {what}", hint)
    if isinstance(cause, psycopg.OperationalError):
        # A server that refuses a connection says so in words only: libpq has no code for it.
        _, refuses, words = _first_line(cause).partition("FATAL:")
        if refuses:
            return Issue(
                f"the ledger `{name}` cannot be reached: {words.strip()}", "check the server and `database_url`"
            )
        return Issue(f"the ledger `{name}` cannot be reached", "check that the server runs, and the network")
    return Issue(f"the ledger `{name}` failed: {_first_line(cause or error)}", "see the server's log")


def _too_many(name: str) -> Issue:
    """SQLAlchemy gave up waiting for one of its connections."""
    what = f"the ledger `{name}` is overloaded: too many requests read it at once"
    return Issue(what, "try again, or send fewer requests at once")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
