"""The ledger's reading end: entries in order, and records, which are entries with their private part opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import VERIFY, Kind, StoredEntry, merged, payload_hash
from ordain.audit.entry.keys import Keyring
from ordain.audit.entry.plan_text import PLAN, DoesNotUnpack, unpack
from ordain.audit.entry.sealing import DoesNotOpen, unseal
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.restoring import not_restored, restored
from ordain.audit.limits import LIMITS
from ordain.audit.store.rows import DOCUMENT, ENTRY, SUBJECT_KEY
from ordain.audit.store.store import Store
from ordain.audit.store.tree_reader import KeptTree
from ordain.engine.errors import LedgerUnavailable, TextLost

Json = dict[str, Any]


class Status(StrEnum):
    """What has become of an entry's private part."""

    READABLE = "readable"
    RESTRICTED = "restricted"
    """The subject has asked to be erased and cannot be yet: kept, and shown only where the law asks for it."""
    ERASED = "erased"
    """The subject's key was destroyed."""
    EXPIRED = "expired"
    """Removed by retention."""


@dataclass(frozen=True, slots=True)
class Record:
    """An entry, its envelope as data, and its private part, made whole, when there is one to be shown."""

    entry: StoredEntry
    envelope: Json
    status: Status
    private: Json | None

    def merged(self) -> Json:
        """Public and private fields together; only the public ones when the rest is erased."""
        return merged(self.envelope, self.private or {})


_ENTRIES = sa.select(ENTRY.c.leaf_index, ENTRY.c.id, ENTRY.c.envelope)


class Reader:
    """Reads one ledger. With `restricted` the records of restricted subjects are opened, too.

    Every method raises LedgerUnavailable when the database cannot be read or what it holds is damaged.
    """

    def __init__(self, store: Store, keyring: Keyring, restricted: bool = False) -> None:
        self._store, self._keyring, self._restricted = store, keyring, restricted
        self.past = Past(self.document)
        """The texts that decisions were made under, and what they compile to."""
        self.tree = KeptTree(store)
        """The Merkle tree, for proofs."""

    def entry(self, entry_id: UUID) -> StoredEntry | None:
        """An entry by its id, with or without a place in the order; None when there is none."""
        with self._store.reading() as connection:
            stored = self._store.envelope(connection, entry_id.bytes)
        return None if stored is None else _stored((stored[0], entry_id.bytes, stored[1]))

    def record(self, entry_id: UUID) -> Record | None:
        """Durable entries that have no place in the order yet are found, too."""
        with self._store.reading() as connection:
            stored = self._store.envelope(connection, entry_id.bytes)
            if stored is None:
                return None
            row = connection.execute(self._store.private.of_entry(entry_id.bytes)).first()
        private_part: Sequence[Any] = tuple(row) if row else (None, None, None, None, None)
        return self._opened(_stored((stored[0], entry_id.bytes, stored[1])), private_part)

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[StoredEntry]:
        """The entries from leaf index `start` up to, and without, `end`, as a stream."""
        for row in self._pages(_ENTRIES, start, end):
            yield _stored(row)

    def envelope(self, entry: StoredEntry) -> Json:
        """An entry's envelope as data, with the policies and documents that its plan names."""
        return self.past.in_full(entry.read())

    def waiting(self) -> Iterator[StoredEntry]:
        """The entries that are durable and have no place in the order yet."""
        for entry_id, envelope in self._store.waiting():
            yield _stored((None, entry_id, envelope))

    def records(self, start: int = 0, end: int | None = None) -> Iterator[Record]:
        """Like `entries`, opened."""
        for row in self._pages(self._store.private.records, start, end):
            yield self._opened(_stored(row), row[3:])

    def ids_of(self, subject: str) -> list[UUID]:
        """The ids of all entries about a subject, in the order of their times."""
        wanted = sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.tag == self._keyring.tag(subject))
        with self._store.reading() as connection:
            key = connection.execute(wanted).scalar()
            ids = [] if key is None else self._store.private.ids(connection, key)
        return [UUID(bytes=entry_id) for entry_id in ids]

    def position(self, entry_id: bytes) -> int:
        """The place of the first entry with this id or a later one; exact as long as the clock never went back."""
        with self._store.reading() as connection:
            wanted = sa.select(sa.func.min(ENTRY.c.leaf_index)).where(ENTRY.c.id >= entry_id)
            first = connection.execute(wanted).scalar()
        return self.size() if first is None else int(first)

    def document(self, digest: str) -> bytes | None:
        """The kept text with that digest."""
        with self._store.reading() as connection:
            return connection.execute(sa.select(DOCUMENT.c.text).where(DOCUMENT.c.digest == digest)).scalar()

    def plans_naming(self, policy: str) -> list[str]:
        """The digests of the kept plans that name a policy, of whichever version."""
        wanted = sa.select(DOCUMENT.c.digest, DOCUMENT.c.text).where(DOCUMENT.c.kind == PLAN)
        with self._store.reading() as connection:
            kept = connection.execute(wanted).all()
        mark = canonical({"policy": policy})[1:-1]
        return [digest for digest, text in kept if mark in text]

    def size(self) -> int:
        """How many entries have a place in the order."""
        with self._store.reading() as connection:
            return int(
                connection.execute(sa.select(sa.func.coalesce(sa.func.max(ENTRY.c.leaf_index) + 1, 0))).scalar_one()
            )

    def _pages(self, select: sa.Select[Any], start: int, end: int | None) -> Iterator[Sequence[Any]]:
        # Page by page, so that no read transaction stays open while a caller works on the entries.
        while end is None or start < end:
            wanted = select.where(ENTRY.c.leaf_index >= start).order_by(ENTRY.c.leaf_index).limit(LIMITS.page)
            if end is not None:
                wanted = wanted.where(ENTRY.c.leaf_index < end)
            with self._store.reading() as connection:
                page = connection.execute(wanted).all()
            yield from page
            if len(page) < LIMITS.page:
                return
            start = page[-1][0] + 1

    def _opened(self, entry: StoredEntry, private_part: Sequence[Any]) -> Record:
        sealed, key, tag, wrapped, restricted = private_part
        envelope = self.envelope(entry)
        if sealed is None:
            return Record(entry, envelope, Status.EXPIRED, None)
        if not isinstance(sealed, bytes) or payload_hash(sealed) != envelope.get("payload_hash"):
            raise LedgerUnavailable(f"the payload of the entry `{entry.id}` is damaged", VERIFY)
        if key is None or wrapped is None:
            return Record(entry, envelope, Status.ERASED, None)
        if restricted is not None and not self._restricted:
            return Record(entry, envelope, Status.RESTRICTED, None)
        secret = self._keyring.opened(key, tag, wrapped)
        try:
            commitment = bytes.fromhex(envelope["key_commitment"])
            opened = unseal(secret, entry.id.bytes, sealed, commitment)
            if "plan" in envelope:
                opened = unpack(opened, self.past.plan_text(envelope))
            private = orjson.loads(opened)
        except TextLost as error:
            return Record(entry, envelope, Status.READABLE, not_restored({}, envelope, error.message))
        except (DoesNotOpen, DoesNotUnpack, KeyError, TypeError, ValueError):
            raise LedgerUnavailable(f"the payload of the entry `{entry.id}` is damaged", VERIFY) from None
        if envelope["kind"] == Kind.DECISION:
            private = restored(private, envelope, self.past)
        status = Status.READABLE if restricted is None else Status.RESTRICTED
        return Record(entry, envelope, status, private)


def _stored(row: Sequence[Any]) -> StoredEntry:
    leaf_index, entry_id, envelope = row[0], row[1], row[2]
    if not (isinstance(entry_id, bytes) and len(entry_id) == 16 and isinstance(envelope, bytes)):
        raise LedgerUnavailable(f"the stored entry {leaf_index} is damaged", VERIFY)
    return StoredEntry(leaf_index, UUID(bytes=entry_id), envelope)
