"""The calls: what each sends, and what it makes of the answer. Nothing here waits for anything."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote
from uuid import uuid4

import httpx

from ordain_client.answer import Answer, request_body
from ordain_client.errors import NoAnswer, Refused, Unavailable, refusal
from ordain_client.tries import Flow, Patience, retry_after, until_answered

WINDOW = 256
"""Lines of a batch that are sent at once: what the service commits together."""


class Ask(TypedDict):
    """One line of a batch."""

    subject: str
    facts: Mapping[str, Any]
    at: NotRequired[dt.datetime | str | None]
    may_be_unknown: NotRequired[Sequence[str]]


class Calls:
    """The calls over an httpx client, of either sort."""

    def __init__(self, http: httpx.Client | httpx.AsyncClient, patience: Patience) -> None:
        self._http = http
        self._patience = patience

    def decide(self, service: str, body: bytes, key: str | None, dry_run: bool) -> Flow[Answer[Any]]:
        headers = {"content-type": "application/json"}
        if not dry_run:
            headers["idempotency-key"] = key or str(uuid4())
        path = f"/v1/decisions/{quote(service, safe='')}" + ("/dry-run" if dry_run else "")
        response = yield from self._answered(self._http.build_request("POST", path, content=body, headers=headers))
        return Answer.of(response.json(), response.headers.get("idempotency-replayed") == "true")

    def lines(self, service: str, window: Window) -> Flow[list[Answer[Any] | Refused]]:
        """Some lines of a batch. Sent again, under the same key, until each has an answer that stays."""
        bodies = window.bodies
        path = f"/v1/decisions/{quote(service, safe='')}/batch"
        headers = {"content-type": "application/x-ndjson", "idempotency-key": window.key}
        request = self._http.build_request("POST", path, content=b"\n".join(bodies) + b"\n", headers=headers)
        tried = 0
        while True:
            response = yield from self._answered(request)
            told = [_line(json.loads(line), window.before) for line in response.content.splitlines()]
            tried += 1
            whole = len(told) == len(bodies)
            if whole and not any(isinstance(each, Unavailable) for each in told):
                return told
            if tried >= self._patience.tries:
                break
            yield self._patience.pause(tried, None)
        if not whole:
            raise NoAnswer(f"{len(told)} of {len(bodies)} lines were answered, after {tried} tries")
        return told

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Flow[httpx.Response]:
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        return self._answered(self._http.build_request("GET", path, params=asked))

    def confirm(
        self, decision_id: str, what: str, at: dt.datetime | str | None, key: str | None, **said: Any
    ) -> Flow[httpx.Response]:
        """What was shown or done; sent again under one key until it is answered."""
        moment = at.isoformat() if isinstance(at, dt.datetime) else at
        body = {name: value for name, value in {"at": moment, **said}.items() if value is not None}
        headers = {"content-type": "application/json", "idempotency-key": key or str(uuid4())}
        path = f"/v1/decisions/{quote(decision_id, safe='')}/{what}"
        content = json.dumps(body, default=str).encode()
        return (yield from self._answered(self._http.build_request("POST", path, content=content, headers=headers)))

    def about(self, decision_id: str, what: str = "") -> Flow[httpx.Response]:
        return self.get(f"/v1/decisions/{quote(decision_id, safe='')}{what}")

    def _answered(self, request: httpx.Request) -> Flow[httpx.Response]:
        response = yield from until_answered(request, self._patience)
        if response.status_code >= 400:
            raise _refused(response)
        return response


@dataclass(frozen=True, slots=True)
class Window:
    """Lines of a batch that are sent at once, under a key; `before` is how many came before."""

    bodies: Sequence[bytes]
    key: str
    before: int


def windows(asks: Iterable[Ask], key: str | None) -> Iterator[Window]:
    """The lines of a batch, some at a time, as they are asked for; `key` names the batch, when it may be sent again."""
    rest, before = iter(asks), 0
    while bodies := [
        request_body(ask["subject"], ask["facts"], ask.get("at"), ask.get("may_be_unknown", ()))
        for ask in islice(rest, WINDOW)
    ]:
        yield Window(bodies, f"{key}.{before}" if key else str(uuid4()), before)
        before += len(bodies)


def _line(data: Mapping[str, Any], before: int) -> Answer[Any] | Refused:
    if "error" in data:
        line = data.get("line")
        return refusal(int(data["http_status"]), data["error"], line and line + before)
    return Answer.of(data)


def _refused(response: httpx.Response) -> Refused:
    """The error of an answer; a proxy in between may have one of another shape."""
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        error = {}
    if not isinstance(error, dict):
        error = {}
    error = {"code": "Unknown", "message": response.text[:200], **error}
    return refusal(response.status_code, error, None, retry_after(response))
