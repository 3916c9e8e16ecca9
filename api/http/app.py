"""The HTTP service: a thin layer over `decide`. Flask has all routes; `api/http/front.py` decides without it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ordain.api.contract.example_request import Examples
from ordain.api.http.account import CODE, ROUTE, SERVICE
from ordain.api.http.refusals import JSON, Refusal, refused, refused_by_http, request_id_for, too_large, unforeseen
from ordain.api.http.routes import decisions, health, reference, service_sheets
from ordain.api.metrics.cells import Cells
from ordain.api.metrics.ledger_look import LedgerLook
from ordain.api.metrics.page import Page
from ordain.api.services import Services
from ordain.engine.errors import OrdainError


def app_for(use: Services, page: Callable[[], bytes] | None = None) -> Flask:
    """All routes, for the service as it was wired. `page` gives the metrics of the processes that serve."""
    app = Flask("ordain", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would not have the one error shape
    app.config["MAX_CONTENT_LENGTH"] = use.settings.max_body_bytes
    app.extensions["ordain"] = use
    app.extensions["examples"] = Examples()
    app.register_blueprint(decisions.ROUTES)
    app.register_blueprint(health.ROUTES)
    app.register_blueprint(service_sheets.ROUTES)
    app.register_blueprint(reference.ROUTES)
    app.extensions["ordain_metrics"] = page or _alone(use)
    app.after_request(_told)
    app.register_error_handler(OrdainError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)
    return app


def _alone(use: Services) -> Page:
    """The metrics where no server counts: what is in force, and nothing counted."""
    cells = Cells()
    return Page(use, cells, LedgerLook(use.ledger, cells))


def request_id() -> str:
    """The caller's X-Request-ID when it is a plain one, otherwise one of ours; the same for the whole request."""
    if "request_id" not in g:
        g.request_id = request_id_for(request.headers.get("X-Request-ID", ""))
    return str(g.request_id)


def _answer(refusal: Refusal) -> Response:
    request.environ[CODE] = refusal.code
    return Response(refusal.body, refusal.status, mimetype=JSON)


def _told(answer: Response) -> Response:
    """Says under which id it was asked, and to whoever serves which route it was and for which service."""
    answer.headers["X-Request-ID"] = request_id()
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule
        service = (request.view_args or {}).get("service")
        if service in current_app.extensions["ordain"].catalog.services.by_name:
            request.environ[SERVICE] = service
    return answer


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
