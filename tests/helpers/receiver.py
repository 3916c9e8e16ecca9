"""A receiver of webhooks on this machine, that answers as a test says and keeps what came, in its order."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from standardwebhooks import Webhook

SECRET = "whsec_" + "QUFB" * 11
Answer = tuple[int, dict[str, str], bytes]
FINE: Answer = (200, {}, b"")


class Got(NamedTuple):
    """An event with a signature that holds, its headers, and the status that was answered."""

    event: dict[str, Any]
    headers: dict[str, str]
    status: int


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A sender that was killed cuts its connection anywhere."""


class Receiver:
    """A context manager. `answer` is asked for each event, by its number from 0 on and what it is."""

    def __init__(
        self,
        answer: Callable[[int, dict[str, Any]], Answer] = lambda number, event: FINE,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answer = answer
        self.got: list[Got] = []
        self.faults: list[str] = []
        self.cut = threading.Event()
        self.connections: set[tuple[Any, ...]] = set()
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                length, body = int(self.headers["content-length"]), b""
                with suppress(OSError):
                    body = self.rfile.read(length)
                if len(body) == length:
                    receiver._take(self, body)
                else:  # who sent it was killed
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        kind = type("_Server6", (_Server,), {"address_family": socket.AF_INET6}) if ":" in host else _Server
        self._server = kind((host, 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme, name = "https" if tls else "http", "[::1]" if ":" in host else "localhost"
        self.url = f"{scheme}://{name}:{self._server.server_address[1]}/hook"

    def _take(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        try:
            Webhook(SECRET).verify(body, headers)
            event = json.loads(body)
            assert event["id"] == headers["webhook-id"]
        except Exception as error:  # whatever it is, the test tells of it
            self.faults.append(f"{type(error).__name__}: {error}")
            event = {}
        with self._lock:
            self.connections.add(handler.client_address)
            status, more, answer = self.answer(len(self.got), event)
            self.got.append(Got(event, headers, status))
        try:
            handler.send_response(status)
            for name, value in {"content-length": str(len(answer)), **more}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(answer)
        except OSError:  # who asked has enough, or was killed
            self.cut.set()
            handler.close_connection = True

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def ids(self) -> list[str]:
        """Of the events that were accepted, each time that they were."""
        return [got.event["id"] for got in self.got if got.status < 300]

    def settings(self, **more: object) -> str:
        """A file of endpoints with this one, `crm`; its secret is in the variable `CRM_SECRET`."""
        own = {"url": self.url, "types": ["ordain.decision.*"], "secret variable": "CRM_SECRET", "private": "allowed"}
        return json.dumps({"endpoints": {"crm": own | more}})
