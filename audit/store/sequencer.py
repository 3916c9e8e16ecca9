"""PostgreSQL: gives the entries in the inbox their places in the log. One process does, the others stand by.

An advisory lock says who. It belongs to a connection, and one that was lost without notice may not know it yet, so
the lock alone would let two processes number leaves at once. Hence the fence: who takes the lock starts a new term,
and every numbering states its term in the statement that does it, which a later term makes fail.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg

from ordain.audit.limits import LIMITS
from ordain.engine.errors import Issue, LedgerUnavailable

SEQUENCING = 0x4F524441_0002
"""The advisory lock (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS)."""

# At READ COMMITTED a statement that has waited for a row goes on with its newest version, if its WHERE still holds
# (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED). So the row of `sequencer` is
# locked first: a later term makes `fence` empty, nothing moves and nothing is returned; a numbering that was under
# way has ended, and `size` is what it left. Nobody else takes rows out of the inbox meanwhile.
_NUMBER = """
WITH fence AS (
  SELECT size FROM sequencer WHERE one = 1 AND term = %(term)s FOR UPDATE
), moved AS (
  DELETE FROM inbox WHERE id IN (SELECT id FROM inbox ORDER BY id LIMIT %(most)s) AND EXISTS (SELECT FROM fence)
  RETURNING id, envelope
), numbered AS (
  INSERT INTO entry (leaf_index, id, envelope)
  SELECT fence.size + row_number() OVER (ORDER BY moved.id) - 1, moved.id, moved.envelope FROM moved, fence
  RETURNING 1
)
UPDATE sequencer SET size = size + (SELECT count(*) FROM numbered)
WHERE one = 1 AND term = %(term)s
RETURNING (SELECT count(*) FROM numbered)
"""

_STALLED = "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = 'idle_session_timeout'"


class PostgresSequencer:
    """`sequence` does nothing while another process has the lock. Safe to call from several threads.

    `connect` opens a connection in which every statement is a transaction, `explain` says what its failure means.
    A process that was stopped, or cut off, keeps its connection and with it the lock. After `stalled_seconds` without
    a call the server ends the session, and another process takes over (PostgreSQL 14 and later).
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        explain: Callable[[Exception], Issue],
        stalled_seconds: float = LIMITS.sequencer_stalled,
    ) -> None:
        self._connect, self._explain = connect, explain
        self._stalled = f"{max(1, round(stalled_seconds * 1000))}ms"
        self._connection: psycopg.Connection[Any] | None = None
        self._term = 0
        self._most = LIMITS.sequenced
        self._lock = threading.Lock()

    def sequence(self) -> int | None:
        """Orders all that waits, and says how many entries; None when another process is the sequencer.

        Raises LedgerUnavailable when the database cannot be reached.
        """
        with self._lock:
            try:
                return self._sequence()
            except psycopg.Error as error:
                lost = self._connection is not None and self._connection.broken
                self._resign()
                if not lost:
                    raise LedgerUnavailable(self._explain(error)) from error
            try:  # the server was restarted, or has ended the session: it may be back
                return self._sequence()
            except psycopg.Error as error:
                self._resign()
                raise LedgerUnavailable(self._explain(error)) from error

    def close(self) -> None:
        with self._lock:
            if self._connection is not None and self._term:
                with suppress(psycopg.Error):  # said, not left to the server to find out: another takes over at once
                    self._connection.execute("SELECT pg_advisory_unlock(%s)", (SEQUENCING,))
            self._resign()

    def _sequence(self) -> int | None:
        if not self._leads():
            return None
        done = 0
        while True:
            most = self._most
            try:
                moved = self._number(most)
            except psycopg.errors.QueryCanceled:  # the database is slow: fewer at once
                if most == 1:
                    raise
                self._most = max(1, most // 8)
                continue
            if moved is None:
                self._resign()
                return None
            done += moved
            self._most = min(LIMITS.sequenced, most * 2)
            if moved < most:
                return done

    def _leads(self) -> bool:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
            self._connection.execute(_STALLED, (self._stalled,))
            self._term = 0
        if self._term:
            return True
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (SEQUENCING,)).fetchone()
        if row is None or not row[0]:
            return False
        row = self._connection.execute("UPDATE sequencer SET term = term + 1 WHERE one = 1 RETURNING term").fetchone()
        self._term = row[0] if row else 0
        return bool(self._term)

    def _number(self, most: int) -> int | None:
        """How many were numbered, up to `most`; None when a later term has begun."""
        assert self._connection is not None  # noqa: S101 - `_leads` made it
        row = self._connection.execute(_NUMBER, {"term": self._term, "most": most}).fetchone()
        return None if row is None else int(row[0])

    def _resign(self) -> None:
        connection, self._connection = self._connection, None
        self._term = 0
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()
