"""Tables decided on a Spark cluster by a process of its own, as a process has one Spark."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spark_cluster import SMALL, environment

from ordain.engine.statements.spark_run import Added, decided_by_spark, spark_on

SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "700m",
    "spark.driver.extraJavaOptions": SMALL,
    "spark.executor.memory": "600m",
    "spark.executor.extraJavaOptions": SMALL,
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",  # both workers, not the one that is there first
    "spark.scheduler.maxRegisteredResourcesWaitingTime": "120s",
}


@dataclass(frozen=True)
class Job:
    """One table to decide; see `decided_by_spark`."""

    source: Path
    target: Path
    written: str
    added: Added | None = None


def decided_on(master: str, folder: Path, jobs: Sequence[Job]) -> list[int]:
    """The rows that each of the jobs decided."""
    file = folder / "jobs.pickle"
    file.write_bytes(pickle.dumps(jobs))
    command = [sys.executable, __file__, master, str(file)]
    ran = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=400, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return [int(line) for line in ran.stdout.split()]


def main() -> None:
    """The program of the process."""
    master, file = sys.argv[1:]
    jobs: list[Job] = pickle.loads(Path(file).read_bytes())  # noqa: S301 - our own
    session = spark_on(master, SETTINGS)
    try:
        for job in jobs:
            source, target = str(job.source), str(job.target)
            print(decided_by_spark(session, source, target, job.written, added=job.added, whole_files=True))
    finally:
        session.stop()


if __name__ == "__main__":
    import spark_driver  # the classes under the name that they were pickled with

    spark_driver.main()
