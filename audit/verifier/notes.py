"""Reads checkpoints (https://c2sp.org/tlog-checkpoint), which are signed notes (https://c2sp.org/signed-note).

The whole form is one pattern over bytes: what could also be written another way does not match it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ordain.audit.verifier.reading_limits import LIMITS
from ordain.engine.errors import CheckpointRefused

_ED25519 = b"\x01"
_NAME = rb"[^\s+\x00-\x20\x7f]{1,200}"
_HEAD = rb"\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
_SIGNATURES = rb"(?P<signatures>(?:\xe2\x80\x94 " + _NAME + rb" [A-Za-z0-9+/=]{8,16000}\n){1,100})"
_LINES = re.compile(_SIGNATURES)
_NOTE = re.compile(
    rb"(?P<body>(?P<origin>" + _NAME + rb")" + _HEAD + rb"(?:time "
    rb"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)\n)?)\n" + _SIGNATURES
)
_ANY_NOTE = re.compile(
    rb"(?P<body>(?P<origin>[^\x00-\x1f\x7f]{1,400})"
    + _HEAD
    + rb"(?P<time>(?:[^\x00-\x1f\x7f]+\n){0,100}))\n"
    + _SIGNATURES
)
"""Of any log: with whatever lines it adds below the root."""
_KEY = re.compile(rb"(" + _NAME + rb")\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")


Signatures = tuple[tuple[str, bytes, bytes], ...]
"""Of each the name of its key, the id of that (4 bytes), and the signature."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`text` is its form as a "vkey": `<name>+<key id>+<base64>`. `key_id` has 4 bytes."""

    name: str
    raw: bytes
    key_id: bytes
    text: str

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the 64 bytes `signature` are this key's over `message` (Ed25519, RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Note:
    """What a checkpoint says. `signatures`: the name of the key, its id (4 bytes), the signature."""

    origin: str
    size: int
    root: bytes
    time: str
    body: bytes
    signatures: Signatures


def read_key(text: object) -> PublicKey:
    """Raises CheckpointRefused unless `text` is a vkey of an Ed25519 key whose key id fits."""
    name, key_id, raw, whole = split_key(text)
    if len(raw) != 33 or raw[:1] != _ED25519:
        raise _no_key()
    return PublicKey(name, raw[1:], key_id, whole)


def is_key_name(text: str) -> bool:
    """Whether a key can have that name."""
    return re.fullmatch(_NAME, text.encode("utf-8", "replace")) is not None


def split_key(text: object) -> tuple[str, bytes, bytes, str]:
    """Name, key id, type and key, and the text of a vkey, of whichever type. Raises CheckpointRefused."""
    match = _KEY.fullmatch(_bytes(text, "a key"))
    raw = decoded(match[3]) if match else None
    if match is None or not raw:
        raise _no_key()
    key_id = hashlib.sha256(match[1] + b"\n" + raw).digest()[:4]
    if key_id.hex().encode() != match[2]:
        raise CheckpointRefused("the key's id does not fit the key", "copy the whole line again")
    return match[1].decode(), key_id, raw, match[0].decode()


def _no_key() -> CheckpointRefused:
    return CheckpointRefused("that is not the text of an Ed25519 key", "it reads `<name>+<8 hex digits>+<base64>`")


def read_note(text: object) -> Note:
    """What a note says, with nothing verified. Raises CheckpointRefused when it is not in the form of a checkpoint."""
    return _read(text, _NOTE)


def read_any_note(text: object) -> Note:
    """The same of any log's checkpoint. Its `time` is all that stands below the root."""
    return _read(text, _ANY_NOTE)


def _read(text: object, form: re.Pattern[bytes]) -> Note:
    match = form.fullmatch(_bytes(text, "a checkpoint"))
    if match is None:
        raise CheckpointRefused("that is not in the form of a checkpoint (origin, size, root, time, signatures)")
    root, signatures = decoded(match["root"]), read_signatures(match["signatures"])
    if root is None or int(match["size"]) >= 1 << 63:
        raise CheckpointRefused("the checkpoint's root or size has no meaning")
    time = (match["time"] or b"").decode()
    return Note(match["origin"].decode(), int(match["size"]), root, time, match["body"], signatures)


def read_signatures(lines: bytes) -> Signatures:
    """The signature lines under a note's text. Raises CheckpointRefused when they are none."""
    if _LINES.fullmatch(_bytes(lines, "a signature")) is None:
        raise CheckpointRefused("what stands under the text are no signature lines")
    signatures = []
    for line in lines.splitlines():
        _, name, encoded = line.split(b" ")
        data = decoded(encoded)
        if data is None or len(data) <= 4:
            raise CheckpointRefused("a signature is not base64 of a key id and a signature")
        signatures.append((name.decode(), data[:4], data[4:]))
    return tuple(signatures)


def signer(note: Note, keys: Iterable[PublicKey]) -> PublicKey:
    """The key that vouches for the note. Raises CheckpointRefused when none does, or one of them signed something else.

    Signatures by unknown keys are passed over, as the format demands.
    """
    vouched = vouching(note.body, note.signatures, keys)
    if vouched.name != note.origin:
        raise CheckpointRefused("it speaks of another ledger than its key signs for")
    return vouched


def vouching(body: bytes, signatures: Signatures, keys: Iterable[PublicKey]) -> PublicKey:
    """The same for any signed text, whatever it speaks of."""
    known = {(key.name, key.key_id): key for key in keys}
    found = None
    for name, key_id, signature in signatures:
        key = known.get((name, key_id))
        if key is None:
            continue
        if not key.signed(body, signature):
            raise CheckpointRefused("its signature does not fit what it says")
        found = found or key
    if found is None:
        raise CheckpointRefused("it is not signed by the ledger's key")
    return found


def decoded(text: bytes) -> bytes | None:
    """The bytes of a base64 text in its one form (RFC 4648 section 4), or None."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data) == text else None


def _bytes(text: object, what: str) -> bytes:
    try:
        data = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError:
        data = None
    if not isinstance(data, bytes):
        raise CheckpointRefused(f"{what} is text, this is not")
    if len(data) > LIMITS.note:
        raise CheckpointRefused(f"{what} has at most {LIMITS.note} bytes, this has {len(data)}")
    try:
        data.decode()
    except UnicodeDecodeError:
        raise CheckpointRefused(f"{what} is UTF-8 text, this is not") from None
    return data
