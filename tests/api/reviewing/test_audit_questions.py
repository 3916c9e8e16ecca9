"""Thirty questions of auditors are answered by one command each, on both databases, as SQL over the export answers.

`ORDAIN_AUDIT_ENTRIES=6000` asks them of a ledger of so many entries, and prints how long each took.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from asked_ledger import ZONE, fill
from databases import database
from exported import tables
from served import ordain_here, settings_in

from ordain.api.ledger import open_for

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "audit_questions.yaml").read_text(encoding="utf-8"))
QUESTIONS = {each["id"]: each for each in CASES["questions"]}
ENTRIES = int(os.environ.get("ORDAIN_AUDIT_ENTRIES", "0"))
DECISIONS = (ENTRIES * 10 // 12) or 300
Rows = list[tuple[Any, ...]]


@dataclass
class Asked:
    folder: Path
    url: str
    sql: sqlite3.Connection
    names: dict[str, str]

    def command(self, words: list[str]) -> dict[str, Any] | list[dict[str, Any]]:
        given = [word.format(**self.names) for word in map(str, words)]
        done = ordain_here(self.folder, "audit", *given, "--json", ORDAIN_DATABASE_URL=self.url)
        assert done.returncode == (given[0] == "reconcile"), done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return lines if given[0] == "search" else lines[0]

    def rows(self, sql: str) -> Rows:
        return self.sql.execute(sql.format(**self.names)).fetchall()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("asked")
    if request.param == "sqlite":
        yield from _asked(folder, f"sqlite:///{folder}/ordain.db")
        return
    with database() as url:
        yield from _asked(folder, url)


def _asked(folder: Path, url: str) -> Iterator[Asked]:
    opened = open_for(settings_in(folder, database_url=url, busy_seconds=5.0))
    try:
        fill(opened, DECISIONS)
    finally:
        opened.close()
    now = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    export = ["export", "all.jsonl", "--role", "reviewer", "--kind", "any", "--purpose", "to compare"]
    done = ordain_here(folder, "audit", *export, ORDAIN_DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    sql = tables(folder / "all.jsonl", ZONE)
    _reads_with_places(sql)
    names = {"asked": now}
    for name, query in CASES["names"].items():
        [(names[name],)] = sql.execute(query).fetchall()
    yield Asked(folder, url, sql, names)
    sql.close()


def _reads_with_places(sql: sqlite3.Connection) -> None:
    """Between which leaves each reading was: of the ids that it names, or as it says where they were too many."""
    for entry_id, data in sql.execute("select entry_id, data from entry where kind = 'read'").fetchall():
        read = json.loads(data)
        marks = ", ".join("?" * len(read["ids"]))
        query = f"select min(leaf_index), max(leaf_index) from entry where entry_id in ({marks})"
        [(first, last)] = sql.execute(query, read["ids"]).fetchall()
        if "places" in read["query"]:
            first, last = read["query"]["places"][0], read["query"]["places"][1] - 1
        placed = json.dumps({**read, "first": first, "last": last})
        sql.execute("update entry set data = ? where entry_id = ?", (placed, entry_id))


def test_there_are_thirty_questions_and_each_says_who_asks() -> None:
    assert len(QUESTIONS) == 30
    assert all(each["who"] and each["asks"].endswith(("?", ".")) for each in QUESTIONS.values())


@pytest.mark.parametrize("name", QUESTIONS)
def test_one_command_answers_a_question_as_sql_over_the_export_does(
    asked: Asked, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    question = QUESTIONS[name]
    began, worked = time.perf_counter(), time.process_time()
    told = asked.command(question["command"])
    took, work = time.perf_counter() - began, time.process_time() - worked
    expected = asked.rows(question["sql"])
    assert expected, "a question whose answer is nothing shows nothing"
    found = _answer(question["answer"], told, asked)
    if question.get("ordered"):
        assert found == expected
    else:
        assert Counter(map(repr, found)) == Counter(map(repr, expected))
    if ENTRIES:
        with capsys.disabled():
            where = asked.url.partition(":")[0]
            print(f"{where:10} {name:28} {len(expected):6} {took:7.2f} s, {work:6.2f} s of a processor here")


def _answer(kind: str | list[str], told: Any, asked: Asked) -> Rows:
    match kind:
        case "counts":
            return [(*(row[name] for name in told["by"]), row["count"]) for row in told["counts"]]
        case "findings":
            return [(each["wrong"], each["decision_id"]) for each in told["findings"]]
        case "sample":
            for each in told["entries"]:
                proven = ["verify-proof", each["proof"], "--key", told["key"], "--entry-id", each["entry_id"]]
                done = ordain_here(asked.folder, "audit", *proven)
                assert done.returncode == 0, done.stderr
            return [(each["entry_id"],) for each in told["entries"]]
        case "text":
            assert told["digest"] == "sha256:" + hashlib.sha256(told["text"].encode()).hexdigest()
            return [(told["digest"],)]
    return [tuple(_at(row, path) for path in kind) for row in told]


def _at(row: dict[str, Any], path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = (value or {}).get(name)
    if isinstance(value, bool):
        return int(value)  # as SQL has it
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, dict) else value
