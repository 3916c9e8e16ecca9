"""Reconciliation: what was done, by a table of business actions, against what was decided, by the ledger.

A decision stands for an action when the action names its id; or, for one that names only subject and time, when it
is the last one about that subject (and for that service, if named) that had been made by then and was not used.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.ledger.told import is_untold
from ordain.audit.records.actions import Action
from ordain.audit.records.follow_ups import FollowUp, settlements
from ordain.audit.records.query import Condition, Query, at_path, says
from ordain.audit.records.search import Progress, matching, search
from ordain.engine.policy.model import Verdict

Json = dict[str, Any]


class Wrong(StrEnum):
    """What can be wrong."""

    NO_DECISION = "no decision"
    """Done, and no decision on record."""
    DIFFERS = "differs"
    """The decision is about another subject or service, or says something else."""
    DENIED = "denied"
    """Done although the decision was no."""
    REVIEW = "review"
    """Done although the decision was that a person is to look at it first."""
    TOO_EARLY = "too early"
    """Done before it was decided."""
    TWICE = "twice"
    """Done with a decision that another action has used."""
    NOT_DONE = "not done"
    """Decided, and not done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`row` of the table, from 1; None for what was decided and not done."""

    wrong: Wrong
    message: str
    row: int | None
    decision_id: str | None
    subject: str | None = None


@dataclass(slots=True)
class Reconciliation:
    """The evidence; true when nothing was found.

    `matched` actions have their decision, of which for `unreadable` ones only the envelope could be compared: their
    private part is erased, expired or restricted. `since` and `until` bound where `not done` was looked for,
    `read_since` and `read_until` the decisions that were read.
    """

    actions: int
    findings: list[Finding] = field(default_factory=list)
    matched: int = 0
    unreadable: int = 0
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    read_since: dt.datetime | None = None
    read_until: dt.datetime | None = None
    ids: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return not self.findings

    def counts(self) -> dict[str, int]:
        """How many findings there are of each sort, zeros included."""
        counted = Counter(finding.wrong for finding in self.findings)
        return {str(wrong): counted[wrong] for wrong in Wrong}


@dataclass(frozen=True, slots=True)
class Rules:
    """`within` is how old a decision may be when it is acted upon, `slack` how far two clocks may differ.

    Decisions of `services` must be acted upon (none: of those that the table names or uses), unless their outcome is
    one of `unless`, such as `offer.action=none`.
    """

    within: dt.timedelta = dt.timedelta(days=1)
    slack: dt.timedelta = dt.timedelta(seconds=5)
    services: Sequence[str] = ()
    unless: Sequence[Condition] = ()


@dataclass(frozen=True, slots=True)
class _Decided:
    id: UUID
    time: dt.datetime
    service: str
    outcome_class: str
    readable: bool
    subject: str | None
    outcome: Json
    settled: FollowUp | None = None

    @property
    def says(self) -> str:
        """permit, deny, review or decided: as a person left it, if one did."""
        return self.outcome_class if self.settled is None else str(self.settled.said["verdict"])


def reconcile(
    actions: Sequence[Action],
    reader: Reader,
    rules: Rules = Rules(),
    progress: Progress = lambda done, total: None,
) -> Reconciliation:
    """Compares the table with the ledger, both ways."""
    done = Reconciliation(len(actions))
    times = [action.time for action in actions if action.time is not None]
    settled = settlements(reader)
    if times:
        done.read_since, done.read_until = min(times) - rules.within, max(times) + rules.slack
    by_id, by_subject = _gathered(actions, reader, done, settled, progress)
    used: dict[UUID, int] = {}
    services = set(rules.services)
    for action in sorted(actions, key=_order):
        decision = _of(action, by_id, by_subject, used, rules)
        if decision is None:
            done.findings.append(_without(action))
            continue
        done.matched += 1
        done.ids.append(str(decision.id))
        done.unreadable += not decision.readable
        done.findings.extend(_compared(action, decision, used.get(decision.id), rules))
        used.setdefault(decision.id, action.row)
        if not rules.services:
            services.add(decision.service)
    done.findings.sort(key=lambda finding: finding.row or 0)
    times = times or [by_id[key].time for key in used if key in by_id]
    if times:
        done.since, done.until = min(times), max(times) + dt.timedelta(microseconds=1)
        named = services | ({action.service for action in actions if action.service} if not rules.services else set())
        done.findings.extend(_not_done(reader, done, used, named, settled, rules))
    return done


def _order(action: Action) -> tuple[bool, dt.datetime, int]:
    """Those that name their decision first, so that nothing else is given it; then in the order of time."""
    return action.decision_id is None, action.time or dt.datetime.min.replace(tzinfo=dt.UTC), action.row


def _gathered(
    actions: Sequence[Action],
    reader: Reader,
    done: Reconciliation,
    settled: Mapping[str, FollowUp],
    progress: Progress,
) -> tuple[dict[UUID, _Decided], dict[str, list[_Decided]]]:
    """The decisions that the table may mean, by id and by subject; those in its time are read in one go."""
    ids = {action.decision_id for action in actions if action.decision_id is not None}
    subjects = {action.subject for action in actions if action.decision_id is None}
    paths = sorted({path for action in actions for path in action.outcome})
    by_id: dict[UUID, _Decided] = {}
    by_subject: dict[str, list[_Decided]] = defaultdict(list)
    if done.read_since is not None:
        query = Query(kind=Kind.DECISION, since=done.read_since, until=done.read_until)
        for record in search(reader, query, progress):
            subject = (record.private or {}).get("subject")
            if record.entry.id in ids:
                by_id[record.entry.id] = _decided(record, paths, settled)
            if subject in subjects:
                by_subject[str(subject)].append(_decided(record, paths, settled))
    for missing in sorted(ids - by_id.keys()):
        late = reader.record(missing)
        if late is not None and late.envelope.get("kind") == Kind.DECISION:
            by_id[missing] = _decided(late, paths, settled)
    for several in by_subject.values():
        several.sort(key=lambda decision: decision.time)
    return by_id, by_subject


def _decided(record: Record, paths: Iterable[str], settled: Mapping[str, FollowUp]) -> _Decided:
    envelope, private = record.envelope, record.private or {}
    return _Decided(
        id=record.entry.id,
        time=dt.datetime.fromisoformat(envelope["time"]),
        service=str(envelope.get("service")),
        outcome_class=str(envelope.get("outcome_class")),
        readable=_is_readable(record),
        subject=private.get("subject"),
        outcome={path: at_path(private.get("outcome"), path) for path in paths},
        settled=settled.get(str(record.entry.id)),
    )


def _of(
    action: Action,
    by_id: Mapping[UUID, _Decided],
    by_subject: Mapping[str, list[_Decided]],
    used: Mapping[UUID, int],
    rules: Rules,
) -> _Decided | None:
    if action.decision_id is not None:
        return by_id.get(action.decision_id)
    if action.time is None or action.subject is None:
        return None
    fitting = [
        decision
        for decision in by_subject.get(action.subject, ())
        if action.service in (None, decision.service)
        and action.time - rules.within <= decision.time <= action.time + rules.slack
    ]
    unused = [decision for decision in fitting if decision.id not in used]
    return (unused or fitting or [None])[-1]  # type: ignore[list-item]  # the last of what there is


def _without(action: Action) -> Finding:
    if action.decision_id is not None:
        message = "there is no such decision on record"
    else:
        of = f" of {action.service}" if action.service else ""
        message = f"there is no decision{of} about this subject from before the action"
    return Finding(Wrong.NO_DECISION, message, action.row, _id(action.decision_id), action.subject)


def _compared(action: Action, decision: _Decided, user: int | None, rules: Rules) -> Iterator[Finding]:
    def finding(wrong: Wrong, message: str) -> Finding:
        return Finding(wrong, message, action.row, str(decision.id), action.subject or decision.subject)

    if user is not None:
        yield finding(Wrong.TWICE, f"row {user} has used this decision already")
    settled = decision.settled
    if decision.says == Verdict.DENY:
        yield finding(Wrong.DENIED, "the decision was to deny it" if settled is None else "a person denied it")
    if decision.says == Verdict.REVIEW:
        yield finding(Wrong.REVIEW, "the decision was that a person must look at it first")
    if settled is not None and action.time is not None:
        when = dt.datetime.fromisoformat(settled.recorded_at)
        if decision.says == Verdict.PERMIT and when > action.time + rules.slack:
            yield finding(Wrong.REVIEW, f"a person permitted it only later, at {settled.recorded_at}")
    if action.time is not None and decision.time > action.time + rules.slack:
        yield finding(Wrong.TOO_EARLY, f"it was decided only later, at {decision.time.isoformat()}")
    if action.service is not None and action.service != decision.service:
        yield finding(Wrong.DIFFERS, f"the decision is one of `{decision.service}`, not of `{action.service}`")
    if not decision.readable:
        return
    if action.subject is not None and action.subject != decision.subject:
        yield finding(Wrong.DIFFERS, "the decision is about somebody else")
    for path, value in action.outcome.items():
        recorded = decision.outcome[path]
        if not says(recorded, value):
            yield finding(Wrong.DIFFERS, f"`{path}`: done `{value}`, decided {_describe(recorded)}")


def _not_done(
    reader: Reader,
    done: Reconciliation,
    used: Mapping[UUID, int],
    services: set[str],
    settled: Mapping[str, FollowUp],
    rules: Rules,
) -> Iterator[Finding]:
    query = Query(kind=Kind.DECISION, since=done.since, until=done.until)
    for told in matching(reader, query):
        entry, envelope = told.entry, told.envelope
        left = settled.get(str(entry.id))
        says = envelope.get("outcome_class") if left is None else left.said["verdict"]
        wanted = envelope.get("service") in services and says not in (Verdict.DENY, Verdict.REVIEW)
        if not wanted or entry.id in used:
            continue
        if left is None and is_untold(envelope):  # it may have been denied
            done.unreadable += 1
            continue
        record = reader.record(entry.id)
        if record is None or _excused(record, rules):
            continue
        if not _is_readable(record) and rules.unless:
            done.unreadable += 1
            continue
        message = f"decided for `{envelope.get('service')}` at {envelope['time']}, and no row carries it out"
        yield Finding(Wrong.NOT_DONE, message, None, str(entry.id), (record.private or {}).get("subject"))


def _excused(record: Record, rules: Rules) -> bool:
    return record.private is not None and any(
        condition.holds(record.private.get("outcome")) for condition in rules.unless
    )


def _is_readable(record: Record) -> bool:
    """Whether the record says for whom and what was decided: one that was not made whole may not."""
    return record.private is not None and "outcome" in record.private and "subject" in record.private


def _describe(recorded: object) -> str:
    return "no such value" if recorded is None else f"`{recorded}`"


def _id(decision_id: UUID | None) -> str | None:
    return None if decision_id is None else str(decision_id)
