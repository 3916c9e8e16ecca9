"""Runs test cases in a process of their own, so that one that never ends or brings Python down is one row only."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from ordain.engine.dmn.tck.tck import Row, Tests, Verdict, run_cases
from ordain.engine.errors import SettingsError
from ordain.engine.limits import LIMITS

_READY, _DONE = "ready", "done"

Run = Callable[[Tests, int], Iterator[Row]]
"""What runs the cases of a file from a position on; a function that another process can import."""


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def run_all(suite: Sequence[Tests], seconds: float = LIMITS.case_seconds, run: Run = run_cases) -> Iterator[Row]:
    """One row for each case of the suite, in its order, as they come. Raises SettingsError: no process starts."""
    worker: _Worker | None = None
    try:
        for tests in suite:
            done = 0
            while done < len(tests.cases):
                worker = worker or _started(run)
                worker.connection.send((tests, done))
                for row in _rows(worker, seconds):
                    done += 1
                    yield row
                if done < len(tests.cases):
                    ended = not worker.process.is_alive()
                    said = "the process ended while it ran" if ended else f"it took more than {seconds:g} s"
                    yield tests.row(tests.cases[done], Verdict.ERROR, said)
                    done += 1
                    worker.stop()
                    worker = None
    finally:
        if worker is not None:
            worker.stop()


def _rows(worker: _Worker, seconds: float) -> Iterator[Row]:
    """The rows that the worker sends in time, until it says that it is done."""
    while worker.connection.poll(seconds):
        try:
            said = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join(1)
            return
        if said == _DONE:
            return
        yield said


def _started(run: Run) -> _Worker:
    # A fresh interpreter: a fork would copy the threads' locks of the progress bar.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, run), daemon=True)
    process.start()
    theirs.close()
    worker = _Worker(process, ours)
    try:
        ready = ours.poll(LIMITS.start_seconds) and ours.recv() == _READY
    except (EOFError, OSError):
        ready = False
    if not ready:
        worker.stop()
        raise SettingsError("the process that runs the cases does not start", "is there enough memory?")
    return worker


def _work(connection: Connection, run: Run) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started this process stops it
    connection.send(_READY)
    while True:
        try:
            tests, start = connection.recv()
        except EOFError:
            return
        for row in run(tests, start):
            connection.send(row)
        connection.send(_DONE)
