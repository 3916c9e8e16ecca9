"""How one person stands in the ledger: held or restricted, how much there is, what an erasure would do now."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ordain.audit.entry.entry import VERIFY, time_in, utc
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.privacy.erasure import Erased, allowed_from, person_of, unknown
from ordain.audit.privacy.on_record import OnRecord, Restriction
from ordain.audit.privacy.subjects import Subject, subject_of_key
from ordain.audit.store.rows import SUBJECT_KEY
from ordain.engine.errors import LedgerUnavailable, UnknownSubject

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """`entries` are sealed under the person's key, `decisions` are those among them.

    `since` is when the hold that stands was put on record; None without one. `not_before` is the day
    that an erasure which was asked for waits for. `erasable` is the first day on which it may be erased by its age, and
    `would` what asking for it now would come to.
    """

    entries: int
    decisions: int
    hold: bool
    not_before: str | None
    since: str | None
    erasable: str
    would: Erased

    def data(self) -> Json:
        """Everything, for JSON."""
        return asdict(self)


def standing_of(opened: OpenLedger, subject: str, keep: dt.timedelta = dt.timedelta(0)) -> Standing:
    """`keep` is how long the law has the newest record kept.

    Hold and day are those of the subject's row, which repeats them for readers: an erasure folds them from the entries
    of the whole log, and holds to these. Raises UnknownSubject, LedgerUnavailable.
    """
    person, now = _by_row(opened, subject), opened.now()
    allowed = allowed_from(person, keep, None, now)
    waits = Erased.RESTRICTED if allowed > now.date() else Erased.DONE
    return Standing(
        entries=len(person.entries),
        decisions=len(person.decisions),
        hold=person.hold,
        not_before=person.not_before,
        since=person.last.time if person.last is not None and person.hold else None,
        erasable=max(allowed, now.date()).isoformat(),
        would=Erased.HELD if person.hold else waits,
    )


def is_held(opened: OpenLedger, subject: str) -> bool:
    """Whether a legal hold stands, as the entries of the log say. Raises LedgerUnavailable."""
    try:
        return person_of(opened, subject).hold
    except UnknownSubject:
        return False


def _by_row(opened: OpenLedger, subject: str) -> Subject:
    with opened.store.reading() as connection:
        wanted = sa.select(SUBJECT_KEY.c.key).where(SUBJECT_KEY.c.tag == opened.keyring.tag(subject))
        key = connection.execute(wanted).scalar()
        person = None if key is None else subject_of_key(opened, connection, key, OnRecord())
    if person is None:
        raise unknown(subject)
    held, not_before = person.columns
    try:
        since = "" if held is None else utc(time_in(UUID(str(held)).bytes))
        day = None if not_before is None else dt.date.fromisoformat(str(not_before)).isoformat()
    except ValueError:
        raise LedgerUnavailable("the state of a subject is damaged", VERIFY) from None
    return replace(person, last=Restriction(str(held or ""), held is not None, day, since))
