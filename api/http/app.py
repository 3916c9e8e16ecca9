"""The HTTP service: a thin layer over `decide`. Flask has all routes; `api/http/front.py` decides without it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from ordain.api.access.admission import guard
from ordain.api.access.gate import Gate
from ordain.api.alerts.shared_alerts import SharedAlerts
from ordain.api.asked_once import REPLAYED
from ordain.api.contract.example_request import Examples
from ordain.api.contract.operations import OPERATIONS
from ordain.api.http.account import CODE, ROUTE, SERVICE
from ordain.api.http.forms.accepted import Unacceptable, accepted
from ordain.api.http.forms.compression import compressed
from ordain.api.http.forms.head_requests import answer_head
from ordain.api.http.forms.queries import check_query
from ordain.api.http.refusals import (
    JSON,
    Refusal,
    headers_for,
    refused,
    refused_by_http,
    request_id_for,
    too_large,
    unforeseen,
)
from ordain.api.http.routes import (
    audit_export,
    audit_keeping,
    audit_search,
    audit_verify,
    console,
    decisions,
    events,
    facts,
    follow_ups,
    health,
    hooks,
    ingesting,
    link_making,
    log_tiles,
    logging_in,
    model_reading,
    reference,
    risk_listing,
    service_sheets,
    settings_told,
    stopping,
    subjects,
)
from ordain.api.http.routes.policies import (
    policy_backtest,
    policy_drafts,
    policy_findings,
    policy_reading,
    policy_rollouts,
    policy_steps,
    policy_tables,
)
from ordain.api.lifecycle.findings_counted import CountedFindings
from ordain.api.lifecycle.workbench import Workbench
from ordain.api.metrics.cells import Cells
from ordain.api.metrics.ledger_look import LedgerLook
from ordain.api.metrics.page import Page
from ordain.api.rates.limiter import Limiter
from ordain.api.services import Services
from ordain.engine.errors import OrdainError, quoted
from ordain.engine.versions import Kept

_PRIVATE = "/v1/"


def app_for(
    use: Services,
    page: Callable[[], bytes] | None = None,
    gate: Gate | None = None,
    limiter: Limiter | None = None,
) -> Flask:
    """All routes, for the service as it was wired. `page` gives the metrics of the processes that serve.

    `gate` knows who asks; without one it is made for `use`, and raises what that does. `limiter` has looked at requests
    before they come here: its faults are told.
    """
    app = Flask("ordain", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would not have the one error shape
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = use.settings.max_body_bytes
    app.extensions["ordain"] = use
    app.extensions["examples"] = Examples()
    app.extensions["ordain_workbench"] = Workbench()
    app.extensions["ordain_findings"] = CountedFindings()
    app.extensions["tried"] = Kept()
    app.extensions["ordain_alerts"] = SharedAlerts(use.ledger)
    app.register_blueprint(decisions.ROUTES)
    app.register_blueprint(follow_ups.ROUTES)
    app.register_blueprint(events.ROUTES)
    app.register_blueprint(health.ROUTES)
    app.register_blueprint(service_sheets.ROUTES)
    app.register_blueprint(reference.ROUTES)
    for read in (
        *(
            logging_in,
            subjects,
            audit_search,
            audit_export,
            audit_verify,
            audit_keeping,
            stopping,
            link_making,
            settings_told,
        ),
        *(log_tiles, hooks, model_reading, ingesting, facts, risk_listing, console),
        *(policy_reading, policy_drafts, policy_steps, policy_rollouts, policy_backtest),
        *(policy_tables, policy_findings),
    ):
        app.register_blueprint(read.ROUTES)
    app.register_blueprint(stopping.ALERTS)
    app.extensions["ordain_metrics"] = page or _alone(use)
    app.extensions["ordain_limiter"] = limiter
    guard(app, gate or Gate(use))
    app.before_request(_check_form)
    app.before_request(answer_head)
    app.after_request(_told)
    app.register_error_handler(OrdainError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Unacceptable, _unacceptable)
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


def _check_form() -> None:
    """Raises MalformedRequest for a query that the route does not know, Unacceptable for what it cannot give."""
    rule = request.url_rule
    if rule is None:
        return
    check_query(request.query_string.decode("ascii", "replace"), request.method, rule.rule)
    operation = OPERATIONS.get(("GET" if request.method == "HEAD" else request.method, rule.rule))
    if operation is not None and operation.is_strict and (header := request.headers.get("Accept")):
        accepted(header).check(operation.media)


def _unacceptable(error: Unacceptable) -> Response:
    return _answer(refused_by_http(406, "Not Acceptable", str(error), request_id()))


def _told(answer: Response) -> Response:
    """Says under which id it was asked, and to whoever serves which route it was and for which service.

    What it answers is the caller's alone, and nobody between is to keep it, unless a route says otherwise.
    """
    answer.headers["X-Request-ID"] = request_id()
    if request.path.startswith(_PRIVATE):
        answer.headers.setdefault("Cache-Control", "private, no-store")
    if "replayed" in g:
        answer.headers[REPLAYED] = "true"
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule
        service = (request.view_args or {}).get("service")
        if service in current_app.extensions["ordain"].catalog.services.by_name:
            request.environ[SERVICE] = service
    return compressed(request, answer)


def _refused(error: OrdainError) -> Response:
    answer = _answer(refused(error, request_id()))
    for name, value in headers_for(error):
        answer.headers[name] = value
    return answer


def _http_error(error: HTTPException) -> Response:
    takes = accepted(request.headers.get("Accept", "")).types
    if isinstance(error, NotFound) and request.path == "/" and "text/html" in takes:
        return Response("pages for people are at /console", 303, {"Location": "/console"}, mimetype="text/plain")
    if isinstance(error, RequestEntityTooLarge):
        return _refused(too_large(request.max_content_length or 0))
    status, name = error.code or 500, error.name or "error"
    answer = _answer(refused_by_http(status, name, _in_our_words(error), request_id()))
    for header, value in error.get_headers():
        if header in ("Allow", "Retry-After"):
            answer.headers[header] = value
    if status == 404:
        answer.headers["Link"] = '</docs>; rel="help"'
    return answer


def _in_our_words(error: HTTPException) -> str:
    """What is wrong; what the framework says is about addresses typed into a browser."""
    if isinstance(error, MethodNotAllowed):
        takes = sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"})
        return f"{quoted(request.path[:80])} takes {', '.join(takes)}"
    if isinstance(error, NotFound):
        return f"there is nothing at {quoted(request.path[:80])}; /docs lists what there is"
    said = error.description or ""
    return "the request cannot be read" if said == type(error).description else said


def _unforeseen(error: Exception) -> Response:
    return _answer(unforeseen(error, request_id()))
