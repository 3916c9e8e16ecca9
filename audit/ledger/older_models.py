"""Entries of kind `model` of before a version had stages: they lie under the key of what is about nobody."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Record
from ordain.audit.limits import LIMITS
from ordain.audit.store.rows import ENTRY, SUBJECT_KEY

_MARK = b'"kind":"%b"' % Kind.MODEL.encode()


def older_models(opened: OpenLedger) -> list[Record]:
    """All of them that can be read, by their times. Only what is about nobody is looked at; none is written any more.

    Raises LedgerUnavailable.
    """
    store = opened.store
    wanted = sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.tag == opened.keyring.tag(None))
    found: list[bytes] = []
    with store.reading() as connection:
        key = connection.execute(wanted).scalar()
        ids = [] if key is None else store.private.ids(connection, key)
        for start in range(0, len(ids), LIMITS.names_at_once):
            some = ENTRY.c.id.in_(ids[start : start + LIMITS.names_at_once])
            speaks = store.private.holds(ENTRY.c.envelope, _MARK)
            found += connection.execute(sa.select(ENTRY.c.id).where(some, speaks)).scalars()
    records = [opened.reader.record(UUID(bytes=each)) for each in sorted(found)]
    return [each for each in records if each is not None and each.private is not None]
