"""`ordain batch` while a version is rolled out: each customer is decided by the version that is theirs."""

from __future__ import annotations

from pathlib import Path

import duckdb
from test_rollout_command import roll, run, said, submitted

from ordain.engine.lifecycle.bucket import bucket

ROWS = 400


def test_each_customer_gets_the_version_that_is_theirs(tmp_path: Path) -> None:
    folder = submitted(tmp_path)
    said(roll(folder, "start", "fees@2", "--steps", "30,100", "--every", "12h", "--guardrails", "guardrails.yaml"))
    lines = [f"C-{number},{'much' if number == 7 else number}" for number in range(ROWS)]
    (folder / "in.csv").write_text("subject,base\n" + "\n".join(lines) + "\n")
    done = run(folder, "batch", "quote", "in.csv", "out.parquet")
    assert done.returncode == 1, done.stdout + done.stderr
    with duckdb.connect() as database:
        found = database.execute(f"SELECT subject, fee, versions FROM '{folder / 'out.parquet'}'").fetchall()
    assert [subject for subject, _, _ in found] == [f"C-{number}" for number in range(ROWS) if number != 7]
    theirs = {subject: 2 if bucket("fees@2", subject) < 3_000 else 1 for subject, _, _ in found}
    assert {subject: versions for subject, _, versions in found} == {
        subject: [f"fees@{version}"] for subject, version in theirs.items()
    }
    assert all(fee == int(subject[2:]) + (20 if theirs[subject] == 2 else 0) for subject, fee, _ in found)
    assert set(theirs.values()) == {1, 2}
    assert run(folder, "audit", "rows", "verify", "out.parquet").returncode == 0


def test_spark_decides_nothing_meanwhile(tmp_path: Path) -> None:
    folder = submitted(tmp_path)
    said(roll(folder, "start", "fees@2", "--steps", "30,100", "--every", "12h", "--guardrails", "guardrails.yaml"))
    (folder / "in.csv").write_text("subject,base\nC-1,5\n")
    done = run(folder, "batch", "quote", "in.csv", "out.csv", "--engine", "spark")
    assert done.returncode == 2
    assert "is being rolled out" in done.stderr
