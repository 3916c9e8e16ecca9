"""Two servers of one ledger in PostgreSQL share sessions; log-ins from one address are bounded; pages have a guard."""

from __future__ import annotations

from pathlib import Path

from answers import ADVICE, body, error_in
from browsers import PAGE, Browser, ServedBrowser
from databases import database
from flask.testing import FlaskClient
from provider import SECRET, IdentityProvider, settings_for
from served import Server, ordain_here


def chosen(provider: IdentityProvider, **more: str) -> dict[str, str]:
    named = settings_for(provider, "http://127.0.0.1:{port}")
    return {f"ORDAIN_{name.upper()}": value for name, value in named.items()} | {"ORDAIN_LOGIN_SECRET": SECRET, **more}


def test_a_session_of_one_server_is_known_to_the_other_and_ends_on_both(
    tmp_path: Path, provider: IdentityProvider
) -> None:
    provider.person = {"sub": "ann", "roles": ["editor"]}
    with database() as url, Server(tmp_path, **chosen(provider, ORDAIN_DATABASE_URL=url)) as one:
        with Server(tmp_path, **chosen(provider, ORDAIN_DATABASE_URL=url)) as other:
            ann, there = ServedBrowser(one), ServedBrowser(other)
            ann.log_in()
            there.jar = dict(ann.jar)
            assert there.me()["name"] == "ann"
            sent = {"X_CSRF_Token": ann.csrf(), "Origin": there.address}
            assert there.ask("POST", "/v1/decisions/plan-advice", body(ADVICE), **sent).status == 200
            assert there.ask("POST", "/logout", **sent).status == 200
            assert ann.me() == {"known": False}
        done = ordain_here(tmp_path, "audit", "verify", ORDAIN_DATABASE_URL=url)
        assert done.returncode == 0, done.stdout + done.stderr


def test_so_many_log_ins_from_one_address_and_no_more(tmp_path: Path, provider: IdentityProvider) -> None:
    with Server(tmp_path, **chosen(provider, ORDAIN_RATE_OF_WRONG_KEYS="3 per day")) as server:
        ann = ServedBrowser(server)
        assert ann.log_in().status == 303
        assert [ServedBrowser(server).get(path).status for path in ("/login", "/login/callback", "/login")] == [
            303,
            429,
            429,
        ]
        assert ann.me()["known"], "who is logged in goes on"
        assert [_with(server, f"{n}").ask("GET", "/v1/services").status for n in range(5)] == [401, 401, 401, 429, 429]


def _with(server: Server, session_id: str) -> ServedBrowser:
    browser = ServedBrowser(server)
    browser.jar = {"ordain_session": session_id * 43}
    return browser


def test_without_settings_the_pages_say_which_they_need(shared_client: FlaskClient) -> None:
    browser = Browser(shared_client)
    for method, path in (("GET", "/login"), ("GET", "/login/callback?code=a&state=b"), ("POST", "/logout")):
        shown = browser.ask(method, path)
        assert (shown.status, error_in(shown.text.encode())["code"]) == (404, "NotFound")
        page = browser.ask(method, path, **PAGE)
        assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        for text in (shown.text, page.text):
            assert "`login_issuer`, `login_client` and `login_address`" in text
        assert "<a " not in page.text
    assert browser.me()["by"] == "nobody is known here"


def test_pages_cannot_be_framed_sniffed_or_told_of_to_others(browser: Browser, shared_client: FlaskClient) -> None:
    browser.log_in()
    for page, form in (
        (browser.get("/login"), "'self'"),
        (browser.get("/docs"), "'self'"),
        (Browser(shared_client).get("/docs"), "'none'"),
    ):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert f"form-action {form};" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "same-origin"
        assert "<script" not in page.text
