"""Payloads: that the sealed bytes are those the envelope names and, with the master key, that they open.

data key = AES-256-GCM decryption of `wrapped` under the master key, bound to ledger, key id and the subject's tag
key      = HMAC-SHA256(data key, "ordain payload key 1" 0x00 id)
commit   = HMAC-SHA256(key, "ordain key commitment 1" 0x00 id), which the envelope holds
sealed   = nonce (12 bytes) || AES-256-GCM(key, nonce, plaintext, associated data = id)

The plaintext is canonical JSON; under an envelope that names a plan it is deflated (`audit.verifier.inflating`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from ordain.audit.verifier.envelope import PLAN, Json, Malformed, check_integers, read_canonical
from ordain.audit.verifier.inflating import inflated
from ordain.audit.verifier.reading_limits import LIMITS
from ordain.audit.verifier.source import Row
from ordain.engine.errors import SettingsError

_NONCE_BYTES = 12


class DoesNotOpen(Exception):
    """Says in one sentence why."""


def hash_fault(row: Row, data: Json) -> str:
    """What is wrong with the sealed bytes of a payload that is there."""
    if not isinstance(row.sealed, bytes):
        return "its payload is not stored as bytes"
    if "sha256:" + sha256(row.sealed).hexdigest() != data["payload_hash"]:
        return "its payload does not hash to the value in the entry"
    return ""


@dataclass(slots=True)
class Opener:
    """Opens payloads with the master key, 32 bytes. Raises SettingsError for another length."""

    master_key: bytes = field(repr=False)
    index_key: bytes | None = field(default=None, repr=False)
    _plan_text: Callable[[str], object] = field(default=lambda digest: None, repr=False)
    _plans: dict[str, bytes | None] = field(default_factory=dict, repr=False)
    _ledger: bytes = b""
    _keys: dict[bytes, bytes] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if len(self.master_key) != 32:
            raise SettingsError(f"the master key has {len(self.master_key)} bytes; it needs 32", "check its setting")

    def begin(self, ledger: str, wrapped_index_key: object, plan: Callable[[str], object]) -> None:
        """Which ledger it is; `plan` gives what is kept as the text of the plan with a digest.

        Raises DoesNotOpen when the key of its subject tags does not open.
        """
        self._plan_text = plan
        try:
            self._ledger = UUID(ledger).bytes
        except ValueError:
            raise DoesNotOpen("the ledger's id is damaged") from None
        self.index_key = self._unwrapped(bytes(16), b"", wrapped_index_key, "the key of the subject tags")

    def check(self, row: Row, data: Json) -> Json:
        """The opened payload of an entry whose sealed bytes are right. Raises DoesNotOpen."""
        key = self._data_key(row)
        payload_key = _hmac(key, b"ordain payload key 1\0" + row.id)
        commitment = HMAC(payload_key, SHA256())
        commitment.update(b"ordain key commitment 1\0" + row.id)
        try:
            commitment.verify(bytes.fromhex(data["key_commitment"]))
        except InvalidSignature:
            raise DoesNotOpen("the key that its payload names is not the one the entry commits to") from None
        try:
            nonce, sealed = row.sealed[:_NONCE_BYTES], row.sealed[_NONCE_BYTES:]
            private = read_canonical(self._inflated(AESGCM(payload_key).decrypt(nonce, sealed, row.id), data))
            check_integers(private)
        except (InvalidTag, ValueError):
            raise DoesNotOpen("its payload cannot be decrypted") from None
        except Malformed as malformed:
            raise DoesNotOpen(f"its decrypted payload {malformed}") from None
        subject = private.get("subject")
        if data["kind"] != "decision" or self.index_key is None or not isinstance(subject, str):
            return private
        if _hmac(self.index_key, subject.encode()) != row.tag:
            raise DoesNotOpen("its subject's key has the tag of another subject")
        return private

    def _inflated(self, plaintext: bytes, data: Json) -> bytes:
        if PLAN not in data:
            return plaintext
        text = self._plan(data[PLAN])
        if text is None:
            raise DoesNotOpen("the text of its plan, which it takes to read it, is missing or another")
        private = inflated(plaintext, text, data)
        if private is None:
            raise DoesNotOpen("its decrypted payload is not deflated with the text of its plan")
        return private

    def _plan(self, digest: str) -> bytes | None:
        if digest not in self._plans:
            text = self._plan_text(digest)
            right = isinstance(text, bytes) and "sha256:" + sha256(text).hexdigest() == digest
            self._plans[digest] = text if right and isinstance(text, bytes) else None
        return self._plans[digest]

    def is_house(self, tag: object) -> bool:
        """Whether a key with that tag seals what is about nobody."""
        return self.index_key is not None and tag == _hmac(self.index_key, b"\xff house")

    def _data_key(self, row: Row) -> bytes:
        key = self._keys.get(row.key)
        if key is None:
            if len(self._keys) >= LIMITS.keys_cached:
                self._keys.clear()
            key = self._keys[row.key] = self._unwrapped(row.key, row.tag, row.wrapped, "its subject's key")
        return key

    def _unwrapped(self, key_id: bytes, tag: bytes, wrapped: object, what: str) -> bytes:
        context = b"ordain data key 1\0" + self._ledger + key_id + tag
        try:
            if not isinstance(wrapped, bytes):
                raise ValueError
            key = AESGCM(self.master_key).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            bound = " for this subject" if tag else ""
            raise DoesNotOpen(f"{what} is not wrapped by this master key{bound}") from None
        if len(key) != 32:
            raise DoesNotOpen(f"{what} has {len(key)} bytes, not 32")
        return key


def _hmac(key: bytes, message: bytes) -> bytes:
    made = HMAC(key, SHA256())
    made.update(message)
    return made.finalize()
