"""How long commands take from the start, and how much memory, beside `python -c pass`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
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


# A process counts the memory of what started it as its own, up to there: so something small starts it.
_LAUNCHER = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(time.perf_counter() - start, used.ru_maxrss / 1024)
sys.exit(status != 0)
"""


def _once(command: list[str], folder: str) -> tuple[float, float]:
    """Seconds, and megabytes of memory at the peak, which read no less than the launcher's own, some 11."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    launch = [sys.executable, "-S", "-c", _LAUNCHER, *command]
    done = subprocess.run(launch, cwd=folder, env=kept, stdout=subprocess.PIPE, text=True, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes
