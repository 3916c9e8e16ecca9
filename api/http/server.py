"""The server process: `python -m ordain.api.http.server HOST PORT`.

A process of its own that loads nothing but the server: it forks its worker, and a fork of a process in which
XGBoost's OpenMP runtime has already started hangs.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from ordain.api.limits import LIMITS


def serve(host: str, port: int) -> None:
    """Serves until interrupted. One worker process: a ledger in SQLite has one writer."""
    Granian(
        "ordain.api.http.app:from_environment",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        factory=True,
        websockets=False,
        workers=1,
        loop=Loops.asyncio,
        workers_kill_timeout=LIMITS.stop_seconds,
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
    serve(sys.argv[1], int(sys.argv[2]))
