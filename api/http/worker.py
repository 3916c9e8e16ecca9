"""The server's worker process: it answers at once, and then loads what the first answers do without."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ordain.api.access.listening import NOBODY
from ordain.api.http.answering import answers
from ordain.api.http.front import Front
from ordain.api.http.reloads import Reloads
from ordain.api.http.wired import Wired, wired
from ordain.api.http.writer_keeper import WRITER
from ordain.api.limits import LIMITS
from ordain.api.logs.begin import begin_logs
from ordain.api.logs.log_writer import LogWriter
from ordain.api.metrics.cells import Cells
from ordain.api.outliving import end_with
from ordain.api.rates.shared_times import SharedTimes
from ordain.api.settings import load_settings

_LOG = logging.getLogger("ordain")


def worker(
    host: str,
    port: int,
    reloads: Reloads | None,
    first_word: int | None = None,
    cells: Cells | None = None,
    times: SharedTimes | None = None,
) -> Front:
    """What the server calls: the service for the settings of the working directory and environment.

    `reloads` has what its policies make, if they have been loaded already, and tells when that is something else. Of
    several workers the one that takes the byte out of `first_word`, an end of a pipe, says that the server listens.
    `cells` are what all of them count in, `times` how far callers have drawn on their rates with all of them.
    """
    settings, log = load_settings(), LogWriter(sys.stderr.fileno())
    begin_logs(settings, log)
    writer = os.environ.get(WRITER)
    settings = replace(settings, host=host, port=port)
    made = wired(settings, log, reloads, Path(writer) if writer else None, cells or Cells(), times)
    made.gate.follow()
    begun(lambda: _once_it_answers(host, port, first_word, made))
    return made.front


def begun(once_it_answers: Callable[[], None]) -> None:
    """What each worker does when it is made: it ends with its server, and calls that in a thread of its own."""
    end_with(_server(), 1.0, _end)
    threading.Thread(target=once_it_answers, daemon=True).start()
    gc.freeze()  # what was loaded stays: looking for garbage was some 4 % of a profile under load
    gc.set_threshold(LIMITS.made_between_searches, 10, 10)


def _once_it_answers(host: str, port: int, first_word: int | None, made: Wired) -> None:
    nobody = "" if made.gate.configured else f"; it knows nobody: {NOBODY}"
    say_that_it_listens(host, port, first_word, nobody)
    made.load()
    gc.freeze()


def say_that_it_listens(host: str, port: int, first_word: int | None, more: str = "") -> None:
    """Once it does, on standard output, unless another worker has said it; else in the log that it does not."""
    if not answers(host, port):
        _LOG.error("nothing answers on %s:%s after %s seconds", host, port, LIMITS.start_seconds)
    elif _may_say(first_word):
        print(f"Ordain listens on http://{host}:{port}  (stop it with Ctrl-C){more}", flush=True)


def _may_say(first_word: int | None) -> bool:
    if first_word is None:
        return True
    try:
        return bool(os.read(first_word, 1))
    except BlockingIOError:  # another worker has said it
        return False


def _server() -> int:
    """The process that started this one. It may be gone by now, and then this one has another parent."""
    started_by = multiprocessing.parent_process()
    return os.getppid() if started_by is None or started_by.pid is None else started_by.pid


def _end() -> None:
    """No orphan keeps the port."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    os._exit(1)
