"""Before entries are signed each of them is opened: nobody adds one, or changes one, by writing to the tables.

What cannot be opened any more, because its subject was erased or it was removed by age since it was made, has to be
accounted for by the entry that records that, which is opened like all others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import orjson

from ordain.audit.entry.entry import VERIFY, Kind, id_text, time_in
from ordain.audit.entry.keys import OPERATION, Keyring
from ordain.audit.entry.sealing import unseal
from ordain.audit.ledger.genuine import Forged, Genuine, Seal
from ordain.audit.ledger.reader import Reader
from ordain.audit.limits import LIMITS
from ordain.audit.store.private_parts import Stored
from ordain.audit.store.store import Store
from ordain.engine.errors import LedgerUnavailable

HOUSE_KINDS = frozenset(
    (
        *(Kind.LEDGER, Kind.ERASURE, Kind.RETENTION, Kind.RECOVERY, Kind.KEY, Kind.MODEL, Kind.ANCHOR, Kind.POLICY),
        *(Kind.ACCESS, Kind.STOP, Kind.START, Kind.ALERT, Kind.BATCH),
        *(Kind.SUBMISSION, Kind.APPROVAL, Kind.ACTIVATION, Kind.ROLLOUT),
    )
)
"""Those that are about no subject: only a key of the ledger's own seals one."""


def refuse_forged(store: Store, reader: Reader, keyring: Keyring, start: int, end: int) -> None:
    """Raises LedgerUnavailable unless all entries from place `start` to `end`, without it, were made here."""
    genuine = Genuine(keyring)
    house = {keyring.tag(None), keyring.tag(OPERATION)}
    closed: list[Stored] = []
    older: Stored | None = None
    for row in reader.stored(start, end):
        try:
            seal = genuine.seal_of(row)
            if _kind(row) in HOUSE_KINDS and (seal is Seal.CLOSED or row.tag not in house):
                raise Forged("it is not sealed by the ledger itself")
        except Forged as why:
            raise _refused(row, str(why)) from None
        if seal is Seal.CLOSED:
            closed.append(row)
        elif seal is Seal.OLDER:
            older = older or row
    if older is not None and not _goes_on_from_older(reader, genuine, start):
        raise _refused(older, "its public part is not the one that it was sealed with")
    if closed:
        _account_for(closed, _told(store, genuine, start))


def _goes_on_from_older(reader: Reader, genuine: Genuine, start: int) -> bool:
    """Whether an older version, which sealed no envelope, made some of the last signed entries: it may still write."""
    for row in reader.stored(max(0, start - LIMITS.older_seen), start):
        try:
            if genuine.seal_of(row) is Seal.OLDER:
                return True
        except Forged:
            continue
    return False


def _told(store: Store, genuine: Genuine, start: int) -> Iterable[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Kind, `about` and private part of the erasures and removals that no checkpoint covers yet."""
    with store.reading() as connection:
        rows = store.private.of_kinds(connection, Kind.ERASURE, Kind.RETENTION)
    for row in rows:
        if row.leaf_index is not None and row.leaf_index < start:
            continue
        try:
            if genuine.seal_of(row) is Seal.CLOSED or row.sealed is None:
                continue
            envelope = orjson.loads(row.envelope)
            commitment = bytes.fromhex(envelope["key_commitment"])
            private = orjson.loads(unseal(genuine.secret(row), row.id, row.sealed, commitment))
        except Forged:
            continue
        yield envelope["kind"], envelope["about"], private


def _account_for(closed: list[Stored], told: Iterable[tuple[str, dict[str, Any], dict[str, Any]]]) -> None:
    erased: set[str] = set()
    uncounted, before = 0, dt.datetime.min.replace(tzinfo=dt.UTC)
    for kind, about, private in told:
        if kind == Kind.RETENTION:
            before = max(before, dt.datetime.fromisoformat(about["before"]))
        elif "unsigned" in private:
            erased.update(private["unsigned"])
        else:  # by a version that did not say which
            uncounted += about["entries"]
    for row in closed:
        if id_text(row.id) in erased or (row.sealed is None and time_in(row.id) < before):
            continue
        if row.sealed is None or not uncounted:
            raise _refused(row, "nothing on record says why it cannot be opened")
        uncounted -= 1


def _kind(row: Stored) -> object:
    return orjson.loads(row.envelope).get("kind")


def _refused(row: Stored, why: str) -> LedgerUnavailable:
    return LedgerUnavailable(
        f"entry {row.leaf_index} (`{id_text(row.id)}`, of kind {_kind(row)}) was not written here: {why}", VERIFY
    )
