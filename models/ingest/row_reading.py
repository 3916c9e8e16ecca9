"""A row of a file or a request, made into an event or a snapshot; or everything that is wrong with it.

A row has `subject`, `happened_at`, and `kind` (or `snapshot`, in place of it); it may have `event_id` and `known_at`.
All else are fields. What a field must be is looked at by the store alone, against the features that read it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

from ordain.engine.errors import NotThatType, quoted
from ordain.engine.values.types import format_raw
from ordain.models.features.definition import SNAPSHOT, Definitions, micros
from ordain.models.features.field_values import as_text, json_fields
from ordain.models.ingest.column_mapping import PLAIN, ColumnMapping
from ordain.models.ingest.field_texts import FieldTexts, Read
from ordain.models.ingest.moments import Moments
from ordain.models.limits import LIMITS
from ordain.models.store.records import Event, Snapshot

SUBJECT, KIND, SNAPSHOT_OF, HAPPENED, KNOWN, ID = (
    *("subject", "kind", "snapshot", "happened_at", "known_at", "event_id"),
)
NAMES = (ID, SUBJECT, KIND, SNAPSHOT_OF, HAPPENED, KNOWN)
"""What is no field. A snapshot has no `event_id`: there it is a field as any other."""


def needed_columns(source: str) -> tuple[tuple[str, ...], ...]:
    """What a table of rows has one column of, each; `source` as in `Reading`."""
    return ((SUBJECT,), (HAPPENED,)) if source else ((SUBJECT,), (HAPPENED,), (KIND, SNAPSHOT_OF))


class Unfit(Exception):
    """A row that is not taken, and why."""

    def __init__(self, reasons: list[str], subject: str | None = None) -> None:
        super().__init__("; ".join(reasons))
        self.reasons, self.subject = tuple(reasons), subject


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows are read. With `strict`, what no feature reads is not taken; `skew` is how far a clock may be ahead.

    `source` is what every row is, a kind of event or `snapshot NAME`, where rows do not say it themselves.
    """

    definitions: Definitions
    moments: Moments
    mapping: ColumnMapping = PLAIN
    source: str = ""
    strict: bool = False
    skew: dt.timedelta = dt.timedelta(0)


@dataclass(slots=True)
class Seen:
    """What was noticed of rows that were taken. `fields` are by source and field."""

    without_id: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)


class RowReader:
    """Reads rows, whose names are the store's. `now` is called once for each batch: `begin`."""

    def __init__(self, reading: Reading, now: Callable[[], dt.datetime]) -> None:
        self._reading, self._clock, self._moments = reading, now, reading.moments
        self._texts = FieldTexts(reading.definitions, reading.mapping, reading.moments)
        self.seen = Seen()
        self.begin()

    def begin(self) -> None:
        """Rows without `known_at` become known now."""
        self.now = self._clock()
        self._latest = self.now + self._reading.skew

    @property
    def without_offset(self) -> int:
        """How many times had no offset."""
        return self._moments.without_offset

    def read(self, row: Mapping[str, Any]) -> Event | Snapshot:
        """Raises Unfit with everything that is wrong with what is no field."""
        wrong: list[str] = []
        subject = _name(row, SUBJECT, wrong)
        source = self._reading.source or self._source(row, wrong)
        happened, known = self._times(row, wrong)
        if wrong or happened is None:
            raise Unfit(wrong, subject or None)
        of_snapshot = source.startswith(SNAPSHOT)
        try:
            fields = self._fields(row, source, of_snapshot)
            if of_snapshot:
                return Snapshot(subject, source.removeprefix(SNAPSHOT), happened, known, fields)
            if row.get(ID) in (None, ""):
                self.seen.without_id += 1
                return Event(_digest(subject, source, happened, fields), subject, source, happened, known, fields)
        except NotThatType as error:
            raise Unfit([str(error)], subject) from None
        event_id = _name(row, ID, wrong)
        if wrong:
            raise Unfit(wrong, subject)
        return Event(event_id, subject, source, happened, known, fields)

    def _source(self, row: Mapping[str, Any], wrong: list[str]) -> str:
        if row.get(SNAPSHOT_OF) in (None, ""):
            kind = _name(row, KIND, wrong)
            if kind.startswith(SNAPSHOT):
                wrong.append(f"{quoted(kind)} is no kind of event: write `snapshot` in place of `kind`")
            return kind
        if row.get(KIND) not in (None, ""):
            wrong.append("a row has a `kind` or a `snapshot`, and not both")
        return SNAPSHOT + _name(row, SNAPSHOT_OF, wrong)

    def _times(self, row: Mapping[str, Any], wrong: list[str]) -> tuple[dt.datetime | None, dt.datetime]:
        happened, known = self._time(row, HAPPENED, wrong), self._time(row, KNOWN, wrong)
        if row.get(HAPPENED) in (None, ""):
            wrong.append(f"`{HAPPENED}` is missing")
        if known is None:
            if happened is not None and happened > self._latest:
                wrong.append(f"`{HAPPENED}` is {_shown(happened)}, which is still to come")
            # By the clock of another machine it may have happened a moment from now.
            return happened, self.now if happened is None or happened <= self.now else happened
        if known > self._latest:
            wrong.append(f"`{KNOWN}` is {_shown(known)}, which is still to come")
        elif happened is not None and happened > known:
            wrong.append(f"`{HAPPENED}` is {_shown(happened)}, later than `{KNOWN}`, {_shown(known)}")
        return happened, known

    def _time(self, row: Mapping[str, Any], name: str, wrong: list[str]) -> dt.datetime | None:
        raw = row.get(name)
        if raw is None or raw == "":
            return None
        try:
            return self._moments.moment(raw)
        except NotThatType as error:
            wrong.append(f"`{name}`: {error}")
            return None

    def _fields(self, row: Mapping[str, Any], source: str, of_snapshot: bool) -> dict[str, Any]:
        """Raises NotThatType where `strict` refuses."""
        reading = self._reading
        read_by = self._texts.of(source)
        fields: dict[str, Any] = {}
        for name, value in row.items():
            if value is None or (name in NAMES and self._is_no_field(name, of_snapshot)):
                continue
            read: Read | None = None
            if read_by is not None:
                if name not in read_by:
                    if reading.strict:
                        raise NotThatType(f"no feature of `{source}` reads {quoted(name)}")
                    self.seen.fields[source, name] += 1
                else:
                    read = read_by[name]
            fields[name] = _read(name, read, value) if read is not None and type(value) is str else value
        if read_by is None:
            if reading.strict:
                raise NotThatType(f"no feature reads {quoted(source)}")
            self.seen.kinds[source] += 1
        return fields

    def _is_no_field(self, name: str, of_snapshot: bool) -> bool:
        """Where all rows are of one source, a column `kind` or `snapshot` says something else."""
        if name in (KIND, SNAPSHOT_OF):
            return not self._reading.source
        return name != ID or not of_snapshot


def _read(name: str, read: Read, text: str) -> Any:
    try:
        return read(text)
    except NotThatType as error:
        raise NotThatType(f"`{name}`: {error}") from None


def _name(row: Mapping[str, Any], name: str, wrong: list[str]) -> str:
    """A text of the row, or a whole number as one; what it may not be beside that is for the store to say."""
    raw = row.get(name)
    if isinstance(raw, str) or raw is None:
        if raw and not raw.isspace():
            return raw
        wrong.append(f"`{name}` is missing")
        return ""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if isinstance(raw, Decimal) and raw.adjusted() < LIMITS.id_characters and raw == raw.to_integral_value():
        return str(int(raw))
    wrong.append(f"`{name}` is {format_raw(raw)}, and no text")
    return ""


def _digest(subject: str, kind: str, happened: dt.datetime, fields: Mapping[str, Any]) -> str:
    """The id of an event that came without one: the same row has the same, wherever it stands."""
    text = "\n".join((subject, kind, str(micros(happened)), as_text(json_fields(fields))))
    return "row-" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _shown(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds")
