"""Has this ledger's checkpoints cosigned, and keeps what a quorum cosigned with its anchors."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ordain.audit.anchors.places import COSIGNED, Anchored, Anchors
from ordain.audit.ledger.checkpointer import note_of
from ordain.audit.ledger.reader import Reader
from ordain.audit.store.store import Store
from ordain.audit.tlog.checkpoint import Checkpoint
from ordain.audit.tlog.merkle import consistency_proof
from ordain.audit.verifier.notes import read_note
from ordain.audit.verifier.witness_policy import WitnessPolicy
from ordain.audit.witness.client import Witnesses
from ordain.engine.errors import CheckpointRefused, OrdainError

_LOG = logging.getLogger("ordain")


class Witnessing:
    """For one thread at a time. Nothing here holds up the ledger: a checkpoint is signed and anchored before.

    What has been cosigned by less than a quorum is not kept: it is asked for again with the next beat.
    """

    def __init__(self, policy: WitnessPolicy, store: Store, reader: Reader, places: Sequence[Anchors]) -> None:
        self._witnesses = Witnesses(policy)
        self._policy, self._store, self._reader, self._places = policy, store, reader, places
        self._note, self._kept = "", False

    def take(self, made: Checkpoint) -> dict[str, str]:
        """Asks for cosignatures until there is a quorum. By `witness <name>`, why there is none yet."""
        text = note_of(self._store, made.size) or ""
        if not self._note.startswith(made.body):
            self._note, self._kept = self._cosigned_before(made) or text, False
        if self._kept:
            return {}
        try:
            self._note = self._witnesses.cosign(self._note, self._prove)
            by = self._policy.cosigned(read_note(self._note))
        except CheckpointRefused as refused:  # somebody wrote something else into a place
            self._note = text
            return {"witnesses": refused.message}
        if not self._policy.enough(by):
            silent = [each.name for each in self._policy.witnesses if each.name not in by]
            why = self._witnesses.faults
            return {
                f"witness {name}": why.get(name, "it has not been asked: the policy has no address") for name in silent
            }
        self._kept = self._keep(made)
        return {}

    def _prove(self, old: int, new: int) -> list[bytes]:
        return self._reader.tree.ask(lambda subtrees: consistency_proof(old, new, subtrees))

    def _cosigned_before(self, made: Checkpoint) -> str | None:
        """By this process before it was started, or by another one."""
        for place in self._places:
            try:
                if (anchored := _of(place, made)) is not None and (kept := place.beside(anchored, COSIGNED)):
                    return kept.decode()
            except (OrdainError, UnicodeDecodeError):
                continue
        return None

    def _keep(self, made: Checkpoint) -> bool:
        """Whether a place has it now."""
        kept = False
        for place in self._places:
            try:
                if (anchored := _of(place, made)) is not None:
                    place.keep_beside(anchored, COSIGNED, self._note.encode())
                    kept = True
            except OrdainError as error:
                _LOG.warning("a cosigned checkpoint is not kept: %s", error.message)
        return kept


def _of(place: Anchors, made: Checkpoint) -> Anchored | None:
    """That checkpoint, where it is the newest of the place."""
    newest = place.newest()
    return newest if newest is not None and newest.note.startswith(made.body) else None
