"""An erasure that is killed, at whatever step, is finished by asking again, and is on record once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ledgers import opened
from made_run import a_row, make_run, rows_and_rejects

from ordain.audit.rows.recorded_runs import rows_erased
from ordain.audit.rows.row_check import check_rows
from ordain.audit.rows.row_erasure import erase_rows

HERE = Path(__file__).parent
STEPS = ["noting", "recording", "writing decided", "written", "writing decided.rejects", "destroying"]


@pytest.mark.parametrize("step", STEPS)
def test_it_is_finished_by_asking_again(tmp_path: Path, step: str) -> None:
    url, folder = f"sqlite:///{tmp_path}/ledger.db", tmp_path / "run"
    folder.mkdir()
    rows = rows_and_rejects(1100, [4])
    rows[3], rows[1050] = a_row(3, "P-1"), "P-1"
    with opened(url) as use:
        run = make_run(folder / "decided.parquet", rows, use=use)
    asked = [sys.executable, str(HERE / "row_eraser.py"), url, str(run.files.output), "P-1", step]
    paths = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", ""), str(HERE.parents[2])])
    done = subprocess.run(asked, env={**os.environ, "PYTHONPATH": paths}, check=False, capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with opened(url) as use:
        assert not check_rows(use, run.files) or step == "noting"
        assert erase_rows(use, run.files, "P-1", private={}).rows == 2
        assert [str(each) for each in check_rows(use, run.files).differences] == []
        assert list(rows_erased(use, run.entry.about["run"]).values()) == [2]
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["decided.parquet", "decided.proof", "decided.rejects.parquet"]
