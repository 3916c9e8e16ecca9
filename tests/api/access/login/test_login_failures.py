"""Whatever the provider does, or somebody on the way, gives a plain page: no session, no other host, no traceback."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from browsers import PAGE, Browser, Shown
from hypothesis import given
from hypothesis import strategies as st
from issuer import SIGNING
from joserfc.jwk import ECKey, OctKey
from provider import CLIENT, IdentityProvider

from ordain.api.access.login import provider as provider_module
from ordain.api.access.login.attempt import HOME, Attempt, attempt_in, local_path, new_attempt
from ordain.api.access.login.cookies import ATTEMPT, SESSION, Cookies
from ordain.api.http.app import app_for
from ordain.api.limits import Limits
from ordain.api.services import Services

NOW = time.time()
Change = Callable[[IdentityProvider], object]


def is_refused(shown: Shown, browser: Browser, *statuses: int) -> None:
    assert shown.status in statuses, shown.text
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert "location" not in shown.headers
    assert "<h1>Not logged in</h1>" in shown.text
    assert "Traceback" not in shown.text
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
    assert SESSION not in browser.jar
    assert browser.me() == {"known": False}
    if shown.status == 503:
        assert shown.headers["retry-after"]


# --- the provider as it describes itself ------------------------------------------------------------------------

DISCOVERY = "/.well-known/openid-configuration"
DESCRIBED: dict[str, Change] = {
    "no JSON": lambda it: it.raw.update({DISCOVERY: b"<html>"}),
    "no object": lambda it: it.raw.update({DISCOVERY: b"[1]"}),
    "nothing": lambda it: it.raw.update({DISCOVERY: b""}),
    "an error": lambda it: it.status.update({DISCOVERY: 500}),
    "elsewhere": lambda it: it.status.update({DISCOVERY: 302}),
    "too much": lambda it: it.raw.update({DISCOVERY: b"x" * 300_000}),
    "another issuer": lambda it: it.discovery.update(issuer="https://evil.example"),
    "no issuer": lambda it: it.discovery.update(issuer=None),
    "no place to go": lambda it: it.discovery.update(authorization_endpoint=None),
    "a plain place": lambda it: it.discovery.update(authorization_endpoint="http://evil.example/a"),
    "a script": lambda it: it.discovery.update(authorization_endpoint="javascript:alert(1)"),
    "a line break": lambda it: it.discovery.update(authorization_endpoint="https://a.example/\r\nSet-Cookie: a=b"),
    "a malformed place": lambda it: it.discovery.update({"token_endpoint": "https://[::1"}),
    "a name in it": lambda it: it.discovery.update({"token_endpoint": "https://ann@evil.example/"}),
    "keys in a file": lambda it: it.discovery.update(jwks_uri="file:///etc/passwd"),
    "no keys": lambda it: it.raw.update({"/keys": b'{"keys": []}'}),
    "a secret key": lambda it: it.raw.update({"/keys": b'{"keys": [{"kty": "oct", "k": "AAAA"}]}'}),
    "keys elsewhere": lambda it: it.status.update({"/keys": 302}),
    "too many keys": lambda it: it.raw.update({"/keys": b" " * 300_000}),
}


@pytest.mark.parametrize("what", DESCRIBED)
def test_a_provider_that_cannot_be_used_is_told_and_asked_again_later(
    browser: Browser, provider: IdentityProvider, what: str
) -> None:
    DESCRIBED[what](provider)
    is_refused(browser.get("/login"), browser, 503)
    asked = provider.asked.copy()
    is_refused(browser.get("/login"), browser, 503)
    assert provider.asked == asked, "not more often than every ten seconds"


def test_a_provider_that_is_down_or_drips_keeps_nobody_waiting(
    browse: Callable[[], Browser], provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordain.api.access.outside.LIMITS", Limits(jwks_waits=0.3))
    provider.waits[DISCOVERY] = 60
    browser = browse()
    is_refused(browser.get("/login"), browser, 503)


def test_a_token_endpoint_that_drips_keeps_nobody_waiting(
    browser: Browser, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = browser.to_provider()
    monkeypatch.setattr("ordain.api.access.outside.LIMITS", Limits(jwks_waits=0.3))
    provider.waits["/token"] = 60
    is_refused(browser.get(back), browser, 503)


# --- who they say that it is ------------------------------------------------------------------------------------

STRANGER = ECKey.generate_key("P-256", {"kid": SIGNING["ES256"].kid})
SHARED = OctKey.import_key(b"a secret/with+signs: and a space")


def _sign(it: IdentityProvider, key: Any, algorithm: str, **header: Any) -> None:
    it.signing, it.algorithm = key, algorithm
    it.header.update(header)


TOLD: dict[str, tuple[int, Change]] = {
    "another nonce": (400, lambda it: it.claims.update(nonce="n" * 43)),
    "no nonce": (400, lambda it: it.claims.update(nonce=None)),
    "another issuer": (400, lambda it: it.claims.update(iss="https://evil.example")),
    "another audience": (400, lambda it: it.claims.update(aud="another-client")),
    "no audience": (400, lambda it: it.claims.update(aud=None)),
    "several audiences, no party": (400, lambda it: it.claims.update(aud=[CLIENT, "another"])),
    "another party": (400, lambda it: it.claims.update(azp="another-client")),
    "expired": (400, lambda it: it.claims.update(exp=int(time.time()) - 31)),
    "no expiry": (400, lambda it: it.claims.update(exp=None)),
    "not yet": (400, lambda it: it.claims.update(nbf=int(time.time()) + 600)),
    "made tomorrow": (400, lambda it: it.claims.update(iat=int(time.time()) + 86_400)),
    "no one": (400, lambda it: it.claims.update(sub=None)),
    "an empty name": (403, lambda it: it.claims.update(sub=" ")),
    "a long name": (403, lambda it: it.claims.update(sub="x" * 201)),
    "the name of nobody": (403, lambda it: it.claims.update(sub="http")),
    "half a character": (403, lambda it: it.claims.update(sub="\ud800")),
    "signed by another": (400, lambda it: _sign(it, STRANGER, "ES256")),
    "signed by nobody": (400, lambda it: it.token_answer.update({"id_token": "eyJhbGciOiJub25lIn0.e30."})),
    "signed with the secret": (400, lambda it: _sign(it, SHARED, "HS256", kid=SIGNING["ES256"].kid)),
    "no token": (503, lambda it: it.token_answer.update(id_token=None)),
    "no text as a token": (503, lambda it: it.token_answer.update(id_token=["x"])),
    "a token that is none": (400, lambda it: it.token_answer.update({"id_token": "x.y.z"})),
    "an endless token": (503, lambda it: it.token_answer.update(id_token="x" * 100_000)),
    "no JSON": (503, lambda it: it.raw.update({"/token": b"<html>"})),
    "too much": (503, lambda it: it.raw.update({"/token": b"x" * 300_000})),
    "elsewhere": (503, lambda it: it.status.update({"/token": 307})),
    "an error": (503, lambda it: it.status.update({"/token": 500})),
    "it does not know the secret": (503, lambda it: it.raw.update({"/token": b'{"error": "invalid_client"}'})),
    "an error that is none": (503, lambda it: it.raw.update({"/token": b'{"error": {"a": 1}}'})),
}


@pytest.mark.parametrize("what", TOLD)
def test_an_answer_that_is_not_one_for_this_log_in_gives_no_session(
    browser: Browser, provider: IdentityProvider, what: str
) -> None:
    status, change = TOLD[what]
    back = browser.to_provider()
    change(provider)
    is_refused(browser.get(back), browser, status)


@pytest.mark.parametrize("late_by", [-29, 29])
def test_a_clock_may_differ_by_as_much_as_is_set(browser: Browser, provider: IdentityProvider, late_by: int) -> None:
    provider.claims.update(iat=int(time.time()) + late_by, exp=int(time.time()) + min(late_by, 0) + 2)
    assert browser.log_in().status == 303


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_each_signature_by_a_private_key_is_taken(
    browse: Callable[[], Browser], provider: IdentityProvider, algorithm: str
) -> None:
    provider.signing, provider.algorithm = SIGNING[algorithm], algorithm
    provider.published = (SIGNING[algorithm],)
    assert browse().log_in().status == 303


@pytest.mark.parametrize("kid", ["named", "the same", "not named"])
def test_a_key_that_is_new_is_fetched(
    browse: Callable[[], Browser], provider: IdentityProvider, kid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browse()
    assert browser.log_in().status == 303
    new = ECKey.generate_key("P-256", {"kid": "new" if kid == "named" else SIGNING["ES256"].kid})
    provider.signing, provider.published = new, (new,)
    if kid == "not named":
        provider.header["kid"] = None
    other = browse_again(browser)
    is_refused(other.log_in(), other, 400)  # it was asked a moment ago
    monkeypatch.setattr(provider_module, "LIMITS", Limits(jwks_rests=0.0))
    assert other.log_in().status == 303
    provider.signing = STRANGER
    other = browse_again(browser)
    is_refused(other.log_in(), other, 400)


def browse_again(browser: Browser) -> Browser:
    """Another browser of the same service."""
    return Browser(browser._client)


def test_what_was_known_of_a_provider_goes_on_while_it_is_down(
    browser: Browser, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.log_in()
    monkeypatch.setattr(provider_module, "LIMITS", Limits(jwks_seconds=0.0, jwks_rests=0.0))
    provider.status.update({DISCOVERY: 500, "/keys": 500})
    assert browse_again(browser).log_in().status == 303


def test_the_secret_is_sent_as_the_provider_takes_it(browser: Browser, provider: IdentityProvider) -> None:
    provider.discovery["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    assert browser.log_in().status == 303


@pytest.mark.parametrize("issuer", ["right", "another", "none"])
def test_a_provider_that_names_itself_has_to_be_the_one(
    browser: Browser, provider: IdentityProvider, issuer: str
) -> None:
    provider.discovery["authorization_response_iss_parameter_supported"] = True
    back = browser.to_provider()
    named = {"right": f"&{urlencode({'iss': provider.issuer})}", "another": "&iss=https://evil.example", "none": ""}
    shown = browser.get(back + named[issuer])
    if issuer == "right":
        assert shown.status == 303
    else:
        is_refused(shown, browser, 400)


# --- on the way -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["access_denied", "<script>alert(1)</script>", "\r\nX: y"])
def test_who_is_not_let_in_is_told_so(browser: Browser, provider: IdentityProvider, error: str) -> None:
    provider.denies = error
    shown = browser.get(browser.to_provider())
    is_refused(shown, browser, 403)
    assert "script>" not in shown.text


def test_a_code_opens_once(browser: Browser) -> None:
    back = browser.to_provider()
    kept = dict(browser.jar)
    assert browser.get(back).status == 303
    browser.ask("POST", "/logout", X_CSRF_Token=browser.csrf())
    is_refused(browser.get(back), browser, 400)  # its cookie has gone
    browser.jar = kept
    is_refused(browser.get(back), browser, 400)  # the provider knows the code no more


def test_a_code_is_of_use_in_the_browser_that_began_alone(browse: Callable[[], Browser]) -> None:
    ann, mallory = browse(), browse()
    back = ann.to_provider()
    is_refused(mallory.get(back), mallory, 400)
    theirs = mallory.to_provider()
    mixed = dict(parse_qsl(urlsplit(theirs).query)) | {"code": dict(parse_qsl(urlsplit(back).query))["code"]}
    is_refused(mallory.get(f"/login/callback?{urlencode(mixed)}"), mallory, 400)  # PKCE


def test_looking_where_the_way_back_leads_uses_nothing_up(browser: Browser) -> None:
    back = browser.to_provider()
    assert browser.ask("HEAD", back).status == 200
    assert browser.ask("HEAD", "/login").status == 200
    assert browser.get(back).status == 303


# --- anything ---------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(["/", "//", "\\", ".", "..", "evil.example", "https:", "javascript:", "@", "%2f", "%5c", "\t"])
PATHS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=8).map("".join), st.just("/docs?a=b&c=%20"))


@given(PATHS)
def test_nothing_leads_to_another_host(path: str) -> None:
    led = local_path(path)
    assert led in (HOME, path)
    assert led.startswith("/")
    assert not led.startswith("//")
    assert led.isascii()
    assert not {"\\", "\t", "\n", "\r", " ", "#"} & set(led)
    assert not urlsplit(led).netloc
    kept = attempt_in(new_attempt(NOW, path).as_cookie, NOW)
    assert kept is not None
    assert kept.next == led


@given(st.data())
def test_an_attempt_whose_cookie_was_changed_is_another_one(data: st.DataObject) -> None:
    attempt = new_attempt(NOW, "/docs")
    cookie = attempt.as_cookie
    at = data.draw(st.integers(0, len(cookie) - 1))
    sign = data.draw(st.characters(codec="utf-8"))
    changed = cookie[:at] + sign + cookie[at + 1 :]
    read = attempt_in(changed, NOW)
    if changed == cookie:
        assert read == attempt
    elif read is not None:
        made = {each.state for each in (read, attempt)} | {each.nonce for each in (read, attempt)}
        assert len(made | {each.verifier for each in (read, attempt)}) == 6


@pytest.mark.parametrize("seconds", [-601, 601, 10**9])
def test_an_attempt_lasts_ten_minutes(seconds: int) -> None:
    cookie = new_attempt(NOW, None).as_cookie
    assert isinstance(attempt_in(cookie, int(NOW) + 600), Attempt)
    assert attempt_in(cookie, int(NOW) + seconds) is None


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_cookie_is_read_or_not(before: str, value: str) -> None:
    for cookies in (Cookies(True), Cookies(False)):
        name = cookies.set(SESSION, "x", 1).partition("=")[0]
        read = cookies.read(f"{before}; {name}={value}", SESSION)
        assert read is None or read in value
        assert cookies.read(f"{name}=a; {name}=b", SESSION) is None
        assert cookies.read(f"other{name}=a", SESSION) is None


def test_over_https_the_cookies_are_this_hosts_own() -> None:
    set_cookie = Cookies(True).set(ATTEMPT, "v", 600)
    assert set_cookie == "__Host-ordain_login=v; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
    assert Cookies(True).read("ordain_login=planted", ATTEMPT) is None


@given(
    state=st.text(max_size=60), code=st.text(max_size=60), cookie=st.text(st.characters(codec="latin-1"), max_size=60)
)
def test_anything_at_the_way_back_is_a_plain_page(tried: Browser, state: str, code: str, cookie: str) -> None:
    sent = "".join(sign for sign in cookie if sign.isprintable())
    query = urlencode({"state": state, "code": code}, errors="replace")
    shown = tried.ask("GET", f"/login/callback?{query}", **PAGE, Cookie=f"{ATTEMPT}={sent}")
    assert (shown.status, "location" in shown.headers) == (400, False)
    tried.jar.clear()


@pytest.fixture(scope="module")
def tried(use: Services, running: IdentityProvider) -> Browser:
    running.reset()
    return Browser(app_for(use).test_client(use_cookies=False))
