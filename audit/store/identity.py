"""Which ledger a database holds: made once, with the first entry, and told apart from every other by its id."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa

from ordain.audit.entry.entry import Entry, Kind, Stamp, new_id, prepared
from ordain.audit.entry.keys import Keyring, MasterKey, new_index_key
from ordain.audit.store.rows import IDENTITY
from ordain.audit.store.store import Store
from ordain.audit.tlog.checkpoint import SigningKey
from ordain.engine.errors import Issue, LedgerUnavailable, NotRecorded, SettingsError


@dataclass(frozen=True, slots=True)
class Identity:
    """`key` is the verifying key, as text, of the key that signs now."""

    ledger: UUID
    origin: str
    key: str
    index_key: bytes


def origin_of(ledger: UUID) -> str:
    """The name that a ledger's checkpoints and keys carry (https://c2sp.org/tlog-checkpoint, "origin")."""
    return f"ordain.ledger/{ledger}"


def identity(store: Store) -> Identity | None:
    """None for a database without a first entry. Raises LedgerUnavailable."""
    with store.reading() as connection:
        return _identity(connection)


def found_ledger(store: Store, master: MasterKey, seed: bytes, tenant: str, engine: str, now: dt.datetime) -> Identity:
    """The ledger's identity; makes it, with leaf 0, when the database has none yet. `seed` is the signing key's.

    One that is there is found without the write lock, for which a busy ledger would keep this process waiting.
    Raises NotRecorded when the database cannot take it, LedgerUnavailable when it cannot be read.
    """
    if (known := identity(store)) is not None:
        return known
    try:
        with store.transaction() as connection:
            store.lock_founding(connection)
            if (known := _identity(connection)) is not None:
                return known
            made = _new_identity(uuid4(), master, seed)
            row = {"ledger": str(made.ledger), "origin": made.origin, "key": made.key, "index_key": made.index_key}
            connection.execute(sa.insert(IDENTITY), row)
            keyring = Keyring(made.ledger, master, made.index_key)
            about = {"origin": made.origin, "key": made.key}
            entry = Entry(new_id(now), now, Kind.LEDGER, {}, about=about)
            stamp = Stamp(str(made.ledger), tenant, engine)
            store.add_first(connection, prepared(entry, keyring.made(None), stamp))
            return made
    except store.failures as error:
        raise NotRecorded(store.explain(error)) from error


def check_key(known: Identity, seed: bytes) -> SigningKey:
    """The signing key. Raises SettingsError unless it is the one that this ledger is signed with."""
    key = SigningKey.from_seed(known.origin, seed)
    if str(key.verify_key) != known.key:
        raise SettingsError(
            Issue(
                "the signing key is not the one that this ledger is signed with",
                "give that key back; an old backup needs that of its time, which `rotate-key` kept beside the new",
            )
        )
    return key


def _new_identity(ledger: UUID, master: MasterKey, seed: bytes) -> Identity:
    origin = origin_of(ledger)
    key = str(SigningKey.from_seed(origin, seed).verify_key)
    return Identity(ledger, origin, key, new_index_key(ledger, master))


def _identity(connection: sa.Connection) -> Identity | None:
    columns = IDENTITY.c
    row = connection.execute(sa.select(columns.ledger, columns.origin, columns.key, columns.index_key)).first()
    if row is None:
        return None
    try:
        return Identity(UUID(row[0]), row[1], row[2], row[3])
    except (ValueError, TypeError, AttributeError):
        raise LedgerUnavailable("the ledger's identity is damaged", "restore it from a backup") from None
