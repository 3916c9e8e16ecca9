"""People who log in with a browser: sent to the identity provider, known by a session when they come back.

A session says who asks as a key or token does. What changes something also needs `X-CSRF-Token`, which a page of
another site cannot know: a browser sends the cookie for whatever page asks it to.
"""

from __future__ import annotations

import hmac
import os
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from ordain.api.access.caller import Caller, InSession
from ordain.api.access.claims import name_in, roles_in, texts_in
from ordain.api.access.login.attempt import Attempt, attempt_in, new_attempt
from ordain.api.access.login.cookies import ATTEMPT, SESSION, Cookies
from ordain.api.access.login.failures import LoginFailed
from ordain.api.access.login.provider import Client, Provider
from ordain.api.access.login.sessions import Sessions
from ordain.api.access.token_keys import checked_address
from ordain.api.keys import LOGIN_SECRET, text_secret
from ordain.api.services import Services
from ordain.api.settings import Settings
from ordain.audit.entry.entry import Kind
from ordain.engine.errors import NotPermitted, SettingsError, Unauthenticated

CALLBACK = "/login/callback"
_SAFE = ("GET", "HEAD", "OPTIONS")
_NOT_OURS = "a request of a session comes from a page of this server, and this one does not"


class Headers(Protocol):
    """Of a request, whoever read them."""

    def get(self, name: str) -> str | None:
        """The value of one, by its name in small letters."""


class Sent(NamedTuple):
    """What a request says of who sends it, and from where; `counts` where it is a use of the session."""

    method: str
    session_id: str
    csrf: str | None
    origin: str | None
    site: str | None
    mode: str | None
    counts: bool = True


class Login:
    """`use` gives what is served now; a session `lasts` so many seconds at the most. Raises SettingsError."""

    def __init__(self, use: Callable[[], Services], clock: Callable[[], float] = time.time) -> None:
        settings = use().settings
        self._use, self._settings, self._clock = use, settings, clock
        address = _own_address(settings)
        self.origin = _origin(address)
        self.cookies = Cookies(self.origin.startswith("https://"))
        self._named = _roles_named(settings)
        if not settings.login_client:
            raise SettingsError("`login_issuer` needs the setting `login_client`, too", "the provider gave it a name")
        secret = os.environ.get(LOGIN_SECRET) or text_secret(settings.keys / "login.secret")
        client = Client(
            *(str(settings.login_issuer), settings.login_client, secret, address + CALLBACK),
            *(settings.login_scopes, settings.clock_skew_seconds),
        )
        self.provider = Provider(client)
        self.lasts = settings.login_hours * 3600
        self.sessions = Sessions(use, settings.login_idle_minutes * 60.0, self.lasts, clock)

    # --- asked by every request -------------------------------------------------------------------------------

    def sent(self, method: str, headers: Headers, counts: bool = True) -> Sent | None:
        """What a request says; None for one without a session, or with a key or token, which goes before it."""
        if headers.get("authorization"):
            return None
        session_id = self.cookies.read(headers.get("cookie"), SESSION)
        if session_id is None:
            return None
        named = ("x-csrf-token", "origin", "sec-fetch-site", "sec-fetch-mode")
        csrf, origin, site, mode = (headers.get(name) for name in named)
        return Sent(method, session_id, csrf, origin, site, mode, counts)

    def caller_of(self, sent: Sent) -> Caller:
        """Whose session it is. Raises Unauthenticated, NotPermitted, LedgerUnavailable; it waits for the disk."""
        found = self.sessions.find(sent.session_id, sent.counts)
        if found is None:
            raise Unauthenticated("the session has ended, or never was", f"log in again: {self.origin}/login")
        in_session = InSession(found.until, csrf_token(sent.session_id))
        caller = Caller(found.name, found.roles, tenant=self._settings.tenant, session=in_session)
        self._refuse_others(sent)
        if sent.method not in _SAFE and not _is_token(sent.csrf, in_session.csrf_token):
            raise NotPermitted(
                "a request of a session that may change something needs its `X-CSRF-Token`",
                "take it from `csrf_token` of /v1/me; or send a key or token, and no cookie",
            )
        return caller

    def _refuse_others(self, sent: Sent) -> None:
        """Raises NotPermitted for what a page of another site, or of another name of it, makes a browser send.

        A link may lead here (https://www.w3.org/TR/fetch-metadata/).
        """
        if sent.site in ("cross-site", "same-site") and not (sent.method in _SAFE and sent.mode == "navigate"):
            raise NotPermitted(_NOT_OURS, "`Sec-Fetch-Site` says so")
        if sent.method not in _SAFE and sent.origin is not None and sent.origin.lower() != self.origin:
            raise NotPermitted(_NOT_OURS, f"its `Origin` is not {self.origin}; see the setting `login_address`")

    # --- logging in and out -----------------------------------------------------------------------------------

    def begin(self, wanted: str | None) -> tuple[str, str]:
        """Where to send somebody who wants to see a path afterwards, and the cookie to give. Raises LoginFailed."""
        attempt = new_attempt(self._clock(), wanted)
        return self.provider.address_for(attempt), attempt.as_cookie

    def attempt(self, cookies: str | None, state: str) -> Attempt:
        """The attempt that this browser began and that `state` belongs to. Raises LoginFailed."""
        attempt = attempt_in(self.cookies.read(cookies, ATTEMPT), self._clock())
        if attempt is None or not _is_token(state, attempt.state):
            told = "This log-in was not begun in this browser, or too long ago. Log in again."
            raise LoginFailed(400, told, "the `state` is not one of this browser")
        return attempt

    def finish(self, code: str, issuer: str | None, attempt: Attempt, cookies: str | None) -> str:
        """The id of a new session, on record by then, in the place of the one that the browser had.

        Raises LoginFailed, NotRecorded, LedgerUnavailable.
        """
        claims = self.provider.claims_for(code, issuer, attempt)
        name, roles = name_in(claims, self._settings.jwt_name), self._roles(claims)
        if name is None:
            told = "The identity provider does not say who you are in the way that this server expects."
            raise LoginFailed(403, told, f"the claim `{self._settings.jwt_name}` of an ID token is no name")
        self._use().ledger.note(Kind.ACCESS, {"action": "logged in"}, {"actor": name, "roles": sorted(roles)})
        before = self.cookies.read(cookies, SESSION)
        if before is not None:
            self.sessions.end(before)
        return self.sessions.begin(name, roles)

    def end(self, cookies: str | None, caller: Caller) -> None:
        """The session has ended, everywhere; then that is on record. Raises NotRecorded, LedgerUnavailable."""
        session_id = self.cookies.read(cookies, SESSION)
        if session_id is not None and self.sessions.end(session_id):
            self._use().ledger.note(Kind.ACCESS, {"action": "logged out"}, {"actor": caller.name})

    def _roles(self, claims: dict[str, object]) -> set[str]:
        """Those of the claim, or what the setting `login_roles` calls them here."""
        claim = self._settings.jwt_roles
        if not self._named:
            return set(roles_in(claims, claim))
        texts = texts_in(claims, claim)
        said = {texts, *texts.split()} if isinstance(texts, str) else set(texts)
        return {role for theirs, role in self._named if theirs in said}


def csrf_token(session_id: str) -> str:
    """That of a session: made of its id, which no page can read, and of no use without it."""
    made = hmac.digest(session_id.encode("utf-8", "replace"), b"csrf", "sha256")
    return urlsafe_b64encode(made).decode().rstrip("=")


def _is_token(given: str | None, wanted: str) -> bool:
    return hmac.compare_digest((given or "").encode("utf-8", "replace"), wanted.encode())


def _own_address(settings: Settings) -> str:
    """Raises SettingsError unless people's browsers can be sent there."""
    address = settings.login_address
    if address is None:
        raise SettingsError(
            "`login_issuer` needs the setting `login_address`, too",
            "the address by which browsers reach this server, such as https://ordain.example",
        )
    parts = urlsplit(checked_address(address, "login_address", of_browsers=True))
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise SettingsError(
            f"`login_address`: `{address}` has more than a scheme, a name and a port",
            "such as https://ordain.example",
        )
    return address.rstrip("/")


def _origin(address: str) -> str:
    """As browsers send it: small letters, no port that goes without saying."""
    origin = address.lower()
    return origin.removesuffix(":443" if origin.startswith("https") else ":80")


def _roles_named(settings: Settings) -> list[tuple[str, str]]:
    """Pairs of what the provider calls a role, and its name here. Raises SettingsError."""
    pairs = []
    for text in settings.login_roles:
        theirs, sign, role = (part.strip() for part in text.rpartition("="))
        if not (theirs and sign and role):
            raise SettingsError(f"`login_roles`: `{text}` names no role", "write it as `Pricing team=editor`")
        pairs.append((theirs, role))
    return pairs
