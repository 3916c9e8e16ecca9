"""Whether stored entries were made by who has the ledger's keys: writing to its tables is not enough to make one."""

from __future__ import annotations

from enum import Enum

import orjson

from ordain.audit.entry.entry import id_text, payload_hash, sealed_public
from ordain.audit.entry.keys import Keyring
from ordain.audit.entry.sealing import DoesNotOpen, is_committed, is_sealed_with, unseal
from ordain.audit.store.private_parts import Stored
from ordain.engine.errors import LedgerUnavailable


class Seal(Enum):
    """What can be said of an entry that is not forged."""

    FITS = "fits"
    """It opens, and its envelope is the one that it was sealed with."""
    OLDER = "older"
    """It opens; it was sealed before the envelope was part of that."""
    CLOSED = "closed"
    """Its key or its private part is gone."""


class Forged(Exception):
    """Says in one sentence why the entry cannot have been made here."""


class Genuine:
    """Looks at many entries, and keeps the keys that it opened meanwhile: forget it soon."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._secrets: dict[bytes, bytes] = {}

    def seal_of(self, row: Stored) -> Seal:
        """Raises Forged."""
        commitment, hashed = _said(row)
        if not isinstance(row.sealed, bytes) and row.sealed is not None:
            raise Forged("its private part is not bytes")
        if row.sealed is not None and payload_hash(row.sealed) != hashed:
            raise Forged("its private part is another")
        if row.sealed is None or row.named is None:
            return Seal.CLOSED
        secret = self.secret(row)
        try:
            plaintext = unseal(secret, row.id, row.sealed, commitment)
        except DoesNotOpen:
            raise Forged("it was not sealed under the key that it names") from None
        public = sealed_public(row.envelope, hashed)
        return Seal.FITS if is_sealed_with(secret, row.id, row.sealed, plaintext, public) else Seal.OLDER

    def is_under(self, row: Stored, secret: bytes) -> bool:
        """Whether it was sealed under that data key, whatever key it names. Raises Forged."""
        return is_committed(secret, row.id, _said(row)[0])

    def secret(self, row: Stored) -> bytes:
        """The data key that it names. Raises Forged when there is none of that name, or it is none of this ledger's."""
        if row.key is None or row.wrapped is None:
            raise Forged("it names a key that is not there")
        if row.key not in self._secrets:
            try:
                self._secrets[row.key] = self._keyring.opened(row.key, row.tag, row.wrapped)
            except LedgerUnavailable:
                raise Forged("it names a key that is none of this ledger's") from None
        return self._secrets[row.key]


def _said(row: Stored) -> tuple[bytes, str]:
    """The commitment to its key, and the hash of its private part, that the envelope of an entry states."""
    try:
        envelope = orjson.loads(row.envelope)
        if envelope["id"] != id_text(row.id):
            raise Forged("its envelope is of another entry")
        return bytes.fromhex(envelope["key_commitment"]), str(envelope["payload_hash"])
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Forged("its envelope is damaged") from None
