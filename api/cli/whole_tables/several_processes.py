"""A table decided by several processes: each takes every n-th chunk, and this one keeps journal, answers and ledger.

The helpers read the table themselves, so only plans and answers go between the processes. A plan is put into the
journal before its helper may record, in the order of the chunks, so what is known after a stop is what one process
would have left. On SQLite this process writes the ledger for them (`audit.shared_writer`).
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count, islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from ordain.api.cli.ending import ENDING, signals_wait
from ordain.api.cli.whole_tables.asks_file import Table, read_asks
from ordain.api.cli.whole_tables.chunk import Answered, Chunk, Row
from ordain.api.cli.whole_tables.run_journal import Planned
from ordain.api.cli.whole_tables.seen_table import SeenTable
from ordain.api.limits import LIMITS
from ordain.api.outliving import end_with
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.shared_writer.meeting_place import MeetingPlace
from ordain.audit.shared_writer.service import WriterService
from ordain.engine.catalog import Catalog
from ordain.engine.errors import ExportFailed, OrdainError

Plan = Callable[[int, Sequence[Planned]], None]


class Work(NamedTuple):
    """What helpers are to do: every `helpers`-th chunk of the table, for a service."""

    settings: Settings
    service: str
    table: Table
    seen: SeenTable
    catalog: Catalog | None
    helpers: int


class Helpers:
    """Processes that wait to begin, forked before this one opens the ledger: see `SqliteStore`."""

    def __init__(self, work: Work, writer: Path | None) -> None:
        self._lines: list[Connection] = []
        self._processes: list[Any] = []
        forked = multiprocessing.get_start_method() == "fork"
        if not forked:  # as on macOS: each loads the policies itself
            work = work._replace(catalog=None)
        with signals_wait():  # a helper says itself what becomes of it at a signal, as soon as it can
            for place in range(work.helpers):
                ours, theirs = multiprocessing.Pipe()
                inherited = [*self._lines, ours] if forked else []
                started = multiprocessing.Process(
                    target=_help, args=(place, work, writer, theirs, inherited, os.getpid()), daemon=True
                )
                started.start()
                theirs.close()
                self._lines.append(ours)
                self._processes.append(started)

    def decide(self, after: int, run: str, plan: Plan) -> Iterator[Answered]:
        """Decides all rows after the first `after`, and gives the answers of each chunk in their order.

        `run` is the run's id. Raises what a helper met, and ExportFailed when one is gone.
        """
        for line in self._lines:
            self._tell(line, (after, run))
        places = len(self._lines)
        for chunk in count():
            line = self._lines[chunk % places]
            if chunk >= places:
                yield self._said(line)
            planned: list[Planned] | None = self._said(line)
            if planned is None:
                break
            plan(after + chunk * LIMITS.batch, planned)
            self._tell(line, None)
        for behind in range(max(0, chunk - places + 1), chunk):
            yield self._said(self._lines[behind % places])

    def end(self) -> None:
        """Ends them: with nobody to talk to, each stops by itself."""
        for line in self._lines:
            line.close()
        until = time.monotonic() + LIMITS.stop_seconds
        for process in self._processes:
            process.join(max(0.0, until - time.monotonic()))
            process.kill()

    def _said(self, line: Connection) -> Any:
        try:
            said = line.recv()
        except (EOFError, OSError):
            raise _gone() from None
        if isinstance(said, OrdainError):
            raise said
        return said

    def _tell(self, line: Connection, what: object) -> None:
        try:
            line.send(what)
        except OSError:
            self._said(line)  # it may have said why it ended
            raise _gone() from None


def _gone() -> ExportFailed:
    return ExportFailed("a process of the run has ended", "go on with --resume; the system's log may say why")


@contextmanager
def helpers(work: Work) -> Iterator[tuple[Helpers, Callable[[OpenLedger], None]]]:
    """The helpers, and what lets this process write for them once its ledger is open."""
    place = MeetingPlace() if work.settings.database_url.startswith("sqlite") else None
    made = Helpers(work, None if place is None else place.path)
    services: list[WriterService] = []

    def write_for_them(ledger: OpenLedger) -> None:
        if place is not None:
            services.append(WriterService(ledger, place.listening, max(1.0, work.settings.busy_seconds)))
            services[0].start()

    try:
        yield made, write_for_them
    finally:
        made.end()
        for service in services:
            service.finish()
        if place is not None:
            place.remove()


def _help(place: int, work: Work, writer: Path | None, line: Connection, others: list[Connection], parent: int) -> None:
    """A helper's life: the chunks that are its, until there are no more of them or nobody to tell."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C goes to all; the run says what becomes of its helpers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    # One that outlived its run could record only what was planned, and would be in the way of a resumed one.
    end_with(parent, LIMITS.helper_looks, partial(os._exit, 1))
    for other in others:
        other.close()  # forked with it: held open here, its end would never be seen
    with suppress(EOFError, OSError):
        after, run = line.recv()
        try:
            use = wire(work.settings, work.service, catalog=work.catalog, writer=writer)
            gc.freeze()
            _decide(place, after, run, work, use, line)
        except OrdainError as error:
            line.send(error)


def _decide(place: int, after: int, run: str, work: Work, use: Services, line: Connection) -> None:
    mine = partial(_is_of, place, after, work.helpers)
    rows = (Row(number, ask) for number, ask in read_asks(work.table, work.service, use.vocabulary, mine))
    next_chunk = partial(_next, rows, use, run, work.seen)
    chunk = next_chunk()
    while chunk is not None:
        line.send(chunk.planned)
        ahead = next_chunk()  # while the plan goes into the journal
        line.recv()
        line.send(chunk.record())
        chunk = ahead
    line.send(None)
    line.recv()  # until nobody listens any more


def _next(rows: Iterator[Row], use: Services, run: str, seen: SeenTable) -> Chunk | None:
    part = list(islice(rows, LIMITS.batch))
    seen.check()
    return Chunk(part, use, run) if part else None


def _is_of(place: int, after: int, helpers: int, position: int) -> bool:
    """Whether the row at that position, counted from 0, is in a chunk of the helper at `place`."""
    return position >= after and (position - after) // LIMITS.batch % helpers == place
