"""Erasing a person: the subject's key is destroyed, and with it all that was sealed under it.

What stays says nothing about anybody: envelopes, and sealed bytes that no key opens. They still hash to what the
checkpoints commit to, so every proof holds. A place outside the database keeps a list of the destroyed keys, so that
a backup that is restored, and has them, loses them again.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any

import sqlalchemy as sa

from ordain.audit.anchors.places import Anchors
from ordain.audit.entry.entry import VERIFY, Entry, Kind, new_id, time_in, utc
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.store.rows import SUBJECT_KEY
from ordain.audit.store.store import Store
from ordain.engine.errors import AnchorRefused, AnchorUnavailable, LedgerUnavailable, NotRecorded, UnknownSubject

Json = dict[str, Any]


_ITS_ENTRY = "entry"  # stands for the id of the entry that is being made
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


class _Changed(Exception):
    """A hold, a restriction or an entry of the subject came between looking and acting."""


def erase(
    opened: OpenLedger,
    subject: str,
    *,
    private: Json,
    keep: dt.timedelta = dt.timedelta(0),
    not_before: dt.date | None = None,
) -> Erasure:
    """Erases `subject` (GDPR Article 17), or restricts it (Article 18) until that is allowed.

    `keep` is how long the law has the newest record kept, `not_before` a date from which it may be erased; the later
    counts. `private` says who asked for it and why. Raises UnknownSubject, NotRecorded, AnchorUnavailable.
    """
    for _ in range(LIMITS.erasure_attempts):
        person = _person(opened, subject)
        allowed = _allowed(person, keep, not_before)
        try:
            if person.hold is None and allowed <= opened.now().date():
                destroyed, left = _destroy(opened, [person], private, since=bool(keep))
                opened.keyring.forget(opened.keyring.tag(subject))
                return Erasure(Erased.DONE, destroyed, left=left)
            about = {"hold": person.hold is not None, "erase_not_before": allowed.isoformat()}
            _restrict(opened, person, subject, about, private, {"erase_not_before": allowed.isoformat()})
        except _Changed:
            continue
        return Erasure(Erased.HELD if person.hold else Erased.RESTRICTED, len(person.entries), allowed)
    raise NotRecorded("Another process is changing this customer's record; try again", "nothing was erased")


def hold(opened: OpenLedger, subject: str, on: bool, *, private: Json) -> None:
    """Sets or releases a legal hold (GDPR Article 17(3)(e)).

    While it stands, nothing of the subject is erased or removed by age.
    Raises UnknownSubject, NotRecorded.
    """
    for _ in range(LIMITS.erasure_attempts):
        person = _person(opened, subject)
        about = {"hold": on, "erase_not_before": person.not_before}
        try:
            _restrict(opened, person, subject, about, private, {"hold": _ITS_ENTRY if on else None})
        except _Changed:
            continue
        return
    raise NotRecorded("Another process is changing this customer's record; try again", "nothing was changed")


def erase_due(opened: OpenLedger, *, private: Json, keep: dt.timedelta = dt.timedelta(0)) -> Erasure:
    """Erases every restricted subject whose day has come, and since whose newest decision `keep` has passed."""
    columns, today = SUBJECT_KEY.c, opened.now().date()
    wanted = sa.select(columns.key).where(columns.erase_not_before <= today.isoformat(), columns.hold.is_(None))
    with opened.store.reading() as connection:
        keys = [row[0] for row in connection.execute(wanted)]
        due = [person for person in (_of_key(opened, connection, key) for key in keys) if person is not None]
    due = [person for person in due if _newest(person) + keep <= opened.now()]
    try:
        destroyed, left = _destroy(opened, due, private, since=bool(keep)) if due else (0, "")
    except _Changed:
        raise NotRecorded("a customer's record was changed meanwhile: nothing was erased", "try again") from None
    return Erasure(Erased.DONE, destroyed, left=left)


def destroy_again(opened: OpenLedger) -> int:
    """Destroys the keys of the erasure lists that the database, restored from a backup, has again.

    Not under a legal hold, and not what the ledger itself did not list.
    """
    listed: dict[bytes, list[tuple[Anchors, str]]] = {}
    for place in opened.places:
        with suppress(AnchorUnavailable):
            for key, entry_id in place.erased():
                listed.setdefault(key, []).append((place, entry_id))
    back: list[_Subject] = []
    with opened.store.reading() as connection:
        for some in _chunks(sorted(listed)):
            keys = connection.execute(sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.key.in_(some))).scalars().all()
            back += [person for key in keys if (person := _of_key(opened, connection, key)) is not None]
    back = [person for person in back if person.hold is None and _is_vouched(opened, person.key, listed[person.key])]
    if not back:
        return 0
    try:
        return _destroy(opened, back, {"reason": "on the erasure list, and restored from a backup"}, list_them=False)[0]
    except _Changed:
        return 0  # the next opening looks again


def list_erasures(opened: OpenLedger, places: Sequence[Anchors]) -> None:
    """Gives new places the keys that were destroyed before there were these places."""
    if not places or not opened.reader.size():
        return
    for entry in chain(opened.reader.entries(), opened.reader.waiting()):
        if entry.read()["kind"] != Kind.ERASURE:
            continue
        record = opened.reader.record(entry.id)
        keys = (record.private or {}).get("keys", []) if record is not None else []
        for place in places:
            for key in map(bytes.fromhex, keys):
                entry_id = str(entry.id)
                place.note_erasure(key, entry_id, entry.read()["time"], _vouched(opened, key, entry_id))


def _is_vouched(opened: OpenLedger, key: bytes, listed: list[tuple[Anchors, str]]) -> bool:
    for place, entry_id in listed:
        with suppress(AnchorUnavailable):
            if hmac.compare_digest(place.vouched(key, entry_id), _vouched(opened, key, entry_id)):
                return True
    return False


def _vouched(opened: OpenLedger, key: bytes, entry_id: str) -> str:
    return opened.keyring.vouch(key + entry_id.encode()).hex()


def _person(opened: OpenLedger, subject: str) -> _Subject:
    with opened.store.reading() as connection:
        wanted = sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.tag == opened.keyring.tag(subject))
        key = connection.execute(wanted).scalar()
        person = None if key is None else _of_key(opened, connection, key)
    if person is None:
        raise UnknownSubject(
            f"the ledger has nothing about `{subject}`", "check the id; who was erased is not found again"
        )
    return person


def _of_key(opened: OpenLedger, connection: sa.Connection, key: bytes) -> _Subject | None:
    """None for a key that is no subject's: not there, or the house's. Raises LedgerUnavailable for a swapped one."""
    columns = SUBJECT_KEY.c
    wanted = sa.select(columns.hold, columns.erase_not_before, columns.tag, columns.wrapped).where(columns.key == key)
    row = connection.execute(wanted).first()
    if row is None or row[2] == opened.keyring.tag(None):
        return None
    opened.keyring.opened(key, row[2], row[3])  # or else it is not this subject's
    entries = opened.store.private.ids(connection, key)
    envelopes = {entry_id: opened.store.envelope(connection, entry_id) for entry_id in entries}
    decisions = [i for i, stored in envelopes.items() if stored is not None and _DECISION in stored[1]]
    return _Subject(key, row[0], row[1], entries, decisions)


def _newest(person: _Subject) -> dt.datetime:
    """When the newest decision about the subject was made."""
    return max(map(time_in, person.decisions), default=dt.datetime.min.replace(tzinfo=dt.UTC))


def _allowed(person: _Subject, keep: dt.timedelta, not_before: dt.date | None) -> dt.date:
    """The first day on which the subject may be erased: so long after the newest decision, or as was asked.

    The day that an earlier request was given stays: asking again makes the records no younger.
    """
    until = _day(person.not_before) if person.not_before is not None else (_newest(person) + keep).date()
    return max(until, not_before or until)


def _day(stored: str) -> dt.date:
    try:
        return dt.date.fromisoformat(stored)
    except (ValueError, TypeError):
        raise LedgerUnavailable("the state of a subject is damaged", VERIFY) from None


def _restrict(
    opened: OpenLedger,
    person: _Subject,
    subject: str,
    about: Json,
    private: Json,
    values: dict[str, str | None],
) -> None:
    """Changes the state of a subject and records that, under the subject's own key, in one transaction.

    `values` are the new ones of the subject's row. Raises _Changed, NotRecorded.
    """
    now = opened.now()
    try:
        entry = opened.ledger.prepare(Entry(new_id(now), now, Kind.RESTRICTION, private, subject, about=about))
        with opened.store.transaction() as connection:
            _check_unchanged(opened, connection, [person], since=False)
            if entry.data_key.key != person.key:
                raise _Changed
            named = {n: entry.receipt.entry_id if value == _ITS_ENTRY else value for n, value in values.items()}
            connection.execute(sa.update(SUBJECT_KEY).where(SUBJECT_KEY.c.key == person.key).values(named))
            opened.store.add(connection, entry)
    except _Changed:
        opened.keyring.forget(opened.keyring.tag(subject))
        raise
    except opened.store.failures as error:
        raise NotRecorded(opened.store.explain(error)) from error


def _check_unchanged(opened: OpenLedger, connection: sa.Connection, subjects: list[_Subject], since: bool) -> None:
    """Raises _Changed unless the subjects are as they were found; nobody else changes them from here on.

    `since` says that an entry made since then is a change, too.
    """
    opened.store.lock_housekeeping(connection)
    columns = SUBJECT_KEY.c
    for person in subjects:
        # A decision under way is either seen here or refused there: what it writes needs the key's row.
        now = sa.select(columns.hold, columns.erase_not_before).where(columns.key == person.key).with_for_update()
        row = connection.execute(now).first()
        if row is None or tuple(row) != (person.hold, person.not_before):
            raise _Changed
        if since and opened.store.private.ids(connection, person.key) != person.entries:
            raise _Changed


def _destroy(
    opened: OpenLedger, subjects: list[_Subject], private: Json, list_them: bool = True, since: bool = False
) -> tuple[int, str]:
    """Destroys the keys. How many payloads nothing opens any more, and what of the keys may be left, and why."""
    store, now = opened.store, opened.now()
    entry_id, keys = new_id(now), [person.key for person in subjects]
    noted = {**private, "keys": [key.hex() for key in keys]}
    # Listed first: a crash between the two leaves a key that is destroyed when the ledger is opened again.
    if list_them:
        _list(opened, keys, str(entry_id), now)
    try:
        with store.transaction() as connection:
            _check_unchanged(opened, connection, subjects, since)
            entries = store.private.lose_keys(connection, keys)
            for some in _chunks(keys):
                connection.execute(sa.delete(SUBJECT_KEY).where(SUBJECT_KEY.c.key.in_(some)))
            about = {"entries": entries, "keys": len(keys)}
            store.add(connection, opened.ledger.prepare(Entry(entry_id, now, Kind.ERASURE, noted, about=about)))
    except _Changed:
        _withdraw(opened.places, keys, str(entry_id))
        raise
    except store.failures as error:
        _withdraw(opened.places, keys, str(entry_id))
        raise NotRecorded(store.explain(error)) from error
    return entries, _leave_nothing(store)


def _withdraw(places: Sequence[Anchors], keys: list[bytes], entry_id: str) -> None:
    """The erasure was not carried out: it is not to happen by itself later, when more may hang on the key."""
    for place in places:
        with suppress(AnchorUnavailable, AnchorRefused):
            for key in keys:
                place.withdraw_erasure(key, entry_id)


def _list(opened: OpenLedger, keys: list[bytes], entry_id: str, now: dt.datetime) -> None:
    """At least one place, if there are any, has to take them."""
    refused: AnchorUnavailable | None = None
    taken = not opened.places
    for place in opened.places:
        try:
            for key in keys:
                place.note_erasure(key, entry_id, utc(now), _vouched(opened, key, entry_id))
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
        store.scrub()
    except LedgerUnavailable as error:
        return error.message
    return ""


def _chunks(keys: list[bytes]) -> list[list[bytes]]:
    return [keys[start : start + LIMITS.names_at_once] for start in range(0, len(keys), LIMITS.names_at_once)]
