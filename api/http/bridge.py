"""Flask beside the event loop: a request is read in the loop and answered in a thread (PEP 3333)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from ordain.api.http.account import Account
from ordain.api.http.bodies import Exchange, Scope
from ordain.api.http.pool import Pool
from ordain.api.limits import LIMITS

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_PLAIN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


HEALTH = "/healthz"
"""The path that is answered whatever else waits."""


class Bridge:
    """Calls `app` in one of `threads` threads; for `/healthz` in one of its own, which no slow request holds up."""

    def __init__(self, app: Wsgi, threads: int) -> None:
        self._app = app
        self._pool = Pool(threads, LIMITS.requests_waiting, "flask")
        self._health = Pool(1, LIMITS.requests_waiting, "health")

    async def answer(self, scope: Scope, exchange: Exchange, body: bytes, seen: Account) -> int:
        """Answers the request, whose body has been read, and gives the status. Raises PoolFull."""
        pool = self._health if scope.path == HEALTH else self._pool
        environ = _environ(scope, body)
        environ["HTTP_X_REQUEST_ID"] = seen.id
        status, headers, answer = await pool.run(self._call, environ)
        seen.learn(environ)
        seen.bytes_out = len(answer)
        exchange.response_bytes(status, headers, answer)
        return status

    def close(self) -> None:
        """Waits for what is under way."""
        self._pool.close()
        self._health.close()

    def _call(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        told: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            told[:] = [int(status.split(" ", 1)[0]), headers]

        parts = self._app(environ, start_response)
        try:
            body = b"".join(parts)
        finally:
            if close := getattr(parts, "close", None):
                close()
        return told[0], told[1], body


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    host, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),  # escapes are resolved already
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,  # the stream ends where the body ends, so a chunked one may be read
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        key = _PLAIN.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    if scope.authority is not None:
        environ.setdefault("HTTP_HOST", scope.authority)
    return environ
