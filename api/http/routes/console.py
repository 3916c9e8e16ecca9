"""`/console` and below: pages for people, as HTML or JSON, and what their buttons do."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import PurePath
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from flask import Blueprint, Response, g, request

from ordain.api.access.admission import caller, may
from ordain.api.access.caller import LOCAL
from ordain.api.console.asked import Asked, Refused
from ordain.api.console.every_page import PREFIX, address, button_at, page_at, undo_of
from ordain.api.console.menu import MENU
from ordain.api.console.page_shape import Go, Page
from ordain.api.console.rendering import POLICY, TYPES, drawn, static_files
from ordain.api.console.sentences_said import has, put_in, say
from ordain.api.http.account import CODE
from ordain.api.http.forms.accepted import accepted
from ordain.api.http.forms.browsers import HEADERS
from ordain.api.http.forms.policy_texts import let_texts_in
from ordain.api.http.refusals import JSON, Refusal, headers_for, request_id_for, unforeseen
from ordain.api.http.refusals import refused as refused_as_data
from ordain.api.http.routes.reading import in_use
from ordain.api.problems import shape
from ordain.engine.errors import MalformedRequest, OrdainError, Severity

ROUTES = Blueprint("console", __name__)
_STATIC = "static/"
_HTML = "text/html"


@ROUTES.get(PREFIX)
def front() -> Response:
    return look("")


@ROUTES.get(f"{PREFIX}/<path:page>")
def look(page: str) -> Response:
    """A page, a part of one, or a file that pages load. As JSON for who asks for that, in `Accept` or `as=json`."""
    if page.startswith(_STATIC):
        return _file(page.removeprefix(_STATIC))
    at = page_at(page)
    if at is None:
        return _refused(Refused(404, {"code": "NotFound", "message": f"there is no page at {request.path[:80]!r}"}))
    shown, names = at
    try:
        data = shown.read(_asked(), names, request.args)
    except Refused as refused:
        return _refused(refused, shown)
    if _wants_json():
        return _answer(orjson.dumps(data), JSON)
    frame = {} if shown.is_part else {**_frame(shown), "done": _done(names)}
    return _answer(_drawn(shown.name, page=data, names=names, query=request.args, **frame))


@ROUTES.post(f"{PREFIX}/<path:page>")
def press(page: str) -> Response:
    """What a button does; the browser is led to the page that shows it, or gets a part of the page anew."""
    at = button_at(page)
    if at is None:
        return _refused(Refused(404, {"code": "NotFound", "message": f"there is no button at {request.path[:80]!r}"}))
    button, names = at
    let_texts_in(in_use().settings, request)
    try:
        done = button.do(_asked(), names, request.form)
    except Refused as refused:
        return _refused(refused, retarget="find .refused")
    if isinstance(done, Go):
        told = {**done.query, "done": button.name}
        led = _answer(b"")
        led.headers["HX-Redirect"] = address(done.page, told, **done.names)
        return led
    return _answer(_drawn(done.template, page=done.data, names=names, query=request.args))


@ROUTES.errorhandler(OrdainError)
def refused(error: OrdainError) -> Response:
    """What was refused before a page was asked for anything: as a page for who reads pages."""
    told = refused_as_data(error, _request_id())
    answer = _refused_whole(told)
    for name, value in headers_for(error):
        answer.headers[name] = value
    return answer


@ROUTES.errorhandler(Exception)
def failed(error: Exception) -> Response:
    """What nobody foresaw gets a page, too."""
    return _refused_whole(unforeseen(error, _request_id()))


def _refused_whole(told: Refusal) -> Response:
    request.environ[CODE] = told.code
    if not _reads_pages() or g.get("caller") is None:
        return _answer(told.body, JSON, told.status)
    return _refused(Refused(told.status, orjson.loads(told.body)["error"]))


def _request_id() -> str:
    return request_id_for(request.headers.get("X-Request-ID", ""))


def _asked() -> Asked:
    return Asked(_request_id())


def _frame(shown: Page) -> dict[str, Any]:
    """What is around a page: the menu, who looks at it."""
    who = caller()
    entries = [{"page": each.page, "here": each.page == shown.under} for each in MENU if may(each.right)]
    seen = {"who": who.name, "known": who is not LOCAL, "logged_in": who.session is not None}
    return {"menu": entries, **seen, "json_at": _json_address()}


def _drawn(template: str, **data: Any) -> str:
    who = caller()
    # Who is not logged in has no token; a header at all makes a browser ask before it sends another site's request.
    token = "none" if who.session is None else who.session.csrf_token
    return drawn(template, in_use().settings.zone, token=token, tenant=in_use().settings.tenant, **data)


def _done(names: dict[str, Any]) -> dict[str, Any] | None:
    """What a button has just done here, and the button that takes it back; None if none has."""
    said, values = request.args.get("done", ""), {**request.args.to_dict(), **names}
    if not has(f"done.{said}") or not (wanted := put_in(f"done.{said}")) <= values.keys():
        return None
    line = say(f"done.{said}", **{name: values[name] for name in wanted})
    return {"line": line, "undo": undo_of(said, values)}


def _json_address() -> str:
    query = [(name, value) for name, value in request.args.items(multi=True) if name not in ("as", "done")]
    return f"{quote(request.path)}?{urlencode([*query, ('as', 'json')])}"


def _reads_pages() -> bool:
    """Whether a browser asks, or the script of a page."""
    return "HX-Request" in request.headers or _HTML in accepted(request.headers.get("Accept", "")).types


def _wants_json() -> bool:
    if request.args.get("as") == "json":
        return True
    types = accepted(request.headers.get("Accept", "")).types
    return JSON in types and _HTML not in types


def _refused(refused: Refused, shown: Page | None = None, retarget: str = "") -> Response:
    """Why there is no page, or why a button did nothing: as a page, as a piece of one, or as JSON."""
    request.environ[CODE] = refused.code
    if _wants_json() or not _reads_pages():
        return _answer(orjson.dumps({"error": _whole(refused.error)}), JSON, refused.status)
    is_piece = bool(retarget) or "HX-Request" in request.headers or (shown is not None and shown.is_part)
    name = "pieces/refused" if is_piece else "refused"
    frame = {} if is_piece else _frame(shown) if shown is not None else _frame(_NO_PAGE)
    words = HTTPStatus(refused.status).phrase
    more = {} if is_piece else {"purpose_of": _without_purpose(refused)}
    told = _drawn(name, error=refused.error, status=refused.status, words=words, done=None, **frame, **more)
    answer = _answer(told, status=refused.status)
    if retarget:
        answer.headers["HX-Retarget"] = retarget
        answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def _without_purpose(refused: Refused) -> dict[str, Any] | None:
    """What to ask again with a purpose, where that is required and was not said; None for whatever else is refused."""
    is_wanted = request.method == "GET" and in_use().settings.purpose == "required"
    if refused.code != MalformedRequest.__name__ or not is_wanted or request.args.get("purpose", "").strip():
        return None
    fields = [(name, value) for name, value in request.args.items(multi=True) if name != "purpose"]
    return {"at": quote(request.path), "fields": fields}


def _whole(error: dict[str, Any]) -> dict[str, Any]:
    """The one shape of errors, for what a page itself refuses, too."""
    if "requestId" in error:
        return error
    details = list(error.get("details", ()))
    whole: dict[str, Any] = shape(error["code"], error["message"], details, Severity.LOW, _request_id())["error"]
    return whole


def _read_nothing(*_: Any) -> dict[str, Any]:
    return {}


_NO_PAGE = Page("", "refused", _read_nothing, "")


def _file(name: str) -> Response:
    body = static_files().get(name)
    if body is None:
        return _refused(Refused(404, {"code": "NotFound", "message": f"there is no file {name[:80]!r}"}))
    answer = _answer(body, TYPES[PurePath(name).suffix])
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer


def _answer(body: str | bytes, kind: str = _HTML, status: int = 200) -> Response:
    headers = {**HEADERS, "Content-Security-Policy": POLICY, "Cache-Control": "private, no-store"}
    return Response(body, status, headers, mimetype=kind)
