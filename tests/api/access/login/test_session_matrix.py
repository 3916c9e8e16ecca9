"""Each route x each role in a session, with the session's CSRF token right, wrong and missing: generated.

Served by two workers, so the session that one began is asked of the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from answers import ADVICE, body, error_in
from browsers import PAGE, ServedBrowser, Shown
from callers import bearer, keeper
from provider import IdentityProvider
from served import Server
from test_role_matrix import ANYBODY, TABLE, more, request_to
from test_served_callers import until

from ordain.api.access.login.cookies import SESSION
from ordain.api.access.rights import ROLES, SIGNED
from ordain.api.contract.operations import OPERATIONS

OF_THE_SESSION = ("/login", "/login/callback", "/logout")
"""They say who logs in and out, and need no right: other files of this folder try them."""
ROUTES = [route for route in TABLE if route.split(" ")[1] not in OF_THE_SESSION and TABLE[route] != SIGNED]
POSTS = [route for route in ROUTES if route.startswith(("POST ", "PUT "))]
Everybody = dict[str, ServedBrowser]


@pytest.fixture(scope="module")
def everybody(running: IdentityProvider, login_server: Server) -> tuple[Everybody, str]:
    """Somebody of each role who logged in, and a decision on record."""
    people = {}
    for role in (*ROLES, "nobody that there is"):
        running.reset()
        running.person = {"sub": f"a {role}", "roles": [role]}
        people[role] = ServedBrowser(login_server)
        assert people[role].log_in().status == 303
    running.reset()
    app = people["app"]
    told = app.ask("POST", "/v1/decisions/plan-advice", body(ADVICE), X_CSRF_Token=app.csrf())
    assert told.status == 200
    return people, str(told.json()["decision_id"])


def ask(browser: ServedBrowser, route: str, decision_id: str, **headers: str) -> Shown:
    method, path, data = request_to(route, decision_id)
    kind = {name.replace("-", "_"): value for name, value in more(route).items()}
    return browser.ask(method, path, data, **kind, **headers)


def code(shown: Shown) -> str:
    return str(error_in(shown.text.encode())["code"])


@pytest.mark.parametrize("role", [*ROLES, "nobody that there is"])
@pytest.mark.parametrize("route", ROUTES)
def test_a_session_is_answered_as_a_key_of_its_role_is(everybody: Any, route: str, role: str) -> None:
    people, decision_id = everybody
    browser = people[role]
    page = {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "cors"}
    token = {"X_CSRF_Token": csrf_of(browser), "Origin": browser.address} if route in POSTS else {}
    shown = ask(browser, route, decision_id, **page, **token)
    if TABLE[route] == ANYBODY or role in TABLE[route]:
        assert shown.status not in (401, 403), shown.text
    else:
        assert (shown.status, code(shown)) == (403, "NotPermitted")


_TOKENS: dict[str, str] = {}


def csrf_of(browser: ServedBrowser) -> str:
    """Asked for once."""
    session_id = browser.jar[SESSION]
    if session_id not in _TOKENS:
        _TOKENS[session_id] = browser.csrf()
    return _TOKENS[session_id]


FROM = {
    "no token": lambda own, other: {},
    "an empty token": lambda own, other: {"X_CSRF_Token": ""},
    "a wrong token": lambda own, other: {"X_CSRF_Token": own[:-1] + "_"},
    "another session's token": lambda own, other: {"X_CSRF_Token": other},
    "two tokens": lambda own, other: {"X_CSRF_Token": f"{own},{own}"},
    "a page of another site": lambda own, other: {"X_CSRF_Token": own, "Sec_Fetch_Site": "cross-site"},
    "a page of a name beside": lambda own, other: {"X_CSRF_Token": own, "Sec_Fetch_Site": "same-site"},
    "another origin": lambda own, other: {"X_CSRF_Token": own, "Origin": "http://localhost:1"},
    "no origin": lambda own, other: {"X_CSRF_Token": own, "Origin": "null"},
}


@pytest.mark.parametrize("what", FROM)
@pytest.mark.parametrize("route", POSTS)
def test_what_may_change_something_needs_the_token_of_the_session_and_a_page_of_this_server(
    everybody: Any, login_server: Server, route: str, what: str
) -> None:
    people, decision_id = everybody
    browser = people[TABLE[route][0]]
    headers = FROM[what](csrf_of(browser), csrf_of(people["admin" if TABLE[route][0] != "admin" else "app"]))
    shown = ask(browser, route, decision_id, **headers)
    assert (shown.status, code(shown)) in ((403, "NotPermitted"), (403, "Forbidden")), shown.text


@pytest.mark.parametrize("route", [route for route in ROUTES if TABLE[route] != ANYBODY])
def test_what_opens_no_session_is_not_known(everybody: Any, login_server: Server, route: str) -> None:
    _, decision_id = everybody
    stranger = ServedBrowser(login_server)
    stranger.jar = {SESSION: "x" * 43}
    assert ask(stranger, route, decision_id).status == 401
    if route.startswith("GET "):
        method, path, _ = request_to(route, decision_id)
        led = stranger.ask(method, f"{path}?a=b", **PAGE)
        assert led.status == 303
        assert led.headers["location"] == f"/login?next={path.replace('%', '%25')}%3Fa%3Db"


@pytest.mark.parametrize("route", [route for route in TABLE if TABLE[route] == SIGNED])
def test_a_session_is_nothing_to_what_its_signature_alone_opens(everybody: Any, route: str) -> None:
    people, decision_id = everybody
    for token in ({}, {"X_CSRF_Token": csrf_of(people["admin"])}):
        shown = ask(people["admin"], route, decision_id, **token)
        assert (shown.status, code(shown)) == (404, "UnknownHook"), "this server has no sources"


def test_a_key_or_token_goes_before_a_cookie_and_needs_no_csrf_token(everybody: Any, login_server: Server) -> None:
    people, _ = everybody
    key = bearer(keeper(login_server.folder).make("beside", ["app"]).text)
    browser = ServedBrowser(login_server)
    browser.jar = dict(people["reviewer"].jar)
    until(lambda: all(browser.ask("GET", "/v1/me", **key).json().get("by") == "key" for _ in range(8)))
    assert browser.ask("POST", "/v1/decisions/plan-advice", body(ADVICE), **key).status == 200
    assert browser.ask("POST", "/v1/decisions/plan-advice", body(ADVICE), **bearer("x")).status == 401


READ = [route for route in ROUTES if OPERATIONS[tuple(route.split(" "))].is_read and TABLE[route] != ANYBODY]
"""What is put on record in the name of who reads."""


@pytest.mark.parametrize("route", ["GET /v1/services", *READ])
@pytest.mark.parametrize("mode", ["navigate", "no-cors", "cors"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_can_lead_here_and_have_nothing_put_on_record(
    everybody: Any, route: str, mode: str, site: str
) -> None:
    people, decision_id = everybody
    browser = people[TABLE[route][0]]
    led = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": mode}
    shown = ask(browser, route, decision_id, **led)
    assert shown.status == (200 if mode == "navigate" and route not in READ else 403)
    if route in READ:
        assert code(shown) == "NotPermitted"
        method, path, _ = request_to(route, decision_id)
        page = browser.ask(method, f"{path}?purpose=%22%3Ci%3E", **PAGE, **led)
        is_page = mode == "navigate"
        assert (page.status, page.headers["content-type"].startswith("text/html")) == (403, is_page)
        assert not is_page or f'<a href="{path}?purpose=%22%3Ci%3E">' in page.text
        itself = {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "navigate"}
        assert ask(browser, route, decision_id, **itself).status not in (401, 403)


def test_a_reading_that_another_site_asked_for_is_not_on_record(everybody: Any) -> None:
    people, decision_id = everybody
    browser, path = people["admin"], f"/v1/decisions/{decision_id}?purpose=planted"
    led = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert browser.get(path, **led).status == 403
    found = browser.ask("GET", "/v1/audit/search?kind=read&limit=100").text
    assert "planted" not in found


def test_what_is_done_in_a_session_is_on_record_in_the_name_of_the_person(
    visit: Callable[[], ServedBrowser], provider: IdentityProvider
) -> None:
    provider.person = {"sub": "Zoë", "roles": ["editor", "approver"]}
    zoe = visit()
    zoe.log_in()
    told = zoe.ask("POST", "/v1/decisions/plan-advice", body(ADVICE), X_CSRF_Token=zoe.csrf()).json()
    read = zoe.ask("GET", f"/v1/audit/entries/{told['decision_id']}")
    assert read.json()["private"]["caller"] == {"name": "Zoë"}
    until(lambda: any("/v1/decisions/<service>" in line and '"caller":"Zo\\u00eb"' in line for line in _lines(zoe)))


def _lines(browser: ServedBrowser) -> list[str]:
    return browser._server.said().splitlines()


def test_log_out_ends_a_session_in_every_worker(visit: Callable[[], ServedBrowser], provider: IdentityProvider) -> None:
    ann = visit()
    ann.log_in()
    token, jar = ann.csrf(), dict(ann.jar)
    assert all(ann.ask("GET", "/v1/services").status == 200 for _ in range(8))
    assert ann.ask("POST", "/logout", X_CSRF_Token=token).status == 200
    ann.jar = jar
    assert all(ann.ask("GET", "/v1/services").status == 401 for _ in range(8))
    assert json.loads(ann.ask("GET", "/v1/me").text) == {"known": False}


def test_the_log_has_no_secret_of_a_session(visit: Callable[[], ServedBrowser], provider: IdentityProvider) -> None:
    ann = visit()
    back = ann.to_provider()
    ann.get(back)
    said = "\n".join(_lines(ann))
    for secret in (ann.jar[SESSION], ann.csrf(), back.split("code=")[1].split("&")[0]):
        assert secret not in said
