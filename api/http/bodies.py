"""A request's body, read in the event loop: no more of it than is allowed, and not for longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Protocol

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]  # they are documented so

from ordain.api.http.refusals import too_large
from ordain.api.limits import LIMITS


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


class ClientGone(Exception):
    """Who asked hung up before the body was there: nobody waits for an answer."""


class BodyTooSlow(Exception):
    """The body did not arrive in time."""


async def body_of(scope: Scope, exchange: Exchange, limit: int) -> bytes:
    """The whole body. Raises RequestTooLarge for more than `limit` bytes, BodyTooSlow, ClientGone."""
    stated = scope.headers.get("content-length")
    if stated is not None and stated.isdigit() and int(stated) > limit:
        raise too_large(limit)
    try:
        async with asyncio.timeout(LIMITS.body_seconds):
            if stated is not None:
                return await exchange()
            return await _unstated(exchange, limit)
    except TimeoutError:
        raise BodyTooSlow from None
    except (ProtocolClosed, ProtocolError):
        raise ClientGone from None


async def _unstated(exchange: Exchange, limit: int) -> bytes:
    """A body that comes in chunks, or none."""
    body = bytearray()
    async for chunk in exchange:
        body += chunk
        if len(body) > limit:
            raise too_large(limit)
    return bytes(body)
