"""`ordain decide --table --resume`: only the run that was stopped is gone on with, over the table and service it began
with, and nobody gets the answer of another.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from answers import QUOTE
from served import environment, ordain_here

from ordain.api.cli.whole_tables.answers_file import begun
from ordain.api.cli.whole_tables.run_journal import RunJournal
from ordain.engine.errors import MalformedRequest

ROWS = 12
HEADING = "subject,usage_gb,plan_gb"


def _csv(folder: Path, rows: int = ROWS, name: str = "t.csv") -> Path:
    lines = [f"K-{number},{number * 3 % 120},100" for number in range(rows)]
    (folder / name).write_text("\n".join([HEADING, *lines, ""]))
    return folder / name


def _decide(folder: Path, *more: str, table: str = "t.csv", service: str = "plan-advice", code: int = 0) -> str:
    done = ordain_here(folder, "decide", service, "--table", table, *more)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def _out(folder: Path, table: str = "t.csv") -> Path:
    return folder / f"{table}.decisions.jsonl"


def _journal(folder: Path, table: str = "t.csv") -> Path:
    return folder / f"{table}.decisions.jsonl.run"


def _recorded(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "ordain.db")) as database:
        envelopes = [json.loads(row[0]) for row in database.execute("SELECT envelope FROM entry")]
    return sum(envelope["kind"] == "decision" for envelope in envelopes)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Until it is called, a run leaves its journal, as one that is killed does."""
    monkeypatch.setattr(RunJournal, "end", lambda journal: None)
    return monkeypatch.undo


def _stopped(folder: Path, kept: Callable[[], None], lines: int, table: str = "t.csv", **how: Any) -> list[bytes]:
    """A run that has recorded all its rows, and written that many lines and a half. Gives all the lines."""
    _decide(folder, table=table, **how)
    kept()
    whole = _out(folder, table).read_bytes().splitlines(keepends=True)
    _out(folder, table).write_bytes(b"".join(whole[:lines]) + whole[lines][:25])
    return whole


def test_what_was_recorded_and_not_written_is_read_back_and_not_decided_again(
    tmp_path: Path, kept: Callable[[], None]
) -> None:
    _csv(tmp_path)
    lines = _stopped(tmp_path, kept, 4)
    told = _decide(tmp_path, "--resume")
    assert (
        "0 rows decided; 4 rows answered by an earlier run; 8 rows recorded by an earlier run and answered now" in told
    )
    assert _out(tmp_path).read_bytes().splitlines(keepends=True) == lines
    assert _recorded(tmp_path) == ROWS
    assert not _journal(tmp_path).exists()


def _write(table: Path, text: str) -> None:
    table.write_text(text)


def test_what_a_service_refuses_is_recorded_once_however_often_it_is_stopped(
    tmp_path: Path, kept: Callable[[], None]
) -> None:
    asks = [
        {"subject": f"C-{number}", "facts": {**QUOTE, "personal_data_inputs": ["race"] if number % 2 else []}}
        for number in range(6)
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, asks)))
    _decide(tmp_path, table="t.jsonl", service="price-quote", code=1)
    lines = _out(tmp_path, "t.jsonl").read_bytes().splitlines(keepends=True)
    for written in (2, 0, 1):
        _out(tmp_path, "t.jsonl").write_bytes(b"".join(lines[:written]))
        _decide(tmp_path, "--resume", table="t.jsonl", service="price-quote", code=1)
    kept()
    _decide(tmp_path, "--resume", table="t.jsonl", service="price-quote")
    answers = [json.loads(line) for line in _out(tmp_path, "t.jsonl").read_bytes().splitlines()]
    assert [answer.get("line") for answer in answers] == [None, 2, None, 4, None, 6]
    assert _recorded(tmp_path) == 6


def test_a_recorded_row_that_cannot_be_shown_again_is_not_decided_again(
    tmp_path: Path, kept: Callable[[], None]
) -> None:
    _csv(tmp_path)
    _stopped(tmp_path, kept, 4)
    done = ordain_here(tmp_path, "audit", "erase", "K-7", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    told = _decide(tmp_path, "--resume", code=1)
    assert "row 8: it is on record as decision" in told
    assert "which cannot be shown again: erased" in told
    assert _recorded(tmp_path) == ROWS


def _rows(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def edit(table: Path) -> None:
        heading, *rows = table.read_text().splitlines()
        table.write_text("\n".join([heading, *change(rows), ""]))

    return edit


CHANGES = {
    "one removed": (_rows(lambda rows: rows[:6] + rows[7:]), "row 7 of the table is another"),
    "one changed": (_rows(lambda rows: [*rows[:8], "K-8,99,100", *rows[9:]]), "row 9 of the table is another"),
    "an early one changed": (_rows(lambda rows: ["K-0,99,100", *rows[1:]]), "row 1 of the table is another"),
    "reversed": (_rows(lambda rows: rows[::-1]), "row 1 of the table is another"),
    "the last removed": (_rows(lambda rows: rows[:-1]), "the table has fewer rows"),
    "another column": (
        lambda table: _write(table, table.read_text().replace("plan_gb", "base_price")),
        "row 1 of the table is another",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_table_that_was_changed_is_not_gone_on_with(tmp_path: Path, kept: Callable[[], None], change: str) -> None:
    table = _csv(tmp_path)
    lines = _stopped(tmp_path, kept, 4)
    before, (edit, told) = _out(tmp_path).read_bytes(), CHANGES[change]
    whole = table.read_text()
    edit(table)
    assert told in _decide(tmp_path, "--resume", code=2)
    assert (_recorded(tmp_path), _out(tmp_path).read_bytes()) == (ROWS, before)
    table.write_text(whole)
    _decide(tmp_path, "--resume")
    assert _out(tmp_path).read_bytes().splitlines(keepends=True) == lines


def test_rows_added_at_the_end_are_decided(tmp_path: Path, kept: Callable[[], None]) -> None:
    table = _csv(tmp_path)
    _stopped(tmp_path, kept, 4)
    table.write_text(table.read_text() + "K-99,1,100\n")
    assert "1 row decided" in _decide(tmp_path, "--resume")
    assert _recorded(tmp_path) == ROWS + 1


def test_another_service_is_not_gone_on_with(tmp_path: Path, kept: Callable[[], None]) -> None:
    _csv(tmp_path)
    _stopped(tmp_path, kept, 4)
    told = _decide(tmp_path, "--resume", service="retention", code=2)
    assert "has the answers of `plan-advice`, not of `retention`" in told


def test_an_id_that_stands_for_another_question_gives_nobody_its_answer(
    tmp_path: Path, kept: Callable[[], None]
) -> None:
    _csv(tmp_path)
    _stopped(tmp_path, kept, 0)
    journal = RunJournal(_out(tmp_path), "plan-advice")
    rows = list(journal.planned())
    rows[3:5] = [rows[3]._replace(id=rows[4].id), rows[4]._replace(id=rows[3].id)]
    journal.begin()
    journal.plan(0, rows)
    assert "row 4 does not ask what decision" in _decide(tmp_path, "--resume", code=2)


def test_a_file_that_is_no_answers_of_a_run_is_left_as_it_is(tmp_path: Path) -> None:
    table = _csv(tmp_path)
    (tmp_path / "notes.txt").write_text("mine\nand no line break")
    texts = {file: file.read_bytes() for file in (table, tmp_path / "notes.txt")}
    for file in texts:
        _decide(tmp_path, "--resume", "--out", file.name, code=2)
    assert "is the table itself" in _decide(tmp_path, "--resume", "--out", "t.csv", code=2)
    (tmp_path / "link.jsonl").symlink_to(table)
    assert "is the table itself" in _decide(tmp_path, "--out", "link.jsonl", code=2)
    assert texts == {file: file.read_bytes() for file in texts}


@pytest.mark.parametrize("text", [b"mine\nand no line break", b"mine", b'{"decision_id": "x"}\n', b"[]\n"])
def test_answers_that_are_not_those_of_the_run_are_left_as_they_are(
    tmp_path: Path, kept: Callable[[], None], text: bytes
) -> None:
    _csv(tmp_path)
    _stopped(tmp_path, kept, 4)
    _out(tmp_path).write_bytes(text)
    assert "is not what its run wrote" in _decide(tmp_path, "--resume", code=2)
    assert _out(tmp_path).read_bytes() == text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"after":0}', "null", '{"service":7}\n', "\x00\n"])
def test_a_damaged_journal_is_told(tmp_path: Path, kept: Callable[[], None], text: str) -> None:
    _csv(tmp_path)
    _stopped(tmp_path, kept, 4)
    before = _out(tmp_path).read_bytes()
    _journal(tmp_path).write_text(text)
    assert "`t.csv.decisions.jsonl.run` is damaged in line 1" in _decide(tmp_path, "--resume", code=2)
    assert _out(tmp_path).read_bytes() == before


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "null",
        '{"after":0}',
        '{"after":0,"rows":7}',
        '{"after":0,"rows":["x no-id"]}',
        '{"after":0,"rows":[["x",7]]}',
        '{"after":5,"rows":[]}',
        '{"after":-1,"rows":[]}',
        '{"after":true,"rows":[]}',
    ],
)
def test_a_damaged_line_of_a_journal_is_told(tmp_path: Path, kept: Callable[[], None], line: str) -> None:
    _csv(tmp_path)
    _stopped(tmp_path, kept, 4)
    head, _ = _journal(tmp_path).read_text().splitlines()
    _journal(tmp_path).write_text(f"{head}\n{line}\n")
    assert "is damaged in line 2" in _decide(tmp_path, "--resume", code=2)


def test_a_journal_whose_last_line_is_torn_goes_on(tmp_path: Path, kept: Callable[[], None]) -> None:
    _csv(tmp_path)
    _stopped(tmp_path, kept, 4)
    with _journal(tmp_path).open("ab") as file:
        file.write(b'{"after":4,"rows":["7')
    _decide(tmp_path, "--resume")
    assert _recorded(tmp_path) == ROWS


def test_a_journal_without_its_last_line_break_loses_nothing(tmp_path: Path, kept: Callable[[], None]) -> None:
    _csv(tmp_path)
    _stopped(tmp_path, kept, 4)
    _journal(tmp_path).write_text(_journal(tmp_path).read_text().strip())
    _decide(tmp_path, "--resume")
    assert _recorded(tmp_path) == ROWS


def test_two_runs_never_write_one_file(tmp_path: Path, kept: Callable[[], None]) -> None:
    _csv(tmp_path)
    _stopped(tmp_path, kept, 4)
    before = _out(tmp_path).read_bytes()
    with _out(tmp_path).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "another run writes `t.csv.decisions.jsonl`" in _decide(tmp_path, "--resume", code=2)
    assert _out(tmp_path).read_bytes() == before


def test_two_new_runs_never_write_one_file(tmp_path: Path) -> None:
    """Both have found that there is none yet; the other was first to make it."""
    _out(tmp_path).touch()
    with pytest.raises(MalformedRequest, match="another run writes"), begun(_out(tmp_path)):
        pass


@pytest.mark.parametrize("letters", [253, 300])
@pytest.mark.parametrize("more", [(), ("--resume",)])
def test_answers_whose_name_is_too_long_are_told(tmp_path: Path, letters: int, more: tuple[str, ...]) -> None:
    _csv(tmp_path)
    name = "x" * letters
    if more and letters < 255:
        (tmp_path / name).touch()
    assert "file name too long" in _decide(tmp_path, *more, "--out", name, code=2)


def test_a_journal_that_is_left_without_its_answers_is_not_written_over(
    tmp_path: Path, kept: Callable[[], None]
) -> None:
    _csv(tmp_path)
    _stopped(tmp_path, kept, 4)
    _out(tmp_path).unlink()
    journal = _journal(tmp_path).read_bytes()
    assert "is left of an earlier run" in _decide(tmp_path, code=2)
    assert _journal(tmp_path).read_bytes() == journal


def test_tables_of_one_name_in_several_forms_have_answers_of_their_own(tmp_path: Path) -> None:
    _csv(tmp_path)
    (tmp_path / "t.jsonl").write_text('{"subject": "C-1", "facts": {"usage_gb": 95, "plan_gb": 100}}\n')
    _decide(tmp_path)
    _decide(tmp_path, table="t.jsonl")
    assert len(_out(tmp_path).read_bytes().splitlines()) == ROWS
    assert len(_out(tmp_path, "t.jsonl").read_bytes().splitlines()) == 1


def test_a_run_that_is_terminated_says_how_to_go_on(tmp_path: Path) -> None:
    _csv(tmp_path, 4_000)
    running = subprocess.Popen(
        [sys.executable, "-m", "ordain", "decide", "plan-advice", "--table", "t.csv"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    while running.poll() is None and (not _out(tmp_path).exists() or not _out(tmp_path).stat().st_size):
        time.sleep(0.005)
    os.kill(running.pid, signal.SIGTERM)
    _, told = running.communicate(timeout=120)
    assert "go on with --resume" in told
    assert running.returncode not in (0, -signal.SIGTERM)
