"""Erasing a person: the subject's key is destroyed, and with it all that was sealed under it.

What stays says nothing about anybody: envelopes, and sealed bytes that no key opens. They still hash to what the
checkpoints commit to, so every proof holds. A place outside the database keeps a list of the destroyed keys, so that
a backup that is restored, and has them, loses them again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from audit.anchors import Anchors
from audit.entry import Entry, Kind, new_id, time_in, utc
from audit.open_ledger import OpenLedger
from audit.postgresql import PostgresStore
from audit.sqlite import SqliteStore
from audit.store import Store
from audit.tables import PAYLOAD, SUBJECT_INDEX, SUBJECT_KEY
from engine.errors import AnchorUnavailable, LedgerUnavailable, NotRecorded, UnknownSubject

Json = dict[str, Any]


_DECISION = b'"kind":"decision"'


class Erased(StrEnum):
    """What an erasure came to."""

    DONE = "erased"
    RESTRICTED = "restricted"
    """Asked for, and not allowed yet: the records are kept, and not shown."""
    HELD = "held"
    """Asked for, and a legal hold stands against it: restricted until the hold is released."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """`entries` were, or will be, erased; `not_before` is set while they are kept."""

    status: Erased
    entries: int
    not_before: dt.date | None = None
    left: str = ""
    """Why bytes of the destroyed key may still be in the database's files, when they may."""


@dataclass(frozen=True, slots=True)
class _Subject:
    key: bytes
    hold: str | None
    not_before: str | None
    entries: list[bytes]
    decisions: list[bytes]


def erase(
    opened: OpenLedger,
    subject: str,
    *,
    private: Json,
    keep: dt.timedelta = dt.timedelta(0),
    not_before: dt.date | None = None,
) -> Erasure:
    """Erases `subject`, or restricts it until that is allowed.

    `keep` is how long the law has the newest record kept, `not_before` a date from which it may be erased; the later
    counts. `private` says who asked for it and why. Raises UnknownSubject, NotRecorded, AnchorUnavailable.
    """
    tag = opened.keyring.tag(subject)
    found = _found(opened, subject)
    allowed = _allowed(found, keep, not_before)
    if found.hold is None and allowed <= opened.now().date():
        destroyed, left = _destroy(opened, [found.key], private)
        opened.keyring.forget(tag)
        return Erasure(Erased.DONE, destroyed, left=left)
    about = {"hold": found.hold is not None, "erase_not_before": allowed.isoformat()}
    _restrict(opened, found, subject, about, private, lambda _: {"erase_not_before": allowed.isoformat()})
    return Erasure(Erased.HELD if found.hold else Erased.RESTRICTED, len(found.entries), allowed)


def hold(opened: OpenLedger, subject: str, on: bool, *, private: Json) -> None:
    """Sets or releases a legal hold: while it stands, nothing of the subject is erased or removed by age.

    Raises UnknownSubject, NotRecorded.
    """
    found = _found(opened, subject)
    about = {"hold": on, "erase_not_before": found.not_before}
    _restrict(opened, found, subject, about, private, lambda entry: {"hold": entry if on else None})


def erase_due(opened: OpenLedger, *, private: Json) -> Erasure:
    """Erases every restricted subject whose day has come."""
    columns = SUBJECT_KEY.c
    with opened.store.reading() as connection:
        wanted = sa.select(columns.key).where(
            columns.erase_not_before <= opened.now().date().isoformat(), columns.hold.is_(None)
        )
        keys = [row[0] for row in connection.execute(wanted)]
    destroyed, left = _destroy(opened, keys, private) if keys else (0, "")
    return Erasure(Erased.DONE, destroyed, left=left)


def destroy_again(opened: OpenLedger) -> int:
    """Destroys the keys of the erasure lists that the database, restored from a backup, has again."""
    listed: set[bytes] = set()
    for place in opened.places:
        with suppress(AnchorUnavailable):
            listed |= place.erased()
    back: list[bytes] = []
    with opened.store.reading() as connection:
        for some in _chunks(sorted(listed)):
            found = connection.execute(sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.key.in_(some)))
            back += [row[0] for row in found]
    return _destroy(opened, back, {"reason": "on the erasure list, and restored from a backup"})[0] if back else 0


def _found(opened: OpenLedger, subject: str) -> _Subject:
    columns = SUBJECT_KEY.c
    wanted = sa.select(columns.key, columns.hold, columns.erase_not_before)
    with opened.store.reading() as connection:
        row = connection.execute(wanted.where(columns.tag == opened.keyring.tag(subject))).first()
        if row is None:
            raise UnknownSubject(
                f"the ledger has nothing about `{subject}`", "check the id; who was erased is not found again"
            )
        ids = sa.select(SUBJECT_INDEX.c.id).where(SUBJECT_INDEX.c.key == row[0]).order_by(SUBJECT_INDEX.c.id)
        entries = [found[0] for found in connection.execute(ids)]
        envelopes = {entry_id: opened.store.envelope(connection, entry_id) for entry_id in entries}
    decisions = [i for i, found in envelopes.items() if found is not None and _DECISION in found[1]]
    return _Subject(row[0], row[1], row[2], entries, decisions)


def _allowed(found: _Subject, keep: dt.timedelta, not_before: dt.date | None) -> dt.date:
    """The first day on which the subject may be erased: so long after the newest decision, or as was asked.

    The day that an earlier request was given stays: asking again makes the records no younger.
    """
    if found.not_before is not None:
        until = dt.date.fromisoformat(found.not_before)
    else:
        until = (max(map(time_in, found.decisions), default=dt.datetime.min.replace(tzinfo=dt.UTC)) + keep).date()
    return max(until, not_before or until)


def _restrict(
    opened: OpenLedger,
    found: _Subject,
    subject: str,
    about: Json,
    private: Json,
    change: Callable[[str], dict[str, str | None]],
) -> None:
    """Changes the state of a subject and records that, under the subject's own key, in one transaction.

    `change` gives the new values of the subject's row, from the id of the entry.
    """
    now = opened.now()
    entry = opened.ledger.prepare(Entry(new_id(now), now, Kind.RESTRICTION, private, subject, about=about))
    try:
        with opened.store.transaction() as connection:
            values = change(entry.receipt.entry_id)
            connection.execute(sa.update(SUBJECT_KEY).where(SUBJECT_KEY.c.key == found.key).values(values))
            opened.store.add(connection, entry)
    except opened.store.failures as error:
        raise NotRecorded(opened.store.explain(error)) from error


def _destroy(opened: OpenLedger, keys: list[bytes], private: Json) -> tuple[int, str]:
    """Destroys the keys. How many payloads nothing opens any more, and what of the keys may be left, and why."""
    store, now = opened.store, opened.now()
    entry_id = new_id(now)
    # Listed first: a crash between the two leaves a key that is destroyed when the ledger is opened again.
    _list(opened.places, keys, str(entry_id), now)
    try:
        with store.transaction() as connection:
            entries = 0
            for some in _chunks(keys):
                # Locked first, so that a decision under way is either seen here or refused there.
                connection.execute(sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.key.in_(some)).with_for_update())
                ids = sa.select(SUBJECT_INDEX.c.id).where(SUBJECT_INDEX.c.key.in_(some))
                entries += connection.execute(sa.update(PAYLOAD).where(PAYLOAD.c.id.in_(ids)).values(key=None)).rowcount
                connection.execute(sa.delete(SUBJECT_INDEX).where(SUBJECT_INDEX.c.key.in_(some)))
                connection.execute(sa.delete(SUBJECT_KEY).where(SUBJECT_KEY.c.key.in_(some)))
            noted = {**private, "keys": [key.hex() for key in keys]}
            entry = Entry(entry_id, now, Kind.ERASURE, noted, about={"entries": entries})
            store.add(connection, opened.ledger.prepare(entry))
    except store.failures as error:
        raise NotRecorded(store.explain(error)) from error
    return entries, _leave_nothing(store)


def _list(places: Sequence[Anchors], keys: list[bytes], entry_id: str, now: dt.datetime) -> None:
    """At least one place, if there are any, has to take them."""
    refused: AnchorUnavailable | None = None
    taken = not places
    for place in places:
        try:
            for key in keys:
                place.note_erasure(key, entry_id, utc(now))
            taken = True
        except AnchorUnavailable as error:
            refused = error
    if not taken and refused is not None:
        raise refused


def _leave_nothing(store: Store) -> str:
    """Removes what a database keeps of deleted rows for its own purposes. What stands against it, if anything does.

    The erasure itself has happened by then.
    """
    try:
        if isinstance(store, SqliteStore):
            store.empty_log()
        elif isinstance(store, PostgresStore):
            store.vacuum(["subject_key", "subject_index", "payload"])
    except LedgerUnavailable as error:
        return error.message
    return ""


def _chunks(keys: list[bytes]) -> list[list[bytes]]:
    return [keys[start : start + 500] for start in range(0, len(keys), 500)]
