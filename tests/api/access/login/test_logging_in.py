"""Somebody logs in with a browser, is known by a session, and logs out."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from browsers import OURS, Browser
from provider import IdentityProvider

from ordain.api.access.login.cookies import ATTEMPT, SESSION
from ordain.api.services import Services
from ordain.audit.entry.entry import Kind
from ordain.audit.records.query import Query
from ordain.audit.records.search import search

FORM = {"Content_Type": "application/x-www-form-urlencoded"}


def test_who_opens_login_is_sent_to_the_provider_and_comes_back_logged_in(
    browser: Browser, provider: IdentityProvider
) -> None:
    led = browser.get("/login")
    assert led.status == 303
    asked = {name: values[0] for name, values in parse_qs(urlsplit(led.headers["location"]).query).items()}
    assert led.headers["location"].startswith(f"{provider.issuer}/authorize?")
    assert asked["redirect_uri"] == f"{OURS}/login/callback"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert browser.log_in().headers["location"] == "/login"
    page = browser.get("/login")
    assert page.status == 200
    assert "Logged in as <b>ann</b>" in page.text
    assert "export" in page.text


def test_the_session_says_who_asks_and_what_they_may(browser: Browser, provider: IdentityProvider) -> None:
    assert browser.me() == {"known": False}
    browser.log_in()
    told = browser.me()
    assert (told["name"], told["by"], told["roles"]) == ("ann", "session", ["reviewer"])
    assert "export" in told["rights"]
    assert "erase" not in told["rights"]
    assert re.fullmatch(r"20\d\d-.*Z", told["session"]["ends"])
    assert browser.get("/v1/services").status == 200
    assert browser.ask("POST", "/v1/decisions/plan-advice", b"{}", X_CSRF_Token=browser.csrf()).status == 403


def test_the_page_of_the_interface_says_who_is_logged_in_and_the_form_logs_out(browser: Browser) -> None:
    browser.log_in()
    page = browser.get("/docs")
    assert "Logged in as <b>ann</b>" in page.text
    assert page.headers["cache-control"] == "private, no-store"
    (token,) = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)
    stolen = dict(browser.jar)
    sent = urlencode({"csrf_token": unescape(token)}).encode()
    done = browser.ask("POST", "/logout", sent, Origin=OURS, Sec_Fetch_Site="same-origin", **FORM)
    assert (done.status, "Logged out" in done.text) == (200, True)
    assert SESSION not in browser.jar
    browser.jar = stolen  # the session has ended wherever its cookie is
    assert browser.me() == {"known": False}
    assert browser.get("/v1/services").status == 401
    assert browser.ask("POST", "/logout", sent, **FORM).status == 200


def test_log_out_without_the_token_of_the_session_does_nothing(browser: Browser) -> None:
    browser.log_in()
    for sent in (b"", b"csrf_token=x", b"csrf_token="):
        assert browser.ask("POST", "/logout", sent, **FORM).status == 403
    token = urlencode({"csrf_token": browser.csrf()}).encode()
    assert browser.ask("POST", "/logout", token, Sec_Fetch_Site="cross-site", **FORM).status == 403
    assert browser.ask("POST", "/logout", token, Origin="http://127.0.0.1:9", **FORM).status == 403
    assert browser.me()["known"]
    assert browser.ask("POST", "/logout", X_CSRF_Token=browser.csrf()).status == 200
    assert not browser.me()["known"]


@pytest.mark.parametrize("query", ["", "state=x", "state=x&code=y", "error=access_denied"])
def test_whoever_leads_a_browser_to_the_way_back_ends_nothing_that_it_began(browser: Browser, query: str) -> None:
    back = browser.to_provider()
    assert browser.get(f"/login/callback?{query}").status == 400
    assert browser.get(back).status == 303
    assert browser.me()["known"]


def test_cookies_are_kept_from_pages_other_sites_and_plain_connections(browser: Browser) -> None:
    first = browser.get("/login").cookies
    second = browser.log_in().cookies
    assert [each.partition("=")[0] for each in (*first, *second)] == [ATTEMPT, ATTEMPT, SESSION]
    for cookie in (*first, *second):
        assert cookie.endswith("; HttpOnly; SameSite=Lax")
        assert "; Path=/; " in cookie
        assert "Domain" not in cookie
    assert ATTEMPT not in browser.jar


def test_each_log_in_has_a_new_id_and_ends_the_session_before(browse: Callable[[], Browser]) -> None:
    mallory, ann = browse(), browse()
    back = ann.to_provider()
    mallory.log_in()
    planted = ann.jar[SESSION] = mallory.jar[SESSION]  # fixation: an id that somebody else knows
    ann.get(back)
    assert ann.me()["known"]
    assert ann.jar[SESSION] != planted
    assert not mallory.me()["known"]


def test_that_somebody_logged_in_and_out_is_on_record(browser: Browser, use: Services) -> None:
    browser.log_in()
    browser.ask("POST", "/logout", X_CSRF_Token=browser.csrf())
    found = list(search(use.ledger.reader, Query(kind=Kind.ACCESS)))
    told = [(each.envelope["about"]["action"], (each.private or {})["actor"]) for each in found][-2:]
    assert told == [("logged in", "ann"), ("logged out", "ann")]
