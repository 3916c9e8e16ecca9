"""The parts of an open ledger, together."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordain.audit.anchors.places import Anchors
from ordain.audit.entry.documents import POLICY, Document
from ordain.audit.entry.entry import Entry, Receipt, new_id
from ordain.audit.entry.keys import OPERATION, Keyring, MasterKey
from ordain.audit.ledger.checkpointer import Checkpointer
from ordain.audit.ledger.published import Published
from ordain.audit.ledger.reader import Reader
from ordain.audit.ledger.receipts import Receipts
from ordain.audit.ledger.repeats import Repeats
from ordain.audit.ledger.writer import Ledger
from ordain.audit.store.identity import Identity
from ordain.audit.store.store import Sequencer, Store
from ordain.audit.tlog.checkpoint import Checkpoint
from ordain.engine.errors import OrdainError

if TYPE_CHECKING:
    from ordain.audit.witness.witnessing import Witnessing

Json = dict[str, Any]
_LOG = logging.getLogger("ordain")


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of a ledger. `seed` is the Ed25519 signing key, 32 bytes."""

    master: MasterKey
    seed: bytes


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """`places` are where its checkpoints are anchored; a `sequencer` is there on PostgreSQL; `now` is the clock.

    `witnessing` is there where a policy names witnesses.
    """

    identity: Identity
    store: Store
    keyring: Keyring
    ledger: Ledger
    reader: Reader
    repeats: Repeats
    checkpointer: Checkpointer
    sequencer: Sequencer | None
    places: tuple[Anchors, ...]
    now: Callable[[], dt.datetime]
    published: Published
    receipts: Receipts
    witnessing: Witnessing | None = None

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
        made = self.checkpointer.checkpoint(self.now())
        if self.witnessing is not None and made is not None:
            self.checkpointer.unwitnessed(self.witnessing.take(made))
        self.repeats.forget_old()
        return made

    def note(self, kind: str, about: Json, private: Json, subject: str | None = None, *, known: bool = True) -> Receipt:
        """Records what is no decision. `about` is public; `private` is sealed, under the key of the subject, if any.

        Raises UnknownSubject for a subject without a key, who may have been erased this moment, unless the subject is
        not `known` here yet and gets one; NotRecorded.
        """
        now = self.now()
        return self.ledger.append(Entry(new_id(now), now, kind, private, subject, about=about), known=known)

    def unanchored(self) -> dict[str, str]:
        """Each place, and why it did not take the newest checkpoint; empty if it did."""
        return {place.name: self.checkpointer.unanchored.get(place.name, "") for place in self.places}

    def unwitnessed(self) -> dict[str, str]:
        """While too few witnesses have cosigned the newest checkpoint: by `witness <name>`, why one has not."""
        places = {place.name for place in self.places}
        return {name: why for name, why in self.checkpointer.unanchored.items() if name not in places}

    def shown(self, made: Checkpoint) -> Json:
        """A checkpoint of this ledger, for JSON."""
        return {
            "origin": made.origin,
            "size": made.size,
            "root": made.root.hex(),
            "time": made.time,
            "key": self.identity.key,
            "anchors": {place: why or "kept" for place, why in self.unanchored().items()},
            "not_cosigned": self.unwitnessed(),
        }

    def operate(
        self,
        kind: str,
        service: str | None,
        about: Json,
        private: Json,
        texts: Sequence[Document] = (),
        after: dt.datetime | None = None,
    ) -> Receipt:
        """Records what is done with services and policies themselves, to be found by `operations`.

        It refers to `texts`, which are kept. With `after`, an entry that is known already, its time is later than that,
        also where this clock is behind another. Raises NotRecorded, PolicyChanged.
        """
        now = self.now()
        if after is not None:
            now = max(now, after + dt.timedelta(microseconds=1))
        policies = [
            {"policy": each.name, "version": each.version, "digest": each.reference.digest}
            for each in texts
            if each.kind == POLICY
        ]
        documents = {each.kind: each.reference.digest for each in texts if each.kind != POLICY}
        made = Entry(
            *(new_id(now), now, kind, private, OPERATION, service), policies=policies, documents=documents, about=about
        )
        return self.ledger.append(made, texts)

    def finish(self) -> None:
        """Signs and anchors what was recorded last, and closes. If it cannot be signed, the next start does that."""
        try:
            self.settle()
        except OrdainError as error:
            _LOG.warning("the last entries are not signed yet: %s", error.message)
        finally:
            self.close()

    def close(self) -> None:
        """Lets go of everything; what is not signed yet is signed at the next start."""
        self.ledger.close()
        if self.sequencer is not None:
            self.sequencer.close()
        self.store.close()
