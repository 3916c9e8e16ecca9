"""A request's body, read in the event loop: no more of it than is allowed, and not for longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from typing import Any, Protocol

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]  # they are documented so

from ordain.api.http.refusals import too_large
from ordain.api.limits import LIMITS
from ordain.engine.errors import MalformedRequest, OrdainError


class Scope(Protocol):
    """A request's head as RSGI gives it (https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md)."""

    method: str
    path: str
    query_string: str
    scheme: str
    client: str
    server: str
    http_version: str
    authority: str | None

    @property
    def headers(self) -> Any:
        """A mapping with lower-case names."""


class Stream(Protocol):
    """An answer that is sent piece by piece; it ends when nobody holds this any more."""

    def send_bytes(self, data: bytes) -> Awaitable[None]:
        """Queues a piece."""


class Exchange(Protocol):
    """A request's body, and the way to answer it."""

    def __call__(self) -> Awaitable[bytes]:
        """All of the body."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body as it comes."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answers."""

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Stream:
        """Begins to answer."""


class BodyTooSlow(Exception):
    """The body did not arrive in time."""


async def body_of(scope: Scope, exchange: Exchange, limit: int) -> bytes:
    """The whole body. Raises RequestTooLarge for more than `limit` bytes, MalformedRequest for a part, BodyTooSlow."""
    stated = _stated(scope)
    if stated is not None and stated > limit and not _is_drained(scope, stated):
        raise too_large(limit)
    if stated is None or stated > limit:
        return await _unstated(exchange, limit)
    try:
        async with asyncio.timeout(LIMITS.body_seconds):
            return await exchange()
    except TimeoutError:
        raise BodyTooSlow from None
    except (ProtocolClosed, ProtocolError):
        raise _cut() from None


async def drop_body(scope: Scope, exchange: Exchange) -> None:
    """Reads what is refused already, within the same bounds: many clients look for an answer only once all is sent."""
    if scope.headers.get("expect") or not (
        scope.headers.get("content-length") or scope.headers.get("transfer-encoding")
    ):
        return
    with suppress(OrdainError, BodyTooSlow):
        await body_of(scope, exchange, LIMITS.drained_bytes)


async def _unstated(exchange: Exchange, limit: int) -> bytes:
    read = _Unstated(limit)
    try:
        async with asyncio.timeout(LIMITS.body_seconds):
            return await read.body(exchange)
    except TimeoutError:
        raise too_large(limit) if read.is_too_large else BodyTooSlow from None
    except (ProtocolClosed, ProtocolError):
        raise _cut() from None


def _stated(scope: Scope) -> int | None:
    """The length that the head states; one beside a transfer coding says nothing (RFC 9112 section 6.3)."""
    stated = None if scope.headers.get("transfer-encoding") else scope.headers.get("content-length")
    return int(stated) if stated is not None and stated.isdigit() else None


def _is_drained(scope: Scope, stated: int) -> bool:
    """Whether a body that is too large is read all the same: many clients look for an answer only once all is sent."""
    return stated <= LIMITS.drained_bytes and not scope.headers.get("expect")


class _Unstated:
    """Reads a body that comes in pieces, or none; what goes beyond the limit is read, up to a bound, and dropped.

    Granian hides that it was cut: its iterator gives an empty piece for the end, and one more for an error before that.
    Trailers give one too. Seen in 2.8.7, and in its `src/rsgi/io.rs`.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen = 0

    @property
    def is_too_large(self) -> bool:
        return self._seen > self._limit

    async def body(self, exchange: Exchange) -> bytes:
        body, empty = bytearray(), 0
        async for chunk in exchange:
            empty = 0 if chunk else empty + 1
            if empty > 1 or self._seen > LIMITS.drained_bytes:
                break
            self._seen += len(chunk)
            if not self.is_too_large:
                body += chunk
        if self.is_too_large:
            raise too_large(self._limit)
        if empty > 1:
            raise _cut()
        return bytes(body)


def _cut() -> MalformedRequest:
    return MalformedRequest(
        "the request ended before its body was whole, or has trailers", "send all of the body, without trailers"
    )
