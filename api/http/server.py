"""The WSGI server process: `python -m ordain.api.http.server HOST PORT THREADS`.

A process of its own that loads nothing but the server: it forks its worker, and a fork of a process in which
XGBoost's OpenMP runtime has already started hangs.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from ordain.api.limits import LIMITS


def serve(host: str, port: int, threads: int) -> None:
    """Serves until interrupted. One worker process: a ledger in SQLite has one writer.

    One blocking thread by default: with more, requests wait longer for the interpreter than for the disk.
    """
    Granian(
        "ordain.api.http.app:from_environment",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        websockets=False,
        workers=1,
        blocking_threads=threads,
        log_level=LogLevels.warning,
    ).serve()
    # Its worker ends without a chance to sign what it decided last. If this fails, the next start does it.
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-m", "ordain", "audit", "checkpoint"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LIMITS.signing_seconds,
            check=False,
        )


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
