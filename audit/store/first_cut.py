"""The first cut of the ledger: a chain of hashes over plain bodies. Read, and checked before anything is made of it.

    hash = SHA-256("ordain entry 1\\n" || previous hash || SHA-256(body))

`audit.store.adoption` moves its entries into the ledger there is now. A table has the name it has at the time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import sqlalchemy as sa

from ordain.audit.entry.canonical import canonical, digest
from ordain.audit.entry.documents import Reference, references
from ordain.engine.errors import LedgerUnavailable

Json = dict[str, Any]

GENESIS = bytes(32)
"""Stands as the previous hash of the first entry."""

_DOMAIN = b"ordain entry 1\n"
_PAGE = 500
_INDEX = ("id", "time", "kind", "service", "subject")
_UNCHANGED = "nothing was changed; restore the file from a backup, and upgrade that"


@dataclass(frozen=True, slots=True)
class OldEntry:
    """`seq` counts from 1; `body` is the record."""

    seq: int
    hash: bytes
    body: Json


class Chain(NamedTuple):
    """How many entries a chain has, and the hash of the last one."""

    entries: int
    head: bytes


def size(connection: sa.Connection, entry: str = "entry") -> int:
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {entry}").scalar_one())  # noqa: S608 - our names


def pages(connection: sa.Connection, entry: str) -> Iterator[list[OldEntry]]:
    """All entries in order, some hundred at a time, of a chain that `check` has passed."""
    for page in _pages(connection, entry):
        yield [OldEntry(row[0], row[2], json.loads(row[3])) for row in page]


def check(connection: sa.Connection, adoptable: Callable[[OldEntry], object], progress: Callable[[int], None]) -> Chain:
    """Recomputes all that the ledger claims from the bytes that it stores.

    `adoptable` raises ValueError for an entry that cannot be carried over; `progress` gets the number of entries
    checked so far. Raises LedgerUnavailable naming the first entry or text that is not as it was written.
    """
    _refuse_code(connection)
    named: dict[Reference, str] = {}
    seq, head = 0, GENESIS
    for row in chain.from_iterable(_pages(connection, "entry")):
        place = f"entry {row[0]} (`{_shown(_text(row[4]))}`)"
        try:
            old = _checked(row, seq + 1, head)
            for reference in references(old.body):
                named.setdefault(reference, place)
            adoptable(old)
        except (ValueError, TypeError) as error:
            raise LedgerUnavailable(f"{place} of the old ledger does not hold: {error}", _UNCHANGED) from None
        seq, head = old.seq, old.hash
        if seq % _PAGE == 0:
            progress(seq)
    progress(seq)
    _refuse_repeated(connection)
    _check_texts(connection, named)
    return Chain(seq, head)


def _pages(connection: sa.Connection, entry: str) -> Iterator[Sequence[sa.Row[*tuple[Any, ...]]]]:
    """Read page by page, so that memory stays bounded; as bytes, so that damaged text is compared, not decoded."""
    index = ", ".join(f"CAST({name} AS BLOB)" for name in _INDEX)
    query = (
        "SELECT seq, CAST(prev_hash AS BLOB), CAST(hash AS BLOB), CAST(body AS BLOB), "  # noqa: S608 - our names
        f"{index} FROM {entry} WHERE seq > ? ORDER BY seq LIMIT {_PAGE}"
    )
    last = -(2**63)
    while page := connection.exec_driver_sql(query, (last,)).all():
        yield page
        last = page[-1][0]


def _checked(row: sa.Row[*tuple[Any, ...]], expected: int, head: bytes) -> OldEntry:
    """The entry. Raises ValueError, saying what is wrong with it."""
    seq, previous, hashed, body = row[:4]
    if seq != expected:
        raise ValueError(f"it stands where entry {expected} should: entries are missing or were moved")
    if previous != head:
        raise ValueError("it was written after another entry than the one before it")
    if hashed != hashlib.sha256(_DOMAIN + head + hashlib.sha256(body or b"").digest()).digest():
        raise ValueError("the stored bytes do not hash to the recorded hash")
    try:
        data = json.loads(body)
        whole = isinstance(data, dict) and canonical(data) == body
    except (ValueError, TypeError, RecursionError):
        whole = False
    if not whole:
        raise ValueError("its body is not canonical JSON")
    for name, column in zip(_INDEX, row[4:], strict=True):
        said = data.get(name)
        if column != (said.encode() if isinstance(said, str) else said):
            raise ValueError(f"its `{name}` column says another thing than its body")
    return OldEntry(seq, hashed, data)


def _check_texts(connection: sa.Connection, named: dict[Reference, str]) -> None:
    """Every kept text is what its digest says, and entries and texts belong to each other."""
    columns = ", ".join(f"CAST({name} AS BLOB)" for name in ("kind", "name", "digest", "text"))
    for kind, name, recorded, text, version in connection.exec_driver_sql(f"SELECT {columns}, version FROM document"):  # noqa: S608 - our names
        reference = Reference(_text(kind), _text(name), version, _text(recorded))
        place = _shown(str(reference))
        if digest(text or b"") != reference.digest:
            raise LedgerUnavailable(f"the kept text of {place} does not hash to its digest", _UNCHANGED)
        if named.pop(reference, None) is None:
            raise LedgerUnavailable(f"no entry names the kept text of {place}", _UNCHANGED)
    for reference, place in named.items():
        raise LedgerUnavailable(f"{place} names {_shown(str(reference))}, which is not kept", _UNCHANGED)


def _refuse_repeated(connection: sa.Connection) -> None:
    again = "SELECT CAST(id AS BLOB), max(seq) FROM entry GROUP BY id HAVING count(*) > 1"
    if row := connection.exec_driver_sql(again).first():
        raise LedgerUnavailable(
            f"entry {row[1]} of the old ledger has an id, `{_shown(_text(row[0]))}`, twice", _UNCHANGED
        )


def _refuse_code(connection: sa.Connection) -> None:
    found = connection.exec_driver_sql("SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'view')").first()
    if found is not None:
        raise LedgerUnavailable(
            f"the file has a {found[0]} `{_shown(found[1])}`, which a ledger has not: it may change what is written",
            _UNCHANGED,
        )


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _shown(text: str) -> str:
    """As a terminal may be given it: a changed name can hold anything."""
    return text if text.isprintable() else ascii(text)
