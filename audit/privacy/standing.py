"""How one person stands in the ledger: held or restricted, how much there is, what an erasure would do now."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.privacy.erasure import Erased, allowed_from, person_of

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """`entries` are sealed under the person's key, `decisions` are those among them.

    `since` is when the hold or restriction that holds now was put on record; None without one. `not_before` is the day
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
    """`keep` is how long the law has the newest record kept. Raises UnknownSubject, LedgerUnavailable."""
    person, now = person_of(opened, subject), opened.now()
    allowed = allowed_from(person, keep, None, now)
    waits = Erased.RESTRICTED if allowed > now.date() else Erased.DONE
    there = person.hold or person.not_before is not None
    return Standing(
        entries=len(person.entries),
        decisions=len(person.decisions),
        hold=person.hold,
        not_before=person.not_before,
        since=person.last.time if person.last is not None and there else None,
        erasable=max(allowed, now.date()).isoformat(),
        would=Erased.HELD if person.hold else waits,
    )
