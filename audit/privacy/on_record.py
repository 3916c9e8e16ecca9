"""Holds and restrictions as the ledger's entries tell them. The columns of `subject_key` only repeat it, for readers.

A hold that somebody took out of the table, or an entry of one that somebody moved under another key, is not to let
records go. So the state of a subject is folded from the entries of kind "restriction", each held to the key that it was
sealed under, before anything is destroyed. Each such entry names the one before it about the same subject (`after`),
and an erasure the last ones of those whom it erased (`restrictions`): the verifier follows them without a key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from ordain.audit.entry.entry import VERIFY, Kind, id_text
from ordain.audit.ledger.genuine import Forged, Genuine
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.store.private_parts import Stored
from ordain.engine.errors import LedgerUnavailable

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Restriction:
    """The last that is on record of a subject. `not_before` is the first day (ISO) on which it may be erased."""

    entry_id: str
    hold: bool
    not_before: str | None
    time: str


@dataclass(slots=True)
class OnRecord:
    """By the name of the subject's key. `of_key` has all of a key, in order."""

    last: dict[bytes, Restriction] = field(default_factory=dict)
    of_key: dict[bytes, list[Stored]] = field(default_factory=dict)

    def stays(self, today: dt.date) -> set[bytes]:
        """The keys of those who are held, or restricted until a later day."""
        return {key for key, last in self.last.items() if last.hold or (last.not_before or "") > today.isoformat()}

    def due(self, today: dt.date) -> list[bytes]:
        """The keys of those who asked to be erased and may be, by their day."""
        return [
            key
            for key, last in self.last.items()
            if not last.hold and last.not_before is not None and last.not_before <= today.isoformat()
        ]


def on_record(opened: OpenLedger, connection: sa.Connection) -> OnRecord:
    """Reads them. Raises LedgerUnavailable when one was changed, or was taken from its subject."""
    rows = opened.store.private.of_kinds(connection, Kind.RESTRICTION)
    genuine, found = Genuine(opened.keyring), OnRecord()
    lost: dict[str, Restriction] = {}
    released: list[str] = []
    for row in rows:
        envelope, about = _read(row)
        if envelope["kind"] != Kind.RESTRICTION:
            continue
        said = Restriction(envelope["id"], about["hold"], about["erase_not_before"], envelope["time"])
        after = about.get("after")
        lost.pop(str(after), None)
        if row.named is None:
            lost[said.entry_id] = said
            if not said.hold and "after" not in about:
                released.append(said.entry_id)
            continue
        try:
            if not genuine.is_under(row, genuine.secret(row)):
                raise Forged("it was not sealed under the key that it names")
        except Forged as why:
            raise _changed(row, str(why)) from None
        if "after" in about and (before := found.last.get(row.named)) and before.entry_id != after:
            raise _changed(row, "it does not follow on the one before")
        found.last[row.named] = said
        found.of_key.setdefault(row.named, []).append(row)
    _refuse_lost(rows, lost, released)
    return found


def _refuse_lost(rows: list[Stored], lost: dict[str, Restriction], released: Collection[str]) -> None:
    """Raises LedgerUnavailable for a hold without its subject. Of an older one, which no release names, any later one
    may have been the release.
    """
    for row in rows:
        said = lost.get(id_text(row.id))
        if said is None or not said.hold:
            continue
        if "after" in _read(row)[1] or not any(each > said.entry_id for each in released):
            raise _changed(row, "it says that somebody is held, and its key is gone")


def _read(row: Stored) -> tuple[Json, Json]:
    try:
        envelope = orjson.loads(row.envelope)
        about = envelope["about"]
        if envelope["id"] != id_text(row.id) or not isinstance(about, dict):
            raise ValueError
        if envelope["kind"] == Kind.RESTRICTION:
            day = about["erase_not_before"]
            if not isinstance(about["hold"], bool) or not (
                day is None or isinstance(dt.date.fromisoformat(day), dt.date)
            ):
                raise ValueError
        return envelope, about
    except (ValueError, TypeError, KeyError):
        raise _changed(row, "it is damaged") from None


def _changed(row: Stored, why: str) -> LedgerUnavailable:
    return LedgerUnavailable(f"the entry `{id_text(row.id)}` of a hold or a restriction was changed: {why}", VERIFY)
