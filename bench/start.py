"""How long commands take from the start, and how much memory, beside `python -c pass`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.tables import Result

ROOT = Path(__file__).parents[1]
_RUNS = 7
_ORDAIN = [sys.executable, "-m", "ordain"]
_COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "ordain feel eval 1+1": [*_ORDAIN, "feel", "eval", "1+1"],
    "ordain decide plan-advice": [*_ORDAIN, "decide", "plan-advice", "--subject", "C-9", "--facts", "facts.json"],
}


def run() -> Result:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text(f"policies: {ROOT / 'policies'}\n")
        (Path(folder) / "facts.json").write_text('{"usage_gb": 95, "plan_gb": 100}')
        for command in _COMMANDS.values():  # the first run makes the ledger and compiles the modules
            _once(command, folder)
        rounds = [{name: _once(command, folder) for name, command in _COMMANDS.items()} for _ in range(_RUNS)]
    bare = statistics.median(each["python -c pass"][0] for each in rounds)
    rows = {}
    for name in _COMMANDS:
        seconds = statistics.median(each[name][0] for each in rounds)
        rows[name] = {"seconds": seconds, "times": seconds / bare, "mb": max(each[name][1] for each in rounds)}
    columns = {"seconds": "s", "times": "times bare Python", "mb": "MB at the peak"}
    return Result("Start of a command", columns, rows, (f"medians of {_RUNS} runs in turn, from start to exit",))


def _once(command: list[str], folder: str) -> tuple[float, float]:
    """Seconds, and megabytes of memory at the peak."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=kept, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return time.perf_counter() - start, used.ru_maxrss / 1024
