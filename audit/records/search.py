"""Search: entries by what their envelopes say, by their subject, and by what was decided.

Envelopes are canonical bytes, so what a condition asks for stands in them in one form only: an entry without these
bytes is passed over unread. Payloads are opened for what is found, and for a condition on the outcome.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import Kind, StoredEntry, first_id, utc
from ordain.audit.ledger.reader import Reader, Record, Status
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.limits import LIMITS
from ordain.audit.records.older_forms import in_todays_form
from ordain.engine.errors import MalformedRequest, NotThatType
from ordain.engine.values.types import number

Json = dict[str, Any]
Progress = Callable[[int, int], None]
"""Called with how many entries have been looked at so far, and how many there are to look at."""

_WORTH_READING_ON = LIMITS.page // 20  # so many of a page, and opening one after another beats fetching each by its id
_PATH = re.compile(r"[^\s.=]+(\.[^\s.=]+)*")
_AFTER_ALL = b"\xff" * 17
_OUT_OF_ORDER = dt.timedelta(seconds=LIMITS.clock_set_back)
_NEAR = dt.timedelta(milliseconds=1)  # an id has the time of its entry to the millisecond


@dataclass(frozen=True, slots=True)
class Condition:
    """What the outcome has at a path: `offer.action` is `e-mail`.

    Numbers are compared as numbers, amounts of money by the amount (or as `.currency`), flags as true or false,
    nothing as null; a list has a value when one of its items is it.
    """

    path: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Condition:
        """From `path=value`. Raises MalformedRequest."""
        path, equals, value = text.partition("=")
        if not equals or not _PATH.fullmatch(path.strip()):
            raise MalformedRequest(f"`{text}` is not a condition on the outcome", "write it `offer.action=e-mail`")
        return cls(path.strip(), value.strip())

    def holds(self, outcome: object) -> bool:
        """Whether the JSON of an outcome has this value there."""
        return says(at_path(outcome, self.path), self.value)


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; all that is set must hold.

    `policy` is a name or name@version, `rule` a rule that fired, by its id or as policy@version/rule; `decision` says
    in which table it fired, where several have a rule of that id, and which no envelope says. `since` and `until` are
    moments with an offset, the second without itself. `verdict` is permit, deny, review or decided (no verdict).
    `limit` is the most that are wanted.
    """

    subject: str | None = None
    service: str | None = None
    policy: str | None = None
    rule: str | None = None
    decision: str | None = None
    verdict: str | None = None
    kind: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    outcome: tuple[Condition, ...] = ()
    limit: int | None = None

    @property
    def is_personal(self) -> bool:
        """Whether finding it takes more than envelopes."""
        return self.subject is not None or self.decision is not None or bool(self.outcome)

    def as_json(self) -> Json:
        """What is asked for, as JSON."""
        asked: Json = {
            name: getattr(self, name)
            for name in ("subject", "service", "policy", "rule", "decision", "verdict", "kind")
        }
        asked |= {name: None if (at := getattr(self, name)) is None else utc(at) for name in ("since", "until")}
        asked["outcome"] = [f"{condition.path}={condition.value}" for condition in self.outcome]
        return {name: value for name, value in asked.items() if value}


@dataclass(slots=True)
class Looked:
    """Counts of one search: entries that fitted but for their private part, which can no longer be read."""

    unreadable: int = 0


def search(
    reader: Reader,
    query: Query,
    progress: Progress = lambda done, total: None,
    looked: Looked | None = None,
) -> Iterator[Record]:
    """What fits, opened; in the order of the log, or of time when the subject is given.

    Entries of a subject are found as soon as they are durable, others once they have a place in the order.
    """
    records = _of_subject(reader, query, progress) if query.subject is not None else _streamed(reader, query, progress)
    yield from islice(_by_private(records, query, looked or Looked()), query.limit)


def matching(
    reader: Reader, query: Query, progress: Progress = lambda done, total: None
) -> Iterator[tuple[StoredEntry, Json]]:
    """Like `search`, entries and their envelopes only: nothing personal is opened.

    Raises ValueError for a query that takes more.
    """
    if query.is_personal:
        raise ValueError("a search by subject, decision or outcome opens what is personal")
    pairs = (pair for chunk in _chunks(reader, query, progress) for pair in chunk)
    yield from islice(pairs, query.limit)


def public_records(reader: Reader, query: Query, progress: Progress = lambda done, total: None) -> Iterator[Record]:
    """Like `matching`, as records; what has become of their private part is not looked at."""
    for entry, envelope in matching(reader, query, progress):
        yield Record(entry, envelope, Status.READABLE, None)


def at_path(value: object, path: str) -> object:
    """The part of a JSON value at `offer.action`; None when there is none."""
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value


def says(recorded: object, value: str) -> bool:
    """Whether a recorded JSON value is what `value` writes."""
    if isinstance(recorded, list):
        return any(says(item, value) for item in recorded)
    if isinstance(recorded, Mapping):
        return set(recorded) == {"amount", "currency"} and says(recorded["amount"], value)
    if recorded is None:
        return value == "null"
    if isinstance(recorded, bool):
        return value.lower() == str(recorded).lower()
    if str(recorded) == value:
        return True
    numbers = _number(recorded), _number(value)
    return None not in numbers and numbers[0] == numbers[1]


def _number(value: object) -> Decimal | None:
    try:
        return number(str(value))
    except NotThatType:
        return None


class _Test:
    """The conditions on envelopes, as bytes that must stand in one and as what it must say when read."""

    def __init__(self, query: Query, reader: Reader | None = None) -> None:
        self.query = query
        self.name, _, self.version = (query.policy or "").partition("@")
        self.since = None if query.since is None else utc(query.since)
        self.until = None if query.until is None else utc(query.until)
        self.first = b"" if query.since is None else first_id(query.since)
        self.last = _AFTER_ALL if query.until is None else first_id(query.until, _NEAR)
        fields = {"kind": query.kind, "service": query.service, "outcome_class": query.verdict}
        self.fields = {name: value for name, value in fields.items() if value is not None}
        self.marks = [canonical({name: value})[1:-1] for name, value in self.fields.items()]
        self.names = [canonical({"policy": self.name})[1:-1]] if query.policy else []
        if query.policy and reader is not None:  # envelopes that name a plan do not name its policies
            self.names += [digest.encode() for digest in reader.plans_naming(self.name)]
            self.names.append(canonical(f"{self.name}@")[:-1])  # a rule of it that fired, where the plan's text is lost
        if query.rule:
            self.marks.append(canonical(query.rule)[1:])

    def may_fit(self, entry: StoredEntry) -> bool:
        envelope = entry.envelope
        marked = all(mark in envelope for mark in self.marks)
        named = not self.names or any(name in envelope for name in self.names)
        return marked and named and self.first <= entry.id.bytes < self.last

    def fits(self, envelope: Json) -> bool:
        if any(envelope.get(name) != value for name, value in self.fields.items()):
            return False
        time = envelope.get("time", "")
        if (self.since is not None and time < self.since) or (self.until is not None and time >= self.until):
            return False
        if self.query.policy and not self._names_policy(envelope):
            return False
        return not self.query.rule or any(map(self.is_rule, envelope.get("reason_codes", ())))

    def _names_policy(self, envelope: Json) -> bool:
        named = [(policy.get("policy"), str(policy.get("version"))) for policy in envelope.get("policies", ())]
        if "plan" in envelope and not named:  # its text is lost: what is left are the rules that fired
            labels = [code.partition("/")[0].partition("@") for code in envelope.get("reason_codes", ())]
            named = [(name, version) for name, _, version in labels]
        return any(name == self.name and self.version in ("", version) for name, version in named)

    def is_rule(self, code: str) -> bool:
        """`code` is policy@version/rule."""
        label, _, rule = code.partition("/")
        wanted = self.query.rule
        if wanted not in (code, rule):
            return False
        return not self.name or label == self.query.policy or (not self.version and label.startswith(f"{self.name}@"))


def _by_private(records: Iterator[Record], query: Query, looked: Looked) -> Iterator[Record]:
    """The records that fit the conditions which no envelope can settle."""
    for record in records:
        if query.outcome or query.decision is not None:
            private = record.private
            if private is None or (query.outcome and "outcome" not in private):
                looked.unreadable += record.envelope.get("kind") == Kind.DECISION
                continue
            if not all(condition.holds(private.get("outcome")) for condition in query.outcome):
                continue
            if query.decision is not None and NOT_RESTORED in private:
                looked.unreadable += 1
                continue
            if query.decision is not None and not _fired_in(query, in_todays_form(private)):
                continue
        yield record


def _fired_in(query: Query, private: Json) -> bool:
    """Whether a rule of the wanted decision fired: the wanted rule, if one is."""
    test = _Test(query)
    return any(
        reason.get("decision") == query.decision and (not query.rule or test.is_rule(f"{reason['policy']}/{rule}"))
        for reason in private.get("reasons") or ()
        if (rule := reason.get("rule"))
    )


def _of_subject(reader: Reader, query: Query, progress: Progress) -> Iterator[Record]:
    test, ids = _Test(query, reader), reader.ids_of(query.subject or "")
    for done, entry_id in enumerate(ids, start=1):
        record = reader.record(entry_id)
        if record is not None and test.may_fit(record.entry) and test.fits(record.envelope):
            yield record
        progress(done, len(ids))


def _streamed(reader: Reader, query: Query, progress: Progress) -> Iterator[Record]:
    if not any((query.service, query.policy, query.rule, query.verdict, query.until)):
        yield from _read_on(reader, query, progress)
        return
    for chunk in _chunks(reader, query, progress):
        if len(chunk) < _WORTH_READING_ON:
            for entry, _ in chunk:
                if (record := reader.record(entry.id)) is not None:
                    yield record
        else:
            wanted = {entry.id for entry, _ in chunk}
            first, last = chunk[0][0].leaf_index or 0, chunk[-1][0].leaf_index or 0
            yield from (record for record in reader.records(first, last + 1) if record.entry.id in wanted)


def _read_on(reader: Reader, query: Query, progress: Progress) -> Iterator[Record]:
    """For a query that most entries fit: opening them at once is cheaper than reading envelopes first."""
    test, (start, end) = _Test(query, reader), _bounds(reader, query)
    for done, record in enumerate(reader.records(start, end), start=1):
        if test.fits(record.envelope):
            yield record
        if done % LIMITS.page == 0 or done == end - start:
            progress(done, end - start)


def _chunks(reader: Reader, query: Query, progress: Progress) -> Iterator[list[tuple[StoredEntry, Json]]]:
    """What fits among each page of the order."""
    test, (start, end) = _Test(query, reader), _bounds(reader, query)
    entries, done = reader.entries(start, end), 0
    while chunk := list(islice(entries, LIMITS.page)):
        read = ((entry, reader.envelope(entry)) for entry in chunk if test.may_fit(entry))
        if fitting := [(entry, envelope) for entry, envelope in read if test.fits(envelope)]:
            yield fitting
        done += len(chunk)
        progress(done, end - start)


def _bounds(reader: Reader, query: Query) -> tuple[int, int]:
    """The leaf indices between which everything in the query's time is."""
    start = 0 if query.since is None else reader.position(first_id(query.since))
    end = reader.size() if query.until is None else reader.position(first_id(query.until, _OUT_OF_ORDER))
    return start, max(start, end)
