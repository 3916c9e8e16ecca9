"""A small identity provider for tests: OpenID Connect's authorization code flow with PKCE, over a real HTTP server.

It checks what a provider has to check: the client, its secret, the address to come back to, the code (once), the
verifier. `person` is who sits at it; the other fields make it fail in one way or another.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from issuer import SIGNING, jwks
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry, serialize_compact

CLIENT, SECRET = "ordain-tests", "a secret/with+signs: and a space"


class _Any(JWSRegistry):
    """Signs with any algorithm, without a warning."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


class IdentityProvider:
    """A context manager. `discovery`, `claims`, `header` and `token_answer` are laid over what it would say."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_port}/realm"
        self.back_to: str | None = None
        self._codes: dict[str, dict[str, str]] = {}
        self.reset()

    def reset(self) -> None:
        """All is well, and Ann, who reviews, sits there."""
        self.person: dict[str, Any] = {"sub": "ann", "roles": ["reviewer"]}
        self.discovery: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.token_answer: dict[str, Any] = {}
        self.raw: dict[str, bytes] = {}
        """What it answers at a path, byte for byte."""
        self.waits: dict[str, float] = {}
        """Seconds for which it drips its answer at a path, a byte at a time."""
        self.status: dict[str, int] = {}
        self.denies = ""
        self.signing, self.algorithm = SIGNING["ES256"], "ES256"
        self.published: tuple[Key, ...] = (SIGNING["ES256"],)
        self.asked: Counter[str] = Counter()

    def __enter__(self) -> IdentityProvider:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(outer) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                outer._answer(self, parts.path.removeprefix("/realm"), asked)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                outer._answer(self, self.path.removeprefix("/realm"), {name: each[0] for name, each in form.items()})

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        return Handler

    def _answer(self, to: BaseHTTPRequestHandler, path: str, asked: dict[str, str]) -> None:
        self.asked[path] += 1
        status, headers, body = 200, {"Content-Type": "application/json"}, b""
        if path == "/authorize":
            status, headers["Location"] = 302, self._back(asked)
        elif path == "/token":
            status, told = self._token(asked, to.headers.get("Authorization", ""))
            body = json.dumps({**told, **self.token_answer}).encode()
        elif path == "/keys":
            body = jwks(*self.published)
        else:
            body = json.dumps(self._described()).encode()
        body, status = self.raw.get(path, body), self.status.get(path, status)
        if 300 <= status < 400 and path != "/authorize":
            headers["Location"] = f"{self.issuer}/elsewhere"
        to.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            to.send_header(name, value)
        to.end_headers()
        until = time.monotonic() + self.waits.get(path, 0)
        try:
            while body and time.monotonic() < until:
                to.wfile.write(body[:1])
                to.wfile.flush()
                body = body[1:]
                time.sleep(0.05)
            to.wfile.write(body)
        except OSError:  # nobody waited
            pass

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            **self.discovery,
        }

    def _back(self, asked: dict[str, str]) -> str:
        """Where somebody is sent back to. What a client has to send is asserted: without it there is no answer."""
        if self.denies:
            return f"{asked['redirect_uri']}?{urlencode({'error': self.denies, 'state': asked['state']})}"
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        assert {name: asked[name] for name in wanted} == wanted
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        if not self._is_client(form, authorization):
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def _is_client(self, form: dict[str, str], authorization: str) -> bool:
        methods = self.discovery.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in methods:
            named, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            return (unquote_plus(named), unquote_plus(secret)) == (CLIENT, SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)

    def id_token(self, nonce: str) -> str:
        """For the person, with `claims` and `header` over it; None leaves one out."""
        now = int(time.time())
        made = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {name: value for name, value in {**made, **self.person, **self.claims}.items() if value is not None}
        head = {"alg": self.algorithm, "kid": self.signing.kid, **self.header}
        head = {name: value for name, value in head.items() if value is not None}
        registry = _Any(algorithms=[self.algorithm], strict_check_header=False)
        return serialize_compact(head, json.dumps(claims).encode(), self.signing, registry=registry)


def settings_for(provider: IdentityProvider, address: str) -> dict[str, str]:
    """Those of a service that sends people there, and is reached at that address."""
    return {"login_issuer": provider.issuer, "login_client": CLIENT, "login_address": address}
