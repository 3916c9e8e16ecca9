"""A run of `ordain batch` that is stopped anywhere is gone on with: no row twice, none lost, one entry on record."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from long_runs import LONG
from served import environment, ordain, ordain_here

from ordain.api.batch_runs.output_files import OutputFiles
from ordain.api.batch_runs.run_folder import RunFolder
from ordain.audit.ledger.writer import Ledger
from ordain.audit.rows.sealed_part import PART_ROWS
from ordain.engine.errors import ExportFailed, NotRecorded

AT = "2026-12-01T12:00:00+00:00"
ROWS = 3 * PART_ROWS + 1000
FILES = ("out.parquet", "out.rejects.parquet")


def _table(folder: Path, rows: int = ROWS) -> None:
    """SYNTHETIC customers, some with a plan of nothing, which is no plan."""
    with duckdb.connect() as database:
        database.execute(
            "COPY (SELECT 'C-' || i AS subject, ((i % 997) / 7)::DECIMAL(9, 2) AS usage_gb, "
            f"(i % 331)::DECIMAL(9, 1) AS plan_gb FROM range({rows}) t(i)) TO '{folder / 'in.parquet'}'"
        )


def _run(folder: Path, *more: str, code: int = 1) -> dict[str, Any]:
    done = ordain_here(folder, "batch", "plan-advice", "in.parquet", "out.parquet", "--at", AT, "--json", *more)
    assert done.returncode == code, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _digests(folder: Path) -> list[str]:
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES]


def _entries(folder: Path) -> list[dict[str, Any]]:
    done = ordain(folder, "audit", "search", "--kind", "batch", "--json")
    assert done.returncode == 0, done.stderr
    return (
        [json.loads(line) for line in done.stdout.splitlines()] if done.stdout[:1] == "{" else json.loads(done.stdout)
    )


def _killed_and_resumed(folder: Path, kills: int) -> int:
    """Runs it and kills it so many times at random, then lets it end; how often it was really killed on its way."""
    command = [sys.executable, "-m", "ordain", "batch", "plan-advice", "in.parquet", "out.parquet", "--at", AT]
    draw, killed = random.Random(7), 0  # noqa: S311 - when to kill
    while True:
        more = ["--resume"] if RunFolder(folder / "out.run").exists else []
        with subprocess.Popen(
            [*command, *more],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            if killed < kills:
                _wait_for(folder, process, draw)
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                killed += process.returncode == -signal.SIGKILL
                if process.returncode == 1:
                    return killed
            else:
                said, _ = process.communicate(timeout=240)
                assert process.returncode == 1, said.decode()
                return killed


def _wait_for(folder: Path, process: subprocess.Popen[bytes], draw: random.Random) -> None:
    """Until it has begun, and some moments more."""
    while process.poll() is None and not (folder / "out.run" / "run.json").exists():
        time.sleep(0.02)
    if draw.random() < 0.5:
        before = len(list((folder / "out.run").glob("part-*.json")))
        while process.poll() is None and len(list((folder / "out.run").glob("part-*.json"))) == before:
            time.sleep(0.01)
    time.sleep(draw.random() * 0.6)


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=LONG)])
def test_killed_again_and_again_it_comes_to_the_same_bytes(tmp_path: Path, kills: int) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    for folder in (calm, killed):
        folder.mkdir()
        _table(folder, ROWS * (3 if kills > 3 else 1))
    _run(calm)
    assert _killed_and_resumed(killed, kills) >= 1
    assert _digests(killed) == _digests(calm)
    assert len(_entries(killed)) == len(_entries(calm)) == 1
    assert not (killed / "out.run").exists()
    with duckdb.connect() as database:
        [(rows, different)] = database.execute(
            f"SELECT count(*), count(DISTINCT subject) FROM (SELECT subject FROM '{killed / FILES[0]}' "
            f"UNION ALL SELECT subject FROM '{killed / FILES[1]}')"
        ).fetchall()
    assert rows == different == ROWS * (3 if kills > 3 else 1)


def test_an_output_that_cannot_take_its_name_is_on_record_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _table(tmp_path, 500)
    with monkeypatch.context() as broken:
        broken.setattr(OutputFiles, "take_place", _raising(ExportFailed("the disk is full")))
        done = ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", "out.parquet", "--at", AT)
        assert done.returncode == 5, done.stderr
        assert "--resume" in done.stderr
    assert len(_entries(tmp_path)) == 1
    told = _run(tmp_path, "--resume")
    assert told["rows"] == 500
    [entry] = _entries(tmp_path)
    assert entry["entry_id"] == told["entry_id"]


@pytest.mark.parametrize("named", [1, 2, 3])
@pytest.mark.parametrize("output", ["out.parquet", "out"])
def test_files_that_have_their_names_already_are_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: int, output: str
) -> None:
    _table(tmp_path, 500)
    count, really = 0, Path.replace

    def replace(self: Path, target: Path) -> Path:
        nonlocal count
        if Path(target).parent == Path() or Path(target).parent == tmp_path:
            count += 1
            if count > named:
                raise OSError(28, "No space left on device")
        return really(self, target)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", replace)
        done = ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", output, "--at", AT)
        assert done.returncode == 5, done.stderr
    done = ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", output, "--at", AT, "--resume")
    assert done.returncode == 1, done.stderr
    assert ordain_here(tmp_path, "audit", "rows", "verify", output).returncode == 0
    assert len(_entries(tmp_path)) == 1
    assert {path.name for path in tmp_path.glob("out*")} == {output, "out.rejects.parquet", "out.proof", "out.html"}


def test_processes_that_seal_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    _table(tmp_path)
    command = [sys.executable, "-m", "ordain", "batch", "plan-advice", "in.parquet", "out.parquet", "--at", AT]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.DEVNULL) as process:
        helpers: list[int] = []
        while process.poll() is None and not helpers:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            helpers = [int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]
            time.sleep(0.01)
        process.kill()
    assert helpers
    ends = time.monotonic() + 60
    while any(Path(f"/proc/{each}/cmdline").exists() for each in helpers) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{each}/cmdline").exists() for each in helpers)


def test_nothing_is_handed_out_that_could_not_be_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _table(tmp_path, 500)
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "append", _raising(NotRecorded("the ledger is full")))
        done = ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", "out.parquet", "--at", AT)
        assert done.returncode == 3, done.stderr
    assert not any((tmp_path / name).exists() for name in FILES)
    assert _run(tmp_path, "--resume")["decided"]
    assert len(_entries(tmp_path)) == 1


def _raising(error: Exception) -> Any:
    def raise_it(*_: object, **__: object) -> None:
        raise error

    return raise_it


def test_a_run_is_not_gone_on_with_over_another_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _table(tmp_path, 500)
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "append", _raising(NotRecorded("the ledger is full")))
        ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", "out.parquet", "--at", AT)
    again = ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", "out.parquet", "--at", AT)
    assert again.returncode == 2
    assert "a run into `out.parquet` was stopped" in again.stderr
    _table(tmp_path, 501)
    other = ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", "out.parquet", "--resume")
    assert other.returncode == 2
    assert "the input changed since the run" in other.stderr
    plain = ordain_here(tmp_path, "batch", "access", "in.parquet", "out.parquet", "--resume")
    assert plain.returncode == 2


def test_a_damaged_run_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _table(tmp_path, 500)
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "append", _raising(NotRecorded("the ledger is full")))
        ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", "out.parquet", "--at", AT)
    (tmp_path / "out.run" / "run.json").write_text("{")
    done = ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", "out.parquet", "--resume")
    assert done.returncode == 2
    assert "is damaged" in done.stderr


def test_two_runs_do_not_write_to_one_output(tmp_path: Path) -> None:
    _table(tmp_path, 500)
    with RunFolder(tmp_path / "out.run").held():
        done = ordain_here(tmp_path, "batch", "plan-advice", "in.parquet", "out.parquet")
    assert done.returncode == 2
    assert "another `ordain batch` writes" in done.stderr
