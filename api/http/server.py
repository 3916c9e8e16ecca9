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
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

from ordain.api.http.reloads import Reloads
from ordain.api.http.supervising.capacity import connections_for
from ordain.api.http.supervising.supervisor import Supervisor
from ordain.api.http.worker import worker
from ordain.api.http.writer_keeper import WRITER, WriterKeeper
from ordain.api.limits import LIMITS
from ordain.api.logs.begin import GRANIAN
from ordain.api.metrics.cells import Cells
from ordain.api.rates.shared_times import SharedTimes
from ordain.api.settings import Settings
from ordain.audit.shared_writer.meeting_place import MeetingPlace

_LOG = logging.getLogger("ordain")


def serve(settings: Settings, reloads: Reloads, place: MeetingPlace | None = None) -> None:
    """Serves until interrupted. Of several workers one that dies is started again.

    Where processes are not forked, as on macOS, each worker loads the policies itself, and none is told of a reload.
    """
    host, port, workers = settings.host, settings.port, settings.workers
    made: Any = partial(worker, host, port, None)
    begin, reload = (lambda: None), _not_reloaded
    if is_forked():
        made = partial(worker, host, port, reloads, first_word(), Cells(workers), SharedTimes())
        begin, reload = reloads.start, reloads.ask
    os.environ.pop(WRITER, None)  # another server's
    if place is not None:
        os.environ[WRITER] = str(place.path)
    with written((Written(place),)):
        run(settings, made, begin, reload)


class Written(NamedTuple):
    """A ledger: where its workers meet the process that writes for them, if one does, and how that finds its settings.

    `environment` is that of a process which works for that ledger; None is this process's own. `tenant` is named in
    the log where there are several.
    """

    place: MeetingPlace | None
    environment: Mapping[str, str] | None = None
    tenant: str = ""


@contextmanager
def written(ledgers: Sequence[Written]) -> Iterator[None]:
    """Keeps the processes that write them while workers run; after that all ledgers are signed, if that can be."""
    keepers = [each.place and WriterKeeper(each.place, each.environment, each.tenant) for each in ledgers]
    for keeper in keepers:
        if keeper:
            keeper.start()
    try:
        yield
    finally:
        with ThreadPoolExecutor(max(1, len(ledgers))) as all_at_once, ThreadPoolExecutor(LIMITS.signing_at_once) as few:
            signed = list(all_at_once.map(lambda each: each is not None and each.stop(LIMITS.signing_seconds), keepers))
            left = [each for each, is_signed in zip(ledgers, signed, strict=True) if not is_signed]
            list(few.map(_sign, left))


def is_forked() -> bool:
    """Whether workers have what the server's process has loaded."""
    return multiprocessing.get_start_method() == "fork"


def run(settings: Settings, made: Any, begin: Callable[[], object], reload: Callable[..., None]) -> None:
    """Serves what `made` makes in each worker; `begin` is called before there are any, `reload` at a SIGHUP."""
    server = Supervisor(
        "ordain.api.http.worker:worker",
        reload=reload,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,  # one client can hang a worker's HTTP/2 side for good
        http1_settings=HTTP1Settings(header_read_timeout=settings.idle_seconds * 1000),  # whatever it is that it awaits
        backlog=LIMITS.backlog,
        backpressure=connections_for(settings.connections),
        websockets=False,
        workers=settings.workers,
        respawn_failed_workers=settings.workers > 1,
        loop=Loops.asyncio,
        workers_kill_timeout=LIMITS.stop_seconds,
        log_level=LogLevels.warning,
        log_dictconfig=GRANIAN,
    )
    os.register_at_fork(after_in_child=_end_by_signals)
    begin()
    server.serve_until_told(made)


def _not_reloaded(*_: object) -> None:
    _LOG.error("policies are reloaded only where processes are forked, as on Linux: start the server again")


def first_word() -> int:
    """The end of a pipe with one byte in it: the worker that takes it says for all that the server listens."""
    reading, writing = os.pipe()
    os.write(writing, b"1")
    os.set_blocking(reading, False)
    return reading


def _end_by_signals() -> None:
    """Until it serves, a worker would have the handlers of the process that forked it, which end nothing there."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _sign(ledger: Written) -> None:
    """The workers end without a chance to sign what they decided last. If this fails, the next start does it."""
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-m", "ordain", "audit", "checkpoint"],
            env=ledger.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LIMITS.signing_seconds,
            check=False,
        )
