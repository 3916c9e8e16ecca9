"""What who can write to the database may do to keys and erasures, and what who has the signing key can forge."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from rewriting import append, edit, rewrite, sign
from tamper_case import Case, Ledger, Rows, statement

from ordain.audit.verifier.envelope import Json, read_canonical
from ordain.audit.verifier.findings import Failure

F = Failure

_SUBJECTS = """
SELECT DISTINCT key FROM entry
WHERE key IS NOT NULL AND key IS NOT (SELECT key FROM entry WHERE leaf_index = 0) ORDER BY key
"""


def erasures(some: Rows) -> Iterator[Case]:
    """What is done to keys and payloads without the signing key."""
    for (key,) in some.sample(_SUBJECTS):

        def shredded(connection: sqlite3.Connection, key: bytes = key) -> None:
            shred(connection, key)

        gone = statement("DELETE FROM subject_key WHERE key = ?", key)
        # Of a key that sealed a single payload nobody can tell whether it or the name was changed.
        (sealed,) = some.all("SELECT count(*) FROM entry WHERE key = ?", key)[0]
        told = (F.ERASURE,) if sealed > 1 else (F.PAYLOAD,)
        yield Case("a key destroyed, no erasure on record", "its row", gone, told)
        yield Case("a key destroyed, no erasure on record", "all of it", shredded, (F.ERASURE, F.PAYLOAD))

    def removed(connection: sqlite3.Connection) -> None:
        kept = "SELECT id FROM entry WHERE sealed IS NOT NULL ORDER BY id LIMIT 9"
        connection.execute(f"UPDATE entry SET key = NULL, sealed = NULL WHERE id IN ({kept})")

    yield Case("payloads removed as if by age", "more than were", removed, (F.ERASURE, F.PAYLOAD))
    subjects = [key for (key,) in some.all(_SUBJECTS)]
    for _ in range(some.rows):
        one, other = some.random.sample(subjects, 2)

        def swapped(connection: sqlite3.Connection, one: bytes = one, other: bytes = other) -> None:
            query = "SELECT tag FROM subject_key WHERE key = ?"
            (first,), (second,) = (connection.execute(query, (key,)).fetchone() for key in (one, other))
            for key, tag in ((one, b"-"), (other, first), (one, second)):
                connection.execute("UPDATE subject_key SET tag = ? WHERE key = ?", (tag, key))

        yield Case("the tags of two subjects swapped", f"{one!r}, {other!r}", swapped, (F.PAYLOAD,), master=True)


def forged_erasures(some: Rows, ledger: Ledger) -> Iterator[Case]:
    """An entry that nobody's key sealed, which the server then signs with the rest."""
    for (key,) in some.sample(_SUBJECTS):

        def forged(connection: sqlite3.Connection, key: bytes = key) -> None:
            entries = shred(connection, key)
            append(connection, some.random.randbytes(16), "erasure", {"entries": entries, "keys": 1})
            sign(connection, ledger.signers)

        group = "an erasure forged without a key"
        yield Case(group, f"of {key!r}, against the lists", forged, (F.ERASURE,), anchors=True)
        yield Case(group, f"of {key!r}, opened", forged, (F.PAYLOAD,), master=True)

        def hidden(connection: sqlite3.Connection, key: bytes = key) -> None:
            entries = shred(connection, key)
            append(connection, some.random.randbytes(16), "erasure", {"entries": entries, "keys": 0})
            sign(connection, ledger.signers)

        yield Case("an erasure forged that destroyed no key", f"{key!r}", hidden, (F.ERASURE,))


def shred(connection: sqlite3.Connection, key: bytes) -> int:
    """What an erasure does, but for its entry. Returns the number of payloads."""
    entries = connection.execute("UPDATE entry SET key = NULL WHERE key = ?", (key,)).rowcount
    connection.execute("DELETE FROM subject_key WHERE key = ?", (key,))
    return entries


def rewrites(some: Rows, ledger: Ledger) -> Iterator[Case]:
    """Signed entries are changed, and all that is derived from them made to fit."""
    decisions = [
        row[0] for row in some.all("SELECT leaf_index FROM entry WHERE instr(envelope, ?)", b'"kind":"decision"')
    ]
    inside = [place for place in decisions if place < some.signed]
    for place in some.random.sample(inside, min(some.rows, len(inside))):

        def change(connection: sqlite3.Connection, place: int = place) -> None:
            edit(connection, place, engine="ordain 9.9.9")

        def without(connection: sqlite3.Connection, place: int = place) -> None:
            edit(connection, place, engine="ordain 9.9.9")
            rewrite(connection, ledger.signers, signed=False)

        def tiles_too(connection: sqlite3.Connection, place: int = place) -> None:
            edit(connection, place, engine="ordain 9.9.9")
            rewrite(connection, ledger.signers, signed=None)

        def signed(connection: sqlite3.Connection, place: int = place) -> None:
            edit(connection, place, engine="ordain 9.9.9")
            rewrite(connection, ledger.signers, signed=True)

        yield Case("an entry rewritten", str(place), change, (F.CONTENT, F.TREE))
        yield Case("an entry and all hashes and tiles rewritten", str(place), tiles_too, (F.TREE,))
        yield Case("all hashes rewritten without the key", str(place), without, (F.SIGNATURE,))
        yield Case("all rewritten and signed with the key", str(place), signed, (F.ANCHOR,), anchors=True)
    for place, envelope in some.all(
        "SELECT leaf_index, envelope FROM entry WHERE instr(envelope, ?)", b'"kind":"erasure"'
    ):
        about = read_canonical(envelope)["about"]
        about["entries"] += 1

        def false(connection: sqlite3.Connection, place: int = place, about: Json = about) -> None:
            edit(connection, place, about=about)
            rewrite(connection, ledger.signers, signed=True)

        yield Case("a false count of an erasure, signed with the key", str(place), false, (F.ERASURE,))
