"""What follows on a decision, as entries that name it: a review settled by a person, a showing, a performance.

    settled     decision, verdict (permit or deny), reason, actor
    shown       decision, at, texts (those that were shown; empty: all that were due), actor
    performed   decision, at, outcome (what was really charged or sent), actor

All of that, the decision's id too, is sealed under the key of whom the decision is about: no envelope links two
entries, and all are erased together. So who wants to know what followed opens the entries about that person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import Entry, Kind, Receipt, new_id, utc
from ordain.audit.entry.once import Once
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.ledger.reader import Status as Kept
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.shown import status_of
from ordain.audit.store.store import AskedBefore
from ordain.engine.errors import NotInReview, UnknownSubject
from ordain.engine.policy.model import STATUS, Status, Verdict

Json = dict[str, Any]

FOLLOW_UPS = (Kind.SETTLED, Kind.SHOWN, Kind.PERFORMED)
"""The kinds of such entries."""
_MARKS = {kind: canonical({"kind": kind})[1:-1] for kind in FOLLOW_UPS}
_SETTLES = "\0settle"
"""In the place of a caller, and none can be called that: one decision is settled once, whoever does it."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An entry about a decision; `said` is its private part."""

    entry_id: str
    kind: str
    recorded_at: str
    said: Json
    leaf_index: int | None = None

    @property
    def decision(self) -> str:
        """The id of the decision that it is about."""
        return str(self.said["decision"])

    def shown(self) -> Json:
        """As readers of the decision see it."""
        told = {name: part for name, part in self.said.items() if name != "decision"}
        return {"entry_id": self.entry_id, "recorded_at": self.recorded_at, **told}


def follow_ups(reader: Reader, record: Record) -> list[FollowUp]:
    """What followed on one decision, in the order of time; nothing where its private part cannot be read."""
    private = record.private or {}
    if "subject" not in private:
        return []
    found = []
    for entry in reader.entries_of(reader.ids_of(str(private["subject"]))):
        if not any(mark in entry.envelope for mark in _MARKS.values()):
            continue
        made = _read(reader.record(entry.id))
        if made is not None and made.decision == str(record.entry.id):
            found.append(made)
    return found


def all_of(reader: Reader, kind: str) -> Iterator[FollowUp]:
    """All readable ones of a kind, in the order of the log. It looks at every envelope."""
    for entry in reader.entries():
        if _MARKS[kind] in entry.envelope and (made := _read(reader.record(entry.id))) is not None:
            yield made


def settlements(reader: Reader) -> dict[str, FollowUp]:
    """By the id of a decision how a person settled its review."""
    return {made.decision: made for made in all_of(reader, Kind.SETTLED)}


def settlement_in(followed: Sequence[FollowUp]) -> FollowUp | None:
    """The one that settles the review, if there is one."""
    return next((each for each in followed if each.kind == Kind.SETTLED), None)


def status_after(record: Record, followed: Sequence[FollowUp]) -> Status | None:
    """The status of a decision's answer, as a person left it; None where it can no longer be told."""
    settled = settlement_in(followed)
    return status_of(record.envelope) if settled is None else STATUS[Verdict(settled.said["verdict"])]


def settle(opened: OpenLedger, record: Record, verdict: Verdict, reason: str, by: Mapping[str, Any]) -> FollowUp:
    """Closes the review of a decision: `by` permits or denies it.

    Who says again what was said gets the entry of before. Raises NotInReview for a decision that is in no open review,
    NotRecorded, LedgerUnavailable, UnknownSubject for one whose subject was erased this moment.
    """
    if record.envelope.get("outcome_class") not in (Verdict.REVIEW, None):  # None: its private part is gone, see below
        raise NotInReview("the decision is not one that a person is to look at", "only reviews are settled")
    said = {"decision": str(record.entry.id), "verdict": str(verdict), "reason": reason, **by}
    for _ in range(2):
        subject = _subject(record)
        if (before := settlement_in(follow_ups(opened.reader, record))) is not None:
            if {**before.said} == said:
                return before
            raise NotInReview(
                f"the review was settled on {before.recorded_at[:10]} by {before.said.get('actor')}: "
                f"{before.said.get('verdict')}",
                "a review is settled once; a new decision can be asked for",
            )
        once = opened.repeats.once(_SETTLES, said["decision"], "", canonical(said))
        try:
            made, at = _append(opened, Kind.SETTLED, record, subject, said, once)
        except AskedBefore:  # somebody else settles it this moment
            continue
        return FollowUp(made.entry_id, Kind.SETTLED, utc(at), said)
    raise NotInReview("the review is being settled by somebody else this moment", "look at the decision again")


def confirm(opened: OpenLedger, record: Record, kind: str, said: Json, once: Once | None = None) -> Receipt:
    """Records that what was decided was `shown` or `performed`; `said` as at the head of this file.

    Raises UnknownSubject for a decision whose private part is gone, AskedBefore, NotRecorded.
    """
    subject = _subject(record)
    return _append(opened, kind, record, subject, {"decision": str(record.entry.id), **said}, once)[0]


def _append(
    opened: OpenLedger, kind: str, record: Record, subject: str, said: Json, once: Once | None
) -> tuple[Receipt, dt.datetime]:
    now = opened.now()
    entry = Entry(new_id(now), now, kind, said, subject, record.envelope.get("service"))
    return opened.ledger.append(entry, known=True, once=once), now


def _subject(record: Record) -> str:
    """Whose key seals what follows. Raises UnknownSubject."""
    private = record.private or {}
    if "subject" not in private:
        why = {
            Kept.ERASED: "was erased",
            Kept.EXPIRED: "was removed by age",
            Kept.RESTRICTED: "is restricted, since its erasure was asked for",
        }.get(record.status, str(private.get(NOT_RESTORED)))
        raise UnknownSubject(f"the private part of the decision {why}", "nothing more is recorded about it")
    return str(private["subject"])


def _read(record: Record | None) -> FollowUp | None:
    """None for one that cannot be read any more, and then the decision neither."""
    if record is None or record.private is None or "decision" not in record.private:
        return None
    envelope = record.envelope
    return FollowUp(envelope["id"], envelope["kind"], envelope["time"], record.private, record.entry.leaf_index)
