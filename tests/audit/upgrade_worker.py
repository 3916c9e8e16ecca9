"""Upgrades a ledger and is killed, or finds the disk full, on the way.

python upgrade_worker.py DATABASE kill STATEMENT NTH STEPS    at the NTH statement that begins so, STEPS into it
python upgrade_worker.py DATABASE full BYTES                  no file may grow beyond that
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import sys
from typing import Any

import sqlalchemy as sa
from first_cut_upgraded import upgraded

from ordain.audit.store.sqlite import SqliteStore
from ordain.engine.errors import OrdainError


def die() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def kill_at(statement: str, nth: int, steps: int) -> None:
    seen = 0

    def watch(driver: sqlite3.Connection, *_: Any) -> None:
        def traced(text: str) -> None:
            nonlocal seen
            if text.strip().startswith(statement):
                seen += 1
                if seen == nth:
                    driver.set_progress_handler(die, steps) if steps else die()

        driver.set_trace_callback(traced)

    sa.event.listen(sa.Pool, "checkout", watch)


def main(database: str, how: str, *arguments: str) -> int:
    store = SqliteStore(f"sqlite:///{database}", busy_seconds=20)
    if how == "kill":
        kill_at(arguments[0], int(arguments[1]), int(arguments[2]))
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(arguments[0]), int(arguments[0])))
    try:
        upgraded(store)
    except OrdainError as error:
        print(error)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
