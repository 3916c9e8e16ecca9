"""`ordain decide --table --resume`: what a killed run sent may become durable late, and no row is on record twice."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from databases import database
from served import ordain_here
from stopped_tables import (
    answers_of,
    decide_table,
    has_answers,
    ids_on_record,
    ids_told,
    journal_of,
    started,
    stopped_late,
    table_in,
    wait_for,
)

from ordain.api.cli.whole_tables import chunk
from ordain.api.cli.whole_tables.chunk import Chunk
from ordain.audit.entry.entry import moment_in
from ordain.engine.errors import NotRecorded

ROWS = 12
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND query LIKE '%new_key%'"
)


def test_a_statement_that_outlives_its_killed_run_records_no_row_twice(tmp_path: Path) -> None:
    """The server holds it until the resumed run waits beside it: both go on at once."""
    rows = 3_000
    table_in(tmp_path, rows)
    with database() as url, psycopg.connect(url, autocommit=True) as looking, psycopg.connect(url) as locking:
        variables = {"ORDAIN_DATABASE_URL": url}

        def waiting() -> int:
            row = looking.execute(WAITING).fetchone()
            return row[0] if row else 0

        run = started(tmp_path, "--processes", "1", **variables)
        wait_for(lambda: has_answers(tmp_path))
        locking.execute("LOCK TABLE inbox IN SHARE MODE")
        wait_for(lambda: waiting() == 1)
        run.kill()
        run.communicate()
        resumed = started(tmp_path, "--processes", "1", "--resume", **variables)
        wait_for(lambda: waiting() == 2)
        locking.rollback()
        _, said = resumed.communicate(timeout=120)
        assert resumed.returncode == 0, said
        entries = looking.execute("SELECT envelope FROM entry UNION ALL SELECT envelope FROM inbox").fetchall()
    decided = [
        envelope for envelope in (json.loads(bytes(row[0])) for row in entries) if envelope["kind"] == "decision"
    ]
    assert len(decided) == rows
    assert sorted(envelope["id"] for envelope in decided) == sorted(ids_told(tmp_path))


def _late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look for each entry comes too early."""
    looks, look = Counter[str](), chunk.on_record

    def on_record(number: int, ask: Any, entry_id: str, use: Any) -> Any:
        looks[entry_id] += 1
        return look(number, ask, entry_id, use) if looks[entry_id] > 1 else None

    monkeypatch.setattr(chunk, "on_record", on_record)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_entry_that_came_first_is_the_rows_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    table_in(tmp_path, ROWS)
    with database() as url:
        variables = {"ORDAIN_DATABASE_URL": url} if kind == "postgresql" else {}
        lines = stopped_late(tmp_path, monkeypatch, 4, **variables)
        _late(monkeypatch)
        said = decide_table(tmp_path, "--resume", **variables)
        assert ordain_here(tmp_path, "audit", "verify", **variables).returncode == 0
    assert "8 rows recorded by an earlier run and answered now" in said
    assert answers_of(tmp_path).read_bytes().splitlines(keepends=True) == lines
    if kind == "sqlite":
        assert len(ids_on_record(tmp_path)) == ROWS


def _planned_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A run that is stopped between its plan and the commit. Gives the ids that were planned."""

    def record(_: Chunk) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Chunk, "record", record)
        decide_table(folder, code=130)
    assert not ids_on_record(folder)
    rows = json.loads(journal_of(folder).read_text().splitlines()[1])["rows"]
    return [row.split()[1] for row in rows]


def test_a_row_that_was_planned_is_recorded_under_that_id_and_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table_in(tmp_path, ROWS)
    planned = _planned_only(tmp_path, monkeypatch)
    assert f"{ROWS} rows decided" in decide_table(tmp_path, "--resume")
    assert ids_told(tmp_path) == ids_on_record(tmp_path) == planned
    shown = json.loads(ordain_here(tmp_path, "audit", "show", planned[3], "--json").stdout)
    assert shown["envelope"]["time"] == f"{moment_in(UUID(planned[3]).bytes):%Y-%m-%dT%H:%M:%S.%fZ}"
    assert ordain_here(tmp_path, "audit", "verify").returncode == 0
    assert ordain_here(tmp_path, "replay", "--all").returncode == 0


def test_a_plan_of_long_ago_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table_in(tmp_path, ROWS)
    planned = _planned_only(tmp_path, monkeypatch)
    monkeypatch.setattr(chunk, "time", SimpleNamespace(time=lambda: time.time() + 50_000))
    decide_table(tmp_path, "--resume")
    assert ids_told(tmp_path) == ids_on_record(tmp_path)
    assert not set(planned) & set(ids_told(tmp_path))


def test_what_stood_still_for_so_long_records_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table_in(tmp_path, ROWS)
    moments = iter([time.time(), time.time() + 50_000])
    monkeypatch.setattr(chunk, "time", SimpleNamespace(time=lambda: next(moments)))
    assert "stood still for too long" in decide_table(tmp_path, code=3)
    assert not ids_on_record(tmp_path)


def test_a_row_that_fails_now_keeps_the_id_that_may_be_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table_in(tmp_path, ROWS)
    planned = _planned_only(tmp_path, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(chunk, "decide_many", lambda asks, use, planned: [NotRecorded("a fault")] * len(asks))
        decide_table(tmp_path, "--resume", code=3)
    last = json.loads(journal_of(tmp_path).read_text().splitlines()[-1])["rows"]
    assert [row.split()[1] for row in last] == planned
