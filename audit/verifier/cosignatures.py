"""Cosignatures of witnesses under a checkpoint (https://c2sp.org/tlog-cosignature, the Ed25519 form).

A witness says: at this time the largest tree of this log that I have seen has this root, and it goes on from all that
I saw before. It signs `cosignature/v1`, a line with its time, and the whole body of the checkpoint; its line under the
note has the id of its key, the time as 8 bytes, and the signature.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ordain.audit.verifier.notes import Note, decoded, split_key
from ordain.engine.errors import CheckpointRefused

COSIGNATURE = b"\x04"
"""The type of the signature, as https://c2sp.org/signed-note numbers them."""

_LATEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """`text` is its form as a "vkey": `<name>+<key id>+<base64>`. `raw` has 32 bytes, `key_id` 4."""

    name: str
    raw: bytes
    key_id: bytes
    text: str


def read_witness_key(text: object) -> WitnessKey:
    """Raises CheckpointRefused unless `text` is a vkey of a witness (Ed25519, type 4) whose key id fits."""
    name, key_id, raw, whole = split_key(text)
    if raw[:1] != COSIGNATURE or len(raw) != 33:
        raise CheckpointRefused(
            f"`{name}` is not the key of a witness that signs with Ed25519",
            "a witness's key is of type 4, its base64 begins with `B`; that of a log's key begins with `A`",
        )
    return WitnessKey(name, raw[1:], key_id, whole)


def cosigned_message(body: bytes, time: int) -> bytes:
    """What a witness signs at `time`, in seconds since 1970, under a checkpoint of that body."""
    return b"cosignature/v1\ntime %d\n" % time + body


def cosigned_at(note: Note, key: WitnessKey) -> int | None:
    """When that witness cosigned the checkpoint, in seconds since 1970; None if it did not.

    Raises CheckpointRefused for a cosignature in its name, and with its key id, that does not hold.
    """
    newest = None
    for name, key_id, signature in note.signatures:
        if (name, key_id) != (key.name, key.key_id):
            continue
        time = int.from_bytes(signature[:8], "big")
        if len(signature) != 72 or time > _LATEST:
            raise CheckpointRefused(f"the cosignature of `{name}` has not the form of one")
        try:
            message = cosigned_message(note.body, time)
            Ed25519PublicKey.from_public_bytes(key.raw).verify(signature[8:], message)
        except (InvalidSignature, ValueError):
            raise CheckpointRefused(f"the cosignature of `{name}` does not fit what it signed") from None
        newest = time if newest is None else max(time, newest)
    return newest


def key_id_of(name: str, public: bytes) -> bytes:
    """The 4 bytes that tell a witness's keys of one name apart."""
    return hashlib.sha256(name.encode() + b"\n" + COSIGNATURE + public).digest()[:4]


def signature_line(line: str) -> tuple[str, bytes, bytes] | None:
    """Name, key id and signature of one line under a note; None when it is none."""
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = decoded(encoded.encode())
    if dash != "—" or not name or data is None or len(data) <= 4:
        return None
    return name, data[:4], data[4:]
