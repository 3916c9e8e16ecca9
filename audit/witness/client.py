"""Asks witnesses to cosign checkpoints of this ledger (https://c2sp.org/tlog-witness)."""

from __future__ import annotations

import base64
import logging
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from ordain.audit.anchors.posting import Posted, post
from ordain.audit.limits import LIMITS
from ordain.audit.verifier.cosignatures import cosigned_at, signature_line
from ordain.audit.verifier.notes import Note, read_note
from ordain.audit.verifier.witness_policy import Witness, WitnessPolicy
from ordain.engine.errors import CheckpointRefused

_LOG = logging.getLogger("ordain")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")

Prove = Callable[[int, int], Iterable[bytes]]
"""(old size, new size) -> the hashes of the consistency proof, 32 bytes each (RFC 6962 section 2.1.2)."""


class Refused(Exception):
    """Why a witness has not cosigned."""


class Witnesses:
    """The witnesses of a policy that have an address. For one thread at a time.

    A witness that did not answer is left alone for a while, longer each time.
    """

    def __init__(self, policy: WitnessPolicy, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.policy = policy
        self._asked = [witness for witness in policy.witnesses if witness.url]
        self._monotonic = monotonic
        self._sizes: dict[str, int] = {}
        self._waits: dict[str, tuple[float, float]] = {}
        self.faults: dict[str, str] = {}
        """By the name of the policy, why a witness did not cosign the last time it was asked."""

    def cosign(self, note: str, prove: Prove) -> str:
        """The checkpoint with the cosignatures that could be had now, and those that it has.

        Raises CheckpointRefused when `note` is no checkpoint.
        """
        read = read_note(note)
        have = self.policy.cosigned(read)
        asked = [each for each in self._asked if each.name not in have and self._is_due(each)]
        if not asked:
            return note
        with ThreadPoolExecutor(len(asked), "witnesses") as pool:
            lines = list(pool.map(lambda witness: self._line(witness, note, read, prove), asked))
        return note + "".join(line for line in lines if line)

    def _is_due(self, witness: Witness) -> bool:
        return self._monotonic() >= self._waits.get(witness.name, (0.0, 0.0))[0]

    def _line(self, witness: Witness, note: str, read: Note, prove: Prove) -> str | None:
        try:
            line = self._cosignature(witness, note, read, prove)
        except Refused as refused:
            self._failed(witness, str(refused))
            return None
        except Exception as error:  # whatever it is, the ledger goes on without this witness
            _LOG.error("the witness `%s` cannot be asked", witness.name, exc_info=error)
            self._failed(witness, type(error).__name__)
            return None
        if self.faults.pop(witness.name, None):
            _LOG.info("the witness `%s` cosigns again", witness.name)
        self._waits.pop(witness.name, None)
        self._sizes[witness.name] = read.size
        return line

    def _failed(self, witness: Witness, why: str) -> None:
        if self.faults.get(witness.name) != why:
            _LOG.warning("the witness `%s` has not cosigned: %s", witness.name, why)
        self.faults[witness.name] = why
        _, wait = self._waits.get(witness.name, (0.0, LIMITS.witness_wait / 2))
        wait = min(2 * wait, LIMITS.witness_waits_most)
        self._waits[witness.name] = (self._monotonic() + wait, wait)

    def _cosignature(self, witness: Witness, note: str, read: Note, prove: Prove) -> str:
        """The line of that witness. Raises Refused."""
        old = self._sizes.get(witness.name, 0)
        answer = _ask(witness, old, note, read, prove)
        if answer.status == 409 and (size := _SIZE.fullmatch(answer.body)) and int(size[1]) != old:
            old = int(size[1])
            if old > read.size:
                raise Refused(f"it has cosigned {old:,} entries of this ledger, which has {read.size:,}")
            self._sizes[witness.name] = old
            answer = _ask(witness, old, note, read, prove)
        if answer.status == 409 and old == read.size:
            raise Refused(f"it has cosigned another tree of {old:,} entries: this ledger has two histories")
        if answer.status == 422:
            raise Refused(
                f"these entries do not go on from the {old:,} that it cosigned: this ledger has two histories"
            )
        if answer.status != 200:
            said = answer.body[:200].decode("utf-8", "replace").strip()
            raise Refused(f"it answers {answer.status} {answer.reason}" + f": {ascii(said)[1:-1]}" * bool(said))
        return _checked(witness, note, answer.body)


def _ask(witness: Witness, old: int, note: str, read: Note, prove: Prove) -> Posted:
    hashes = prove(old, read.size) if 0 < old < read.size else ()
    lines = "".join(base64.b64encode(each).decode() + "\n" for each in hashes)
    body = f"old {old}\n{lines}\n{note}".encode()
    url = f"{witness.url}/add-checkpoint"
    try:
        return post(url, body, {"Content-Type": "text/plain"}, LIMITS.witness_seconds, LIMITS.note)
    except OSError as error:
        raise Refused(f"`{url}` cannot be reached: {error}") from None


def _checked(witness: Witness, note: str, answer: bytes) -> str:
    """The witness's own line in what it answered, if it holds. Raises Refused."""
    for line in answer.decode("utf-8", "replace").split("\n"):
        parts = signature_line(line)
        if parts is None or parts[:2] != (witness.key.name, witness.key.key_id):
            continue
        try:
            if cosigned_at(read_note(f"{note}{line}\n"), witness.key) is not None:
                return f"{line}\n"
        except CheckpointRefused as refused:
            raise Refused(refused.message) from None
    raise Refused("its answer has no cosignature by the key of the policy")
