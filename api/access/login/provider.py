"""The identity provider: what it says of itself, where people are sent, and who it says that they are.

OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636); OpenID Connect Discovery 1.0. What makes and
reads the messages of OAuth is authlib's, what verifies the ID token is joserfc's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlsplit

import orjson
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from ordain.api.access.login.attempt import Attempt
from ordain.api.access.login.failures import LoginFailed, provider_fails
from ordain.api.access.outside import Unanswered, ask, get
from ordain.api.access.signatures import SignatureRegistry
from ordain.api.access.token_keys import checked_address, fetch
from ordain.api.limits import LIMITS
from ordain.engine.errors import SettingsError

_LOG = logging.getLogger("ordain")
_DISCOVERY = "/.well-known/openid-configuration"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_BASIC, _POST = "client_secret_basic", "client_secret_post"
_NOT_OURS = "The answer of the identity provider does not belong to this log-in. Log in again."
_AGAIN = "The log-in was begun too long ago, or has been used already. Log in again."


class Client(NamedTuple):
    """What this server is to the provider. `secret` is empty for a public client."""

    issuer: str
    id: str
    secret: str
    callback: str
    scopes: str
    skew: int


class _Known(NamedTuple):
    """The provider as its discovery document describes it. `names_itself`: its answers have `iss` (RFC 9207)."""

    authorize: str
    token: str
    jwks: str
    method: str
    names_itself: bool
    keys: KeySet


class Provider:
    """Asks for as long as `LIMITS.jwks_waits` at once, and remembers the answers: call it from a thread.

    `fault` says why the provider could not be used the last time. Raises SettingsError for an address that is not safe.
    """

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        checked_address(client.issuer, "login_issuer")
        self._client, self._clock, self._lock = client, clock, threading.Lock()
        self._known: _Known | None = None
        self._fetched = self._tried = -max(LIMITS.jwks_seconds, LIMITS.jwks_rests)
        self._registry = SignatureRegistry()
        self.fault = ""

    def address_for(self, attempt: Attempt) -> str:
        """Where to send somebody to log in. Raises LoginFailed."""
        return str(
            prepare_grant_uri(
                self._described().authorize,
                self._client.id,
                "code",
                redirect_uri=self._client.callback,
                scope=self._client.scopes,
                state=attempt.state,
                nonce=attempt.nonce,
                code_challenge=create_s256_code_challenge(attempt.verifier),
                code_challenge_method="S256",
            )
        )

    def claims_for(self, code: str, issuer: str | None, attempt: Attempt) -> dict[str, Any]:
        """The claims of who came back with that code, and said to come from `issuer`. Raises LoginFailed."""
        known = self._described()
        if issuer != self._client.issuer and (issuer is not None or known.names_itself):
            raise LoginFailed(400, _NOT_OURS, "an answer came that says to be of another issuer, or of none")
        return self._verified(self._id_token(known, code, attempt), attempt)

    def _id_token(self, known: _Known, code: str, attempt: Attempt) -> str:
        client = self._client
        form = prepare_token_request(
            "authorization_code", redirect_uri=client.callback, code=code, code_verifier=attempt.verifier
        )
        client_id, secret = client.id, client.secret
        if known.method == _BASIC:  # RFC 6749 section 2.3.1: each is encoded before they are joined
            client_id, secret = quote_plus(client_id), quote_plus(secret)
        _, headers, form = ClientAuth(client_id, secret, known.method).prepare("POST", known.token, {}, form)
        try:
            answer = ask(known.token, form, headers)
        except Unanswered as error:
            raise provider_fails(f"`{known.token}` {error}") from None
        try:
            data = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            data = None
        if not isinstance(data, dict):
            raise provider_fails(f"`{known.token}` answers {answer.status}, and no JSON object")
        if data.get("error") == "invalid_grant":
            raise LoginFailed(400, _AGAIN, "the provider does not take the code")
        token = data.get("id_token")
        if answer.status != 200 or not isinstance(token, str) or len(token) > LIMITS.credential_characters * 4:
            named = data.get("error")
            said = f" with `{named[:40]}`" if isinstance(named, str) and named.isascii() and named.isprintable() else ""
            raise provider_fails(f"`{known.token}` answers {answer.status}{said}, and no ID token")
        return token

    def _verified(self, token: str, attempt: Attempt) -> dict[str, Any]:
        """The claims of an ID token (OpenID Connect Core section 3.1.3.7)."""
        claims = jwt.JWTClaimsRegistry(
            leeway=self._client.skew,
            iss={"essential": True, "value": self._client.issuer},
            aud={"essential": True, "value": self._client.id},
            nonce={"essential": True, "value": attempt.nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            read = self._decoded(token)
            claims.validate(read.claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise LoginFailed(400, _NOT_OURS, f"an ID token is not taken: {type(error).__name__}: {error}") from None
        party, audience = read.claims.get("azp"), read.claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if party != self._client.id and (party is not None or several):
            raise LoginFailed(400, _NOT_OURS, "an ID token was made for another client")
        return dict(read.claims)

    def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._described().keys, registry=self._registry)
        except (InvalidKeyIdError, BadSignatureError):
            if not self._fetch_again():
                raise
        return jwt.decode(token, self._described().keys, registry=self._registry)

    # --- what it says of itself -------------------------------------------------------------------------------

    def _described(self) -> _Known:
        """As it described itself not long ago, or before if it cannot be asked now. Raises LoginFailed."""
        known = self._known
        if known is None or self._clock() - self._fetched > LIMITS.jwks_seconds:
            self._fetch_again()
            known = self._known
        if known is None:
            raise provider_fails(self.fault or "it has not answered yet")
        return known

    def _fetch_again(self) -> bool:
        """Asks it, not more often than each `LIMITS.jwks_rests` seconds; says whether that was done, and went well.

        Who comes meanwhile waits for the same answer.
        """
        with self._lock:
            if self._clock() - self._tried < LIMITS.jwks_rests:
                return False
            try:
                self._known = self._asked()
            except (Unanswered, SettingsError) as error:
                told = error.message if isinstance(error, SettingsError) else str(error)
                if told != self.fault:
                    _LOG.error("log-in: %s", told)
                self.fault = told
                return False
            else:
                self._fetched, self.fault = self._clock(), ""
                return True
            finally:
                self._tried = self._clock()

    def _asked(self) -> _Known:
        """Raises Unanswered, SettingsError."""
        issuer = self._client.issuer
        place = issuer.rstrip("/") + _DISCOVERY
        try:
            data = orjson.loads(get(place))
        except Unanswered as error:
            raise Unanswered(f"`{place}` {error}") from None
        except orjson.JSONDecodeError:
            raise Unanswered(f"`{place}` is no JSON") from None
        if not isinstance(data, dict) or data.get("issuer") != issuer:
            named = data.get("issuer") if isinstance(data, dict) else None
            raise Unanswered(f"`{place}` is of the issuer `{str(named)[:100]}`, and `login_issuer` is `{issuer}`")
        authorize, token, jwks = (_address(data, name, place) for name in _ENDPOINTS)
        taken = data.get("token_endpoint_auth_methods_supported", [_BASIC])
        method = "none" if not self._client.secret else _POST if _BASIC not in taken and _POST in taken else _BASIC
        names_itself = data.get("authorization_response_iss_parameter_supported") is True
        return _Known(authorize, token, jwks, method, names_itself, fetch(jwks, "login_issuer"))


def _address(data: dict[str, Any], name: str, place: str) -> str:
    """An address of the discovery document. Raises Unanswered unless people, or a secret, may be sent there."""
    address = data.get(name)
    try:
        if not isinstance(address, str) or not address.isascii() or not address.isprintable() or " " in address:
            raise ValueError
        parts = urlsplit(checked_address(address))
        if parts.fragment or parts.username is not None or "\\" in address:
            raise ValueError
    except (SettingsError, ValueError):
        raise Unanswered(f"`{place}` has no https address as `{name}`") from None
    return address
