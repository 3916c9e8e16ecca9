"""Features of many subjects, or at many moments, at once: DuckDB counts and adds, `features.figures` does the rest.

The records are fetched from the store some thousand subjects at a time and put into a DuckDB in memory, which may
write nothing of a person to a disk. A table to train on gets, in each row, what was known at that row's moment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import duckdb
import orjson
import pandas as pd

from ordain.engine.errors import DataQualityIssue, FeaturesUnavailable, quoted
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import Value
from ordain.models.features.computing import Settled
from ordain.models.features.definition import SINCE, Aggregation, Definition, micros
from ordain.models.features.field_values import begins, fields_of, holds
from ordain.models.features.figures import Figures, settle, shown
from ordain.models.limits import LIMITS
from ordain.models.store.bulk_sql import Asked, asked
from ordain.models.store.database import EntityLine, KeptLine
from ordain.models.store.keeping import told_text
from ordain.models.store.store import FeatureStore

_COLUMNS = ("subject", "source", "happened", "known", "id", "fields")
_TABLE = (
    "CREATE TABLE record (subject VARCHAR, source VARCHAR, happened BIGINT, known BIGINT, id VARCHAR, fields VARCHAR)"
)


class Point(NamedTuple):
    """A subject at a moment, in microseconds."""

    subject: str
    at: int


class _Found(NamedTuple):
    """What came of a point: its features, and how many records there were."""

    features: dict[str, Settled]
    records: int


def rows_as_of(
    store: FeatureStore, points: Iterable[tuple[str, dt.datetime]], names: Sequence[str]
) -> tuple[dict[str, Value], ...]:
    """The features of each point, in the order of the points: what a table to train on has as its rows.

    A point before anything was known of its subject has None for every feature. Raises SettingsError for a name that is
    no feature's, DataQualityIssue for a moment without an offset, FeaturesUnavailable.
    """
    definitions = [store.definitions.named(name) for name in names]
    given = [_point(subject, at) for subject, at in points]
    found: list[dict[str, Value]] = [dict.fromkeys(names) for _ in given]
    places: dict[str, list[int]] = {}
    for place, point in enumerate(given):
        places.setdefault(point.subject, []).append(place)
    for subjects in _together(places):
        known = {entity.subject: entity.first_known for entity in entities(store, subjects)}
        asked_for = [
            place
            for subject in subjects
            for place in places[subject]
            if subject in known and known[subject] <= given[place].at
        ]
        for place, at_point in zip(
            asked_for, _worked_out(store, definitions, [given[place] for place in asked_for]), strict=True
        ):
            at = given[place].at
            found[place] = {each.name: shown(each, at_point.features[each.name].value, at) for each in definitions}
    return tuple(found)


def features_at(
    store: FeatureStore, at: dt.datetime, names: Sequence[str], subjects: Iterable[str] | None = None
) -> Iterator[tuple[str, dict[str, Value]]]:
    """The features of all subjects, or of some, at one moment. Raises as `rows_as_of`."""
    rest = store.subjects() if subjects is None else iter(subjects)
    while some := list(islice(rest, LIMITS.subjects_at_once)):
        yield from zip(some, rows_as_of(store, [(subject, at) for subject in some], names), strict=True)


def refresh(store: FeatureStore, at: dt.datetime, subjects: Iterable[str] | None = None) -> int:
    """Works out all features of all subjects, or of some, and keeps them, so that readings find them ready.

    Returns of how many subjects. Raises as `rows_as_of`.
    """
    definitions = list(store.definitions.features.values())
    now, count = _point("", at).at, 0
    rest = store.subjects() if subjects is None else iter(subjects)
    while some := list(islice(rest, LIMITS.subjects_at_once)):
        # The stamps are read before the records: what comes between the two makes other stamps.
        there = [entity for entity in entities(store, some) if entity.first_known <= now]
        found = _worked_out(store, definitions, [Point(entity.subject, now) for entity in there])
        lines = [
            KeptLine(each.subject, each.stamp, store.definitions.digest, now, at_point.records, text)
            for each, at_point in zip(there, found, strict=True)
            for text in [told_text(at_point.features)]
        ]
        if lines:
            store.database.guarded(partial(store.database.keep, lines, wait=True))
        count += len(lines)
    return count


def _point(subject: str, at: dt.datetime) -> Point:
    if at.tzinfo is None:
        raise DataQualityIssue(f"a moment of {quoted(subject)} has no offset", "such as 2026-01-31T08:00:00Z")
    return Point(subject, micros(at))


def _together(places: Mapping[str, Sequence[int]]) -> Iterator[list[str]]:
    """Subjects in parts: not too many of them in one, nor too many points."""
    some: list[str] = []
    count = 0
    for subject, of_subject in places.items():
        some.append(subject)
        count += len(of_subject)
        if len(some) == LIMITS.subjects_at_once or count >= LIMITS.points_at_once:
            yield some
            some, count = [], 0
    if some:
        yield some


def entities(store: FeatureStore, subjects: Sequence[str]) -> list[EntityLine]:
    """Those of them of whom something is known. Raises FeaturesUnavailable."""
    return store.database.guarded(lambda: store.database.entities(subjects))


def _worked_out(store: FeatureStore, definitions: Sequence[Definition], points: Sequence[Point]) -> list[_Found]:
    """One answer for each point."""
    by_source: dict[str, list[Definition]] = {}
    for definition in definitions:
        by_source.setdefault(definition.source, []).append(definition)
    found = [_Found({}, 0) for _ in points]
    if not points:
        return found
    with duckdb.connect(":memory:", config={"temp_directory": ""}) as duck:
        _fill(store, duck, tuple(by_source), points)
        for source, of_source in by_source.items():
            query = asked(source, of_source)
            try:
                rows = {row[0]: row[1:] for row in duck.execute(query.sql).fetchall()}
            except duckdb.Error as error:
                raise FeaturesUnavailable(f"features of `{source}` cannot be worked out in bulk: {error}") from None
            for place, (features, records) in enumerate(found):
                row = rows.get(place)
                features.update(_features(query, row))
                found[place] = _Found(features, records + (0 if row is None else row[-1]))
    return found


def _fill(
    store: FeatureStore, duck: duckdb.DuckDBPyConnection, sources: Sequence[str], points: Sequence[Point]
) -> None:
    frame = pd.DataFrame(
        {
            "point": range(len(points)),
            "subject": [each.subject for each in points],
            "moment": [each.at for each in points],
        }
    )
    duck.register("points", frame)
    duck.execute(
        "CREATE TABLE point AS SELECT point::BIGINT point, subject::VARCHAR subject, moment::BIGINT moment FROM points"
    )
    duck.execute(_TABLE)
    subjects = sorted({point.subject for point in points})
    try:
        for rows in store.database.bulk_records(sources, subjects):
            columns = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True))
            duck.register("rows", pd.DataFrame(columns))
            duck.execute("INSERT INTO record SELECT * FROM rows")
            duck.unregister("rows")
    except store.database.failures as error:
        raise store.database.explain(error) from None


def _features(query: Asked, row: Sequence[Any] | None) -> dict[str, Settled]:
    """The features of one point from its row; None where it has no record of that source."""
    if row is None:
        return {each.name: Settled(settle(each, Figures()), None) for each in query.definitions}
    features = {}
    for place, definition in enumerate(query.definitions):
        count, total, before, raw, begun, *leaving = row[place * query.width : (place + 1) * query.width]
        if definition.of_snapshot:
            figures = _of_state(definition, raw, begun)
        else:
            figures = Figures(
                count or 0,
                None if total is None else NUMBERS.plus(total),
                None if before is None else NUMBERS.plus(before),
                None if raw is None else orjson.loads(raw),
                begun,
            )
            if definition.aggregation in SINCE and definition.field:
                figures = Figures(begins=begins(figures.raw))
        until = min((each for each in (*leaving, row[-2]) if each is not None), default=None)
        features[definition.name] = Settled(settle(definition, figures), until)
    return features


def _of_state(definition: Definition, fields: str | None, happened: int | None) -> Figures:
    """What a snapshot says: conditions and the field are looked up here, in the one row that there is."""
    state = None if fields is None else fields_of(fields)
    if state is None or not holds(state, definition.where):
        return Figures()
    raw = state.get(definition.field)
    if definition.aggregation in SINCE:
        return Figures(begins=begins(raw) if definition.field else happened)
    return Figures(1) if definition.aggregation is Aggregation.EXISTS else Figures(raw=raw)
