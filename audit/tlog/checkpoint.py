"""Checkpoints: what the ledger says of its tree at one size, signed.

A checkpoint (https://c2sp.org/tlog-checkpoint) is a signed note (https://c2sp.org/signed-note) of three lines, origin,
size and root, and here optionally a fourth with the time:

    ordain.ledger/0198c2f1-7a3e-7c11-9d2b-5f6a7b8c9d0e
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    time 2026-11-21T02:10:00Z

    — ordain.ledger/0198c2f1-7a3e-7c11-9d2b-5f6a7b8c9d0e Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOo...

Signatures are Ed25519 (RFC 8032) over the lines before the blank one, and a text counts for nothing until one of the
caller's keys has verified it. A text has one form only: whatever could also be written otherwise is refused.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ordain.audit.limits import LIMITS
from ordain.audit.tlog.merkle import HASH_SIZE
from ordain.engine.errors import CheckpointRefused

KEY_SIZE, KEY_ID_SIZE = 32, 4
"""Bytes of a private seed and of a public key, of a key id."""

LARGEST_SIZE = 2**63 - 1

_ED25519 = b"\x01"
"""The type of the signature, as the specification numbers them."""

_DASH = "— "
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_NAME = re.compile(rf"[^\s+\x00-\x1f\ud800-\udfff]{{1,{LIMITS.key_name}}}")
_NOT_IN_A_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key under a name. `str()` is its text form, `<name>+<key id>+<base64>`; `parse` reads that."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public) != KEY_SIZE:
            raise CheckpointRefused(f"a public key has {KEY_SIZE} bytes, this one has {len(self.public)}")

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart; not a fingerprint to trust a key by."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:KEY_ID_SIZE]

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made the signature (64 bytes) over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    @classmethod
    def parse(cls, text: str) -> VerifyKey:
        """Raises CheckpointRefused when it is not the text of an Ed25519 key, or its key id does not fit."""
        parts = text.split("+", 2)
        data = _decoded(parts[-1])
        if len(parts) != 3 or data is None:
            raise CheckpointRefused(
                f"{_quote(text)} is not a verifier key", "it is written `<name>+<8 hexadecimal digits>+<base64>`"
            )
        if data[:1] != _ED25519 or len(data) != 1 + KEY_SIZE:
            raise CheckpointRefused(f"{_quote(text)} is not an Ed25519 key")
        key = cls(parts[0], data[1:])
        if key.key_id.hex() != parts[1]:
            raise CheckpointRefused(
                f"the verifier key {_quote(text)} does not fit its key id, which would be {key.key_id.hex()}",
                "it was mistyped or cut; copy it again from where it was published",
            )
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_encoded(_ED25519 + self.public)}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key under a name."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """A new random key (Ed25519, RFC 8032)."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> SigningKey:
        """`seed`: the 32 bytes that are the private key (RFC 8032 section 5.1.5)."""
        if len(seed) != KEY_SIZE:
            raise CheckpointRefused(f"the seed of a signing key has {KEY_SIZE} bytes, this one has {len(seed)}")
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def seed(self) -> bytes:
        """The secret itself, to be stored."""
        return self.private.private_bytes_raw()

    @property
    def verify_key(self) -> VerifyKey:
        """The public half, under the same name."""
        return VerifyKey(self.name, self.private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes; the same for the same message each time."""
        return self.private.sign(message)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of the ledger `origin` at `size` leaves has this root (32 bytes). `time`: UTC, to the second, or none.

    Raises CheckpointRefused for what cannot be written as a checkpoint.
    """

    origin: str
    size: int
    root: bytes
    time: str = ""

    def __post_init__(self) -> None:
        _check_name(self.origin, what="an origin")
        if not 0 <= self.size <= LARGEST_SIZE:
            raise CheckpointRefused(f"a checkpoint of {self.size} leaves: a size goes from 0 to 2^63 - 1")
        if len(self.root) != HASH_SIZE:
            raise CheckpointRefused(f"a root has {HASH_SIZE} bytes, this one has {len(self.root)}")
        if self.time and not _is_time(self.time):
            raise CheckpointRefused(
                f"{_quote(self.time)} is not the time of a checkpoint", "it is written `2026-11-21T02:10:00Z`"
            )

    @property
    def body(self) -> str:
        """The text that is signed."""
        time = f"time {self.time}\n" if self.time else ""
        return f"{self.origin}\n{self.size}\n{_encoded(self.root)}\n{time}"


def sign(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The signed note. Raises CheckpointRefused when the key is not named for the checkpoint's origin."""
    if key.name != checkpoint.origin:
        raise CheckpointRefused(
            f"the key {_quote(key.name)} cannot sign for {_quote(checkpoint.origin)}",
            "a ledger's key has the ledger's origin for its name",
        )
    return sign_text(checkpoint.body, key)


def open_note(note: str | bytes, keys: Iterable[VerifyKey]) -> Checkpoint:
    """The checkpoint of a signed note, verified with a key of `keys` that is named for its origin.

    Raises CheckpointRefused, saying what is wrong: as `open_text`, and for a text that is not a checkpoint.
    """
    text, vouched = open_text(note, keys)
    checkpoint = _parsed(text)
    if all(key.name != checkpoint.origin for key in vouched):
        names = ", ".join(sorted({_quote(key.name) for key in vouched}))
        raise CheckpointRefused(f"a checkpoint of {_quote(checkpoint.origin)} is signed by {names} only")
    return checkpoint


def sign_text(text: str, key: SigningKey) -> str:
    """Any text ending in a newline as a signed note."""
    _check_text(text)
    signature = key.verify_key.key_id + key.sign(text.encode())
    return f"{text}\n{_DASH}{key.name} {_encoded(signature)}\n"


def open_text(note: str | bytes, keys: Iterable[VerifyKey]) -> tuple[str, frozenset[VerifyKey]]:
    """The text of a signed note and those of `keys` that vouch for it, at least one.

    Signatures of other keys are ignored, as the specification demands. Raises CheckpointRefused for a malformed
    note, a signature by one of `keys` that does not verify, and a note that none of `keys` signed.
    """
    known = _by_name_and_id(keys)
    text, lines = _split(_decoded_text(note))
    message, vouched = text.encode(), set()
    for name, data in map(_signature, lines):
        key = known.get((name, data[:KEY_ID_SIZE]))
        if key is None:
            continue
        if not key.verify(data[KEY_ID_SIZE:], message):
            raise CheckpointRefused(
                f"the signature by {_quote(str(key))} does not fit the text",
                "the text or the signature was changed after signing",
            )
        vouched.add(key)
    if not vouched:
        signers = ", ".join(sorted({_quote(name) for name, _ in map(_signature, lines)}))
        raise CheckpointRefused(
            f"none of the known keys signed this (signed by {signers})",
            f"known: {', '.join(sorted(_quote(str(key)) for key in known.values())) or 'no key at all'}",
        )
    return text, frozenset(vouched)


def _by_name_and_id(keys: Iterable[VerifyKey]) -> dict[tuple[str, bytes], VerifyKey]:
    known: dict[tuple[str, bytes], VerifyKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise CheckpointRefused(f"two known keys have the name and key id of {_quote(str(key))}")
    return known


def _decoded_text(note: str | bytes) -> str:
    try:
        data = note if isinstance(note, bytes) else note.encode()
        text = data.decode()
    except UnicodeError:
        raise CheckpointRefused("a signed note is UTF-8 text, this one is not") from None
    if len(data) > LIMITS.note:
        raise CheckpointRefused(f"a signed note has at most {LIMITS.note} bytes, this one has {len(data)}")
    return text


def _split(note: str) -> tuple[str, list[str]]:
    """The signed text, with its last newline, and the signature lines."""
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    if not blank or not signatures.endswith("\n"):
        raise CheckpointRefused("not a signed note: it is a text, a blank line and whole lines with the signatures")
    _check_text(text)
    lines = signatures[:-1].split("\n")
    if len(lines) > LIMITS.signatures:
        raise CheckpointRefused(f"a signed note has at most {LIMITS.signatures} signatures, this one has {len(lines)}")
    return text, lines


def _check_text(text: str) -> None:
    wrong = _NOT_IN_A_TEXT.search(text)
    if wrong:
        raise CheckpointRefused(f"a signed text holds no control characters, this one holds U+{ord(wrong[0]):04X}")
    if not text.endswith("\n") or text == "\n":
        raise CheckpointRefused("a signed text ends with a newline, and is not empty")


def _signature(line: str) -> tuple[str, bytes]:
    """The name of the key, and its id with the signature."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    data = _decoded(encoded)
    if not line.startswith(_DASH) or data is None or len(data) <= KEY_ID_SIZE:
        raise CheckpointRefused(f"{_quote(line)} is not a signature line", "it is written `— <name> <base64>`")
    _check_name(name)
    return name, data


def _parsed(text: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    if len(lines) not in (3, 4) or "" in lines:
        raise CheckpointRefused("a checkpoint has the lines origin, size and root, and at most one with the time")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size):
        raise CheckpointRefused(f"{_quote(size)} is not a size", "it is a decimal number without leading zeros")
    hashed = _decoded(root)
    if hashed is None:
        raise CheckpointRefused(f"{_quote(root)} is not a root", f"it is the base64 of {HASH_SIZE} bytes")
    label, _, time = lines[3].partition(" ") if len(lines) == 4 else ("time", "", "")
    if label != "time" or (len(lines) == 4 and not time):
        raise CheckpointRefused(
            f"{_quote(lines[3])} is not a line of a checkpoint of this ledger",
            "the fourth can only be `time <UTC time>`",
        )
    return Checkpoint(origin, int(size), hashed, time)


def _check_name(name: str, what: str = "the name of a key") -> None:
    """Of keys, and of origins, which the specification leaves more freedom."""
    if not _NAME.fullmatch(name):
        raise CheckpointRefused(
            f"{_quote(name)} cannot be {what}",
            f"it has 1 to {LIMITS.key_name} characters and no space, plus or control character",
        )


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes | None:
    """The bytes of a base64 text in its one canonical form (RFC 4648 section 4, padded), or None."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if _encoded(data) == text else None


def _quote(text: str) -> str:
    """A text as a terminal may be given it, in backticks and not too long."""
    cut = text if len(text) <= 2 * LIMITS.key_name else f"{text[: 2 * LIMITS.key_name]}..."
    return f"`{cut if cut.isprintable() else ascii(cut)}`"
