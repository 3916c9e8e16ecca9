"""Rewrites parts of a ledger's SQLite file so that they stay in good form, as a careful forger would."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from notes_by_hand import Tree, digest, note

from ordain.audit.verifier.envelope import read_canonical

Signers = Sequence[tuple[int, Ed25519PrivateKey]]
"""The sizes from which each signing key is in force."""


def edit(connection: sqlite3.Connection, place: int, **fields: Any) -> None:
    """Changes an envelope so that it stays canonical."""
    (envelope,) = connection.execute("SELECT envelope FROM entry WHERE leaf_index = ?", (place,)).fetchone()
    changed = rfc8785.dumps({**read_canonical(envelope), **fields})
    connection.execute("UPDATE entry SET envelope = ? WHERE leaf_index = ?", (changed, place))


def rewrite(connection: sqlite3.Connection, signers: Signers, signed: bool | None) -> None:
    """Makes tiles anew, and checkpoints: signed, with the old signatures (False), or not at all (None)."""
    tree = Tree([row[0] for row in connection.execute("SELECT envelope FROM entry ORDER BY leaf_index")])
    notes = connection.execute("SELECT size, note FROM checkpoint ORDER BY size").fetchall()
    connection.execute("DELETE FROM tile")
    connection.executemany("INSERT INTO tile VALUES (?, ?, ?)", tree.tiles(notes[-1][0]))
    if signed is None:
        return
    for size, text in notes:
        origin, _, _, time, rest = text.split("\n", 4)
        root = tree.root(0, size)
        signer = next(key for since, key in reversed(signers) if since <= size)
        made = note(origin, size, root, time.removeprefix("time "), signer)
        if not signed:
            made = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n{time}\n{rest}"
        connection.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (made, size))


def sign(connection: sqlite3.Connection, signers: Signers) -> None:
    """Makes a checkpoint of all entries there are now, and the tiles it needs, as the server does."""
    tree = Tree([row[0] for row in connection.execute("SELECT envelope FROM entry ORDER BY leaf_index")])
    size = len(tree.leaves)
    connection.executemany("INSERT OR IGNORE INTO tile VALUES (?, ?, ?)", tree.tiles(size))
    (origin,) = connection.execute("SELECT origin FROM ledger_identity").fetchone()
    signer = next(key for since, key in reversed(signers) if since <= size)
    made = note(origin, size, tree.root(0, size), "2026-11-21T02:10:00Z", signer)
    connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (size, made))


def append(connection: sqlite3.Connection, entry_id: bytes, kind: str, about: dict[str, Any]) -> None:
    """A false entry about nobody, after all others, in good form."""
    (place,) = connection.execute("SELECT max(leaf_index) + 1 FROM entry").fetchone()
    copy_entry(connection, 0, place, entry_id, kind, about)


def shift(connection: sqlite3.Connection, place: int) -> None:
    connection.execute("UPDATE entry SET leaf_index = -leaf_index - 10 WHERE leaf_index >= ?", (place,))
    connection.execute("UPDATE entry SET leaf_index = -leaf_index - 9 WHERE leaf_index < 0")


def copy_entry(
    connection: sqlite3.Connection,
    source: int,
    place: int,
    entry_id: bytes,
    kind: str = "read",
    about: dict[str, Any] | None = None,
) -> None:
    """A false entry with a payload of its own, in good form."""
    (envelope,) = connection.execute("SELECT envelope FROM entry WHERE leaf_index = ?", (source,)).fetchone()
    sealed = b"nobody can open this"
    fields = {
        "id": str(UUID(bytes=entry_id)),
        "payload_hash": digest(sealed),
        "kind": kind,
        "outcome_class": None,
        "about": about or {},
    }
    made = rfc8785.dumps({**read_canonical(envelope), **fields})
    (house,) = connection.execute("SELECT key FROM entry WHERE leaf_index = 0").fetchone()
    connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", (place, entry_id, made, house, sealed))
