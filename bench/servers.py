"""Servers under test, as processes that never outlive the benchmark."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_START_SECONDS = 60
_STOP_SECONDS = 10


def kept_in(folder: Path, models: Path | None = None) -> dict[str, str]:
    """The environment of an installation whose ledger and keys are in that folder, which is made."""
    folder.mkdir(exist_ok=True)
    return {
        "ORDAIN_DATABASE_URL": f"sqlite:///{folder / 'ledger.db'}",
        "ORDAIN_MODELS": str(models or folder / "models"),
        "ORDAIN_KEYS": str(folder / "keys"),
    }


@contextmanager
def serving(
    arguments: list[str], environment: Mapping[str, str], log: Path, folder: Path | None = None
) -> Iterator[int]:
    """Runs `python -m <arguments>`, with {port} filled in, in that folder until the block ends; gives the port.

    Raises RuntimeError with what the server said when it does not answer.
    """
    port = free_port()
    command = [sys.executable, "-m", *(part.format(port=port) for part in arguments)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            cwd=folder,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a process group of its own, so that its workers are stopped with it
        )
        try:
            _wait(server, port, log)
            yield port
        finally:
            stop(server)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """Ends a server that leads a process group, and its workers with it."""
    server.terminate()
    with suppress(subprocess.TimeoutExpired):
        server.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(_STOP_SECONDS)
