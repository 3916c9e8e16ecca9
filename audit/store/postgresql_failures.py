"""What PostgreSQL's failures mean to the person who has to act on them.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from ordain.audit.store.failures import too_many_readers
from ordain.engine.errors import Issue

POSTGRESQL_FAILURES = (SQLAlchemyError, psycopg.Error)
"""All that a call on the database may raise."""

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


def explain_postgresql(error: Exception, name: str) -> Issue:
    """What `error`, from psycopg or from SQLAlchemy around it, says about the ledger in the database `name`."""
    if isinstance(error, NoConnectionFree):
        return too_many_readers(name)
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


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
