"""The keys of a ledger: the master key wraps a data key for each subject, and destroying that erases the subject.

Subjects are found by a tag, HMAC-SHA256 of their id under a key of the ledger's own, so that no file of the database
holds an id in plain text.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from ordain.audit.entry.code import Code
from ordain.audit.entry.sealing import KEY_BYTES, DoesNotOpen, decrypt, encrypt
from ordain.audit.limits import LIMITS
from ordain.engine.errors import LedgerUnavailable, SettingsError

KEY_ID_BYTES = 16
INDEX_KEY_ID = bytes(KEY_ID_BYTES)
_WRAPPED = b"ordain data key 1\0"
OPERATION = "\udcff operation"
"""Stands for a subject in what is recorded about services themselves, so that it is found fast. It is no subject's id,
which can be written in UTF-8, and it is neither erased nor removed by age."""
_HOUSE = b"\xff house"  # no subject's id has these bytes: they are not UTF-8


FindKeys = Callable[[Collection[bytes]], Mapping[bytes, tuple[bytes, bytes]]]
"""By tag, for those of the given tags that the database has: name and wrapped bytes of the key."""


class MasterKey(Protocol):
    """Wraps keys; a key management service can stand here. `context` must be given again to unwrap."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """The key sealed, so that only `unwrap` with the same context gives it back."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Raises DoesNotOpen when it was wrapped by another key or for another context."""
        ...


class LocalMasterKey:
    """A master key of 32 bytes in this process's memory."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise SettingsError(
                f"the master key has {len(secret)} bytes; it needs {KEY_BYTES}", "make one: openssl rand -base64 32"
            )
        self._secret = secret

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """AES-256-GCM (NIST SP 800-38D) with a nonce of its own: 12 bytes of nonce, the key, 16 of tag."""
        return encrypt(self._secret, key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key that `wrap` was given. Raises DoesNotOpen."""
        return decrypt(self._secret, wrapped, context)


@dataclass(frozen=True, slots=True)
class DataKey:
    """`key` is its name, 16 bytes; `wrapped` is set while no database has it; `indexed` says that it is a subject's."""

    key: bytes
    secret: bytes
    tag: bytes
    wrapped: bytes | None = None
    indexed: bool = True


class Keyring:
    """The data keys of one ledger. Safe to use from several threads.

    Keys of subjects that decisions are made about again and again are kept in memory. One that was destroyed
    meanwhile can still seal, but the database then refuses the entry (see `Store.write`), and `forget` is called.
    """

    def __init__(self, ledger: UUID, master: MasterKey, wrapped_index_key: bytes) -> None:
        self._ledger, self._master = ledger.bytes, master
        self._code = Code(self._open(wrapped_index_key, INDEX_KEY_ID))
        self._cached: dict[bytes, DataKey] = {}
        self._forgot = time.monotonic()
        self._lock = threading.Lock()

    def tag(self, subject: str | None) -> bytes:
        """The blind index of a subject; for None of the house, whose key seals what is about nobody."""
        return self._code(_HOUSE if subject is None else subject.encode("utf-8", "surrogatepass"))

    def for_subjects(self, subjects: Collection[str | None], find: FindKeys) -> dict[str | None, DataKey]:
        """The keys of subjects, new ones for those without; what is not in memory is asked for at once.

        Raises what `find` raises, and LedgerUnavailable.
        """
        tags = {subject: self.tag(subject) for subject in subjects}
        keys = {subject: key for subject, tag in tags.items() if (key := self._cached.get(tag)) is not None}
        if len(keys) < len(tags):
            asked = {subject: tag for subject, tag in tags.items() if subject not in keys}
            stored = find(asked.values())
            keys.update((subject, self._found(subject, tag, stored)) for subject, tag in asked.items())
        return keys

    def _found(self, subject: str | None, tag: bytes, stored: Mapping[bytes, tuple[bytes, bytes]]) -> DataKey:
        if tag not in stored:
            return self._made(subject, tag)
        key, wrapped = stored[tag]
        data_key = DataKey(key, self._open(wrapped, key, tag), tag, None, subject is not None)
        self._keep(data_key)
        return data_key

    def remembers(self, subject: str | None) -> bool:
        """Whether its key is in memory, so that `for_subjects` asks no database."""
        return self.tag(subject) in self._cached

    def made(self, subject: str | None) -> DataKey:
        """A new key, which no database has yet."""
        return self._made(subject, self.tag(subject))

    def _made(self, subject: str | None, tag: bytes) -> DataKey:
        key, secret = os.urandom(KEY_ID_BYTES), os.urandom(KEY_BYTES)
        wrapped = self._master.wrap(secret, _WRAPPED + self._ledger + key + tag)
        return DataKey(key, secret, tag, wrapped, subject is not None)

    def stored(self, data_key: DataKey) -> None:
        """Says that the database has this key from now on."""
        self._keep(DataKey(data_key.key, data_key.secret, data_key.tag, None, data_key.indexed))

    def forget(self, tag: bytes) -> None:
        """Takes the key of that tag out of memory, because the database may not have it any more."""
        with self._lock:
            self._cached.pop(tag, None)

    def opened(self, key: bytes, tag: bytes, wrapped: bytes) -> bytes:
        """The data key itself. Raises LedgerUnavailable when it does not open, or is another subject's."""
        return self._open(wrapped, key, tag)

    def forget_in_time(self) -> None:
        """Forgets all keys every so often, so that one that another process destroyed is not in memory for long."""
        now = time.monotonic()
        with self._lock:
            if now - self._forgot > LIMITS.keys_remembered:
                self._cached.clear()
                self._forgot = now

    def vouch(self, data: bytes) -> bytes:
        """A code over `data` that only who has the master key can make, 32 bytes."""
        return self._code(b"\xff vouch " + data)

    def code_of_request(self, data: bytes) -> bytes:
        """A code that stands for `data` where nobody without the master key is to guess it, 32 bytes."""
        return self._code(b"\xff request " + data)

    def code_of_link(self, data: bytes) -> bytes:
        """A code over what a link says, which only who has the master key can make, 32 bytes."""
        return self._code(b"\xff link " + data)

    def _keep(self, data_key: DataKey) -> None:
        with self._lock:
            if len(self._cached) >= LIMITS.keys_cached:
                self._cached.clear()
            self._cached[data_key.tag] = data_key

    def _open(self, wrapped: bytes, key: bytes, tag: bytes = b"") -> bytes:
        try:
            return self._master.unwrap(wrapped, _WRAPPED + self._ledger + key + tag)
        except (DoesNotOpen, TypeError):
            raise LedgerUnavailable(
                "the master key does not open this ledger's keys, or one was put in another's place",
                "give the master key that the ledger was made with, or run `ordain audit verify --open`",
            ) from None


def new_index_key(ledger: UUID, master: MasterKey) -> bytes:
    """A new key for the subject tags of that ledger, wrapped."""
    return master.wrap(os.urandom(KEY_BYTES), _WRAPPED + ledger.bytes + INDEX_KEY_ID)
