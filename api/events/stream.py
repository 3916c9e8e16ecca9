"""`GET /v1/events/stream`: events as they come, as server-sent events (https://html.spec.whatwg.org, section 9.2).

Each listener is a task of the event loop. The ledger is read in a thread, and looked at for all of them together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing, suppress
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

import orjson

from ordain.api.access.caller import LOCAL, Caller
from ordain.api.events.event_pages import Page, Wanted, leaf_of, page_of
from ordain.api.http.account import Account
from ordain.api.http.bodies import Exchange, Scope
from ordain.api.http.outflow import ClientGone, Outflow, connection_to
from ordain.api.http.pool import Pool, PoolFull
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.engine.errors import MalformedRequest, OrdainError

MayListen = Callable[[Scope], Awaitable[bool]]
MEDIA = "text/event-stream"
_FIELDS = 20  # of a query


class TooManyListen(Exception):
    """As many listen already as one process serves."""


class Listeners:
    """All who listen in this process. A client that does not read is dropped: see `Outflow`.

    `may_listen` is asked again and again: a stream ends when the key that opened it was revoked, or has expired.
    """

    def __init__(self, use: Services, may_listen: MayListen | None = None) -> None:
        self.use, self._may_listen = use, may_listen
        self._pool = Pool(1, 2 * LIMITS.events_listeners, "events")
        self._count = 0
        self._flows: set[asyncio.Task[None]] = set()
        self._size = -1
        self._grew = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def answer(self, scope: Scope, exchange: Exchange, seen: Account) -> int:
        """Answers until the client goes, and gives the status.

        Raises TooManyListen, MalformedRequest, LedgerUnavailable, PoolFull; ClientGone at the end.
        """
        if self._count >= LIMITS.events_listeners:
            raise TooManyListen
        self._count += 1
        try:
            asked = _query(scope.query_string)
            caller = seen.caller or LOCAL
            wanted = Wanted(tuple(asked.get("type", ())), tuple(asked.get("service", ())), caller)
            last = scope.headers.get("last-event-id") or asked.get("after", [""])[0]
            after = await self._pool.run(self._after, last, caller)
            with closing(connection_to(scope.client)) as connection:
                headers = [("content-type", MEDIA), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
                out = Outflow(exchange, connection, [*headers, ("x-request-id", seen.id)])
                flow = asyncio.create_task(self._flow(out, after, wanted, seen, scope))
                self._flows.add(flow)
                try:
                    await flow
                except (Exception, asyncio.CancelledError):
                    if not out.begun:
                        raise
                    out.abort()  # too late for an answer that is an error; the client asks again
                    raise ClientGone from None
                finally:
                    flow.cancel()
                    self._flows.discard(flow)
        finally:
            self._count -= 1
        return 200

    def _after(self, last: str, caller: Caller) -> int:
        """The leaf to go on after: the newest, for who has none."""
        opened = self.use.ledger
        return leaf_of(opened, last, caller) if last else opened.reader.size() - 1

    async def _flow(self, out: Outflow, after: int, wanted: Wanted, seen: Account, scope: Scope) -> None:
        await out.send(f"retry: {LIMITS.retry_seconds * 1000}\n\n".encode())
        told = asked = monotonic()
        while True:
            page: Page = await self._pool.run(page_of, self.use.ledger, after, wanted)
            if self._may_listen is not None and monotonic() - asked >= LIMITS.listener_looks:
                if not await self._may_listen(scope):
                    raise ClientGone
                asked = monotonic()
            if page.events:
                piece = told_of(page.events)
                seen.bytes_out += len(piece)
                await out.send(piece)
                told = monotonic()
            after = page.after
            if page.ended:
                left = told + LIMITS.events_heartbeat - monotonic()
                await self._more_than(after, min(left, LIMITS.listener_looks))
                if out.hung_up():
                    raise ClientGone
            if monotonic() - told >= LIMITS.events_heartbeat:
                await out.send(b": still here\n\n")
                told = monotonic()

    async def _more_than(self, leaf: int, seconds: float) -> None:
        """Until there are entries after that leaf, or so many seconds have passed."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.0)):
                while self._size <= leaf + 1:
                    grew = self._grew
                    await grew.wait()

    async def _look(self) -> None:
        """Looks for new entries as long as anybody listens."""
        while self._count:
            with suppress(OrdainError, PoolFull):  # a listener that reads itself finds the fault
                size = await self._pool.run(self._now)
                if size != self._size:
                    self._size = size
                    self._grew.set()
                    self._grew = asyncio.Event()
            await asyncio.sleep(LIMITS.events_look)

    def _now(self) -> int:
        return self.use.ledger.reader.size()

    def end(self) -> None:
        """Ends all streams: the server, which is to stop, waits for every answer that is begun."""
        for flow in self._flows:
            flow.cancel()

    def close(self) -> None:
        """Waits for what is being read."""
        self._pool.close()


def _query(text: str) -> dict[str, list[str]]:
    try:
        return parse_qs(text, max_num_fields=_FIELDS)
    except ValueError:
        raise MalformedRequest(f"the query has more than {_FIELDS} fields", "ask for fewer types or services") from None


def told_of(events: list[dict[str, Any]]) -> bytes:
    """As server-sent events. Of those of one entry the last has the id, so who asks again after it has them all."""
    told = []
    for event, after in zip(events, [*events[1:], None], strict=True):
        is_last = after is None or after["sequence"] != event["sequence"]
        fields = (("event", event["type"]), ("data", orjson.dumps(event).decode()))
        told.append(_lines(((("id", event["sequence"]), *fields)) if is_last else fields))
    return b"".join(told)


def _lines(fields: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\n" for name, value in fields).encode() + b"\n"
