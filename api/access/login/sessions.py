"""Sessions of people who logged in: kept beside the ledger, so that all workers and servers of it know them.

Of a session's id only the SHA-256 is kept: who reads the file can use none of them. It says nothing of what anybody
did; lost, people log in again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import NamedTuple

import orjson
import sqlalchemy as sa

from ordain.api.beside_ledger import BesideLedger
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.audit.store.sqlite import path_of

SCHEMA = "ordain_sessions"
"""Of the table in PostgreSQL."""

_TABLES = sa.MetaData()
SESSION = sa.Table(
    "session",
    _TABLES,
    sa.Column("ledger", sa.String, primary_key=True),
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("roles", sa.String, nullable=False),
    sa.Column("seen", sa.Float, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)
"""`seen` is when it was used last, to `LIMITS.session_seen` seconds; `until` when it ends whatever happens."""


class Session(NamedTuple):
    """Whose it is, with the roles as the provider named them at log-in, and when it ends: seconds since 1970."""

    name: str
    roles: frozenset[str]
    until: float


class Sessions:
    """`use` gives what is served now. A session ends `idle` seconds after it was used last, and after `longest`.

    The first that is asked for opens the store: a process that forks others asks for none. Every method waits for the
    disk or the network, and raises LedgerUnavailable.
    """

    def __init__(self, use: Callable[[], Services], idle: float, longest: float, clock: Callable[[], float]) -> None:
        self._use, self._idle, self._longest, self._clock = use, idle, longest, clock
        self._opened: BesideLedger | None = None

    def begin(self, name: str, roles: Iterable[str]) -> str:
        """A new session's id: 256 random bits as 43 characters. Those that have ended are forgotten meanwhile."""
        session_id, now = secrets.token_urlsafe(32), self._clock()
        row = {"digest": _digest(session_id), "name": name, "roles": orjson.dumps(sorted(roles)).decode()}
        times = {"ledger": self._ledger, "seen": now, "until": now + self._longest}
        ended = sa.or_(SESSION.c.until <= now, SESSION.c.seen <= now - self._idle)
        with self._store().transaction() as connection:
            connection.execute(sa.delete(SESSION).where(SESSION.c.ledger == self._ledger, ended))
            connection.execute(sa.insert(SESSION), {**row, **times})
        return session_id

    def find(self, session_id: str, used: bool = True) -> Session | None:
        """The session of that id, which has been `used` now; None for one that has ended or never was."""
        now, store = self._clock(), self._store()
        columns = SESSION.c
        wanted = sa.select(columns.name, columns.roles, columns.seen, columns.until).where(*self._is(session_id))
        with store.reading() as connection:
            row = connection.execute(wanted).first()
        if row is None or row.until <= now or row.seen <= now - self._idle:
            return None
        if used and now - row.seen > min(LIMITS.session_seen, self._idle / 4):
            with store.transaction() as connection:
                connection.execute(sa.update(SESSION).where(*self._is(session_id)).values(seen=now))
        return Session(row.name, frozenset(orjson.loads(row.roles)), row.until)

    def end(self, session_id: str) -> bool:
        """From now on it opens nothing, on any server. Says whether there was one."""
        with self._store().transaction() as connection:
            return bool(connection.execute(sa.delete(SESSION).where(*self._is(session_id))).rowcount)

    def _is(self, session_id: str) -> tuple[sa.ColumnElement[bool], ...]:
        return SESSION.c.ledger == self._ledger, SESSION.c.digest == _digest(session_id)

    @property
    def _ledger(self) -> str:
        return str(self._use().ledger.identity.ledger)

    def _store(self) -> BesideLedger:
        if self._opened is None:  # two threads may both open it, and one of these is let go
            use = self._use()
            url = use.settings.database_url
            if url.startswith("sqlite"):
                file = path_of(url)
                self._opened = BesideLedger(file.with_name(f"{file.name}.sessions"), _TABLES, SCHEMA, "sessions")
            else:
                self._opened = BesideLedger(use.ledger.store.engine, _TABLES, SCHEMA, "sessions")
        return self._opened


def _digest(session_id: str) -> str:
    """There is nothing to guess in 256 random bits, so a fast hash will do (ADR 33)."""
    return sha256(session_id.encode("utf-8", "replace")).hexdigest()
