"""The HTTP service: a thin layer over `decide`. Flask has all routes; `api/http/front.py` decides without it."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ordain.api.http.front import Front
from ordain.api.http.refusals import JSON, Refusal, refused, refused_by_http, request_id_for, too_large, unforeseen
from ordain.api.http.routes import decisions, health
from ordain.api.http.writer_keeper import WRITER
from ordain.api.services import Services, wire
from ordain.api.settings import load_settings
from ordain.audit.ledger.checkpointer import Beat
from ordain.audit.shared_writer.remote_store import RemoteStore, follow
from ordain.engine.errors import OrdainError


def from_environment() -> Front:
    """What the server calls: the service for the settings of the working directory and environment."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    writer = os.environ.get(WRITER)
    use = wire(load_settings(), writer=Path(writer) if writer else None)
    app = app_for(use)
    store = use.ledger.store
    beat = partial(follow, use.ledger, store) if isinstance(store, RemoteStore) else use.ledger.settle
    Beat(beat, use.settings.checkpoint_seconds, "checkpoints").start()
    threading.Thread(target=_end_with, args=(_server(),), daemon=True).start()
    gc.freeze()  # what was loaded stays: looking for garbage was some 4 % of a profile under load
    return Front(use, app.wsgi_app, use.settings.threads)


def _server() -> int:
    """The process that started this one. It may be gone by now, and then this one has another parent."""
    started_by = multiprocessing.parent_process()
    return os.getppid() if started_by is None or started_by.pid is None else started_by.pid


def _end_with(parent: int) -> None:
    """Ends this worker when the process that started it is gone, so that no orphan keeps the port."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    os._exit(1)


def app_for(use: Services) -> Flask:
    app = Flask("ordain", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would not have the one error shape
    app.config["MAX_CONTENT_LENGTH"] = use.settings.max_body_bytes
    app.extensions["ordain"] = use
    app.register_blueprint(decisions.ROUTES)
    app.register_blueprint(health.ROUTES)
    app.register_error_handler(OrdainError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)
    return app


def request_id() -> str:
    """The caller's X-Request-ID when it is a plain one, otherwise one of ours; the same for the whole request."""
    if "request_id" not in g:
        g.request_id = request_id_for(request.headers.get("X-Request-ID", ""))
    return str(g.request_id)


def _answer(refusal: Refusal) -> Response:
    status, text = refusal
    return Response(text, status, mimetype=JSON)


def _refused(error: OrdainError) -> Response:
    return _answer(refused(error, request_id()))


def _http_error(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        return _refused(too_large(request.max_content_length or 0))
    status, name = error.code or 500, error.name or "error"
    answer = _answer(refused_by_http(status, name, error.description or "", request_id()))
    for header, value in error.get_headers():
        if header == "Allow":
            answer.headers[header] = value
    return answer


def _unforeseen(error: Exception) -> Response:
    return _answer(unforeseen(error, request_id()))
