"""Whether what every decision needs is there: the ledger, the process that writes it, room on its disk.

Looked at beside the answers, so that `/readyz` waits for no disk and no database.
"""

from __future__ import annotations

import shutil

from ordain.api.limits import LIMITS
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.shared_writer.remote_store import AWAY, RemoteStore
from ordain.audit.store.sqlite import SqliteStore
from ordain.engine.errors import LedgerUnavailable

SILENT = "the process that writes the ledger has not spoken yet"


class Fitness:
    """`lacks` says what is not there, each in a sentence; it is put in place whole, so reading it takes no lock.

    Nothing is lacking at first, since the ledger has just been opened, but for a writer in another process.
    """

    def __init__(self, opened: OpenLedger) -> None:
        self._opened, self._store = opened, opened.store
        self._has_spoken = not isinstance(self._store, RemoteStore)
        self.lacks: tuple[str, ...] = () if self._has_spoken else (SILENT,)

    def look(self) -> None:
        """Finds out how it is now. A writer that has spoken once is waited for by decisions: it comes back at once."""
        self.lacks = tuple(fault for fault in (self._silence(), self._unread(), self._narrow()) if fault)

    def _silence(self) -> str:
        if not self._has_spoken and isinstance(self._store, RemoteStore):
            self._has_spoken = self._store.writer_state()[0] != AWAY
        return "" if self._has_spoken else SILENT

    def _unread(self) -> str:
        try:
            self._opened.reader.size()
        except LedgerUnavailable as error:
            return error.message
        missing = self._store.missing()
        return missing.message if missing else ""

    def _narrow(self) -> str:
        """Of a database on another machine nothing is known here."""
        if not isinstance(self._store, SqliteStore):
            return ""
        try:
            free = shutil.disk_usage(self._store.path.parent).free
        except OSError:  # `_unread` says more
            return ""
        wanted = LIMITS.disk_free
        return f"the ledger's disk has {free >> 20} MiB free, less than {wanted >> 20}" if free < wanted else ""
