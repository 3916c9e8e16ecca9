"""The server process: `python -m ordain.api.http.server HOST PORT WORKERS [FOLDER]`.

A process of its own that loads nothing but the server: it forks its workers, and a fork of a process in which
XGBoost's OpenMP runtime has already started hangs. With FOLDER, one more process writes the ledger for all workers, and
that is where its socket is: see `api/http/writer_keeper.py`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from ordain.api.http.respawns import Respawns
from ordain.api.http.writer_keeper import WRITER, WriterKeeper
from ordain.api.limits import LIMITS


def serve(host: str, port: int, workers: int = 1, folder: Path | None = None) -> None:
    """Serves until interrupted. Of several workers one that dies is started again."""
    server = Granian(
        "ordain.api.http.app:from_environment",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        factory=True,
        websockets=False,
        workers=workers,
        respawn_failed_workers=workers > 1,
        loop=Loops.asyncio,
        workers_kill_timeout=LIMITS.stop_seconds,
        log_level=LogLevels.warning,
    )
    os.register_at_fork(after_in_child=_end_by_signals)
    if workers > 1:
        server.respawned_wrks = Respawns()
    if folder is None:
        os.environ.pop(WRITER, None)  # another server's
        server.serve()
        _sign()
        return
    keeper, signed = WriterKeeper(folder), False
    keeper.start()
    try:
        server.serve()
    finally:
        signed = keeper.stop(LIMITS.signing_seconds)
    if not signed:
        _sign()


def _end_by_signals() -> None:
    """Until it serves, a worker would have the handlers of the process that forked it, which end nothing there."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _sign() -> None:
    """The workers end without a chance to sign what they decided last. If this fails, the next start does it."""
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-m", "ordain", "audit", "checkpoint"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LIMITS.signing_seconds,
            check=False,
        )


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *map(Path, sys.argv[4:5]))
