"""What the console asks of the service: the routes of `/v1`, inside this process, in the name of who looks at a page.

So a page can show and do what its reader may ask for over HTTP, and nothing else: rights, limits of length, the notes
of who read what, and refusals are those of the routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Flask, current_app, request

from ordain.api.access.admission import caller, may
from ordain.api.contract.operation import YAML
from ordain.api.http.account import CALLER
from ordain.api.http.refusals import JSON
from ordain.api.services import Services

Json = Any
_BEGINS_ERRORS, UNWELL = 400, 503
_CARRIED = (
    *("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR", "HTTP_HOST"),
    *("wsgi.version", "wsgi.url_scheme", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"),
)
"""What a request inside has of the one that came."""


@dataclass(slots=True)
class Refused(Exception):
    """A route refused: its status and its error, as `/v1` tells it (`code`, `message`, `details`)."""

    status: int
    error: dict[str, Any]

    @property
    def code(self) -> str:
        return str(self.error.get("code", ""))


@dataclass(frozen=True, slots=True)
class Text:
    """A body that is no JSON, with its digest where the route gives one."""

    body: str
    etag: str


class Asked:
    """Asks in the name of one caller. Paths are written plainly: nothing in them is escaped."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def get(self, path: str, **query: Any) -> Json:
        """The JSON of an answer. Parameters that are None or empty are left out. Raises Refused."""
        return _json(self._ask("GET", path, query))

    def get_if(self, path: str, **query: Any) -> Json | None:
        """The same; None where this caller may not ask for it, or it is not there. Raises Refused for other faults."""
        try:
            return self.get(path, **query)
        except Refused as refused:
            if refused.status in (403, 404, 409):
                return None
            raise

    def part(self, path: str, unwell: list[str], **query: Any) -> Json | None:
        """The same, also None where the service cannot answer now: why goes into `unwell`, once, so that a page that
        asks for several things shows the others, and says what is missing.
        """
        try:
            return self.get_if(path, **query)
        except Refused as refused:
            if refused.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            if (why := str(refused.error.get("message", ""))) not in unwell:
                unwell.append(why)
            return None

    def state(self, path: str) -> Json | None:
        """What `/healthz` and `/readyz` say, which answer with a status of 503 that all is not well. Raises Refused."""
        status, body, etag = self._ask("GET", path, {})
        if status == UNWELL and "error" not in (told := orjson.loads(body)):
            return told
        return _json((status, body, etag))

    def text(self, path: str, **query: Any) -> Text:
        """An answer that is text. Raises Refused."""
        status, body, etag = self._ask("GET", path, query)
        return Text(_body(status, body).decode("utf-8"), etag)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **query: Any) -> Json:
        """Raises Refused."""
        try:
            sent = orjson.dumps(dict(data or {}))
        except orjson.JSONEncodeError as error:  # a number of more than 64 bits, lists in lists without end
            message = f"what was sent cannot be told to the service: {error}"
            raise Refused(HTTPStatus.BAD_REQUEST, {"code": "MalformedRequest", "message": message}) from None
        return _json(self._ask("POST", path, query, sent, JSON))

    def post_text(self, path: str, text: str, **query: Any) -> Json:
        """Sends the text of a policy. Raises Refused."""
        return _json(self._ask("POST", path, query, text.encode(), YAML))

    def put_text(self, path: str, text: str, etag: str) -> Json:
        """Sends a text that takes the place of the one with that `ETag`. Raises Refused."""
        return _json(self._ask("PUT", path, {}, text.encode(), YAML, {"HTTP_IF_MATCH": etag}))

    @staticmethod
    def may(right: str) -> bool:
        """Whether the caller has that right."""
        return may(right)

    @staticmethod
    def use() -> Services:
        """What decides and records now: for settings, never for what a route tells."""
        use: Services = current_app.extensions["ordain"]
        return use

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: bytes = b"",
        kind: str = "",
        more: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes, str]:
        """Status, body and `ETag`."""
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the one behind the proxy
        environ: dict[str, Any] = {name: request.environ[name] for name in _CARRIED if name in request.environ}
        environ |= {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": urlencode(_said(query), doseq=True),
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            "HTTP_X_REQUEST_ID": self._request_id,
            CALLER: caller(),
            **(more or {}),
        }
        with app.app_context(), app.request_context(environ):  # with a `g` of its own
            answer = app.full_dispatch_request()
            etag = answer.headers.get("ETag", "")
            return answer.status_code, answer.get_data(), etag


def _said(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None and value != "" and value != []}


def _body(status: int, body: bytes) -> bytes:
    if status < _BEGINS_ERRORS:
        return body
    try:
        error = orjson.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        error = {"code": "InternalError", "message": body.decode("utf-8", "replace"), "details": {}}
    raise Refused(status, error)


def _json(told: tuple[int, bytes, str]) -> Json:
    status, body, _ = told
    return orjson.loads(_body(status, body))
