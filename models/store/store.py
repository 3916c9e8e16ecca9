"""The feature store: what happened to subjects, what they are, and what features it comes to at any moment.

A value that moves on by time alone, such as a count over the last 30 days, is right whenever it is read. What is kept
of a subject says of each feature until when it holds if nothing more becomes known: until the next record leaves its
window, or one that is known ahead begins to count. Every write gives its subjects a new stamp, in the transaction that
brings the records. A kept value is given only under the present stamp and before that moment; otherwise the features
are worked out at the reading, from the subject's records, and kept. Nothing is worked out when events come in: they
come a hundred times as often as a customer is decided about, and one statement more for each subject of a batch is all
that they cost.

The exception: a subject with more than `LIMITS.records_at_reading` records is not gone through at a reading. It gets
what is kept of it, with the moment that it is of, and marked as stale five minutes after it; `store.bulk.refresh`
brings it up to date.

Of somebody of whom nothing was known at a moment no feature is known: not even that there were 0 failed payments.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from ordain.engine.errors import DataQualityIssue, SettingsError
from ordain.engine.late import late
from ordain.models.features.computing import features_of
from ordain.models.features.definition import Definition, Definitions, micros, moment
from ordain.models.features.definitions import read_definitions
from ordain.models.features.field_values import fields_of
from ordain.models.features.figures import shown
from ordain.models.limits import LIMITS
from ordain.models.store.database import Database, KeptLine, Known
from ordain.models.store.intake import Intake
from ordain.models.store.keeping import AsOf, Keeper, settled_of, told_of, told_text
from ordain.models.store.person import Person
from ordain.models.store.records import Added, Erased, Event, Kept, Quarantined, Snapshot
from ordain.models.store.rows import ENTITY, EVENT, QUARANTINE
from ordain.models.store.sqlite import SqliteDatabase

_STALE = int(LIMITS.stale_seconds * 1_000_000)


class FeatureStore:
    """`url` is `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user@host:port/database`.

    Safe between threads; several processes may read and write it, each opening it after a fork. `busy_seconds` is how
    long one waits for another's write. Without `definitions` the features are those that come with Ordain.

    Raises SettingsError for a URL that leads to none, or to one of a newer Ordain; every method FeaturesUnavailable.
    """

    def __init__(self, url: str, definitions: Definitions | None = None, busy_seconds: float = 5.0) -> None:
        self.definitions = read_definitions() if definitions is None else definitions
        self.database = _database(url, busy_seconds)
        try:
            self.database.ensure_tables()
        except BaseException:
            self.database.close()
            raise
        self._intake = Intake(self.database, self.definitions)
        self._keeper = Keeper(self.database)
        self._person = Person(self.database)

    def __enter__(self) -> FeatureStore:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._keeper.flush()
        self.database.close()

    def add(self, events: Sequence[Event]) -> Added:
        """Takes events in, all in one transaction; durable when it returns. Some hundreds at once are fastest."""
        return self._intake.events(events)

    def put(self, snapshots: Sequence[Snapshot]) -> Added:
        """Takes snapshots in, as `add` does events."""
        return self._intake.snapshots(snapshots)

    def quarantine(self, rows: Sequence[Quarantined]) -> None:
        """Keeps lines that could not be taken in, cut to `LIMITS.raw_characters`."""
        if not rows:
            return
        lines = [
            {
                **{"file": _kept_text(row.file), "line": row.line, "raw": _kept_text(row.raw), "at": micros(row.at)},
                "reasons": json.dumps([_kept_text(reason) for reason in row.reasons]),
                "subject": None if row.subject is None else _kept_text(row.subject),
            }
            for row in rows
        ]

        def write() -> None:
            with self.database.transaction() as connection:
                connection.execute(sa.insert(QUARANTINE), lines)

        self.database.guarded(write)

    def quarantined(self) -> tuple[Quarantined, ...]:
        """All that could not be taken in, in the order in which it came."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(QUARANTINE).order_by(QUARANTINE.c.number)).all()
        return tuple(
            Quarantined(row.file, row.line, row.raw, tuple(json.loads(row.reasons)), moment(row.at), row.subject)
            for row in rows
        )

    def events_of(
        self,
        subject: str,
        *,
        kinds: Sequence[str] = (),
        happened_after: dt.datetime | None = None,
        known_until: dt.datetime | None = None,
    ) -> tuple[Event, ...]:
        """A subject's events in the order in which they happened. Numbers in their fields are texts."""
        wanted = sa.select(EVENT).where(EVENT.c.subject == subject)
        if kinds:
            wanted = wanted.where(EVENT.c.kind.in_(kinds))
        if happened_after is not None:
            wanted = wanted.where(EVENT.c.happened > micros(happened_after))
        if known_until is not None:
            wanted = wanted.where(EVENT.c.known <= micros(known_until))
        with self.database.reading() as connection:
            rows = connection.execute(wanted.order_by(EVENT.c.happened, EVENT.c.known, EVENT.c.id)).all()
        return tuple(
            Event(row.id, row.subject, row.kind, moment(row.happened), moment(row.known), fields_of(row.fields))
            for row in rows
        )

    def read(self, subject: str, names: Iterable[str], at: dt.datetime) -> dict[str, Kept]:
        """The features of that names at a moment, of all that was known by then.

        Raises SettingsError for a name that is no feature's, DataQualityIssue for a moment without an offset.
        """
        if at.tzinfo is None:
            raise DataQualityIssue("the moment to read features at has no offset", "such as 2026-01-31T08:00:00Z")
        wanted = [self.definitions.named(name) for name in names]
        now = micros(at)
        known = self.database.guarded(lambda: self.database.known(subject))
        if known is None or known.first_known > now:
            return {each.name: Kept(None, at) for each in wanted}
        kept = self._kept(subject, known, now)
        if kept is None or not kept.holds([each.name for each in wanted], known.stamp, now):
            if kept is not None and kept.records > LIMITS.records_at_reading and kept.as_of <= now:
                return self._as_kept(wanted, kept, known.stamp, at)
            kept = self._worked_out(subject, known, now, kept)
        return {each.name: Kept(shown(each, settled_of(each, kept.told[each.name][0]), now), at) for each in wanted}

    def subjects(self) -> Iterator[str]:
        """All of whom something is known, in the order of their bytes."""
        last = ""
        while True:
            some = sa.select(ENTITY.c.subject).where(ENTITY.c.subject > last).order_by(ENTITY.c.subject)
            with self.database.reading() as connection:
                found = connection.execute(some.limit(LIMITS.subjects_at_once)).scalars().all()
            yield from found
            if len(found) < LIMITS.subjects_at_once:
                return
            last = found[-1]

    def export(self, subject: str) -> dict[str, object]:
        """All that is stored of one person, as JSON data (GDPR Art. 15 and 20)."""
        return self._person.export(subject)

    def erase(self, subject: str) -> Erased:
        """Removes all that is stored of one person at once, from the database's files, too (GDPR Art. 17)."""
        self._keeper.forget(subject)
        return self._person.erase(subject)

    def _kept(self, subject: str, known: Known, now: int) -> AsOf | None:
        """What is kept of a subject, in the database or by this process: what holds, or is of the latest moment."""
        kept = self._keeper.waiting(subject)
        if known.kept_stamp is not None and known.definitions == self.definitions.digest:
            line = KeptLine(subject, known.kept_stamp, *known[3:])
            if kept is None or _worth(line, known.stamp, now) > _worth(kept, known.stamp, now):
                kept = line
        return None if kept is None else AsOf(told_of(kept.features), kept.as_of, kept.records, kept.stamp)

    def _worked_out(self, subject: str, known: Known, now: int, kept: AsOf | None) -> AsOf:
        # The stamp was read before the records: what comes between the two makes another stamp.
        sources = self.definitions.sources
        records = self.database.guarded(lambda: self.database.records(subject, sources))
        features = features_of(self.definitions, records, now)
        text = told_text(features)
        if kept is None or kept.as_of <= now:
            self._keeper.keep(KeptLine(subject, known.stamp, self.definitions.digest, now, len(records), text))
        return AsOf(told_of(text), now, len(records), known.stamp)

    def _as_kept(self, wanted: Sequence[Definition], kept: AsOf, stamp: int, at: dt.datetime) -> dict[str, Kept]:
        """What is kept of a subject with very many records, each with the moment that it is of."""
        now, found = micros(at), {}
        for each in wanted:
            value = settled_of(each, kept.told[each.name][0])
            if kept.holds([each.name], stamp, now):
                found[each.name] = Kept(shown(each, value, now), at)
            else:
                old = now - kept.as_of > _STALE
                found[each.name] = Kept(shown(each, value, kept.as_of), moment(kept.as_of), old)
        return found


def _worth(line: KeptLine, stamp: int, now: int) -> tuple[bool, bool, int]:
    return line.as_of <= now, line.stamp == stamp, line.as_of


def _database(url: str, busy_seconds: float) -> Database:
    hint = "such as `sqlite:///features.db` or `postgresql://ordain@localhost:5432/ordain`"
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        raise SettingsError("the feature store's URL is not a database URL", hint) from None
    if parsed.drivername in ("postgresql", "postgresql+psycopg", "postgres"):
        opened: Database = late("ordain.models.store.postgresql:PostgresDatabase")(parsed, busy_seconds)
        return opened
    if parsed.drivername != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise SettingsError(f"features cannot be kept in `{parsed.drivername}`", hint)
    return SqliteDatabase(Path(parsed.database), busy_seconds)


def _kept_text(text: str) -> str:
    """A text that every database keeps: cut, without half characters and the character 0."""
    return text[: LIMITS.raw_characters].encode("utf-8", "replace").decode().replace("\0", "\ufffd")
