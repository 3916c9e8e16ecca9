"""A subject as the ledger knows it, found before something is destroyed, and the same still when it is.

What leads from a subject's key to its entries is held to each entry's commitment to the key that it was sealed under:
who can write to the database could have the key of one person open, and its end erase, the records of all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson
import sqlalchemy as sa

from ordain.audit.entry.entry import id_text
from ordain.audit.entry.keys import OPERATION
from ordain.audit.entry.sealing import is_committed
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.privacy.on_record import OnRecord, Restriction
from ordain.audit.store.rows import CHECKPOINT, ENTRY, INBOX, SUBJECT_KEY
from ordain.engine.errors import LedgerUnavailable

_DECISION, _RESTRICTION = b'"kind":"decision"', b'"kind":"restriction"'


@dataclass(frozen=True, slots=True)
class Subject:
    """`columns` are the hold and the day as its row has them, `last` what is on record of them."""

    key: bytes
    secret: bytes = field(repr=False)
    columns: tuple[object, object]
    last: Restriction | None
    entries: list[bytes]
    decisions: list[bytes]

    @property
    def hold(self) -> bool:
        """Whether a legal hold stands."""
        return self.last is not None and self.last.hold

    @property
    def not_before(self) -> str | None:
        """The first day (ISO) on which it may be erased, once that was asked for."""
        return None if self.last is None else self.last.not_before


class Changed(Exception):
    """A hold, a restriction or an entry of the subject came between looking and acting."""


def subject_of_key(opened: OpenLedger, connection: sa.Connection, key: bytes, record: OnRecord) -> Subject | None:
    """None for a key that is no subject's: not there, or the house's.

    Raises LedgerUnavailable for a swapped key, and when entries are led to that were not sealed under it: to destroy it
    would be to lose them, too.
    """
    columns = SUBJECT_KEY.c
    wanted = sa.select(columns.hold, columns.erase_not_before, columns.tag, columns.wrapped).where(columns.key == key)
    row = connection.execute(wanted).first()
    if row is None or row[2] in (opened.keyring.tag(None), opened.keyring.tag(OPERATION)):
        return None
    secret = opened.keyring.opened(key, row[2], row[3])  # or else it is not this subject's
    entries = opened.store.private.ids(connection, key)
    envelopes = _envelopes(opened, connection, secret, entries)
    for restriction in record.of_key.get(key, ()):
        if restriction.id not in envelopes:
            raise of_others(restriction.id)
    decisions = [entry_id for entry_id, envelope in envelopes.items() if _DECISION in envelope]
    return Subject(key, secret, (row[0], row[1]), record.last.get(key), entries, decisions)


def _envelopes(
    opened: OpenLedger, connection: sa.Connection, secret: bytes, entries: Iterable[bytes]
) -> dict[bytes, bytes]:
    """Those of entries that lie under that data key. Raises LedgerUnavailable for one that does not."""
    wanted = list(entries)
    found = _stored(opened, connection, wanted)
    for entry_id in wanted:
        try:
            commitment = bytes.fromhex(orjson.loads(found[entry_id])["key_commitment"])
        except (ValueError, TypeError, KeyError):
            commitment = b""
        if not is_committed(secret, entry_id, commitment):
            raise of_others(entry_id)
    return found


def _stored(opened: OpenLedger, connection: sa.Connection, ids: list[bytes]) -> dict[bytes, bytes]:
    """The envelopes of those of the entries that there are, with a place in the order or without."""
    found: dict[bytes, bytes] = {}
    for start in range(0, len(ids), LIMITS.names_at_once):
        some = ids[start : start + LIMITS.names_at_once]
        wanted = sa.select(ENTRY.c.id, ENTRY.c.envelope).where(ENTRY.c.id.in_(some))
        if opened.store.private.stored_waiting is None:
            rows = connection.execute(wanted)
        else:  # in one statement: the sequencer moves an entry from the one table to the other
            waiting = sa.select(INBOX.c.id, INBOX.c.envelope).where(INBOX.c.id.in_(some))
            rows = connection.execute(wanted.union_all(waiting))
        found.update((entry_id, envelope) for entry_id, envelope in rows)
    return found


def of_others(entry_id: bytes) -> LedgerUnavailable:
    return LedgerUnavailable(
        f"what leads to this customer's entries was changed: `{id_text(entry_id)}` is another's, or is left out."
        " Nothing was erased",
        "run `ordain audit verify --open`, and restore a backup",
    )


def check_unchanged(opened: OpenLedger, connection: sa.Connection, subjects: list[Subject], since: bool) -> list[bytes]:
    """Raises Changed unless the subjects are as they were found; nobody else changes them from here on.

    `since` says that an entry made since then is a change, too. Returns the ids of all their entries.
    """
    opened.store.lock_housekeeping(connection)
    columns, entries = SUBJECT_KEY.c, []
    for person in subjects:
        # A decision under way is either seen here or refused there: what it writes needs the key's row.
        now = sa.select(columns.hold, columns.erase_not_before).where(columns.key == person.key).with_for_update()
        row = connection.execute(now).first()
        if row is None or tuple(row) != person.columns:
            raise Changed
        ids = opened.store.private.ids(connection, person.key)
        if since and ids != person.entries:
            raise Changed
        new = _envelopes(opened, connection, person.secret, set(ids) - set(person.entries))
        if any(_RESTRICTION in envelope for envelope in new.values()):
            raise Changed
        entries += ids
    return entries


def unsigned_among(opened: OpenLedger, connection: sa.Connection, ids: list[bytes]) -> list[bytes]:
    """Those of the entries that no checkpoint covers. Who signs cannot open them, and is to know why."""
    size = connection.execute(sa.select(sa.func.max(CHECKPOINT.c.size))).scalar() or 0
    unsigned = set(connection.execute(sa.select(ENTRY.c.id).where(ENTRY.c.leaf_index >= size)).scalars())
    if opened.store.private.stored_waiting is not None:
        unsigned.update(connection.execute(sa.select(INBOX.c.id)).scalars())
    return [entry_id for entry_id in ids if entry_id in unsigned]
