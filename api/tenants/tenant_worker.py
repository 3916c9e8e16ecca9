"""A worker of a server with tenants: each is wired beside the others, and one that cannot be keeps nobody waiting."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ordain.api.access.gate import Gate
from ordain.api.http.reloads import Reloads
from ordain.api.http.wired import Wired, wired
from ordain.api.http.worker import begun, say_that_it_listens
from ordain.api.limits import LIMITS
from ordain.api.logs.begin import begin_logs
from ordain.api.logs.log_writer import LogWriter
from ordain.api.logs.records import TENANT
from ordain.api.metrics.cells import Cells
from ordain.api.rates.shared_times import SharedTimes
from ordain.api.settings import Settings
from ordain.api.tenants.overall_key import OverallKey
from ordain.api.tenants.owners import Owners
from ordain.api.tenants.reception import Branch, Reception
from ordain.api.tenants.strangers import Strangers
from ordain.engine.errors import OrdainError

_LOG = logging.getLogger("ordain")


class Told(NamedTuple):
    """What the server's process tells its workers of one tenant: see `wired`."""

    name: str
    settings: Settings
    reloads: Reloads
    gate: Gate
    writer: Path | None
    cells: Cells
    times: SharedTimes


def tenants_worker(
    settings: Settings, tenants: tuple[Told, ...], first_word: int | None, times: SharedTimes
) -> Reception:
    """What the server calls: the service for all tenants; `settings` are the server's, `times` those of strangers."""
    log = LogWriter(sys.stderr.fileno())
    begin_logs(settings, log)
    branches = {each.name: Branch(each.name, each.gate, each.settings.hooks is not None) for each in tenants}
    owners = Owners({each.name: each.gate for each in tenants}, {each.name: each.settings for each in tenants})
    ready = partial(all_begun, branches)
    overall = None if settings.tenants_metrics_key is None else OverallKey(settings.tenants_metrics_key)
    reception = Reception(branches, owners, Strangers(settings, log, times, ready, owners.hosts), overall)
    answers = threading.Event()
    threads = []
    for each in tenants:
        work = partial(_as, each.name, partial(_begin, each, log, reception, branches[each.name], answers))
        threads.append(threading.Thread(target=work, name=f"tenant {each.name}", daemon=True))
    for thread in threads:
        thread.start()
    _wait_for(branches)

    def once_it_answers() -> None:
        say_that_it_listens(settings.host, settings.port, first_word)
        answers.set()
        for thread in threads:
            thread.join(LIMITS.start_seconds)
        gc.freeze()

    begun(once_it_answers)
    return reception


def all_begun(branches: dict[str, Branch]) -> bool:
    """Whether no tenant is waited for any more."""
    return all(branch.has_begun for branch in branches.values())


def _wait_for(branches: dict[str, Branch]) -> None:
    """Until each was tried once; those whose databases do not answer are not waited for."""
    until = time.monotonic() + LIMITS.tenants_begin
    while time.monotonic() < until and not all(branch.tried for branch in branches.values()):
        time.sleep(0.005)


def _begin(told: Told, log: LogWriter, reception: Reception, branch: Branch, answers: threading.Event) -> None:
    """Opens the tenant's ledger, however often that takes, and then loads what its first answers did without."""
    told.gate.follow()
    fault = ""
    while True:
        try:
            made = wired(told.settings, log, told.reloads, told.writer, told.cells, told.times)
        except Exception as error:  # whatever it is, the others go on
            branch.tried = True
            said = error.message if isinstance(error, OrdainError) else "a fault of Ordain's own"
            if said != fault:
                _LOG.error("it cannot answer: %s", said, exc_info=None if isinstance(error, OrdainError) else error)
            fault = said
            time.sleep(LIMITS.tenant_rests)
            continue
        break
    if fault:
        _LOG.warning("it answers again")
    reception.open(told.name, made.front, made.use, made.telling.page)
    branch.tried = True
    answers.wait(LIMITS.start_seconds)
    _load(made)


def _load(made: Wired) -> None:
    try:
        made.load()
    except Exception as error:  # as above: each part of it is loaded by the first request for it, too
        _LOG.error("not all could be loaded", exc_info=error)


def _as(name: str, work: Callable[[], None]) -> None:
    def named() -> None:
        TENANT.set(name)
        work()

    copy_context().run(named)
