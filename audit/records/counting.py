"""Counts of entries by what they say, and samples that whoever names a seed can draw again without us.

A dimension is a word of `DIMENSIONS`, or `outcome.PATH`. An entry with several values of one (of rules, policies or
models) counts under each, one without any under `none`: so counts by them add up to more than the entries. Of what is
personal it goes on record that it was read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import product
from typing import Any, NamedTuple, TypeVar

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.records.export import places_with
from ordain.audit.records.older_forms import in_todays_form
from ordain.audit.records.query import Query, at_path
from ordain.audit.records.readings import Access, note_search
from ordain.audit.records.search import Looked, Progress, matching, nothing_shown, search
from ordain.audit.records.shown import status_of
from ordain.engine.errors import MalformedRequest, did_you_mean
from ordain.engine.policy.model import Verdict

Json = dict[str, Any]
Values = Callable[[Record, dt.tzinfo], list[str]]
Named = TypeVar("Named")
NONE = "none"
OUTCOME = "outcome."


@dataclass(slots=True)
class Counts:
    """`rows` by the values of the dimensions, in their order; `unreadable` no longer say a value that was asked for."""

    entries: int = 0
    unreadable: int = 0
    rows: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def sorted(self) -> list[tuple[tuple[str, ...], int]]:
        return sorted(self.rows.items())


def count(records: Iterable[Record], by: Sequence[str], zone: dt.tzinfo) -> Counts:
    """How many entries there are of each combination of values; `zone` is of days and months.

    Raises MalformedRequest for no dimension.
    """
    readers, done = [_values(name) for name in by], Counts()
    sealed = needs_private(by)
    for record in records:
        done.entries += 1
        if sealed and record.envelope["kind"] == Kind.DECISION and "outcome" not in (record.private or {}):
            done.unreadable += 1
            continue
        done.rows.update(product(*((read(record, zone) or [NONE]) for read in readers)))
    return done


def needs_private(by: Iterable[str]) -> bool:
    """Whether a dimension is told by the private part alone. Raises MalformedRequest for no dimension."""
    for name in by:
        _values(name)
    return any(name.startswith(OUTCOME) or name in _SEALED for name in by)


def sample(found: Iterable[Named], id_of: Callable[[Named], str], size: int, seed: str) -> list[Named]:
    """`size` of what was found, in the order of the log: those whose SHA-256 of `seed:entry_id` is the smallest.

    So a sample depends on nothing but the seed and the entries: `printf '%s' SEED:ENTRY_ID | sha256sum` draws it again.
    """
    drawn = nsmallest(
        size, enumerate(found), key=lambda each: hashlib.sha256(f"{seed}:{id_of(each[1])}".encode()).digest()
    )
    return [each for _, each in sorted(drawn, key=lambda pair: pair[0])]


class Passed:
    """Records as they pass by: how many, which, and where they stand."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records, self.entries = records, 0
        self.ids: list[str] = []
        self.places: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[Record]:
        for record in self._records:
            self.entries += 1
            self.ids.append(str(record.entry.id))
            self.places = places_with(self.places, record)
            yield record


class Drawn(NamedTuple):
    """A sample: its records in the order of the log, and of how many they are."""

    records: list[Record]
    of: int


def passing(reader: Reader, query: Query, show: Progress, looked: Looked) -> Passed:
    """What fits, opened no further than the query takes."""
    return Passed((search if query.is_personal else matching)(reader, query, show, looked))


def draw(
    opened: OpenLedger,
    query: Query,
    size: int,
    seed: str,
    by: Access,
    action: str,
    show: Progress = nothing_shown,
    looked: Looked | None = None,
) -> Drawn:
    """`size` of what fits, the same for the same seed; what was opened for that goes on record as read.

    Raises NotRecorded, UnknownSubject, MalformedRequest; then nothing may be shown.
    """
    read = passing(opened.reader, query, show, looked or Looked())
    records = sample(read, lambda record: str(record.entry.id), size, seed)
    if query.is_personal:
        note_search(opened, action, by, query, read.ids, read.entries, read.places)
    return Drawn(records, read.entries)


def _values(name: str) -> Values:
    if name.startswith(OUTCOME) and len(name) > len(OUTCOME):
        path = name.removeprefix(OUTCOME)
        return lambda record, _: _told(at_path((record.private or {}).get("outcome"), path))
    if name not in DIMENSIONS:
        hint = did_you_mean(name, DIMENSIONS) or f"one of {', '.join(DIMENSIONS)}, outcome.PATH"
        raise MalformedRequest(f"nothing is counted by `{name[:60]}`", hint)
    return DIMENSIONS[name]


def _told(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return [text for part in value for text in _told(part)]
    if isinstance(value, dict):
        if set(value) == {"amount", "currency"}:
            return [f"{value['amount']} {value['currency']}"]
        return [", ".join(f"{name} {' '.join(_told(part)) or NONE}" for name, part in value.items())]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def _of_envelope(name: str) -> Values:
    return lambda record, _: _told(record.envelope.get(name))


def _recorded(form: str) -> Values:
    return lambda record, zone: [dt.datetime.fromisoformat(record.envelope["time"]).astimezone(zone).strftime(form)]


def _decided_for(form: str) -> Values:
    def read(record: Record, zone: dt.tzinfo) -> list[str]:
        at = (record.private or {}).get("at")
        return [] if at is None else [dt.datetime.fromisoformat(at).astimezone(zone).strftime(form)]

    return read


def _verdict(record: Record, _: dt.tzinfo) -> list[str]:
    return _told(record.envelope["outcome_class"])


def _status(record: Record, _: dt.tzinfo) -> list[str]:
    return _told(status_of(record.envelope))


def _labels(part: str, name: str) -> Values:
    return lambda record, _: [f"{each[name]}@{each['version']}" for each in record.envelope[part]]


def _rules(record: Record, _: dt.tzinfo) -> list[str]:
    return list(dict.fromkeys(record.envelope["reason_codes"]))


def _denied_by(record: Record, _: dt.tzinfo) -> list[str]:
    return list(dict.fromkeys(_deniers(in_todays_form(record.private or {}))))


def _deniers(private: Json) -> Iterator[str]:
    for reason in private.get("reasons") or ():
        if reason.get("verdict") == Verdict.DENY:
            yield f"{reason['policy']}/{reason['rule']}"


def _caller(record: Record, _: dt.tzinfo) -> list[str]:
    private = record.private or {}
    return _told((private.get("caller") or {}).get("name") or private.get("actor"))


def _subject(record: Record, _: dt.tzinfo) -> list[str]:
    return _told((record.private or {}).get("subject"))


_SEALED: dict[str, Values] = {
    "at-month": _decided_for("%Y-%m"),
    "at-day": _decided_for("%Y-%m-%d"),
    "denied-by": _denied_by,
    "caller": _caller,
    "subject": _subject,
}
DIMENSIONS: dict[str, Values] = {
    "year": _recorded("%Y"),
    "month": _recorded("%Y-%m"),
    "day": _recorded("%Y-%m-%d"),
    "hour": _recorded("%H"),
    **{name: _of_envelope(name) for name in ("kind", "service", "jurisdiction", "engine")},
    "verdict": _verdict,
    "status": _status,
    "policy": _labels("policies", "policy"),
    "model": _labels("models", "model"),
    "rule": _rules,
    **_SEALED,
}
"""What entries are counted by: what envelopes say, and what only the private part does."""
