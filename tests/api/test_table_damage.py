"""`ordain decide --table`: with a damaged journal, or a table that changes meanwhile, nothing is decided twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
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

from ordain.api.cli.whole_tables.run_journal import RunJournal

ROWS = 12
Lines = list[bytes]


def _changed(line: bytes, change: Callable[[list[str]], list[str]]) -> bytes:
    data = json.loads(line)
    data["rows"] = change(data["rows"])
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"


def _other_digit(text: str) -> str:
    return text[:-1] + ("1" if text[-1] == "0" else "0")


DAMAGES: dict[str, Callable[[Lines], Lines]] = {
    "a digit of an id": lambda lines: [
        *lines[:-1],
        _changed(lines[-1], lambda rows: [*rows[:-1], _other_digit(rows[-1])]),
    ],
    "ids removed": lambda lines: [*lines[:-1], _changed(lines[-1], lambda rows: [row.split()[0] for row in rows])],
    "rows missing": lambda lines: [*lines[:-1], _changed(lines[-1], lambda rows: rows[:-3])],
    "another place": lambda lines: [*lines[:-1], lines[-1].replace(b'"after":0', b'"after":00')],
    "the last line gone": lambda lines: lines[:-1],
    "the last line torn": lambda lines: [*lines[:-1], lines[-1][:300]],
    "the last line torn early": lambda lines: [*lines[:-1], lines[-1][:1]],
    "the last line twice": lambda lines: [*lines, lines[-1]],
    "a blank line": lambda lines: [*lines, b"\n"],
    "the first line gone": lambda lines: lines[1:],
    "the first line of another run": lambda lines: [lines[0].replace(b'"run":"0', b'"run":"1'), *lines[1:]],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_journal_that_is_not_as_it_was_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    table_in(tmp_path, ROWS)
    stopped_late(tmp_path, monkeypatch, 4)
    answers, whole = answers_of(tmp_path).read_bytes(), journal_of(tmp_path).read_bytes()
    damaged = b"".join(DAMAGES[damage](whole.splitlines(keepends=True)))
    assert damaged != whole
    journal_of(tmp_path).write_bytes(damaged)
    assert "is damaged in line" in decide_table(tmp_path, "--resume", code=2)
    assert (answers_of(tmp_path).read_bytes(), journal_of(tmp_path).read_bytes()) == (answers, damaged)
    journal_of(tmp_path).write_bytes(whole)
    decide_table(tmp_path, "--resume")
    assert ids_on_record(tmp_path) == ids_told(tmp_path)
    assert len(ids_told(tmp_path)) == ROWS


def test_what_a_stop_left_of_a_line_that_was_never_begun_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table_in(tmp_path, ROWS)
    stopped_late(tmp_path, monkeypatch, 4)
    with journal_of(tmp_path).open("ab") as file:
        file.write(b'{"after":12,"rows":["' + b"\0" * 100)
    decide_table(tmp_path, "--resume")
    assert ids_on_record(tmp_path) == ids_told(tmp_path)


def test_a_journal_of_an_older_ordain_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table_in(tmp_path, ROWS)
    stopped_late(tmp_path, monkeypatch, 4)
    journal_of(tmp_path).write_text('{"service":"plan-advice"}\n{"after":0,"rows":[]}\n')
    assert "was written by an older Ordain" in decide_table(tmp_path, "--resume", code=2)


def _reversed(table: Path) -> None:
    heading, *rows = table.read_text().splitlines(keepends=True)
    with table.open("r+") as file:
        file.write(heading + "".join(reversed(rows)))


def _shorter(table: Path) -> None:
    with table.open("r+b") as file:
        file.truncate(table.stat().st_size // 2)


def _replaced(table: Path) -> None:
    other = table.with_name("other.csv")
    other.write_text(table.read_text())
    other.replace(table)


@pytest.mark.parametrize("change", [_reversed, _shorter, _replaced, Path.unlink])
def test_a_table_that_changes_while_it_is_decided_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    table = table_in(tmp_path, 3_000)
    before, plan = table.read_text(), RunJournal.plan

    def then_changed(journal: RunJournal, after: int, rows: object) -> None:
        plan(journal, after, rows)  # type: ignore[arg-type]
        if after == 0:
            change(table)

    with monkeypatch.context() as patch:
        patch.setattr(RunJournal, "plan", then_changed)
        assert "`t.csv` was changed while it was being decided" in decide_table(tmp_path, code=2)
    assert len(ids_told(tmp_path)) == len(ids_on_record(tmp_path)) == 1_000
    table.write_text(before)
    decide_table(tmp_path, "--resume")
    assert ids_told(tmp_path) == ids_on_record(tmp_path)
    assert len(ids_told(tmp_path)) == 3_000


def test_a_table_that_changes_under_several_processes_ends_the_run(tmp_path: Path) -> None:
    rows = 16_000
    table = table_in(tmp_path, rows)
    before = table.read_text()
    running = started(tmp_path, "--processes", "2")
    wait_for(lambda: has_answers(tmp_path))
    _reversed(table)
    _, said = running.communicate(timeout=120)
    assert (running.returncode, "was changed while it was being decided" in said) == (2, True), said
    table.write_text(before)
    resumed = started(tmp_path, "--processes", "1", "--resume")
    _, said = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, said
    assert sorted(ids_told(tmp_path)) == sorted(ids_on_record(tmp_path))
    assert len(ids_told(tmp_path)) == rows
