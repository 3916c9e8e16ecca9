"""After a person's erasure nothing is left that tells of them: in tables, files, searches, letters, exports, events."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from reading_sample import CALL, LOOKED_AT, NO_CALL, PRICE, Sample, sample, scored

from ordain.api.events.event import event_of
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.ledger.proving import proof_file
from ordain.audit.records.counting import count
from ordain.audit.records.export import Format, export, records_for
from ordain.audit.records.masking import Role
from ordain.audit.records.query import Query
from ordain.audit.records.search import Looked, matching, search
from ordain.audit.records.shown import entry_shown, whole_shown

WHO = "Zaphod-42"
TOLD = ("vulnerable", "review", "deny", "permit", "house-", "churn", WHO, "0.8512", '"EU"')
"""What the decisions were made of and said; each stands in what could be read before."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def erased(path: Path) -> Iterator[tuple[Sample, list[Any]]]:
    with sample(f"sqlite:///{path}") as made:
        ids = [made.decide(WHO, LOOKED_AT), made.decide(WHO, CALL, score=scored("0.8512"))]
        ids.append(made.decide(WHO, PRICE.replace('"jurisdiction": "IN"', '"jurisdiction": "EU"'), "price-quote"))
        ids.append(made.decide(WHO, NO_CALL))
        made.use.settle()
        before = "".join(map(_all_said, [made] * 4, ids))
        assert [word for word in TOLD if word not in before] == []
        made.erase(WHO)
        made.use.settle()
        yield made, ids


def _all_said(made: Sample, entry_id: Any) -> str:
    record = made.record(entry_id)
    told = made.reader.told_of(record.entry)
    explained = explain(record, made.reader)
    said = [whole_shown(record), explained.data, entry_shown(told.entry, told.envelope), event_of(told, "here")]
    return json.dumps(said, default=str) + letter(explained)


def _told_of_policies(text: str) -> str:
    """Without the names of the policies in force and their meanings: every decision of the service has the same."""
    data = json.loads(text)
    for part in data:
        part.pop("policies", None)
        part.get("data", {}).pop("policies", None)
        part.get("envelope", {}).pop("policies", None)
    return json.dumps(data)


def test_no_row_of_any_table_and_no_file_says_anything(erased: tuple[Sample, list[Any]], path: Path) -> None:
    made, ids = erased
    made.use.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert {"entry", "document", "subject_key", "request_key"} <= set(tables)
        for table in tables:
            if table == "document":  # the texts of policies are about nobody
                continue
            for row in connection.execute(f"SELECT * FROM {table}"):
                for value in row:
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    assert [word for word in TOLD if word.encode() in raw] == [], (table, raw[:200])
        rows = connection.execute("SELECT envelope, key, length(sealed) FROM entry WHERE id IN (?, ?, ?, ?)", _raw(ids))
        envelopes = [(json.loads(envelope), key, length) for envelope, key, length in rows]
    assert len(envelopes) == 4
    for envelope, key, length in envelopes:
        assert envelope.keys() == {
            *("about", "engine", "id", "key_commitment", "kind", "ledger", "payload_hash"),
            *("plan", "service", "tenant", "time", "v"),
        }
        assert (key, envelope["about"], (length - 28) % 256) == (None, {}, 0)
    for file in path.parent.iterdir():
        assert WHO.encode() not in file.read_bytes(), file


def _raw(ids: list[Any]) -> list[bytes]:
    return [entry_id.bytes for entry_id in ids]


def test_no_reader_tells_more_than_that_there_was_an_entry(erased: tuple[Sample, list[Any]]) -> None:
    made, ids = erased
    for entry_id in ids:
        record = made.record(entry_id)
        told = made.reader.told_of(record.entry)
        assert (str(record.status), record.private) == ("erased", None)
        explained = explain(record, made.reader)
        said = [whole_shown(record), explained.data, entry_shown(told.entry, told.envelope), event_of(told, "here")]
        text = _told_of_policies(json.dumps(said, default=str))
        assert [word for word in TOLD if word in text] == []
        assert explained.data["status"] is explained.data["verdict"] is explained.data["jurisdiction"] is None
        assert explained.data["reasons"] == []
        event = event_of(told, "here")["data"]
        assert (event["private"], "verdict" in event, "reason_codes" in event) == ("erased", False, False)
        assert proof_file(made.store, made.reader, entry_id, made.use.published)


def test_searches_and_counts_find_nothing_and_say_how_many_are_unreadable(
    erased: tuple[Sample, list[Any]],
) -> None:
    made, _ = erased
    asked = [{"verdict": "review"}, {"jurisdiction": "EU"}, {"rule": "house-vulnerable-customer"}, {"model": "churn"}]
    for conditions in ({"status": "decided"}, *asked):
        for find in (matching, search):
            looked = Looked()
            query = Query(kind="decision", **conditions)  # type: ignore[arg-type]
            assert list(find(made.reader, query, looked=looked)) == []
            assert looked.unreadable == 4
    assert list(search(made.reader, Query(subject=WHO))) == []
    counted = count(matching(made.reader, Query(kind="decision")), ["service", "verdict", "jurisdiction", "rule"], UTC)
    assert counted.rows == {
        ("retention", "none", "none", "none"): 3,
        ("price-quote", "none", "none", "none"): 1,
    }


@pytest.mark.parametrize("role", list(Role))
def test_no_export_says_anything(erased: tuple[Sample, list[Any]], tmp_path: Path, role: Role) -> None:
    made, _ = erased
    file = tmp_path / "export.jsonl"
    export(records_for(role, made.reader, Query(kind="decision")), made.reader, file, Format.JSONL, role)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(rows) == 4
    for row in rows:
        row.pop("policies", None)
        assert "review" not in str(row.pop("export")).replace("reviewer", "")  # whom the file is for
    assert [word for word in TOLD if word in json.dumps(rows)] == []
