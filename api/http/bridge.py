"""Flask beside the event loop: a request is read in the loop and answered in a thread (PEP 3333)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from io import BytesIO
from typing import Any

from ordain.api.http.account import CALLER, Account
from ordain.api.http.bodies import Exchange, Scope
from ordain.api.http.forms.browsers import is_log_in
from ordain.api.http.outflow import Outflow, connection_to
from ordain.api.http.pool import Pool
from ordain.api.limits import LIMITS

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_PLAIN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


HEALTH = "/healthz"
"""The path that is answered whatever else waits."""
IN_PIECES = "ordain.in_pieces"
"""Set in WSGI's environ by a route whose answer is too long to be held: its pieces come from a file, and soon."""
_OK = 200


class Bridge:
    """Calls `app` in one of `threads` threads; for `/healthz` in one of its own, which no slow request holds up.

    Who logs in may have to wait for the identity provider, in threads where nobody else does.
    """

    def __init__(self, app: Wsgi, threads: int) -> None:
        self._app = app
        self._pool = Pool(threads, LIMITS.requests_waiting, "flask")
        self._health = Pool(1, LIMITS.requests_waiting, "health")
        self._logins = Pool(LIMITS.login_threads, LIMITS.requests_waiting, "log-ins")

    async def answer(self, scope: Scope, exchange: Exchange, body: bytes, seen: Account) -> int:
        """Answers the request, whose body has been read, and gives the status. Raises PoolFull."""
        pool = self._health if scope.path == HEALTH else self._logins if is_log_in(scope.path) else self._pool
        environ = _environ(scope, body)
        environ["HTTP_X_REQUEST_ID"] = seen.id
        environ[CALLER] = seen.caller
        status, headers, answer = await pool.run(self._call, environ)
        seen.learn(environ)
        if isinstance(answer, bytes):
            seen.bytes_out = len(answer)
            exchange.response_bytes(status, headers, answer)
        else:
            try:
                with closing(connection_to(scope.client)) as connection:
                    await _flow(answer, Outflow(exchange, connection, headers), seen)
            finally:
                _close(answer)
        return status

    def close(self) -> None:
        """Waits for what is under way."""
        self._pool.close()
        self._health.close()
        self._logins.close()

    def _call(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes | Iterable[bytes]]:
        """Status, headers and body; the body in pieces, still to be closed, where the route says so."""
        told: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            told[:] = [int(status.split(" ", 1)[0]), headers]

        parts = self._app(environ, start_response)
        if environ.get(IN_PIECES) and told[0] == _OK:
            return told[0], told[1], parts
        try:
            body = b"".join(parts)
        finally:
            _close(parts)
        return told[0], told[1], body


async def _flow(pieces: Iterable[bytes], out: Outflow, seen: Account) -> None:
    """Sends an answer as fast as it is read. Raises ClientGone."""
    try:
        for piece in pieces:
            await out.send(piece)
            seen.bytes_out += len(piece)
        out.begin()
    except BaseException:
        out.abort()  # nobody is to take what was sent for all of it
        raise
    finally:
        out.end()


def _close(parts: Iterable[bytes]) -> None:
    if close := getattr(parts, "close", None):
        close()


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
