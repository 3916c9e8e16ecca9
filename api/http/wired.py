"""What answers for one business in a worker, wired: its policies, ledger and callers, its routes, what it tells.

Whoever asks is answered at once, and then what the first answers do without is loaded: Flask, which answers all but
decisions, and the models. Who needs one of them before it is there waits for it, and nobody else does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ordain.api.access.gate import Gate
from ordain.api.http.following import follow_reloads
from ordain.api.http.front import Front
from ordain.api.http.reloads import Reloads
from ordain.api.http.telling import Telling, tell_of
from ordain.api.late_model import LateModel
from ordain.api.limits import LIMITS
from ordain.api.logs.log_writer import LogWriter
from ordain.api.metrics.cells import Cells
from ordain.api.metrics.page import Page
from ordain.api.rates.limiter import Limiter
from ordain.api.rates.shared_times import SharedTimes
from ordain.api.services import Services, wire, with_hooks
from ordain.api.settings import Settings
from ordain.audit.ledger.checkpointer import Beat
from ordain.audit.shared_writer.remote_store import RemoteStore, follow
from ordain.engine.late import late

if TYPE_CHECKING:
    from flask import Flask

_LOG = logging.getLogger("ordain")


@dataclass(frozen=True, slots=True)
class Wired:
    """`use` is what decides at first: a reload puts another in its place in the others."""

    use: Services
    front: Front
    flask: LateFlask
    telling: Telling
    gate: Gate

    def load(self) -> None:
        """Loads what the first answers did without. What is wrong with a model is logged."""
        self.telling.look_again()
        self.flask.made()
        for model in self.use.models.values():
            if isinstance(model, LateModel):
                model.read()
                if model.fault is not None:
                    _LOG.warning("%s: decisions that need it are refused", model.fault.message)
        for beside in self.use.shadows.values():
            for shadow in beside:
                shadow.read_meanwhile()


def wired(
    settings: Settings,
    log: LogWriter,
    reloads: Reloads | None,
    writer: Path | None,
    cells: Cells,
    times: SharedTimes | None,
) -> Wired:
    """Opens the ledger, and begins what goes on beside the answers. Raises what `wire` and `Gate` do.

    `reloads` has what the policies make, if they have been loaded already, and tells when that is something else.
    `writer` is the socket of the process that writes the ledger, if there is one. The gate follows nothing yet.
    """
    use = with_hooks(wire(settings, catalog=None if reloads is None else reloads.catalog, writer=writer))
    telling = tell_of(use, log, cells)
    gate = reloads.gate if reloads is not None and reloads.gate is not None else Gate(use)
    gate.take(use)
    limiter = Limiter(settings, telling.desk.meter, times)
    telling.watch(limiter)
    flask = LateFlask(use, telling.page, gate, limiter)
    store = use.ledger.store
    beat = partial(follow, use.ledger, store) if isinstance(store, RemoteStore) else use.ledger.settle
    Beat(partial(_beat, beat, telling), settings.checkpoint_seconds, "checkpoints").start()
    Beat(use.stopped.look, LIMITS.stopped_looks, "stopped services").start()
    Beat(use.fitness.look, LIMITS.fitness_looks, "readiness").start()
    front = Front(use, flask, settings.threads, telling.desk, gate, limiter)
    if reloads is not None:
        takes = (telling.take, gate.take, flask.take, front.take)
        following = (follow_reloads, reloads.board, use, reloads.kept, lambda new: [take(new) for take in takes])
        threading.Thread(target=copy_context().run, args=following, name="following", daemon=True).start()
    return Wired(use, front, flask, telling, gate)


def _beat(signs: Callable[[], Any], telling: Telling) -> None:
    try:
        signs()
    finally:
        telling.look_again()


class LateFlask:
    """The routes that are Flask's. It is imported by the first request for one of them, or before."""

    def __init__(self, use: Services, page: Page, gate: Gate, limiter: Limiter) -> None:
        self._use, self._page, self._gate, self._limiter = use, page, gate, limiter
        self._making = threading.Lock()
        self._app: Flask | None = None

    def made(self) -> Flask:
        with self._making:
            if self._app is None:
                self._app = late("ordain.api.http.app:app_for")(self._use, self._page, self._gate, self._limiter)
        return self._app

    def take(self, use: Services) -> None:
        """From the next request on, `use` answers."""
        with self._making:
            self._use = use
            if self._app is not None:
                self._app.extensions["ordain"] = use

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return (self._app or self.made()).wsgi_app(environ, start_response)
