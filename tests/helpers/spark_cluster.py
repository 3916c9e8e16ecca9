"""A cluster of Spark's own kind on this machine: a master and workers, each a process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark
from java_home import java_home
from ports import free_port

SPARK = Path(pyspark.__file__).parent
SMALL = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"


def environment() -> dict[str, str]:
    """What processes of Spark are started with."""
    paths = [*(str(Path(each).resolve()) for each in sys.path if each), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "JAVA_HOME": str(java_home()),
        "SPARK_HOME": str(SPARK),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": SMALL,
        "SPARK_NO_DAEMONIZE": "1",
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[str]:
    """The address of a master with so many workers of one core each, which have their files in `folder`."""
    port = free_port()
    address = f"spark://127.0.0.1:{port}"
    processes = [_started(folder, "master.Master", "--port", str(port), "--webui-port", str(free_port()))]
    try:
        _until(folder / "master.Master.log", "I have been elected leader", processes)
        for number in range(workers):
            work = folder / f"worker-{number}"
            options = ["--cores", "1", "--memory", "700m", "--work-dir", str(work), "--webui-port", str(free_port())]
            processes.append(_started(folder, "worker.Worker", *options, address, name=f"worker-{number}"))
        for number in range(workers):
            _until(folder / f"worker-{number}.log", "Successfully registered with master", processes)
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(60)


def _started(folder: Path, role: str, *options: str, name: str = "") -> subprocess.Popen[bytes]:
    command = [str(SPARK / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}", "--host", "127.0.0.1", *options]
    with (folder / f"{name or role}.log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment())


def _until(log: Path, said: str, processes: list[subprocess.Popen[bytes]]) -> None:
    ends = time.monotonic() + 180
    while said not in (text := log.read_text(errors="replace")):
        if time.monotonic() > ends or any(process.poll() is not None for process in processes):
            raise AssertionError(f"it does not come up: {text[-2000:]}")
        time.sleep(0.1)
