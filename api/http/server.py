"""The server process: it forks its workers, which have what was loaded before.

Of a model no more than the card is read before: a fork of a process in which XGBoost's OpenMP runtime has already
started hangs. With a place to meet it, one more process writes the ledger for all workers: see
`api/http/writer_keeper.py`.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels

from ordain.api.http.interrupt import Interrupt
from ordain.api.http.reloads import Reloads
from ordain.api.http.respawns import Respawns
from ordain.api.http.worker import worker
from ordain.api.http.writer_keeper import WRITER, WriterKeeper
from ordain.api.limits import LIMITS
from ordain.api.logs.begin import GRANIAN
from ordain.api.metrics.cells import Cells
from ordain.audit.shared_writer.meeting_place import MeetingPlace

_LOG = logging.getLogger("ordain")


def serve(host: str, port: int, reloads: Reloads, workers: int = 1, place: MeetingPlace | None = None) -> None:
    """Serves until interrupted. Of several workers one that dies is started again.

    Where processes are not forked, as on macOS, each worker loads the policies itself, and none is told of a reload.
    """
    if place is None:
        os.environ.pop(WRITER, None)  # another server's
        _serve(host, port, reloads, workers)
        _sign()
        return
    keeper, signed = WriterKeeper(place), False
    keeper.start()
    try:
        _serve(host, port, reloads, workers)
    finally:
        signed = keeper.stop(LIMITS.signing_seconds)
    if not signed:
        _sign()


def _serve(host: str, port: int, reloads: Reloads, workers: int) -> None:
    forked = multiprocessing.get_start_method() == "fork"
    made: Any = (
        partial(worker, host, port, reloads, _first_word(), Cells(workers))
        if forked
        else partial(worker, host, port, None)
    )
    server = Granian(
        "ordain.api.http.worker:worker",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,  # one client can hang a worker's HTTP/2 side for good
        websockets=False,
        workers=workers,
        respawn_failed_workers=workers > 1,
        loop=Loops.asyncio,
        workers_kill_timeout=LIMITS.stop_seconds,
        log_level=LogLevels.warning,
        log_dictconfig=GRANIAN,
    )
    os.register_at_fork(after_in_child=_end_by_signals)
    server.main_loop_interrupt = Interrupt()
    if workers > 1:
        server.respawned_wrks = Respawns()
    # Granian would start its workers again, and connections that wait for one of the old would be refused.
    server.signal_handler_reload = reloads.ask if forked else _not_reloaded  # type: ignore[method-assign]
    if forked:
        reloads.start()
    server.serve(target_loader=made, wrap_loader=False)


def _not_reloaded(*_: object) -> None:
    _LOG.error("policies are reloaded only where processes are forked, as on Linux: start the server again")


def _first_word() -> int:
    """The end of a pipe with one byte in it: the worker that takes it says for all that the server listens."""
    reading, writing = os.pipe()
    os.write(writing, b"1")
    os.set_blocking(reading, False)
    return reading


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
