"""Whoever asks for their data gets one archive: letters, the same as data, and what can be taken elsewhere."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from reading_sample import CALL, PRICE, Sample, sample

from ordain.audit.entry.entry import Kind
from ordain.audit.explain.package import Package, letter_name, package_of
from ordain.audit.explain.sender import nobody
from ordain.audit.ledger import past
from ordain.audit.ledger.reader import Reader
from ordain.audit.records.query import Query
from ordain.audit.records.search import search
from ordain.engine.catalog import plan_of


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db") as opened:
        yield opened


def package(made: Sample, subject: str, reader: Reader | None = None) -> tuple[Package, zipfile.ZipFile]:
    reader = reader or made.reader
    done = package_of(search(reader, Query(subject=subject, kind=Kind.DECISION)), reader, nobody(), True)
    return done, zipfile.ZipFile(io.BytesIO(done.archive))


def test_it_has_a_letter_for_each_decision_about_the_person_and_no_other(made: Sample) -> None:
    one, _, other = made.decide("C-1"), made.decide("C-2"), made.decide("C-1", PRICE, "price-quote")
    done, archive = package(made, "C-1")
    letters = [name for name in archive.namelist() if name.startswith("letters/")]
    assert letters == ["letters/0001-2026-11-21-retention.md", "letters/0002-2026-11-21-price-quote.md"]
    assert [str(one), str(other)] == done.ids
    assert str(other) in archive.read(letters[1]).decode()
    assert "C-2" not in "".join(archive.read(name).decode() for name in archive.namelist())
    decisions = json.loads(archive.read("decisions.json"))
    assert [each["decision_id"] for each in decisions] == done.ids


def test_what_can_be_taken_elsewhere_is_what_came_with_requests(made: Sample) -> None:
    made.decide("C-1")
    _, archive = package(made, "C-1")
    rows = json.loads(archive.read("your-data.json"))
    given = json.loads(CALL)
    assert {row["name"] for row in rows} == set(given) - {"tenure_months"}, "all that is on record"
    table = list(csv.DictReader(io.StringIO(archive.read("your-data.csv").decode("utf-8-sig"))))
    assert {row["name"]: row["value"] for row in table}["clv_tier"] == "high"
    assert len(table) == len(rows)


def test_a_restricted_record_is_in_it_when_the_person_asked(made: Sample) -> None:
    made.decide("C-1")
    made.restrict("C-1")
    done, archive = package(made, "C-1", Reader(made.store, made.use.keyring, restricted=True))
    assert done.unreadable == 0
    said = archive.read("letters/0001-2026-11-21-retention.md").decode()
    assert "You see it because it is about you and you asked for it." in said


def test_of_a_record_that_expired_what_is_left_is_told(made: Sample) -> None:
    made.decide("C-1")
    made.expire()
    made.decide("C-1")
    done, archive = package(made, "C-1")
    assert done.unreadable == sum("expired" in archive.read(name).decode() for name in archive.namelist()[1:2])
    assert len(done.ids) == len([name for name in archive.namelist() if name.startswith("letters/")])


def test_policies_are_compiled_once_for_all_letters_of_a_package(made: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling them is what most of a letter's time went into: 2,000 letters took minutes."""
    compiled = []
    monkeypatch.setattr(past, "plan_of", lambda *given: compiled.append(given[0]) or plan_of(*given))
    for _ in range(3):
        made.decide("C-1")
        made.decide("C-1", PRICE, "price-quote")
    done, _ = package(made, "C-1")
    assert len(done.ids) == 6
    assert sorted(compiled) == ["price-quote", "retention"]


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("price-quote", "price-quote"),
        ("../../etc/cron.d/x", "-etc-cron-d-x"),
        ("a:b\\c*?\n|", "a-b-c-"),
        ("prix été", "prix-été"),
    ],
)
def test_a_letter_stays_in_its_folder_whatever_its_service_is_called(service: str, name: str) -> None:
    told = letter_name(7, {"recorded_at": "2026-11-21T06:30:00Z", "service": service})
    assert told == f"letters/0007-2026-11-21-{name}.md"
