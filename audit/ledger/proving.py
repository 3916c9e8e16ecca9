"""Proofs to take away: that an entry is in the log, and that the log only grew.

A proof file (https://c2sp.org/tlog-proof) is what a customer can keep: with the ledger's public key it verifies
anywhere, with this program or another, and needs neither the ledger nor a network.

    c2sp.org/tlog-proof@v1
    extra <base64: the entry's envelope>
    index <the entry's place, from 0>
    <base64 of each hash of the inclusion proof>

    <the signed checkpoint>
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from ordain.audit.entry.entry import VERIFY, StoredEntry
from ordain.audit.ledger.checkpointer import head_of, newest_note, note_of
from ordain.audit.ledger.published import Published
from ordain.audit.ledger.reader import Reader
from ordain.audit.store.rows import CHECKPOINT
from ordain.audit.store.store import Store
from ordain.audit.store.tree_reader import KeptTree, stored_tree
from ordain.audit.tlog.merkle import consistency_proof, inclusion_proof, root, verify_inclusion
from ordain.engine.errors import LedgerUnavailable, NotCovered, UnknownDecision

HEADER = "c2sp.org/tlog-proof@v1"
NO_CHECKPOINT = "make one: ordain audit checkpoint"


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the log of `old_size` entries is the beginning of the log of `new_size`: RFC 9162 section 2.1.4.

    The notes are the two signed checkpoints, `hashes` the proof, 32 bytes each.
    """

    old_size: int
    old_note: str
    hashes: tuple[bytes, ...]
    new_size: int
    new_note: str


def proof_file(
    store: Store, reader: Reader, entry_id: UUID, published: Published | None = None, note: str | None = None
) -> str:
    """The proof that the entry is in the log, against the newest checkpoint; with `published` one that was cosigned.

    Or against `note`, a checkpoint of this ledger.

    Raises UnknownDecision; NotCovered when no checkpoint covers the entry yet; LedgerUnavailable when what is
    stored is not what was signed.
    """
    entry = reader.entry(entry_id)
    if entry is None:
        raise UnknownDecision(f"there is no entry `{entry_id}`", "a receipt names it as `entry_id`")
    if note is None and published is not None and entry.leaf_index is not None:
        note = published.covering(entry.leaf_index)
    note = note or newest_note(store)
    size, signed = (0, b"") if note is None else head_of(note)
    if note is None or entry.leaf_index is None or entry.leaf_index >= size:
        raise NotCovered(
            f"no checkpoint covers the entry `{entry_id}` yet", "one is signed every few seconds: ask again"
        )
    hashes = _path(reader.tree, entry, entry.leaf_index, size, signed)
    if hashes is None:  # what was read before may not be what is stored now
        reader.tree.forget()
        hashes = _path(reader.tree, entry, entry.leaf_index, size, signed)
    if hashes is None:
        raise LedgerUnavailable(f"the stored entries are not those of the signed checkpoint {size}", VERIFY)
    return _written(entry, entry.leaf_index, hashes, note)


def _path(tree: KeptTree, entry: StoredEntry, index: int, size: int, signed: bytes) -> list[bytes] | None:
    """The hashes from the entry up to the signed root; None when they do not lead there."""
    hashes = tree.ask(lambda subtrees: inclusion_proof(index, size, subtrees))
    return hashes if verify_inclusion(entry.leaf_hash, index, size, hashes, signed) else None


def consistency(
    store: Store, old_size: int, new_size: int | None = None, published: Published | None = None
) -> Consistency:
    """The proof between two checkpoints on record; up to the newest when `new_size` is None.

    With `published`, the newest is the one that witnesses cosigned, if there is one that is not older.

    Raises NotCovered when one of them is not on record, LedgerUnavailable when what is stored is not what was signed.
    """
    cosigned = published.cosigned() if published is not None else None
    if cosigned is not None and head_of(cosigned)[0] < old_size:
        cosigned = None
    if new_size is None:
        newest = cosigned or newest_note(store)
        new_size = old_size if newest is None else head_of(newest)[0]
    old_note, new_note = _note(store, old_size), _note(store, new_size)
    if cosigned is not None and head_of(cosigned) == head_of(new_note):
        new_note = cosigned
    if old_size > new_size:
        raise NotCovered(f"the checkpoint {old_size} is not older than {new_size}", "give the older one first")
    tree = stored_tree(store)
    for size, note in ((old_size, old_note), (new_size, new_note)):
        if (size, root(size, tree)) != head_of(note):
            raise LedgerUnavailable(f"the stored entries are not those of the signed checkpoint {size}", VERIFY)
    return Consistency(old_size, old_note, tuple(consistency_proof(old_size, new_size, tree)), new_size, new_note)


def _note(store: Store, size: int) -> str:
    note = note_of(store, size)
    if note is None:
        near = sa.select(CHECKPOINT.c.size).order_by(sa.func.abs(CHECKPOINT.c.size - size)).limit(5)
        with store.reading() as connection:
            known = sorted(row[0] for row in connection.execute(near))
        hint = f"on record, the nearest: {', '.join(map(str, known))}" if known else NO_CHECKPOINT
        raise NotCovered(f"there is no checkpoint of {size} entries", hint)
    return note


def _written(entry: StoredEntry, index: int, hashes: list[bytes], note: str) -> str:
    lines = [HEADER, f"extra {_base64(entry.envelope)}", f"index {index}", *map(_base64, hashes)]
    return "\n".join(lines) + f"\n\n{note}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
