"""What the log shows to the world: the checkpoint to believe, and its tiles (https://c2sp.org/tlog-tiles).

Where witnesses are asked for, that is the newest checkpoint that a quorum of them cosigned; else the newest signed one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import sqlalchemy as sa

from ordain.audit.anchors.places import COSIGNED, Anchors
from ordain.audit.ledger.checkpointer import head_of, known_keys, newest_note
from ordain.audit.ledger.reader import Reader
from ordain.audit.store.identity import Identity
from ordain.audit.store.rows import ENTRY
from ordain.audit.store.store import Store
from ordain.audit.tlog.checkpoint import open_note
from ordain.audit.tlog.merkle import root
from ordain.audit.tlog.tiles import TILE_HEIGHT, TILE_WIDTH, hashes_in
from ordain.audit.verifier.notes import read_note
from ordain.audit.verifier.witness_policy import WitnessPolicy
from ordain.engine.errors import LedgerUnavailable, NotCovered, OrdainError

LONGEST_ENTRY = 2**16 - 1
"""Bytes of an entry in a bundle, whose length has two bytes."""

_LOG = logging.getLogger("ordain")


class Published:
    """Of one ledger. Safe to use from several threads."""

    def __init__(
        self, store: Store, reader: Reader, known: Identity, places: Sequence[Anchors], policy: WitnessPolicy | None
    ) -> None:
        self._store, self._reader, self._known, self._places = store, reader, known, places
        self._policy = policy
        self._doubted = ""
        self._covered = 0

    def checkpoint(self) -> str | None:
        """The signed note to give out; None before there is one. Raises LedgerUnavailable."""
        return newest_note(self._store) if self._policy is None else self.cosigned()

    def covering(self, leaf_index: int) -> str | None:
        """The note to prove a leaf by: cosigned, else the newest signed one, else None."""
        for note in (self.cosigned(), newest_note(self._store)):
            if note is not None and head_of(note)[0] > leaf_index:
                return note
        return None

    def cosigned(self) -> str | None:
        """The newest note that a quorum cosigned, with their lines, checked. Raises LedgerUnavailable."""
        if self._policy is None:
            return None
        notes = [note for place in self._places if (note := self._cosigned_in(place, self._policy)) is not None]
        return max(notes, key=lambda note: head_of(note)[0], default=None)

    def _cosigned_in(self, place: Anchors, policy: WitnessPolicy) -> str | None:
        try:
            newest = place.newest(COSIGNED)
            data = None if newest is None else place.beside(newest, COSIGNED)
            if data is None:
                return None
            note = data.decode("utf-8", "replace")
            made = open_note(note, known_keys(self._reader, self._known, note))
            policy.require(read_note(note))
            if self._reader.tree.ask(lambda subtrees: root(made.size, subtrees)) != made.root:
                raise LedgerUnavailable(f"a cosigned checkpoint of {made.size:,} entries is not of these entries")
        except OrdainError as error:
            if self._doubted != error.message:
                _LOG.warning("a cosigned checkpoint in `%s` is not used: %s", place.name, error.message)
            self._doubted = error.message
            return None
        return note

    def tile(self, level: int, index: int, width: int) -> bytes:
        """`width` hashes of a tile, from its first. Raises NotCovered for what no published checkpoint covers."""
        self._require((index * TILE_WIDTH + width) << TILE_HEIGHT * level)
        return self._reader.tree.ask(lambda subtrees: hashes_in(level, index, width, subtrees))

    def bundle(self, index: int, width: int) -> bytes:
        """The envelopes of `width` entries from entry 256 * index on, each after its length in two bytes.

        Raises NotCovered as `tile` does; LedgerUnavailable for an entry that is too long for a bundle.
        """
        start = index * TILE_WIDTH
        self._require(start + width)
        of = ENTRY.c.leaf_index
        wanted = sa.select(ENTRY.c.envelope).where(of >= start, of < start + width).order_by(of)
        with self._store.reading() as connection:
            envelopes = [row[0] for row in connection.execute(wanted)]
        if len(envelopes) != width or not all(isinstance(each, bytes) for each in envelopes):
            raise LedgerUnavailable(f"entries from leaf {start} on are damaged", "run `ordain audit verify`")
        if any(len(each) > LONGEST_ENTRY for each in envelopes):
            raise LedgerUnavailable(f"an entry from leaf {start} on is longer than a bundle can hold")
        return b"".join(len(each).to_bytes(2, "big") + each for each in envelopes)

    def _require(self, size: int) -> None:
        if size <= self._covered:  # what was given out once is not taken back
            return
        note = self.checkpoint()
        self._covered = published = 0 if note is None else head_of(note)[0]
        if size > published:
            raise NotCovered(
                f"the published checkpoint covers {published:,} entries, that needs {size:,}",
                "ask for the checkpoint first, and for no more than it covers",
            )
