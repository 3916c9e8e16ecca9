"""What was done with services themselves (stopped, started, alerts), read from the ledger as it comes."""

from __future__ import annotations

import logging
from uuid import UUID

import sqlalchemy as sa

from ordain.audit.entry.keys import OPERATION
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Record
from ordain.audit.store.rows import SUBJECT_KEY
from ordain.engine.errors import LedgerUnavailable

_LOG = logging.getLogger("ordain")


class Operations:
    """Reads what `OpenLedger.operate` recorded, here and in other processes. For one thread at a time.

    An entry that does not open under this ledger's key was not written by it: the log says so, and it is left out.
    """

    def __init__(self, opened: OpenLedger) -> None:
        self._opened = opened
        self._tag = opened.keyring.tag(OPERATION)
        self._key: bytes | None = None
        self._mark = b""
        self._seen: frozenset[bytes] = frozenset()
        self._unread: set[bytes] = set()

    def new(self) -> list[Record]:
        """Those that came since the last call, by their times; at first all. Raises LedgerUnavailable."""
        store = self._opened.store
        with store.reading() as connection:
            if self._key is None:
                wanted = sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.tag == self._tag)
                self._key = connection.execute(wanted).scalar()
            if self._key is None:
                return []
            ids, mark = store.private.ids_since(connection, self._key, self._mark)
        records = [self._record(each) for each in sorted(set(ids) - self._seen | self._unread)]
        self._mark, self._seen = mark, frozenset(ids)
        return [record for record in records if record is not None]

    def _record(self, entry_id: bytes) -> Record | None:
        """None for one that cannot be read now: it keeps nobody from reading the others, and is tried again."""
        try:
            record = self._opened.reader.record(UUID(bytes=entry_id))
        except LedgerUnavailable as error:
            why = error.message
        else:
            if record is not None and record.private is not None:
                self._unread.discard(entry_id)
                return record
            why = f"the entry `{UUID(bytes=entry_id)}` says what was done with a service, and was not written here"
        if entry_id not in self._unread:
            _LOG.error("%s", why)
            self._unread.add(entry_id)
        return None
