"""The ledger's reading end: entries in order, and records, which are entries with their private part opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import SEALED_FORMAT, VERIFY, Kind, StoredEntry, merged, payload_hash
from ordain.audit.entry.keys import Keyring
from ordain.audit.entry.plan_text import PLAN, DoesNotUnpack, service_in, unpack
from ordain.audit.entry.sealing import DoesNotOpen, entry_key, unseal
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.restoring import NOT_RESTORED, not_restored, restored
from ordain.audit.ledger.told import FORM_MARK, SEALED_MARK, told_by
from ordain.audit.limits import LIMITS
from ordain.audit.store.marks import with_marks
from ordain.audit.store.private_parts import Stored
from ordain.audit.store.rows import DOCUMENT, ENTRY, SUBJECT_KEY
from ordain.audit.store.store import Store
from ordain.audit.store.tree_reader import KeptTree
from ordain.engine.errors import LedgerUnavailable, TextLost

Json = dict[str, Any]


class _DamagedPayload(Exception):
    """The sealed bytes of one entry are not those that its envelope names, or do not open."""


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
    """An entry, its envelope as data, and its private part, made whole, when there is one to be shown.

    Of a decision the envelope has also what its private part says of it since format 4 (`audit.ledger.told`).
    """

    entry: StoredEntry
    envelope: Json
    status: Status
    private: Json | None

    def merged(self) -> Json:
        """Public and private fields together; only the public ones when the rest is erased."""
        return merged(self.envelope, self.private or {})


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What opens one entry: its sealed bytes, its own key (32 bytes), and its plan's text where it has one."""

    sealed: bytes
    entry_key: bytes
    plan: bytes | None


Secrets = dict[tuple[bytes, bytes, bytes], bytes]
"""Data keys by all that they were opened with."""
_NO_PART = (None,) * 5
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

    def entries_of(self, ids: Sequence[UUID]) -> Iterator[StoredEntry]:
        """The entries with these ids, in their order, many at a time; of one that there is not, nothing."""
        for start in range(0, len(ids), LIMITS.page):
            some = ids[start : start + LIMITS.page]
            with self._store.reading() as connection:
                rows = connection.execute(_ENTRIES.where(ENTRY.c.id.in_([each.bytes for each in some]))).all()
            known = {entry.id: entry for entry in map(_stored, rows)}
            for each in some:
                if (entry := known.get(each) or self.entry(each)) is not None:  # it may have no place yet
                    yield entry

    def record(self, entry_id: UUID) -> Record | None:
        """Durable entries that have no place in the order yet are found, too."""
        with self._store.reading() as connection:
            stored = self._store.envelope(connection, entry_id.bytes)
            if stored is None:
                return None
            row = connection.execute(self._store.private.of_entry(entry_id.bytes)).first()
        return self._opened(_stored((stored[0], entry_id.bytes, stored[1])), tuple(row) if row else _NO_PART, {})

    def disclosed(self, entry_id: UUID) -> Disclosed | None:
        """What opens this entry and no other; None where its private part cannot be read, or may not."""
        record = self.record(entry_id)
        if record is None or record.private is None:
            return None
        with self._store.reading() as connection:
            row = connection.execute(self._store.private.of_entry(entry_id.bytes)).first()
        sealed, key, tag, wrapped, _ = row or (None, None, None, None, None)
        if sealed is None or key is None or tag is None or wrapped is None:
            return None  # erased this moment
        secret = entry_key(self._keyring.opened(key, tag, wrapped), entry_id.bytes)
        plan = record.entry.read().get("plan")
        return Disclosed(sealed, secret, None if plan is None else self.document(plan))

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[StoredEntry]:
        """The entries from leaf index `start` up to, and without, `end`, as a stream."""
        for row in self._pages(_ENTRIES, start, end):
            yield _stored(row)

    def envelope(self, entry: StoredEntry) -> Json:
        """An entry's envelope as data, with the policies and documents that its plan names; nothing is opened."""
        return self.past.in_full(entry.read())

    def waiting(self) -> Iterator[StoredEntry]:
        """The entries that are durable and have no place in the order yet."""
        for entry_id, envelope in self._store.waiting():
            yield _stored((None, entry_id, envelope))

    def records(self, start: int = 0, end: int | None = None) -> Iterator[Record]:
        """Like `entries`, opened."""
        secrets: Secrets = {}
        for row in self._pages(self._store.private.records, start, end):
            yield self._opened(_stored(row), row[3:], secrets)

    def told(
        self,
        start: int = 0,
        end: int | None = None,
        wanted: Callable[[StoredEntry], bool] = lambda _: True,
        marks: Sequence[bytes] = (),
        public: Sequence[bytes] = (),
    ) -> Iterator[Record]:
        """Like `records`, those that are wanted, without their private parts: these are opened no further than to tell
        what envelopes said until format 4. `Status.READABLE` says nothing of those whose envelope says it itself. Of
        a damaged private part nothing is told.

        Since format 4 a private part that lacks one of the `marks`, bytes of its canonical form, is passed over unread;
        not so one of a form that this version does not know. `public` are bytes that each envelope wanted has.
        """
        secrets: Secrets = {}
        select = with_marks(self._store.private.records, public, self._store.engine.dialect.name)
        for row in self._pages(select, start, end):
            entry = _stored(row)
            if wanted(entry) and (record := self._told(entry, row[3:], secrets, marks)) is not None:
                yield record

    def marked(self, start: int, end: int | None, mark: bytes) -> Iterator[Record]:
        """Like `records`, those with `mark`, bytes of the canonical form, in their private part, which is as it was
        recorded, not made whole. Who is restricted, or cannot be read, is not among them."""
        secrets: Secrets = {}
        for row in self._pages(self._store.private.records, start, end):
            entry = _stored(row)
            with suppress(_DamagedPayload):
                public = entry.read()
                text = self._text(entry, public, row[3:], secrets)
                if isinstance(text, bytes) and mark in text:
                    yield Record(entry, public, Status.READABLE, orjson.loads(text))

    def told_of(self, entry: StoredEntry) -> Record:
        """The same of one entry, which may have no place yet."""
        if not entry.envelope.endswith(SEALED_MARK):
            return Record(entry, self.envelope(entry), Status.READABLE, None)
        with self._store.reading() as connection:
            row = connection.execute(self._store.private.of_entry(entry.id.bytes)).first()
        return self._told_by_part(entry, tuple(row) if row else _NO_PART)

    def told_of_stored(self, row: Stored) -> Record:
        """The same of a row of `stored`, of a restricted subject too."""
        private_part = (row.sealed, row.key, row.tag, row.wrapped, None)
        return self._told_by_part(_stored((row.leaf_index, row.id, row.envelope)), private_part)

    def stored(self, start: int, end: int) -> Iterator[Stored]:
        """The entries between two places as they are stored, nothing of them checked."""
        for row in self._pages(self._store.private.stored, start, end):
            yield Stored._make(row)

    def ids_of(self, subject: str) -> list[UUID]:
        """The ids of all entries about a subject, in the order of their times."""
        wanted = sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.tag == self._keyring.tag(subject))
        with self._store.reading() as connection:
            key = connection.execute(wanted).scalar()
            ids = [] if key is None else self._store.private.ids(connection, key)
        return [_id(entry_id, "about this subject") for entry_id in ids]

    def newest_of(self, subject: str, most: int) -> Iterator[Record]:
        """The newest entries about a subject, newest first, at most so many; their private parts are as they were
        recorded, not made whole."""
        secrets: Secrets = {}
        ids = [entry_id.bytes for entry_id in self.ids_of(subject)[: -most - 1 : -1]]
        for start in range(0, len(ids), LIMITS.newest_at_once):
            some = ids[start : start + LIMITS.newest_at_once]
            with self._store.reading() as connection:
                rows: dict[bytes, Sequence[Any]] = {
                    row[1]: row for row in connection.execute(self._store.private.records.where(ENTRY.c.id.in_(some)))
                }
                for entry_id in [each for each in some if each not in rows]:  # it has no place in the order yet
                    stored = self._store.envelope(connection, entry_id)
                    row = connection.execute(self._store.private.of_entry(entry_id)).first()
                    if stored is not None:
                        rows[entry_id] = (stored[0], entry_id, stored[1], *(row or _NO_PART))
            for entry_id in some:
                if entry_id in rows:
                    yield self._as_recorded(_stored(rows[entry_id]), rows[entry_id][3:], secrets)

    def _as_recorded(self, entry: StoredEntry, private_part: Sequence[Any], secrets: Secrets) -> Record:
        public = entry.read()
        try:
            text = self._text(entry, public, private_part, secrets)
        except _DamagedPayload:
            raise LedgerUnavailable(f"the payload of the entry `{entry.id}` is damaged", VERIFY) from None
        if isinstance(text, TextLost):
            raise text
        if isinstance(text, Status):
            return Record(entry, public, text, None)
        return Record(entry, public, Status.READABLE, orjson.loads(text))

    def bounds(self, first: bytes, last: bytes) -> tuple[int, int]:
        """The places between which all entries are whose ids are `first` or later, and before `last`.

        An id begins with the time of its entry; where the clock was set back or ahead, others stand between them too.
        """
        of_id, leaf = ENTRY.c.id, ENTRY.c.leaf_index
        with self._store.reading() as connection:
            start = connection.execute(sa.select(sa.func.min(leaf)).where(of_id >= first)).scalar()
            end = connection.execute(sa.select(sa.func.max(leaf)).where(of_id < last)).scalar()
        return (0, 0) if start is None or end is None else (int(start), max(int(start), int(end) + 1))

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

    def plans(self, service: str | None = None) -> Iterator[Json]:
        """Of each kept plan (of that service) as much of an envelope as leads to what it names."""
        wanted = sa.select(DOCUMENT.c.digest, DOCUMENT.c.text).where(DOCUMENT.c.kind == PLAN)
        with self._store.reading() as connection:
            kept = connection.execute(wanted.order_by(DOCUMENT.c.digest)).all()
        for digest, text in kept:
            named = service_in(text)
            if named is not None and service in (None, named):
                yield {"id": "", "plan": digest, "service": named}

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

    def _told_by_part(self, entry: StoredEntry, private_part: Sequence[Any]) -> Record:
        told = self._told(entry, private_part, {}, ())
        assert told is not None  # noqa: S101 - nothing is passed over without marks
        return told

    def _told(
        self, entry: StoredEntry, private_part: Sequence[Any], secrets: Secrets, marks: Sequence[bytes]
    ) -> Record | None:
        """None for one that is passed over for want of a mark."""
        if not entry.envelope.endswith(SEALED_MARK):
            return Record(entry, self.envelope(entry), Status.READABLE, None)
        public = entry.read()
        try:
            text = self._text(entry, public, private_part, secrets)
            if isinstance(text, bytes) and FORM_MARK in text and not all(mark in text for mark in marks):
                return None
            status, envelope, _ = self._read(public, text, private_part)
        except _DamagedPayload:  # whoever opens it, or verifies, hears of it; nothing else is held up
            return Record(entry, self.past.in_full(public), Status.READABLE, None)
        return Record(entry, envelope, status, None)

    def _opened(self, entry: StoredEntry, private_part: Sequence[Any], secrets: Secrets) -> Record:
        public = entry.read()
        try:
            text = self._text(entry, public, private_part, secrets)
            status, envelope, private = self._read(public, text, private_part)
        except _DamagedPayload:
            raise LedgerUnavailable(f"the payload of the entry `{entry.id}` is damaged", VERIFY) from None
        if private is not None and envelope["kind"] == Kind.DECISION and NOT_RESTORED not in private:
            private = restored(private, envelope, self.past)
        return Record(entry, envelope, status, private)

    def _text(
        self, entry: StoredEntry, public: Json, private_part: Sequence[Any], secrets: Secrets
    ) -> bytes | Status | TextLost:
        """The canonical bytes of a private part, or what became of it; the error where its plan's text is lost.

        `secrets` keeps the keys that are opened for one look at many entries.
        """
        sealed, key, tag, wrapped, restricted = private_part
        if sealed is None:
            return Status.EXPIRED
        if not isinstance(sealed, bytes) or payload_hash(sealed) != public.get("payload_hash"):
            raise _DamagedPayload
        if key is None or wrapped is None:
            return Status.ERASED
        if restricted is not None and not self._restricted:
            return Status.RESTRICTED
        secret = secrets.get((key, tag, wrapped))
        if secret is None:
            if len(secrets) >= LIMITS.keys_opened:
                secrets.clear()
            secret = secrets[key, tag, wrapped] = self._keyring.opened(key, tag, wrapped)
        try:
            opened = unseal(secret, entry.id.bytes, sealed, bytes.fromhex(public["key_commitment"]))
            if "plan" not in public:
                return opened
            return unpack(opened, self.past.plan_text(public), padded=public["v"] == SEALED_FORMAT)
        except TextLost as error:
            return error
        except (DoesNotOpen, DoesNotUnpack, KeyError, TypeError, ValueError):
            raise _DamagedPayload from None

    def _read(
        self, public: Json, text: bytes | Status | TextLost, private_part: Sequence[Any]
    ) -> tuple[Status, Json, Json | None]:
        """What became of the private part, the envelope with what that tells of a decision, and the part itself."""
        envelope = self.past.in_full(public)
        if isinstance(text, Status):
            return text, envelope, None
        if isinstance(text, TextLost):
            return Status.READABLE, envelope, not_restored({}, envelope, text.message)
        try:
            private = orjson.loads(text)
            if envelope["v"] == SEALED_FORMAT:
                with suppress(LookupError, TypeError, ValueError):  # of a later version: `restored` says so
                    envelope |= told_by(private, self.past.named(envelope), self.past.codes(envelope))
        except TextLost as error:
            return Status.READABLE, envelope, not_restored({}, envelope, error.message)
        except ValueError:
            raise _DamagedPayload from None
        return Status.READABLE if private_part[-1] is None else Status.RESTRICTED, envelope, private


def _stored(row: Sequence[Any]) -> StoredEntry:
    leaf_index, entry_id, envelope = row[0], row[1], row[2]
    if not isinstance(envelope, bytes):
        raise _damaged(str(leaf_index))
    return StoredEntry(leaf_index, _id(entry_id, str(leaf_index)), envelope)


def _id(entry_id: object, which: str) -> UUID:
    if not (isinstance(entry_id, bytes) and len(entry_id) == 16):
        raise _damaged(which)
    return UUID(bytes=entry_id)


def _damaged(which: str) -> LedgerUnavailable:
    return LedgerUnavailable(f"the stored entry {which} is damaged", VERIFY)
