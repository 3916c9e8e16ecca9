"""One entry: as it is asked for, ready to be written, as stored, and the receipt for it.

What the log commits to is the envelope, canonical JSON without anything personal: see docs/ledger.md for its fields.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast
from uuid import UUID

import orjson

from ordain.audit.entry.canonical import canonical, digest
from ordain.audit.entry.documents import Reference, references
from ordain.audit.entry.keys import DataKey
from ordain.audit.entry.once import Once
from ordain.audit.entry.sealing import commitment_of, entry_key, seal
from ordain.audit.tlog.merkle import leaf_hash
from ordain.engine.errors import LedgerUnavailable, NotRecorded

FORMAT, PLAN_FORMAT, SEALED_FORMAT = 2, 3, 4
"""Of envelopes: one that names its texts itself; a decision's, which names its plan (`audit.entry.plan_text`); and a
decision's of today, which beside that says nothing of what was decided."""

NOT_BY_CALLER = "entries are made by Ordain, not by its callers: please report this"
VERIFY = "run `ordain audit verify`"
_COMMON: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("id", "time", "kind", "payload_hash", "key_commitment"), str),
    "service": (str, type(None)),
    "about": dict,
}
_TOLD: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("models", "reason_codes"), list),
    "outcome_class": (str, type(None)),
}
_SHAPES = {
    FORMAT: {**_COMMON, **_TOLD, "policies": list, "documents": dict},
    PLAN_FORMAT: {**_COMMON, **_TOLD, "plan": str},
    SEALED_FORMAT: {**_COMMON, "plan": str},
}
"""What a reader relies on in an envelope, by its format."""

_NO_HASH = "sha256:" + "0" * 64
_MOST_MILLISECONDS = 2**48 - 1
_EPOCH, _MICROSECOND = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)

Json = dict[str, Any]


class Recordable(Protocol):
    """What the ledger takes: an `Entry`, or a decision, which is encoded faster (`audit.entry.decision`)."""

    @property
    def id(self) -> UUID:
        """A UUIDv7 of its moment."""

    @property
    def subject(self) -> str | None:
        """Whose key seals it; None for what is about nobody."""

    def payload(self) -> bytes:
        """As `Entry.payload`."""

    def envelope(self, stamp: Stamp, payload_hash: str, commitment: str) -> bytes:
        """As `Entry.envelope`."""

    def references(self) -> list[Reference]:
        """As `Entry.references`."""


class Kind:
    """What an entry can record."""

    DECISION, POLICY, MODEL = "decision", "policy", "model"
    ERASURE, RESTRICTION, RETENTION, READ = "erasure", "restriction", "retention", "read"
    KEY, LEDGER, RECOVERY, ANCHOR = "key", "ledger", "recovery", "anchor"
    ACCESS = "access"
    STOP, START, ALERT = "stop", "start", "alert"
    SUBMISSION, APPROVAL, ACTIVATION, ROLLOUT = "submission", "approval", "activation", "rollout"
    SETTLED, SHOWN, PERFORMED = "settled", "shown", "performed"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded. `private` is sealed and may be personal; every other field but `subject` is public.

    `subject` is whose key seals it; None for what is about nobody. `outcome_class` and the fields before it have
    the values that the envelope has.
    """

    id: UUID
    time: dt.datetime
    kind: str
    private: Json
    subject: str | None = None
    service: str | None = None
    jurisdiction: str | None = None
    policies: list[Json] = field(default_factory=list)
    documents: Json = field(default_factory=dict)
    models: list[Json] = field(default_factory=list)
    outcome_class: str | None = None
    reason_codes: list[str] = field(default_factory=list)
    about: Json = field(default_factory=dict)

    def payload(self) -> bytes:
        """The canonical bytes of the private part. Raises TypeError and ValueError for what has no canonical form."""
        return canonical(self.private)

    def envelope(self, stamp: Stamp, payload_hash: str, commitment: str) -> bytes:
        """The canonical bytes of the public part; `commitment` is hexadecimal. Raises as `payload` does."""
        return canonical(
            {
                "v": FORMAT,
                "ledger": stamp.ledger,
                "id": str(self.id),
                "time": utc(self.time),
                "kind": self.kind,
                "tenant": stamp.tenant,
                "jurisdiction": self.jurisdiction,
                "service": self.service,
                "policies": self.policies,
                "documents": self.documents,
                "models": self.models,
                "engine": stamp.engine,
                "outcome_class": self.outcome_class,
                "reason_codes": self.reason_codes,
                "payload_hash": payload_hash,
                "key_commitment": commitment,
                "about": self.about,
            }
        )

    def references(self) -> list[Reference]:
        """The texts that it refers to. Raises ValueError when it does so in another shape."""
        return references({"policies": self.policies, "documents": self.documents})


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the writer of an entry gets. Its place in the log is not known yet, its leaf hash (hexadecimal) is."""

    entry_id: str
    leaf_hash: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry that is ready to be written; `once` is the request that it answers, if that is to be decided once."""

    id: bytes
    envelope: bytes
    sealed: bytes
    data_key: DataKey
    references: list[Reference]
    once: Once | None = None

    @property
    def receipt(self) -> Receipt:
        """The id and the leaf hash (RFC 6962 section 2.1), known before the entry has a place."""
        return Receipt(id_text(self.id), leaf_hash(self.envelope).hex())


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every entry of an installation says of it."""

    ledger: str
    tenant: str
    engine: str
    ledger_json: bytes = field(init=False, repr=False, compare=False)
    tenant_json: bytes = field(init=False, repr=False, compare=False)
    engine_json: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("ledger", "tenant", "engine"):
            object.__setattr__(self, f"{name}_json", canonical(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it was read. `leaf_index` is None while it has no place in the order yet."""

    leaf_index: int | None
    id: UUID
    envelope: bytes

    @property
    def leaf_hash(self) -> bytes:
        """32 bytes, SHA-256(0x00 || envelope) (RFC 6962 section 2.1)."""
        return leaf_hash(self.envelope)

    def read(self) -> Json:
        """The envelope as data. Raises LedgerUnavailable when the stored bytes are not that of this entry."""
        try:
            data = orjson.loads(self.envelope)
        except orjson.JSONDecodeError:
            data = None
        shape = _SHAPES.get(data.get("v", 0)) if isinstance(data, dict) else None
        shaped = shape is not None and all(isinstance(data.get(name), kind) for name, kind in shape.items())
        if not shaped or data["id"] != str(self.id):
            raise LedgerUnavailable(f"the stored entry `{self.id}` is damaged", VERIFY)
        return cast(Json, data)


def new_id(time: dt.datetime) -> UUID:
    """A UUIDv7 of that moment, so that ids sort by the times of their entries.

    The 12 bits after the milliseconds are the rest of the time, too (RFC 9562 section 6.2, method 3), 62 are random.
    """
    milliseconds, rest = divmod((time - _EPOCH) // _MICROSECOND, 1000)
    random = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (rest * 4096 // 1000) << 64 | 0b10 << 62 | random)


def id_text(entry_id: bytes) -> str:
    """The 16 bytes of a UUID as people write it; faster than `uuid.UUID` does."""
    text = entry_id.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def first_id(moment: dt.datetime, later: dt.timedelta = dt.timedelta(0)) -> bytes:
    """The smallest UUIDv7 of that millisecond, `later` after it, 16 bytes: earlier entries have smaller ids."""
    milliseconds = (moment - _EPOCH + later) // _MICROSECOND // 1000
    first = min(max(milliseconds, 0), _MOST_MILLISECONDS) << 80
    return UUID(int=first | 0x7000 << 64 | 0x8 << 60).bytes


def time_in(entry_id: bytes) -> dt.datetime:
    """When an entry was made, to the millisecond, by its id."""
    return _EPOCH + dt.timedelta(milliseconds=int.from_bytes(entry_id[:6], "big"))


def moment_in(entry_id: bytes) -> dt.datetime:
    """When an entry was made, to the microsecond, by the id that `new_id` gave it."""
    rest = int.from_bytes(entry_id[6:8]) & 0xFFF
    return time_in(entry_id) + -(-rest * 1000 // 4096) * _MICROSECOND


def utc(time: dt.datetime) -> str:
    """As every envelope writes it: 2026-11-21T02:10:00.123456Z."""
    return f"{time.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def prepared(entry: Recordable, data_key: DataKey, stamp: Stamp, once: Once | None = None) -> Prepared:
    """Seals the private part and makes the canonical envelope over it.

    Raises NotRecorded when `entry` holds what has no canonical form.
    """
    try:
        key = entry_key(data_key.secret, entry.id.bytes)
        commitment = commitment_of(key, entry.id.bytes)
        public = entry.envelope(stamp, _NO_HASH, commitment.hex())
        sealed = seal(key, entry.id.bytes, entry.payload(), public)
        envelope = public.replace(_named_hash(_NO_HASH), _named_hash(payload_hash(sealed)), 1)
        named = entry.references()
    except (TypeError, ValueError) as error:
        raise NotRecorded(f"the entry is malformed: {error}", NOT_BY_CALLER) from error
    kept = None if once is None else once.bound(entry.id.bytes)
    return Prepared(entry.id.bytes, envelope, sealed, data_key, named, kept)


def sealed_public(envelope: bytes, named: str) -> bytes:
    """The envelope as it was sealed (see `audit.entry.sealing`): without `named`, the hash of the sealed bytes."""
    return envelope.replace(_named_hash(named), _named_hash(_NO_HASH), 1)


def _named_hash(digest_: str) -> bytes:
    """As it stands in an envelope's canonical bytes, where quotation marks inside texts are escaped."""
    return b'"payload_hash":"%b"' % digest_.encode()


def payload_hash(sealed: bytes) -> str:
    """What the envelope says of its sealed payload: `sha256:` and 64 hexadecimal digits."""
    return digest(sealed)


def merged(envelope: Mapping[str, Any], private: Mapping[str, Any]) -> Json:
    """The record as a reader gets it: what is public and what is private of one entry."""
    return {**envelope, **private}
