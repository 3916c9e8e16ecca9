"""Erasing a person: the subject's key is destroyed, and with it all that was sealed under it.

What stays says nothing about anybody: envelopes, and sealed bytes that no key opens. They still hash to what the
checkpoints commit to, so every proof holds. A place outside the database keeps a list of the destroyed keys, so that
a backup that is restored, and has them, loses them again.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any

import orjson
import sqlalchemy as sa

from ordain.audit.anchors.places import Anchors
from ordain.audit.entry.entry import VERIFY, Entry, Kind, Receipt, id_text, new_id, time_in, utc
from ordain.audit.entry.sealing import DoesNotOpen, unseal
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.privacy.on_record import OnRecord, on_record
from ordain.audit.privacy.subjects import Changed, Subject, check_unchanged, of_others, subject_of_key, unsigned_among
from ordain.audit.store.rows import SUBJECT_KEY
from ordain.audit.store.store import Store
from ordain.engine.errors import (
    AnchorRefused,
    AnchorUnavailable,
    LedgerUnavailable,
    NotRecorded,
    OrdainError,
    UnknownSubject,
)

Json = dict[str, Any]
Beside = Callable[[str], Json]
"""Erases a subject outside of the ledger, as in a feature store; what there was goes on record, sealed.

Empty when there was nothing. What it raises, erasing raises: nothing of the ledger is erased then, and to ask again
does what is left."""


def _nothing(_subject: str) -> Json:
    return {}


class Erased(StrEnum):
    """What an erasure came to."""

    DONE = "erased"
    RESTRICTED = "restricted"
    """Asked for, and not allowed yet: the records are kept, and not shown."""
    HELD = "held"
    """Asked for, and a legal hold stands against it: restricted until the hold is released."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """`entries` were, or will be, erased; `not_before` is set while they are kept. `receipt` is of the entry that says
    so: None when there was nobody to erase.
    """

    status: Erased
    entries: int
    not_before: dt.date | None = None
    left: str = ""
    """Why bytes of the destroyed key may still be in the database's files, when they may."""
    receipt: Receipt | None = None

    def data(self) -> Json:
        """Everything, for JSON."""
        until = None if self.not_before is None else self.not_before.isoformat()
        receipt = None
        if self.receipt is not None:
            receipt = {"entry_id": self.receipt.entry_id, "leaf_hash": self.receipt.leaf_hash}
        told = {"status": self.status, "entries": self.entries, "not_before": until, "left": self.left}
        return {**told, "receipt": receipt}


def erase(
    opened: OpenLedger,
    subject: str,
    *,
    private: Json,
    keep: dt.timedelta = dt.timedelta(0),
    not_before: dt.date | None = None,
    beside: Beside = _nothing,
) -> Erasure:
    """Erases `subject` (GDPR Article 17), or restricts it (Article 18) until that is allowed.

    `keep` is how long the law has the newest record kept, `not_before` a date from which it may be erased; the later
    counts. `private` says who asked for it and why. What is `beside` the ledger is erased first and at once, also while
    the records have to be kept, but not under a legal hold. Raises UnknownSubject for somebody of whom there is nothing
    in either, NotRecorded, AnchorUnavailable.
    """
    _sign(opened)
    gone: Json = {}
    for _ in range(LIMITS.erasure_attempts):
        try:
            person = person_of(opened, subject)
        except UnknownSubject:
            if not (gone := gone or beside(subject)):
                raise
            return _destroy(opened, [], private | gone)
        if not person.hold:
            gone = gone or beside(subject)
        allowed = allowed_from(person, keep, not_before, opened.now())
        try:
            if not person.hold and allowed <= opened.now().date():
                done = _destroy(opened, [person], private | gone, since=bool(keep))
                opened.keyring.forget(opened.keyring.tag(subject))
                return done
            receipt = _restrict(opened, person, subject, person.hold, allowed.isoformat(), private | gone)
        except Changed:
            continue
        status = Erased.HELD if person.hold else Erased.RESTRICTED
        return Erasure(status, len(person.entries), allowed, receipt=receipt)
    raise NotRecorded("Another process is changing this customer's record; try again", "nothing was erased")


def hold(opened: OpenLedger, subject: str, on: bool, *, private: Json) -> Receipt:
    """Sets or releases a legal hold (GDPR Article 17(3)(e)), and says in which entry.

    While it stands, nothing of the subject is erased or removed by age.
    Raises UnknownSubject, NotRecorded.
    """
    for _ in range(LIMITS.erasure_attempts):
        person = person_of(opened, subject)
        try:
            return _restrict(opened, person, subject, on, person.not_before, private)
        except Changed:
            continue
    raise NotRecorded("Another process is changing this customer's record; try again", "nothing was changed")


def erase_due(
    opened: OpenLedger, *, private: Json, keep: dt.timedelta = dt.timedelta(0), beside: Beside = _nothing
) -> Erasure:
    """Erases every restricted subject whose day has come, and since whose newest decision `keep` has passed.

    What is `beside` the ledger of them is erased first: of who was held when it was asked for it is still there.
    """
    _sign(opened)
    with opened.store.reading() as connection:
        record = on_record(opened, connection)
        keys = record.due(opened.now().date())
        due = [person for key in keys if (person := subject_of_key(opened, connection, key, record)) is not None]
    now = opened.now()
    due = [person for person in due if _newest(person, now) + keep <= now]
    for person in due:
        beside(_called(record, person))
    try:
        return _destroy(opened, due, private, since=bool(keep)) if due else Erasure(Erased.DONE, 0)
    except Changed:
        raise NotRecorded("a customer's record was changed meanwhile: nothing was erased", "try again") from None


def destroy_again(opened: OpenLedger) -> int:
    """Destroys the keys of the erasure lists that the database, restored from a backup, has again.

    Not under a legal hold, and not what the ledger itself did not list.
    """
    listed: dict[bytes, list[tuple[Anchors, str]]] = {}
    for place in opened.places:
        with suppress(AnchorUnavailable):
            for key, entry_id in place.erased():
                listed.setdefault(key, []).append((place, entry_id))
    back: list[Subject] = []
    keys: list[bytes] = []
    with opened.store.reading() as connection:
        for some in _chunks(sorted(listed)):
            keys += connection.execute(sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.key.in_(some))).scalars()
        keys = [key for key in keys if _is_vouched(opened, key, listed[key])]
        if keys:
            record = on_record(opened, connection)
            back += [person for key in keys if (person := subject_of_key(opened, connection, key, record)) is not None]
    back = [person for person in back if not person.hold]
    if not back:
        return 0
    try:
        why = {"reason": "on the erasure list, and restored from a backup"}
        return _destroy(opened, back, why, list_them=False).entries
    except Changed:
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


def person_of(opened: OpenLedger, subject: str) -> Subject:
    """The subject as the entries of the whole log tell of it. Raises UnknownSubject, LedgerUnavailable."""
    with opened.store.reading() as connection:
        wanted = sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.tag == opened.keyring.tag(subject))
        key = connection.execute(wanted).scalar()
        person = None if key is None else subject_of_key(opened, connection, key, on_record(opened, connection))
    if person is None:
        raise unknown(subject)
    return person


def unknown(subject: str) -> UnknownSubject:
    """Of somebody of whom the ledger has nothing."""
    return UnknownSubject(
        f"the ledger has nothing about `{subject}`", "check the id; who was erased is not found again"
    )


def _called(record: OnRecord, person: Subject) -> str:
    """Who it is, as the entry says by which it was asked for. Raises LedgerUnavailable where it cannot be read."""
    row = record.of_key[person.key][-1]
    try:
        commitment = bytes.fromhex(orjson.loads(row.envelope)["key_commitment"])
        subject = orjson.loads(unseal(person.secret, row.id, row.sealed or b"", commitment))["subject"]
    except (DoesNotOpen, ValueError, LookupError, TypeError):
        raise LedgerUnavailable("the entry that says who is to be erased cannot be read", VERIFY) from None
    return str(subject)


def _newest(person: Subject, now: dt.datetime) -> dt.datetime:
    """When the newest decision about the subject was made. A time that is still to come is a wrong clock's, and no
    reason to keep anything until then."""
    times = (time_in(entry_id) for entry_id in person.decisions)
    return max((time for time in times if time <= now), default=dt.datetime.min.replace(tzinfo=dt.UTC))


def allowed_from(person: Subject, keep: dt.timedelta, not_before: dt.date | None, now: dt.datetime) -> dt.date:
    """The first day on which the subject may be erased: so long after the newest decision, or as was asked.

    What a wrong clock says was made later than now was made by now. The day that an earlier request was given stays:
    asking again makes the records no younger.
    """
    if person.not_before is not None:
        until = _day(person.not_before)
    elif keep and any(time_in(entry_id) > now for entry_id in person.decisions):
        until = (now + keep).date()
    else:
        until = (_newest(person, now) + keep).date()
    return max(until, not_before or until)


def _day(stored: str) -> dt.date:
    try:
        return dt.date.fromisoformat(stored)
    except (ValueError, TypeError):
        raise LedgerUnavailable("the state of a subject is damaged", VERIFY) from None


def _restrict(
    opened: OpenLedger, person: Subject, subject: str, held: bool, not_before: str | None, private: Json
) -> Receipt:
    """Changes the state of a subject and records that, under the subject's own key, in one transaction.

    Raises Changed, NotRecorded.
    """
    now = opened.now()
    about = {"hold": held, "erase_not_before": not_before, "after": person.last.entry_id if person.last else None}
    try:
        noted = {**private, "subject": subject}
        entry = opened.ledger.prepare(Entry(new_id(now), now, Kind.RESTRICTION, noted, subject, about=about))
        with opened.store.transaction() as connection:
            check_unchanged(opened, connection, [person], since=False)
            if entry.data_key.key != person.key:
                raise Changed
            told = {"hold": entry.receipt.entry_id if held else None, "erase_not_before": not_before}
            connection.execute(sa.update(SUBJECT_KEY).where(SUBJECT_KEY.c.key == person.key).values(told))
            opened.store.add(connection, entry)
    except Changed:
        opened.keyring.forget(opened.keyring.tag(subject))
        raise
    except opened.store.failures as error:
        raise NotRecorded(opened.store.explain(error)) from error
    return entry.receipt


def _destroy(
    opened: OpenLedger, subjects: list[Subject], private: Json, list_them: bool = True, since: bool = False
) -> Erasure:
    """Destroys the keys. How many payloads nothing opens any more, and what of the keys may be left, and why."""
    store, now = opened.store, opened.now()
    entry_id, keys = new_id(now), [person.key for person in subjects]
    # Listed first: a crash between the two leaves a key that is destroyed when the ledger is opened again.
    if list_them:
        _list(opened, keys, str(entry_id), now)
    try:
        with store.transaction() as connection:
            ids = check_unchanged(opened, connection, subjects, since)
            entries = store.private.lose_keys(connection, keys)
            if entries != len(ids):
                raise of_others(ids[0] if ids else bytes(16))
            for some in _chunks(keys):
                connection.execute(sa.delete(SUBJECT_KEY).where(SUBJECT_KEY.c.key.in_(some)))
            restrictions = sorted(person.last.entry_id for person in subjects if person.last is not None)
            about: Json = {"entries": entries, "keys": len(keys)}
            if restrictions:
                about["restrictions"] = restrictions
            unsigned = sorted(map(id_text, unsigned_among(opened, connection, ids)))
            noted = {**private, "keys": [key.hex() for key in keys], "unsigned": unsigned}
            entry = opened.ledger.prepare(Entry(entry_id, now, Kind.ERASURE, noted, about=about))
            store.add(connection, entry)
    except (Changed, OrdainError):
        _withdraw(opened.places, keys, str(entry_id))
        raise
    except store.failures as error:
        _withdraw(opened.places, keys, str(entry_id))
        raise NotRecorded(store.explain(error)) from error
    return Erasure(Erased.DONE, entries, left=_leave_nothing(store), receipt=entry.receipt)


def _sign(opened: OpenLedger) -> None:
    """So that an erasure need not name what is not signed yet (see `audit.ledger.forgeries`). It can without, too."""
    with suppress(OrdainError):
        opened.settle()


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
