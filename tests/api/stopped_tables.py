"""Runs of `ordain decide --table` that are stopped, for tests."""

from __future__ import annotations

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
from served import environment, ordain_here

from ordain.api.cli.whole_tables.run_journal import RunJournal

TABLE = "t.csv"
HEADING = "subject,usage_gb,plan_gb"


def table_in(folder: Path, rows: int) -> Path:
    lines = [f"K-{number},{number * 3 % 120},100" for number in range(rows)]
    (folder / TABLE).write_text("\n".join([HEADING, *lines, ""]))
    return folder / TABLE


def decide_table(folder: Path, *more: str, code: int = 0, **variables: str) -> str:
    """What it says on both outputs."""
    done = ordain_here(folder, "decide", "plan-advice", "--table", TABLE, *more, **variables)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def answers_of(folder: Path) -> Path:
    return folder / f"{TABLE}.decisions.jsonl"


def journal_of(folder: Path) -> Path:
    return folder / f"{TABLE}.decisions.jsonl.run"


def ids_told(folder: Path) -> list[str]:
    lines = map(json.loads, answers_of(folder).read_bytes().splitlines())
    return [answer["decision_id"] for answer in lines if "decision_id" in answer]


def ids_on_record(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "ordain.db")) as database:
        envelopes = [json.loads(row[0]) for row in database.execute("SELECT envelope FROM entry")]
    return [envelope["id"] for envelope in envelopes if envelope["kind"] == "decision"]


def stopped_late(folder: Path, monkeypatch: pytest.MonkeyPatch, written: int, **variables: str) -> list[bytes]:
    """A run that recorded all its rows and wrote that many lines and a half. Gives all the lines."""
    with monkeypatch.context() as patch:
        patch.setattr(RunJournal, "end", lambda journal: None)
        decide_table(folder, **variables)
    lines = answers_of(folder).read_bytes().splitlines(keepends=True)
    answers_of(folder).write_bytes(b"".join(lines[:written]) + lines[written][:25])
    return lines


def started(folder: Path, *more: str, **variables: str) -> subprocess.Popen[str]:
    """A run in a process of its own, and in a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "ordain", "decide", "plan-advice", "--table", TABLE, *more],
        cwd=folder,
        env=environment(folder, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(what: Callable[[], Any], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.002)


def has_answers(folder: Path) -> bool:
    return answers_of(folder).exists() and answers_of(folder).stat().st_size > 0


def end_group(running: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Sends a signal to a run and its helpers, as a keyboard does; gives its exit code and what it said."""
    os.killpg(running.pid, number)
    _, said = running.communicate(timeout=120)
    return running.returncode, said
