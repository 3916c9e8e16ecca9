"""Going on after a loss: the database is a backup, older than what was anchored, and the rest is gone for good.

The log says so for ever, in an entry that the next checkpoint signs, and so does every place of anchors. Without this
a ledger that is shorter than its newest anchor does not open.
"""

from __future__ import annotations

import base64
import binascii

from ordain.audit.anchors.places import Anchored, Anchors, Recovery
from ordain.audit.entry.entry import Kind, utc
from ordain.audit.ledger.checkpointer import known_keys
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Reader
from ordain.audit.privacy.erasure import destroy_again
from ordain.audit.store.identity import Identity
from ordain.audit.store.store import Store
from ordain.audit.store.tree_reader import stored_tree
from ordain.audit.tlog.checkpoint import open_note
from ordain.audit.tlog.merkle import root
from ordain.engine.errors import CheckpointRefused, LedgerRolledBack, SettingsError


def recover(opened: OpenLedger, *, private: dict[str, object]) -> Recovery:
    """Records that the entries beyond those in the database are lost, in the ledger and in every place.

    Raises SettingsError when nothing is lost, LedgerRolledBack when what the database has is not the beginning of
    what was anchored: then it was changed, which is no loss, and nothing is recorded.
    """
    store, reader, known, places = opened.store, opened.reader, opened.identity, opened.places
    size = reader.size()
    lost = [newest for newest in (place.newest() for place in places) if newest is not None and newest.size > size]
    if not lost:
        raise SettingsError("nothing is lost: the ledger has all that was anchored", "start it as usual")
    newest = max(lost, key=lambda anchored: anchored.size)
    head = root(size, stored_tree(store))
    for place in places:
        _refuse_change(store, reader, known, place, size)
    lost_root = _root_in(newest.note)
    about = {"size": size, "root": head.hex(), "lost_size": newest.size, "lost_root": lost_root}
    receipt = opened.note(Kind.RECOVERY, about, private)
    recovery = Recovery(size, head.hex(), newest.size, lost_root, receipt.entry_id, utc(opened.now()))
    for place in places:
        place.note_recovery(recovery)
    destroy_again(opened)
    return recovery


def _root_in(note: str) -> str:
    """The root that the note states. A key that took over among the lost entries may have signed it, so it is not held
    against a key: it is what was lost, not what is gone on with.
    """
    lines = note.split("\n")
    try:
        return base64.b64decode(lines[2], validate=True).hex()
    except (IndexError, binascii.Error):
        raise LedgerRolledBack("the newest checkpoint is damaged", "compare the places with each other") from None


def _refuse_change(store: Store, reader: Reader, known: Identity, place: Anchors, size: int) -> None:
    within: Anchored | None = None
    for anchored in place.all():
        if anchored.size > size:
            break
        within = anchored
    if within is None:
        return
    try:
        checkpoint = open_note(within.note, known_keys(reader, known, within.note))
    except CheckpointRefused as error:
        raise LedgerRolledBack(error.issues) from None
    if root(checkpoint.size, stored_tree(store)) != checkpoint.root:
        raise LedgerRolledBack(
            f"the first {checkpoint.size:,} entries are not those of the checkpoint in `{place.name}`",
            "run `ordain audit verify`, and restore another backup",
        )
