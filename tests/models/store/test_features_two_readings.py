"""One definition, three readings: the store at a reading, DuckDB in bulk and plain Python agree as of every moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import databases
import pytest
from feature_cases import Happening, definitions, happenings, moments_of, records_of
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_features import value_at

from ordain.models.features.computing import Record, features_of
from ordain.models.features.definition import Definitions, micros
from ordain.models.features.field_values import as_text, json_fields
from ordain.models.features.figures import shown
from ordain.models.store.bulk import refresh, rows_as_of
from ordain.models.store.keeping import told_of, told_text
from ordain.models.store.records import Event, Snapshot
from ordain.models.store.store import FeatureStore

NAMES = count()


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder: Path = tmp_path_factory.mktemp("features")
    with databases.database() as postgresql:
        yield {"sqlite": f"sqlite:///{folder}/features.db", "postgresql": postgresql}


@settings(max_examples=150)
@given(happened=st.lists(happenings, min_size=1, max_size=10), features=definitions())
def test_what_is_worked_out_of_records_is_what_plain_python_says_and_holds_as_long_as_it_says(
    happened: list[Happening], features: Definitions
) -> None:
    records = records_of("s", happened)
    lines = [line_of(record) for record in records]
    moments = moments_of(records, features, most=12)
    for place, at in enumerate(moments):
        found = features_of(features, lines, micros(at))
        for name, definition in features.features.items():
            settled = found[name]
            assert settled.until is None or settled.until > micros(at)
            for later in moments[place : None if settled.until is None else place + 4]:
                if settled.until is None or micros(later) < settled.until:
                    expected = value_at(definition, records, later)
                    if expected is None and not any(record.known <= later for record in records):
                        continue  # before anything is known nothing is worked out
                    assert shown(definition, settled.value, micros(later)) == expected, (name, at, later)


@settings(max_examples=12)
@given(happened=st.lists(st.lists(happenings, min_size=3, max_size=9), min_size=4, max_size=12), features=definitions())
def test_in_bulk_the_same_comes_out_of_the_records_of_many(
    places: dict[str, str], happened: list[list[Happening]], features: Definitions
) -> None:
    subjects = {f"s{next(NAMES)}": of_one for of_one in happened}
    records = {subject: records_of(subject, of_one) for subject, of_one in subjects.items()}
    points = [(subject, at) for subject, of_one in records.items() for at in moments_of(of_one, features, most=6)]
    with FeatureStore(places["sqlite"], Definitions({})) as writer, FeatureStore(places["sqlite"], features) as store:
        taken = {subject: add(writer, of_one) for subject, of_one in records.items()}
        expected = [
            {name: value_at(each, taken[subject], at) for name, each in features.features.items()}
            for subject, at in points
        ]
        assert list(rows_as_of(store, points, list(features.features))) == expected
        at = sorted(moment for _, moment in points)[len(points) // 3]
        some = {subject: of_one for subject, of_one in taken.items() if any(each.known <= at for each in of_one)}
        assert refresh(store, at, subjects) == len(some)
        for subject, of_one in some.items():
            known = store.database.known(subject)
            of_features = features_of(features, [line_of(each) for each in of_one], micros(at))
            assert known is not None
            assert told_of(known.features) == told_of(told_text(of_features)), "and until when it holds"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@settings(max_examples=8)
@given(first=st.lists(happenings, max_size=8), then=st.lists(happenings, max_size=4), features=definitions())
def test_readings_are_right_at_every_moment_whatever_is_kept_and_whatever_comes_later(
    places: dict[str, str], kind: str, first: list[Happening], then: list[Happening], features: Definitions
) -> None:
    subject = f"s{next(NAMES)}"
    records = records_of(subject, [*first, *then])
    taken: list[Event | Snapshot] = []
    # Written under definitions that read nothing of them, so that fields of every type get in.
    with FeatureStore(places[kind], Definitions({})) as writer, FeatureStore(places[kind], features) as reader:
        for batch in (records[: len(first)], records[len(first) :]):
            taken += add(writer, batch)
            with FeatureStore(places[kind], features) as other:
                for at in moments_of(taken, features, most=4):
                    expected = {name: value_at(each, taken, at) for name, each in features.features.items()}
                    assert read(reader, subject, at) == expected, at
                    reader._keeper.flush()
                    assert read(other, subject, at) == expected, (at, "of what another process has kept")


def read(store: FeatureStore, subject: str, at: dt.datetime) -> dict[str, Any]:
    found = store.read(subject, store.definitions.features, at)
    assert {(kept.as_of, kept.stale) for kept in found.values()} == {(at, False)}
    return {name: kept.value for name, kept in found.items()}


def add(store: FeatureStore, records: list[Event | Snapshot]) -> list[Event | Snapshot]:
    """Adds them, some of them twice; what was taken."""
    events = [record for record in records if isinstance(record, Event)]
    added = store.add([*events, *events[:2]])
    assert (added.added, added.repeated, added.refused) == (len(events), len(events[:2]), ())
    return [record for record in records if isinstance(record, Event) or store.put([record]).added]


def line_of(record: Event | Snapshot) -> Record:
    source = record.kind if isinstance(record, Event) else f"snapshot {record.source}"
    name = record.id if isinstance(record, Event) else ""
    return Record(source, micros(record.happened), micros(record.known), name, as_text(json_fields(record.fields)))
