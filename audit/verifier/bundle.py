"""Reads a bundle: a proof, the timestamp of its checkpoint, and what opens its entry (docs/ledger-format.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from ordain.audit.verifier.envelope import Malformed, read_canonical
from ordain.audit.verifier.inflating import inflated
from ordain.audit.verifier.notes import decoded, read_note
from ordain.engine.errors import ProofRefused

FORMAT = "ordain proof bundle 1"
_AGAIN = "get it again, whole: ordain audit prove ... --json, or with --reveal"


@dataclass(frozen=True, slots=True)
class Bundle:
    """`proof` is the text of a proof file; `stamped` and `token` the text that was stamped and the authority's reply.

    `revealed` are sealed bytes, the entry's key (32 bytes), and its plan's text where it has one.
    """

    proof: str
    stamped: str = ""
    token: bytes = b""
    revealed: tuple[bytes, bytes, bytes | None] | None = None


def read_bundle(data: bytes) -> Bundle | None:
    """None for what is no JSON object, and so no bundle. Raises ProofRefused for one of another form."""
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        raise ProofRefused("the file is damaged: it is no JSON", _AGAIN) from None
    return bundle_in(told)


def bundle_in(told: dict[str, Any]) -> Bundle:
    """The bundle that a JSON object is. Raises ProofRefused for one of another form."""
    if told.get("format") != FORMAT or not isinstance(told.get("proof"), str):
        raise ProofRefused(f"that is not a file of the format `{FORMAT}`", _AGAIN)
    stamped, token = "", b""
    if (timestamp := told.get("timestamp")) is not None:
        stamped, token = _text(timestamp, "of"), _bytes(timestamp, "token")
    revealed = told.get("revealed")
    if revealed is None:
        return Bundle(told["proof"], stamped, token)
    plan = _text(revealed, "plan").encode() if isinstance(revealed, dict) and "plan" in revealed else None
    return Bundle(told["proof"], stamped, token, (_bytes(revealed, "sealed"), _bytes(revealed, "entry_key"), plan))


def check_stamped(bundle: Bundle) -> None:
    """That what was stamped is the checkpoint of the proof. Raises ProofRefused, CheckpointRefused."""
    note = read_note(bundle.proof.partition("\n\n")[2])
    if read_note(bundle.stamped).body != note.body:
        raise ProofRefused("the timestamp is of another checkpoint than the proof", _AGAIN)


def opened(bundle: Bundle, envelope: dict[str, Any]) -> dict[str, Any] | None:
    """The private part of a proven entry, if the bundle reveals it. Raises ProofRefused when it is not that entry's.

    The envelope commits to the sealed bytes and to the one key that opens them: nobody can reveal another text.
    """
    if bundle.revealed is None:
        return None
    sealed, key, plan = bundle.revealed
    entry_id = UUID(envelope["id"]).bytes
    if "sha256:" + sha256(sealed).hexdigest() != envelope["payload_hash"]:
        raise ProofRefused("the sealed bytes are not those of the entry", _AGAIN)
    commitment = HMAC(key, SHA256())
    commitment.update(b"ordain key commitment 1\0" + entry_id)
    try:
        commitment.verify(bytes.fromhex(envelope["key_commitment"]))
        private = AESGCM(key).decrypt(sealed[:12], sealed[12:], entry_id)
    except (InvalidSignature, InvalidTag, ValueError):
        raise ProofRefused("the key is not the one that the entry commits to", _AGAIN) from None
    if "plan" in envelope:
        private = _inflated(private, plan, envelope)
    try:
        return read_canonical(private)
    except Malformed as malformed:
        raise ProofRefused(f"the private part {malformed}") from None


def _inflated(private: bytes, plan: bytes | None, envelope: dict[str, Any]) -> bytes:
    if plan is None or "sha256:" + sha256(plan).hexdigest() != envelope["plan"]:
        raise ProofRefused("the text of the plan is missing, or another one", _AGAIN)
    data = inflated(private, plan, envelope)
    if data is None:
        raise ProofRefused("the private part is not deflated with the text of its plan", _AGAIN)
    return data


def _text(told: object, name: str) -> str:
    value = told.get(name) if isinstance(told, dict) else None
    if not isinstance(value, str):
        raise ProofRefused(f"`{name}` is missing in the file, or no text", _AGAIN)
    return value


def _bytes(told: object, name: str) -> bytes:
    try:
        data = decoded(_text(told, name).encode())
    except UnicodeEncodeError:
        data = None
    if data is None:
        raise ProofRefused(f"`{name}` is not base64", _AGAIN)
    return data
