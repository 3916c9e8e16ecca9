"""The parts of an open ledger, together."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordain.audit.anchors.places import Anchors
from ordain.audit.entry.entry import Entry, Receipt, new_id
from ordain.audit.entry.keys import Keyring, MasterKey
from ordain.audit.ledger.checkpointer import Checkpointer
from ordain.audit.ledger.reader import Reader
from ordain.audit.ledger.writer import Ledger
from ordain.audit.store.identity import Identity
from ordain.audit.store.store import Store
from ordain.audit.tlog.checkpoint import Checkpoint
from ordain.engine.errors import OrdainError

if TYPE_CHECKING:
    from ordain.audit.store.sequencer import Sequencer

Json = dict[str, Any]
_LOG = logging.getLogger("ordain")


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of a ledger. `seed` is the Ed25519 signing key, 32 bytes."""

    master: MasterKey
    seed: bytes


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """`places` are where its checkpoints are anchored; a `sequencer` is there on PostgreSQL; `now` is the clock."""

    identity: Identity
    store: Store
    keyring: Keyring
    ledger: Ledger
    reader: Reader
    checkpointer: Checkpointer
    sequencer: Sequencer | None
    places: tuple[Anchors, ...]
    now: Callable[[], dt.datetime]

    def settle(self) -> Checkpoint | None:
        """Gives all durable entries their places, signs the tree and anchors it. Raises LedgerUnavailable.

        None when another process does this, or there is no entry. What is wrong stands in `checkpointer.fault` until
        it is right again.
        """
        try:
            made = self._settle()
        except OrdainError as error:
            self.checkpointer.fault = error.message
            raise
        self.checkpointer.fault = ""
        return made

    def _settle(self) -> Checkpoint | None:
        self.store.prepare(self.now())
        self.keyring.forget_in_time()
        if self.sequencer is not None and self.sequencer.sequence() is None:
            return None
        return self.checkpointer.checkpoint(self.now())

    def note(self, kind: str, about: Json, private: Json, subject: str | None = None) -> Receipt:
        """Records what is no decision. `about` is public; `private` is sealed, under the key of the subject, if any.

        Raises UnknownSubject for a subject without a key, who may have been erased this moment; NotRecorded.
        """
        now = self.now()
        return self.ledger.append(Entry(new_id(now), now, kind, private, subject, about=about), known=True)

    def finish(self) -> None:
        """Signs and anchors what was recorded last, and closes. If it cannot be signed, the next start does that."""
        try:
            self.settle()
        except OrdainError as error:
            _LOG.warning("the last entries are not signed yet: %s", error.message)
        finally:
            self.close()

    def close(self) -> None:
        self.ledger.close()
        if self.sequencer is not None:
            self.sequencer.close()
        self.store.close()
