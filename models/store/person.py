"""One person's data: all of it told, or all of it removed.

A quarantined line holds a person when it is said to be about them, or when their id stands in its text as a word of its
own. That may take a line more than needed, and never one too few.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import sqlalchemy as sa

from ordain.models.features.definition import moment
from ordain.models.features.field_values import fields_of
from ordain.models.store.database import Database
from ordain.models.store.records import Erased
from ordain.models.store.rows import ENTITY, EVENT, KEPT, QUARANTINE, SNAPSHOT


class Person:
    """Raises FeaturesUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def export(self, subject: str) -> dict[str, object]:
        """JSON data: `events`, `snapshots`, `features` as kept last, `quarantined` lines; empty for nobody known."""
        with self._database.reading() as connection:
            entity = connection.execute(sa.select(ENTITY).where(ENTITY.c.subject == subject)).first()
            events = connection.execute(_of(EVENT, subject).order_by(EVENT.c.happened, EVENT.c.known, EVENT.c.id)).all()
            snapshots = connection.execute(
                _of(SNAPSHOT, subject).order_by(SNAPSHOT.c.source, SNAPSHOT.c.happened, SNAPSHOT.c.known)
            ).all()
            kept = connection.execute(_of(KEPT, subject)).first()
            quarantined = list(_quarantined(connection, subject))
        return {
            "subject": subject,
            "first_known": None if entity is None else _time(entity.first_known),
            "last_known": None if entity is None else _time(entity.last_known),
            "events": [{"id": row.id, "kind": row.kind, **_told(row)} for row in events],
            "snapshots": [{"source": row.source, **_told(row)} for row in snapshots],
            "features": None if kept is None else {"as_of": _time(kept.as_of), "values": _values(kept.features)},
            "quarantined": [
                {"file": row.file, "line": row.line, "text": row.raw, "reasons": json.loads(row.reasons)}
                | {"at": _time(row.at)}
                for row in quarantined
            ],
        }

    def erase(self, subject: str) -> Erased:
        def removed() -> Erased:
            with self._database.transaction() as connection:
                # The entity first: whoever keeps values of this subject holds its row.
                connection.execute(sa.delete(ENTITY).where(ENTITY.c.subject == subject))
                events, snapshots, kept = (
                    connection.execute(sa.delete(table).where(table.c.subject == subject)).rowcount
                    for table in (EVENT, SNAPSHOT, KEPT)
                )
                numbers = [row.number for row in _quarantined(connection, subject)]
                if numbers:
                    connection.execute(
                        sa.delete(QUARANTINE).where(QUARANTINE.c.number == sa.bindparam("held")),
                        [{"held": number} for number in numbers],
                    )
                return Erased(events, snapshots, kept, len(numbers))

        erased = self._database.guarded(removed)
        self._database.guarded(self._database.scrub)
        return erased


def _of(table: sa.Table, subject: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(table).where(table.c.subject == subject)


def _quarantined(connection: sa.Connection, subject: str) -> Iterator[sa.Row[tuple[object, ...]]]:
    """The quarantined lines that hold a person: as their id is written, in JSON, or in a quoted cell of a table."""
    spellings = {subject, json.dumps(subject)[1:-1], json.dumps(subject, ensure_ascii=False)[1:-1]}
    spellings.add(subject.replace('"', '""'))
    word = re.compile("|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in sorted(spellings)))
    texts = (QUARANTINE.c.raw, QUARANTINE.c.reasons)
    about = [text.contains(each, autoescape=True) for text in texts for each in sorted(spellings)]
    some = sa.select(QUARANTINE).where(sa.or_(QUARANTINE.c.subject == subject, *about)).order_by(QUARANTINE.c.number)
    for row in connection.execute(some):
        if row.subject == subject or word.search(row.raw) or word.search(row.reasons):
            yield row


def _told(row: sa.Row[tuple[object, ...]]) -> dict[str, object]:
    return {"happened": _time(row.happened), "known": _time(row.known), "fields": dict(fields_of(row.fields))}


def _values(features: str) -> dict[str, object]:
    """What was kept, by feature: of what grows by time the moment that it counts from."""
    return {
        name: _time(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, (value, _) in json.loads(features).items()
    }


def _time(count: int) -> str:
    return moment(count).isoformat()
