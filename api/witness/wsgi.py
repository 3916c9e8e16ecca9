"""A witness over HTTP: `POST /add-checkpoint` (https://c2sp.org/tlog-witness), and nothing else but its key at `/`.

Whoever asks is known by the signature under the checkpoint, and in no other way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from ordain.api.limits import LIMITS
from ordain.audit.witness.cosigner import TEXT, Cosigner, Reply

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class WitnessApp:
    """A WSGI application (PEP 3333)."""

    def __init__(self, cosigner: Cosigner) -> None:
        self._cosigner = cosigner

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        reply = self._reply(environ)
        headers = [("Content-Type", reply.media), ("Content-Length", str(len(reply.body)))]
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", headers)
        return [reply.body]

    def _reply(self, environ: Environ) -> Reply:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if path == "/" and method in ("GET", "HEAD"):
            return Reply(200, f"{self._cosigner.key.text}\n".encode())
        if path != "/add-checkpoint":
            return Reply(404, b"there is nothing here; checkpoints are posted to /add-checkpoint\n", TEXT)
        if method != "POST":
            return Reply(405, b"checkpoints are posted\n", TEXT)
        said = environ.get("CONTENT_LENGTH") or ""
        length = int(said) if said.isascii() and said.isdigit() else LIMITS.witness_request + 1
        body = environ["wsgi.input"].read(min(length, LIMITS.witness_request + 1))
        if len(body) > LIMITS.witness_request:
            return Reply(413, b"a proof and a checkpoint are shorter\n", TEXT)
        return self._cosigner.add_checkpoint(body)
