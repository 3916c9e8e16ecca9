"""Events and snapshots on their way into the store: looked at one by one, written many at once.

What is not taken is told, and keeps nothing else out. An event whose id is there already is a repeat when it says the
same; when it first became known stays. A snapshot that says what is known already is a repeat, too; one that says
something else about the same time is a correction, and stands beside it with its own `known`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from secrets import randbits
from typing import Generic, NamedTuple, TypeVar

from ordain.engine.errors import FeaturesUnavailable, Issue, NotThatType, quoted
from ordain.engine.values.types import Value
from ordain.models.features.definition import SNAPSHOT, Definition, Definitions, micros
from ordain.models.features.field_values import as_text, json_fields, misfits
from ordain.models.limits import LIMITS
from ordain.models.store.database import Database, EntityLine, EventLine, Moved, SnapshotLine, Writing
from ordain.models.store.records import Added, Event, Refused, Snapshot

_TRIES = 5
"""Of one batch, when others write the same events at the same time."""

L = TypeVar("L", EventLine, SnapshotLine)


class _Sorted(NamedTuple, Generic[L]):
    """What of a batch is new, how much was there, and what says something else than what is there."""

    new: list[L]
    repeated: int
    refused: list[Refused]


class Intake:
    """Takes records in, for features of those definitions. Raises FeaturesUnavailable."""

    def __init__(self, database: Database, definitions: Definitions) -> None:
        self._database = database
        self._read_of: Mapping[str, tuple[Definition, ...]] = {
            source: tuple(each for each in definitions.of_source(source) if each.field)
            for source in definitions.sources
        }

    def events(self, events: Sequence[Event]) -> Added:
        lines, refused = self._lines(events, self._event)
        return self._written(lines, refused, _sorted_events, lambda to, new: to.insert_events(new))

    def snapshots(self, snapshots: Sequence[Snapshot]) -> Added:
        lines, refused = self._lines(snapshots, self._snapshot)
        return self._written(lines, refused, _sorted_snapshots, lambda to, new: to.insert_snapshots(new))

    def _lines(self, given: Sequence[T], line: Callable[[T], L]) -> tuple[dict[int, L], list[Refused]]:
        lines, refused = {}, []
        for place, each in enumerate(given):
            try:
                lines[place] = line(each)
            except NotThatType as error:
                refused.append(Refused(place, Issue(str(error))))
        return lines, refused

    def _written(
        self,
        lines: Mapping[int, L],
        refused: list[Refused],
        sort: Callable[[Writing, Mapping[int, L]], _Sorted[L]],
        insert: Callable[[Writing, Sequence[L]], int],
    ) -> Added:
        def once() -> _Sorted[L]:
            with self._database.writing() as writing:
                batch = sort(writing, lines)
                if batch.new:
                    writing.touch(_entities(batch.new))
                    if insert(writing, batch.new) < len(batch.new):
                        raise Moved
            return batch

        if not lines:
            return Added(0, 0, tuple(refused))
        for _ in range(_TRIES):
            try:
                found: _Sorted[L] = self._database.guarded(once)
            except Moved:
                continue
            told = sorted([*refused, *found.refused], key=lambda each: each.place)
            return Added(len(found.new), found.repeated, tuple(told))
        raise FeaturesUnavailable(
            f"the feature store `{self._database.name}` is being written by others all the time", "send it again"
        )

    def _event(self, event: Event) -> EventLine:
        _check_name("the event's id", event.id)
        _check_name("the subject", event.subject)
        _check_name("the kind", event.kind)
        if event.kind.startswith(SNAPSHOT):
            raise NotThatType(f"{quoted(event.kind)} is no kind of event: a snapshot is put, not added")
        fields = self._fields(event.kind, event.fields)
        happened, known = _time("happened", event.happened), _time("known", event.known)
        return EventLine(event.subject, event.id, event.kind, happened, known, fields)

    def _snapshot(self, snapshot: Snapshot) -> SnapshotLine:
        _check_name("the subject", snapshot.subject)
        _check_name("the source", snapshot.source)
        fields = self._fields(SNAPSHOT + snapshot.source, snapshot.fields)
        happened, known = _time("happened", snapshot.happened), _time("known", snapshot.known)
        return SnapshotLine(snapshot.subject, snapshot.source, happened, known, fields)

    def _fields(self, source: str, given: Mapping[str, Value]) -> str:
        fields = json_fields(given)
        if (read := self._read_of.get(source)) and (wrong := misfits(fields, read)):
            raise NotThatType("; ".join(wrong))
        return as_text(fields)


T = TypeVar("T", Event, Snapshot)


def _sorted_events(writing: Writing, lines: Mapping[int, EventLine]) -> _Sorted[EventLine]:
    there = writing.events([line.id for line in lines.values()])
    new: list[EventLine] = []
    refused: list[Refused] = []
    for place, line in lines.items():
        stored = there.get(line.id)
        if stored is None:
            there[line.id] = line
            new.append(line)
        elif stored._replace(known=line.known) != line:
            message = f"the event {quoted(line.id)} is there already, and says something else"
            refused.append(Refused(place, Issue(message, "give each event an id of its own, and never change one")))
    return _Sorted(new, len(lines) - len(new) - len(refused), refused)


def _sorted_snapshots(writing: Writing, lines: Mapping[int, SnapshotLine]) -> _Sorted[SnapshotLine]:
    there: dict[tuple[str, str, int], dict[int, str]] = {}
    for row in writing.snapshots([line[:3] for line in lines.values()]):
        there.setdefault(row[:3], {})[row.known] = row.fields
    new: list[SnapshotLine] = []
    refused: list[Refused] = []
    for place, line in lines.items():
        versions = there.setdefault(line[:3], {})
        before = max((known for known in versions if known <= line.known), default=None)
        if before is None or (before < line.known and versions[before] != line.fields):
            versions[line.known] = line.fields
            new.append(line)
        elif versions[before] != line.fields:
            message = f"of {quoted(line.subject)} another snapshot `{line.source}` of that time became known just then"
            refused.append(Refused(place, Issue(message, "a correction has a later `known`")))
    return _Sorted(new, len(lines) - len(new) - len(refused), refused)


def _entities(lines: Sequence[EventLine] | Sequence[SnapshotLine]) -> list[EntityLine]:
    """The subjects of new records, with a stamp that nothing kept of them has."""
    stamp = randbits(62)
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for line in lines:
        first[line.subject] = min(line.known, first.get(line.subject, line.known))
        last[line.subject] = max(line.known, last.get(line.subject, line.known))
    return [EntityLine(subject, first[subject], last[subject], stamp) for subject in first]


def _check_name(what: str, text: object) -> None:
    """Raises NotThatType for what no database keeps as a name."""
    if not isinstance(text, str) or not text:
        raise NotThatType(f"{what} is missing")
    if len(text) > LIMITS.id_characters:
        raise NotThatType(f"{what} has {len(text):,} characters, {LIMITS.id_characters} are kept at the most")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NotThatType(f"{what} has half of a character in it") from None
    if "\0" in text:
        raise NotThatType(f"{what} has the character 0 in it, which databases do not keep")


def _time(what: str, moment: object) -> int:
    if not isinstance(moment, dt.datetime) or moment.tzinfo is None:
        raise NotThatType(f"`{what}` is no time with an offset, such as 2026-01-31T08:00:00Z")
    return micros(moment)
