"""A witness: it cosigns the checkpoints of logs that only grow (https://c2sp.org/tlog-witness).

It needs to know no entry. It remembers the newest tree of each log that it cosigned, and cosigns another only with a
proof that the log goes on from there. So a log that shows two histories to two readers gets its cosignature for one.
"""

from __future__ import annotations

import base64
import logging
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ordain.audit.limits import LIMITS
from ordain.audit.verifier.cosignatures import COSIGNATURE, WitnessKey, cosigned_message, key_id_of, read_witness_key
from ordain.audit.verifier.notes import Note, PublicKey, decoded, read_any_note, signer
from ordain.audit.verifier.tree import EMPTY_ROOT, verify_consistency
from ordain.audit.witness.heads import Head, Heads
from ordain.engine.errors import CheckpointRefused

_LOG = logging.getLogger("ordain")
_REQUEST = re.compile(rb"old (0|[1-9][0-9]{0,18})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n(.*)", re.DOTALL)
TEXT, SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Reply:
    """A status of HTTP, what is answered, and its type."""

    status: int
    body: bytes
    media: str = TEXT


def witness_key(name: str, seed: bytes) -> WitnessKey:
    """The public key of a witness whose private key (RFC 8032) has those 32 bytes. Raises CheckpointRefused."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    encoded = base64.b64encode(COSIGNATURE + public).decode()
    return read_witness_key(f"{name}+{key_id_of(name, public).hex()}+{encoded}")


class Cosigner:
    """`name` is the witness's, `seed` its private key; `logs` are those that it follows; `now` seconds since 1970."""

    def __init__(
        self, name: str, seed: bytes, logs: Sequence[PublicKey], heads: Heads, now: Callable[[], float]
    ) -> None:
        self.key = witness_key(name, seed)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._logs, self._heads, self._now = tuple(logs), heads, now

    def add_checkpoint(self, request: bytes) -> Reply:
        """The answer to a log that asks for a cosignature: `add-checkpoint` of the specification."""
        match = _REQUEST.fullmatch(request)
        if match is None:
            return _refusal(400, "that is not `old <size>`, the lines of a proof, a blank line and a checkpoint")
        try:
            note = read_any_note(match[3])
        except CheckpointRefused as refused:
            return _refusal(400, refused.message)
        keys = self._keys_of(note)
        if not keys:
            return _refusal(404, "this witness does not follow that log")
        try:
            signer(note, keys)
        except CheckpointRefused as refused:
            return _refusal(403, refused.message)
        if self._now() < 1:  # a cosignature without a time says nothing; the clock was not set yet
            _LOG.error("the clock of the witness stands before 1970, and it cosigns nothing")
            return _refusal(503, "the clock of this witness is not set: try again")
        old = int(match[1])
        if old > note.size:
            return _refusal(400, "the old size is larger than that of the checkpoint")
        try:
            return self._answered(note, old, [decoded(line) or b"" for line in match[2].splitlines()], match[3])
        except sqlite3.Error as error:
            _LOG.error("a witness cannot keep what it would cosign, and cosigns nothing: %s", error)
            return _refusal(503, "what would be cosigned cannot be kept: try again")

    def _answered(self, note: Note, old: int, proof: list[bytes], text: bytes) -> Reply:
        known = self._heads.latest(note.origin)
        size = 0 if known is None else known.size
        if old != size:
            return Reply(409, b"%d\n" % size, SIZE)
        if known is not None and note.size == size and note.root != known.root:
            self._conflict(note, known)
            return Reply(409, b"%d\n" % size, SIZE)
        if old == 0 or old == note.size:
            holds = not proof and (note.size > 0 or note.root == EMPTY_ROOT)
        else:
            holds = known is not None and verify_consistency(old, known.root, note.size, note.root, proof)
        if not holds:
            if known is not None:
                self._conflict(note, known)
            return _refusal(422, "the proof does not lead from the tree that was cosigned last to this one")
        if not self._heads.advance(note.origin, Head(note.size, note.root, text), lambda stored: stored == known):
            newest = self._heads.latest(note.origin)  # another request was here first
            return Reply(409, b"%d\n" % (0 if newest is None else newest.size), SIZE)
        return Reply(200, self._cosigned(note))

    def _cosigned(self, note: Note) -> bytes:
        time = int(self._now())
        signature = self._private.sign(cosigned_message(note.body, time))
        encoded = base64.b64encode(self.key.key_id + time.to_bytes(8, "big") + signature)
        return "— ".encode() + self.key.name.encode() + b" " + encoded + b"\n"

    def _conflict(self, note: Note, known: Head) -> None:
        if note.size == known.size:
            _LOG.error("the log `%s` signed two trees of %d entries", note.origin, note.size)
        else:
            _LOG.warning("the log `%s` did not prove that it goes on from %d entries", note.origin, known.size)
        self._heads.keep_conflict(note.origin, known.note, self._as_signed(note), int(self._now()))

    def _keys_of(self, note: Note) -> list[PublicKey]:
        return [key for key in self._logs if key.name == note.origin]

    def _as_signed(self, note: Note) -> bytes:
        """The checkpoint with the log's own signatures: what anybody may add makes no other one of it."""
        own = {(key.name, key.key_id) for key in self._keys_of(note)}
        lines = {
            f"— {name} {base64.b64encode(key_id + signature).decode()}\n"
            for name, key_id, signature in note.signatures
            if (name, key_id) in own
        }
        return note.body + b"\n" + "".join(sorted(lines)).encode()


def _refusal(status: int, why: str) -> Reply:
    return Reply(status, why[: LIMITS.refusal].encode() + b"\n")
