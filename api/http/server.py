"""The server process: it forks its worker, which has what was loaded before.

Of a model no more than the card is read before: a fork of a process in which XGBoost's OpenMP runtime has already
started hangs.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from contextlib import suppress
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from ordain.api.http.worker import worker
from ordain.api.limits import LIMITS
from ordain.engine.catalog import Catalog


def serve(host: str, port: int, catalog: Catalog) -> None:
    """Serves until interrupted. One worker process: a ledger in SQLite has one writer.

    Where processes are not forked, as on macOS, the worker loads the policies itself.
    """
    forked = multiprocessing.get_start_method() == "fork"
    made: Any = partial(worker, host, port, catalog if forked else None)
    Granian(
        "ordain.api.http.worker:worker",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        websockets=False,
        workers=1,
        loop=Loops.asyncio,
        workers_kill_timeout=LIMITS.stop_seconds,
        log_level=LogLevels.warning,
    ).serve(target_loader=made, wrap_loader=False)
    # Its worker ends without a chance to sign what it decided last. If this fails, the next start does it.
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-m", "ordain", "audit", "checkpoint"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LIMITS.signing_seconds,
            check=False,
        )
