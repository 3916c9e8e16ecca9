"""`ordain batch` over a table: decided, every row hashed, on record; beside the statement alone (`bench.sql_table`).

In a process of its own, as a person runs it: what it takes to start, to read the policies and to open the ledger is in
its seconds. SYNTHETIC customers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

_CONFIG = """database_url: sqlite:///ordain.db
policies: policies
models: models
keys: keys
tenant: bench
time_zone: UTC
"""


def timed(folder: Path, source: Path, target: str, files: dict[str, bytes], plain: bool) -> tuple[float, float]:
    """Seconds and peak bytes of one run into `target`, a name in `folder`; `files` are the policies' folder."""
    home = folder / f"home {target}"
    for name, text in files.items():
        file = home / "policies" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    (home / "config.yaml").write_text(_CONFIG)
    command = [sys.executable, "-m", "ordain", "--config", str(home / "config.yaml"), "batch", "quote", str(source)]
    command += [str(folder / f"{target}.parquet"), "--subject-column", "id", "--at", "2026-12-01"]
    plainly = {name: value for name, value in os.environ.items() if not name.startswith("ORDAIN_")}
    begun = perf_counter()
    with subprocess.Popen(command + (["--plain"] if plain else []), env=plainly, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)  # its memory, and that of no other child of this process
        seconds = perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"`ordain batch` ended with {process.returncode}")
    return seconds, used.ru_maxrss * 1024
