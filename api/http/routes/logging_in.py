"""`GET /login` and `/login/callback`, `POST /logout`: pages for people. `GET /v1/me`: who asks, for programs too."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import orjson
from flask import Blueprint, Response, g, request

from ordain.api.access.admission import gate
from ordain.api.access.caller import LOCAL, Caller
from ordain.api.access.login.cookies import ATTEMPT, SESSION
from ordain.api.access.login.failures import LoginFailed
from ordain.api.access.rights import Right
from ordain.api.contract.pages import failed_page, logged_out_page, who_page
from ordain.api.http.account import CODE
from ordain.api.http.forms.accepted import accepted
from ordain.api.http.forms.browsers import CALLBACK, LOGIN, LOGOUT, ME, headers_of
from ordain.api.http.refusals import JSON, refused_by_http, request_id_for, retry_after
from ordain.api.limits import LIMITS
from ordain.engine.errors import NotPermitted, OrdainError, Unauthenticated

ROUTES = Blueprint("login", __name__)
_LOG = logging.getLogger("ordain")
_NOT_SET = (
    "nobody can log in here: the settings `login_issuer`, `login_client` and `login_address` name no identity provider"
)
_NOT_RECORDED = "The log-in could not be put on record, so there is none. Try again in a minute."
_FAULT = 500
_DENIED = "The identity provider did not let you in, or you did not want to be. Nothing was done."


@ROUTES.get(LOGIN)
def login() -> Response:
    """Leads to the identity provider; who is logged in sees as whom. `?next=` is a path to come back to."""
    known, who = gate().login, g.caller
    if known is None:
        return _no_login()
    if who is not None and who.session is not None:
        return _page(who_page(who, _rights(who)), form=True)
    if request.method == "HEAD":
        return _page("")
    try:
        address, cookie = known.begin(request.args.get("next"))
    except LoginFailed as error:
        return _failed(error)
    return _led(address, known.cookies.set(ATTEMPT, cookie, LIMITS.login_seconds))


@ROUTES.get(CALLBACK)
def callback() -> Response:
    """Where the identity provider sends people back, with a code that says who they are to whoever knows the secret."""
    known = gate().login
    if known is None:
        return _no_login()
    if request.method == "HEAD":  # a program that looks where links lead does not log in
        return _page("")
    sent, browser = request.args, request.headers.get("Cookie")
    used = known.cookies.drop(ATTEMPT)
    try:
        attempt = known.attempt(browser, sent.get("state", ""))
    except LoginFailed as error:  # whoever made this browser come here, what it has begun goes on
        return _failed(error)
    try:
        code = sent.get("code", "")
        if "error" in sent or not 0 < len(code) <= LIMITS.code_characters:
            raise LoginFailed(403, _DENIED, "the provider sends somebody back without a code")
        session_id = known.finish(code, sent.get("iss"), attempt, browser)
    except LoginFailed as error:
        return _failed(error, used)
    except OrdainError as error:
        return _failed(LoginFailed(503, _NOT_RECORDED, error.message), used)
    session = known.cookies.set(SESSION, session_id, known.lasts)
    return _led(attempt.next, used, session)


@ROUTES.post(LOGOUT)
def logout() -> Response:
    """Ends the session, if the request has its token: as `X-CSRF-Token`, or as `csrf_token` of a form."""
    known = gate().login
    if known is None:
        return _no_login()
    browser = request.headers.get("Cookie")
    sent = known.sent(request.method, request.headers)
    if sent is not None:
        token = sent.csrf or request.form.get("csrf_token")
        try:
            known.end(browser, known.caller_of(sent._replace(csrf=token)))
        except NotPermitted as error:
            return _failed(LoginFailed(403, f"{error.message}."))
        except Unauthenticated:
            pass  # it has ended already
    return _with_cookies(_page(logged_out_page()), known.cookies.drop(SESSION))


@ROUTES.get(ME)
def me() -> Response:
    """Who asks, with roles, rights and, in a session, its end and its token; `known` alone for who is not known."""
    who: Caller | None = g.caller
    if who is None:
        return _json({"known": False})
    by = "nobody is known here" if who is LOCAL else "session" if who.session else "key" if who.key_id else "token"
    told: dict[str, Any] = {
        "known": True,
        "name": who.name,
        "by": by,
        "roles": sorted(who.roles),
        "rights": _rights(who),
        "services": None if who.services is None else sorted(who.services),
        "session": None,
    }
    if who.session is not None:
        told["session"] = {"ends": _time(who.session.until), "csrf_token": who.session.csrf_token}
    return _json(told)


def _rights(who: Caller) -> list[str]:
    return [str(right) for right in Right if gate().may(who, right)]


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _json(data: dict[str, Any]) -> Response:
    return Response(orjson.dumps(data), mimetype=JSON)


def _page(text: str, status: int = 200, form: bool = False) -> Response:
    return Response(text, status, {**headers_of(form), "Cache-Control": "private, no-store"}, mimetype="text/html")


def _led(address: str, *cookies: str) -> Response:
    """A browser goes there, without telling where it comes from."""
    return _with_cookies(_page("", 303), *cookies, Location=address)


def _with_cookies(answer: Response, *cookies: str, **headers: str) -> Response:
    for cookie in cookies:
        answer.headers.add("Set-Cookie", cookie)
    answer.headers.update(headers)
    return answer


def _failed(error: LoginFailed, *cookies: str) -> Response:
    """A page that says why; the log says it, too."""
    (_LOG.error if error.status >= _FAULT else _LOG.info)("log-in: %s", error.why or error.told)
    answer = _with_cookies(_page(failed_page(error.told), error.status), *cookies)
    if error.status >= _FAULT:
        answer.headers.extend([retry_after()])
    return answer


def _no_login() -> Response:
    """As JSON; for a browser a page that says the same."""
    if "text/html" in accepted(request.headers.get("Accept", "")).types:
        return _page(failed_page(f"{_NOT_SET[0].upper()}{_NOT_SET[1:]}.", again=False), 404)
    refusal = refused_by_http(404, "Not Found", _NOT_SET, request_id_for(request.headers.get("X-Request-ID", "")))
    request.environ[CODE] = refusal.code
    return Response(refusal.body, refusal.status, mimetype=JSON)
