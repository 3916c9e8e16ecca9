"""The HTTP service: a thin layer over `decide`."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import uuid_utils
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ordain.api.http.routes import decisions, health
from ordain.api.problems import shape, shape_of, status_of
from ordain.api.services import Services, wire
from ordain.api.settings import load_settings
from ordain.audit.ledger.checkpointer import Beat
from ordain.engine.errors import OrdainError, RequestTooLarge, Severity

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_LOG = logging.getLogger("ordain")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def from_environment() -> Flask:
    """What a WSGI server calls: the service for the settings of the working directory and environment."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    use = wire(load_settings())
    app = app_for(use)
    Beat(use.ledger.settle, use.settings.checkpoint_seconds, "checkpoints").start()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    # The server ends the stream where the body ends, so a chunked one, which tells no length, may be read.
    inner = app.wsgi_app

    def with_stream_end(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return inner({**environ, "wsgi.input_terminated": True}, start_response)

    app.wsgi_app = with_stream_end  # type: ignore[method-assign]  # Flask's documented way to wrap it
    return app


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
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid_utils.uuid7())
    return str(g.request_id)


def _json(data: dict[str, Any], status: int) -> Response:
    # Half of a surrogate pair, quoted from a request, is no character: a question mark stands for it.
    text = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, status, mimetype="application/json")


def _refused(error: OrdainError) -> Response:
    return _json(shape_of(error, request_id()), status_of(error))


def _http_error(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        limit = request.max_content_length or 0
        return _refused(RequestTooLarge(f"the request is larger than {limit:,} bytes", "send fewer facts at once"))
    code = (error.name or "error").title().replace(" ", "")
    answer = _json(shape(code, error.description or "", [], Severity.LOW, request_id()), error.code or 500)
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _unforeseen(error: Exception) -> Response:
    """A fault of ours: the log gets everything, the caller an id to ask about."""
    _LOG.error("request %s failed", request_id(), exc_info=error)
    message = "something went wrong here; nothing was answered"
    return _json(shape("InternalError", message, [], Severity.CRITICAL, request_id()), 500)
