"""`ordain decide --table`: a decision for each row, each with its own answer or error, and none decided twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from long_runs import LONG
from served import environment, ordain, ordain_here

ROWS = 40


def _csv(folder: Path, rows: int = ROWS, name: str = "customers.csv") -> Path:
    lines = [f"C-{number % 7},{number * 3 % 120},100" for number in range(rows)]
    (folder / name).write_text("subject,usage_gb,plan_gb\n" + "\n".join(lines) + "\n")
    return folder / name


def _run(folder: Path, *more: str, table: str = "customers.csv", code: int = 0) -> str:
    done = ordain_here(folder, "decide", "plan-advice", "--table", table, *more)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def _answers(folder: Path, name: str = "customers.csv.decisions.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_bytes().splitlines()]


def _recorded(folder: Path) -> Counter[str]:
    if not (folder / "ordain.db").exists():
        return Counter()
    with closing(sqlite3.connect(folder / "ordain.db")) as database:
        envelopes = [json.loads(row[0]) for row in database.execute("SELECT envelope FROM entry")]
    return Counter(entry["id"] for entry in envelopes if entry["kind"] == "decision")


def _facts_of(folder: Path, answer: dict[str, Any]) -> dict[str, Any]:
    done = ordain_here(folder, "audit", "show", answer["decision_id"], "--json")
    shown = json.loads(done.stdout)["private"]
    return {name: fact["value"] for name, fact in shown["facts"].items()} | {"subject": shown["subject"]}


def test_every_row_is_decided_in_its_order_and_on_record(tmp_path: Path) -> None:
    _csv(tmp_path)
    assert "40 rows decided, " in _run(tmp_path)
    answers = _answers(tmp_path)
    assert len(answers) == ROWS
    assert _recorded(tmp_path) == Counter(answer["decision_id"] for answer in answers)
    assert _facts_of(tmp_path, answers[5]) == {"usage_gb": "15", "plan_gb": "100", "subject": "C-5"}
    assert ordain_here(tmp_path, "audit", "verify").returncode == 0
    assert ordain_here(tmp_path, "replay", "--all").returncode == 0


def test_the_same_rows_in_each_form_of_table_give_the_same(tmp_path: Path) -> None:
    _csv(tmp_path)
    cells = [line.split(",") for line in (tmp_path / "customers.csv").read_text().splitlines()[1:]]
    asks = [{"subject": s, "facts": {"usage_gb": int(u), "plan_gb": int(p)}} for s, u, p in cells]
    (tmp_path / "lines.jsonl").write_text("\n\n".join(json.dumps(ask) for ask in asks))
    columns = {"subject": [row[0] for row in cells]}
    columns |= {name: [float(row[at]) for row in cells] for at, name in ((1, "usage_gb"), (2, "plan_gb"))}
    pq.write_table(pa.table({**columns, "note": ["x"] * ROWS}), tmp_path / "columns.parquet")
    _run(tmp_path)
    _run(tmp_path, table="lines.jsonl")
    _run(tmp_path, "--ignore-column", "note", table="columns.parquet")
    first, *others = (
        [answer["outcome"] for answer in _answers(tmp_path, f"{name}.decisions.jsonl")]
        for name in ("customers.csv", "lines.jsonl", "columns.parquet")
    )
    assert first == others[0] == others[1]


def test_a_bad_row_spoils_only_itself(tmp_path: Path) -> None:
    lines = [
        b'{"subject": "C-1", "facts": {"usage_gb": 95, "plan_gb": 100}}',
        b"not JSON",
        b'{"subject": "", "facts": {}}',
        b'{"subject": "C-2", "facts": {"usage_gb": "much", "plan_gb": 100}}',
        b'{"subject": "C-3", "facts": {"usage_gb": 95, "plan_gb": 100}}',
    ]
    (tmp_path / "asks.jsonl").write_bytes(b"\n".join(lines))
    told = _run(tmp_path, table="asks.jsonl", code=1)
    assert "2 rows decided, " in told
    assert "row 4: `usage_gb`" in told
    answers = _answers(tmp_path, "asks.jsonl.decisions.jsonl")
    assert [answer.get("line") for answer in answers] == [None, 2, 3, 4, None]
    codes = ["MalformedRequest", "MalformedRequest", "DataQualityIssue"]
    assert [answer["error"]["code"] for answer in answers[1:4]] == codes
    assert sum(_recorded(tmp_path).values()) == 2


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        ("subject,usage_gb,plan_bg", "the column `plan_bg` of `t.csv` is no fact"),
        ("customer,usage_gb,plan_gb", "`t.csv` has no column `subject`"),
        ("subject,usage_gb,usage_gb", "`t.csv` has the column `usage_gb` twice"),
    ],
)
def test_a_table_whose_columns_do_not_fit_is_refused_before_anything_is_decided(
    tmp_path: Path, heading: str, told: str
) -> None:
    (tmp_path / "t.csv").write_text(f"{heading}\nC-1,1,2\n")
    assert told in _run(tmp_path, table="t.csv", code=2)
    assert not _recorded(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("none.csv", None, "`none.csv` cannot be read: no such file"),
        ("table.xlsx", "x", "`table.xlsx` is not a table that can be read"),
        ("t.parquet", "x", "`t.parquet` is not a parquet table"),
        ("empty.csv", "", "the table has no row"),
        ("heading.csv", "subject,usage_gb,plan_gb\n", "the table has no row"),
        ("empty.jsonl", "\n\n", "the table has no row"),
    ],
)
def test_what_is_no_table_is_told_and_leaves_no_file_of_answers(
    tmp_path: Path, name: str, text: str | None, told: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    shown = _run(tmp_path, table=name, code=2)
    assert told in shown
    assert "--resume" not in shown
    assert not list(tmp_path.glob("*.decisions.jsonl"))


def test_rows_with_more_or_fewer_cells_than_the_heading_are_errors_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("subject,usage_gb,plan_gb\nC-1,95,100,7\nC-2,95\nC-3,95,100\nC-4,abc,100\n,5,100\n")
    assert "1 row decided" in _run(tmp_path, table="t.csv", code=1)
    messages = [
        answer["error"]["message"] if "error" in answer else ""
        for answer in _answers(tmp_path, "t.csv.decisions.jsonl")
    ]
    assert messages[:3] == [
        "row 1 of `t.csv` has more cells than the heading",
        "row 2 of `t.csv` has fewer cells than the heading",
        "",
    ]
    assert messages[3].startswith("`usage_gb`: ")
    assert messages[4].startswith("`subject` must be a text")


def test_answers_are_never_written_over(tmp_path: Path) -> None:
    _csv(tmp_path)
    _run(tmp_path)
    assert "already exists" in _run(tmp_path, code=2)
    assert "no run to go on with" in _run(tmp_path, "--resume", code=2)
    assert sum(_recorded(tmp_path).values()) == ROWS
    assert "there is no `other.jsonl`" in _run(tmp_path, "--resume", "--out", "other.jsonl", code=2)


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    """What is the same when the same is asked again."""
    return {name: part for name, part in answer.items() if name not in ("decision_id", "receipt", "at")}


def test_several_processes_answer_as_one_does(tmp_path: Path) -> None:
    rows, by = 3_300, {}
    for processes in ("1", "2", "3"):
        folder = tmp_path / processes
        folder.mkdir()
        _csv(folder, rows)
        with (folder / "customers.csv").open("a") as table:
            table.write("C-1,no number,100\n")
        done = ordain(folder, "decide", "plan-advice", "--table", "customers.csv", "--processes", processes, "--json")
        assert done.returncode == 1, done.stderr
        assert json.loads(done.stdout)["refused"] == 1
        answers = _answers(folder)
        assert _recorded(folder) == Counter(answer["decision_id"] for answer in answers[:-1])
        assert answers[-1]["line"] == rows + 1
        by[processes] = [_told(answer) for answer in answers[:-1]]
        assert ordain_here(folder, "audit", "verify").returncode == 0
    assert by["1"] == by["2"] == by["3"]


def test_a_helper_that_is_gone_ends_the_run_and_it_goes_on(tmp_path: Path) -> None:
    rows = 8_000
    _csv(tmp_path, rows)
    out = tmp_path / "customers.csv.decisions.jsonl"
    command = [sys.executable, "-m", "ordain", "decide", "plan-advice", "--table", "customers.csv", "--processes", "2"]
    running = subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while running.poll() is None and not (out.exists() and out.stat().st_size):
        time.sleep(0.002)
    helpers = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    os.kill(int(helpers[0]), signal.SIGKILL)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 5
    assert "a process of the run has ended" in said
    assert "go on with --resume" in said
    assert ordain(tmp_path, "decide", "plan-advice", "--table", "customers.csv", "--resume").returncode == 0
    assert _recorded(tmp_path) == Counter(answer["decision_id"] for answer in _answers(tmp_path))


def test_helpers_do_not_outlive_their_run(tmp_path: Path) -> None:
    _csv(tmp_path, 8_000)
    out = tmp_path / "customers.csv.decisions.jsonl"
    command = [sys.executable, "-m", "ordain", "decide", "plan-advice", "--table", "customers.csv", "--processes", "2"]
    running = subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while running.poll() is None and not (out.exists() and out.stat().st_size):
        time.sleep(0.002)
    helpers = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    assert len(helpers) == 2
    running.kill()
    running.wait()
    until = time.monotonic() + 10
    while any(Path(f"/proc/{helper}").exists() for helper in helpers):
        assert time.monotonic() < until, "a helper is still there"
        time.sleep(0.05)


KILLS = int(os.environ.get("ORDAIN_TABLE_KILLS", "4"))
"""Of a run over a table; `ORDAIN_TABLE_KILLS=50` takes minutes."""


@pytest.mark.parametrize("processes", [pytest.param("1", marks=LONG), "2"])
def test_a_run_that_is_killed_again_and_again_decides_every_row_once(tmp_path: Path, processes: str) -> None:
    rows, kills, more = max(24_000, 4_000 * KILLS), 0, ()
    _csv(tmp_path, rows)
    out = tmp_path / "customers.csv.decisions.jsonl"
    command = [sys.executable, "-m", "ordain", "decide", "plan-advice", "--table", "customers.csv"]
    command += ["--processes", processes]
    while kills < KILLS:
        running = subprocess.Popen(
            [*command, *more], cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        begun = out.stat().st_size if out.exists() else 0
        while running.poll() is None and (not out.exists() or out.stat().st_size <= begun):
            time.sleep(0.002)
        time.sleep(0.05 * (kills % 5))
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        kills, more = kills + 1, ("--resume",)
    done = ordain(tmp_path, "decide", "plan-advice", "--table", "customers.csv", "--resume")
    assert done.returncode == 0, done.stderr
    answers = _answers(tmp_path)
    assert len(answers) == rows
    assert _recorded(tmp_path) == Counter(answer["decision_id"] for answer in answers)
    assert ordain_here(tmp_path, "audit", "verify").returncode == 0
    assert not (tmp_path / "customers.csv.decisions.jsonl.run").exists()
