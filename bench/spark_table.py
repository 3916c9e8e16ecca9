"""The same table as in `bench.sql_table`, decided by Spark on two cores, from Parquet to Parquet.

Each run is in a process of its own, `python -m bench.spark_table SOURCE TARGET QUERY`, which prints the seconds from
reading to written and those that Spark took to start before, and the bytes of memory that its Java took at the most.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter

from ordain.engine.errors import SettingsError
from ordain.engine.statements.spark_run import decided_by_spark, spark_on

MASTER, MEMORY = "local[2]", "2g"


def timed(folder: Path, source: Path, name: str, query: str) -> tuple[float, float, float] | None:
    """Seconds, bytes of memory, and seconds until Spark was there; None where there is no Java to run it with."""
    file = folder / f"{name}.sql"
    file.write_text(query, encoding="utf-8")
    command = [sys.executable, "-m", "bench.spark_table", str(source), str(folder / name), str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode == 2:
        return None
    if ran.returncode:
        raise RuntimeError(ran.stderr[-2000:])
    seconds, memory, start = map(float, ran.stdout.split())
    return seconds, memory, start


def main() -> None:
    source, target, file = sys.argv[1:]
    begun = perf_counter()
    try:
        session = spark_on(MASTER, {"spark.driver.memory": MEMORY})
    except SettingsError:
        sys.exit(2)
    started = perf_counter()
    decided_by_spark(session, source, target, Path(file).read_text(encoding="utf-8"))
    done = perf_counter()
    java = Path(f"/proc/{session.sparkContext._gateway.proc.pid}/status").read_text(encoding="utf-8")  # type: ignore[union-attr]
    peak = next(int(line.split()[1]) * 1024 for line in java.splitlines() if line.startswith("VmHWM:"))
    session.stop()
    print(done - started, peak, started - begun)


if __name__ == "__main__":
    main()
