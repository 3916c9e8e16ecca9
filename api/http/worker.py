"""The server's worker process: it answers at once, and then loads what the first answers do without.

That is Flask, which answers all but decisions, and the models. Who needs one of them before it is there waits for it,
and nobody else does.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ordain.api.http.answering import answers
from ordain.api.http.following import follow_reloads
from ordain.api.http.front import Front
from ordain.api.http.reloads import Reloads
from ordain.api.http.telling import Telling, tell_of
from ordain.api.http.writer_keeper import WRITER
from ordain.api.late_model import LateModel
from ordain.api.limits import LIMITS
from ordain.api.logs.begin import begin_logs
from ordain.api.logs.log_writer import LogWriter
from ordain.api.metrics.cells import Cells
from ordain.api.metrics.page import Page
from ordain.api.outliving import end_with
from ordain.api.services import Services, wire
from ordain.api.settings import load_settings
from ordain.audit.ledger.checkpointer import Beat
from ordain.audit.shared_writer.remote_store import RemoteStore, follow
from ordain.engine.late import late

if TYPE_CHECKING:
    from flask import Flask

_LOG = logging.getLogger("ordain")


def worker(
    host: str, port: int, reloads: Reloads | None, first_word: int | None = None, cells: Cells | None = None
) -> Front:
    """What the server calls: the service for the settings of the working directory and environment.

    `reloads` has what its policies make, if they have been loaded already, and tells when that is something else. Of
    several workers the one that takes the byte out of `first_word`, an end of a pipe, says that the server listens.
    `cells` are what all of them count in.
    """
    settings, log = load_settings(), LogWriter(sys.stderr.fileno())
    begin_logs(settings, log)
    writer = os.environ.get(WRITER)
    catalog = None if reloads is None else reloads.catalog
    settings = replace(settings, host=host, port=port)
    use = wire(settings, late_models=True, catalog=catalog, writer=Path(writer) if writer else None)
    telling = tell_of(use, log, cells or Cells())
    flask = _Flask(use, telling.page)
    store = use.ledger.store
    beat = partial(follow, use.ledger, store) if isinstance(store, RemoteStore) else use.ledger.settle
    Beat(partial(_beat, beat, telling), use.settings.checkpoint_seconds, "checkpoints").start()
    end_with(_server(), 1.0, _end)
    threading.Thread(target=_once_it_answers, args=(host, port, first_word, use, flask, telling), daemon=True).start()
    front = Front(use, flask, settings.threads, telling.desk)
    if reloads is not None:
        takes = (telling.take, flask.take, front.take)
        following = (reloads.board, use, reloads.kept, lambda new: [take(new) for take in takes])
        threading.Thread(target=follow_reloads, args=following, name="following", daemon=True).start()
    gc.freeze()  # what was loaded stays: looking for garbage was some 4 % of a profile under load
    gc.set_threshold(LIMITS.made_between_searches, 10, 10)
    return front


class _Flask:
    """The routes that are Flask's. It is imported by the first request for one of them, or before."""

    def __init__(self, use: Services, page: Page) -> None:
        self._use, self._page = use, page
        self._making = threading.Lock()
        self._app: Flask | None = None

    def made(self) -> Flask:
        with self._making:
            if self._app is None:
                self._app = late("ordain.api.http.app:app_for")(self._use, self._page)
        return self._app

    def take(self, use: Services) -> None:
        """From the next request on, `use` answers."""
        with self._making:
            self._use = use
            if self._app is not None:
                self._app.extensions["ordain"] = use

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return (self._app or self.made()).wsgi_app(environ, start_response)


def _beat(signs: Callable[[], Any], telling: Telling) -> None:
    try:
        signs()
    finally:
        telling.look_again()


def _once_it_answers(
    host: str, port: int, first_word: int | None, use: Services, flask: _Flask, telling: Telling
) -> None:
    if answers(host, port):
        if _may_say(first_word):
            print(f"Ordain listens on http://{host}:{port}  (stop it with Ctrl-C)", flush=True)
    else:
        _LOG.error("nothing answers on %s:%s after %s seconds", host, port, LIMITS.start_seconds)
    telling.look_again()
    flask.made()
    for model in use.models.values():
        if isinstance(model, LateModel):
            model.read()
            if model.fault is not None:
                _LOG.warning("%s: decisions that need it are refused", model.fault.message)
    gc.freeze()


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
