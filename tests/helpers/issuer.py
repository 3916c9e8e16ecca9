"""Whoever makes tokens, for tests: keys of its own, and a small server that gives the public ones."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact

ISSUER, AUDIENCE = "https://issuer.example", "ordain"
SIGNING: dict[str, Key] = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ec"}),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}
SIGNING |= {"PS256": SIGNING["RS256"], "EdDSA": SIGNING["Ed25519"]}


class _Any(JWSRegistry):
    """Signs with any algorithm, without a warning."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def jwks(*keys: Key) -> bytes:
    """The public keys as a JWKS; all that sign, if none are given."""
    chosen = keys or (SIGNING["RS256"], SIGNING["ES256"], SIGNING["Ed25519"])
    return json.dumps({"keys": [key.as_dict(private=False) for key in chosen]}).encode()


def claims(**more: Any) -> dict[str, Any]:
    """Those of a good token; None leaves one out."""
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": int(time.time()) + 600, "roles": ["app"], **more}
    return {name: value for name, value in made.items() if value is not None}


def token(algorithm: str = "ES256", key: Key | None = None, header: dict[str, Any] | None = None, **more: Any) -> str:
    signing = key or SIGNING[algorithm]
    head = {"alg": algorithm, "kid": signing.kid, **(header or {})}
    head = {name: value for name, value in head.items() if value is not None}
    payload = json.dumps(claims(**more)).encode()
    return serialize_compact(head, payload, signing, registry=_Any(algorithms=[algorithm], strict_check_header=False))


class JwksServer:
    """Gives `body` with `status` and counts who asked; a context manager."""

    def __init__(self) -> None:
        self.body, self.status, self.asked, self.location = jwks(), 200, 0, ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/keys"

    def __enter__(self) -> JwksServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
