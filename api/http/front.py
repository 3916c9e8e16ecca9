"""What the server calls for each request: decisions are made in its event loop, everything else is Flask's.

A decision is calculation alone and takes a fraction of a millisecond, so the loop makes it at once and hands its entry
to the ledger (`Ledger.begin`). While one group of entries is being flushed to the disk the next gathers, and no thread
waits for any of them.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from ordain.api.ask import read_ask
from ordain.api.decide import make_decision
from ordain.api.http.batches import Batches
from ordain.api.http.bodies import BodyTooSlow, Exchange, Scope, body_of
from ordain.api.http.bridge import Bridge, Wsgi
from ordain.api.http.guards import Guard
from ordain.api.http.pool import Pool, PoolFull
from ordain.api.http.readiness import loading, readiness
from ordain.api.http.refusals import JSON, refused, refused_by_http, request_id_for, unforeseen
from ordain.api.http.together import Together
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.audit.ledger.writer import Begun
from ordain.engine.errors import OrdainError, RequestTooLarge

_FULL = "too many requests wait already; nothing was done: try again"
_HEADERS = [("content-type", JSON)]
# Names that are written otherwise (escapes, other letters) are looked up by Flask's route, as any other path is.
_DECISIONS = re.compile(r"/v1/decisions/([A-Za-z0-9_-]+)(/batch)?")


class Front:
    """The application, as RSGI has it: `flask` answers what is no decision, in one of `threads` threads."""

    def __init__(self, use: Services, flask: Wsgi, threads: int) -> None:
        self._limit = use.settings.max_body_bytes
        self._guard = Guard(use.settings.host, use.settings.hosts)
        self._bridge = Bridge(flask, threads)
        self._batches = Batches(use)
        self._keys = Pool(LIMITS.key_threads, LIMITS.keys_waiting, "keys")
        self._loop: asyncio.AbstractEventLoop | None = None
        self.take(use)

    def take(self, use: Services) -> None:
        """From now on `use` decides; what is under way ends with what it began with. May be called by any thread."""
        self._loading = loading(use)
        self._batches.use = use
        self._together = Together(use)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._bridge.close()
        self._batches.close()
        self._keys.close()

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        headers = _HEADERS
        decides = _DECISIONS.fullmatch(scope.path) if scope.method == "POST" else None
        try:
            if refusal := self._guard.refusal(scope):
                status, body = refused_by_http(*refusal, _id(scope))
            elif decides is None and scope.path == "/readyz" and scope.method == "GET":
                status, body = readiness(self._together.use)
            elif decides is None:
                await self._others(scope, exchange)
                return
            elif decides[2]:
                await self._batches.answer(decides[1], scope, exchange)
                return
            else:
                status, body = 200, await self._decide(decides[1], scope, exchange)
        except OrdainError as error:
            status, body = refused(error, _id(scope))
        except PoolFull:
            status, body = refused_by_http(503, "Service Unavailable", _FULL, _id(scope))
            headers = [*_HEADERS, ("retry-after", str(LIMITS.retry_seconds))]
        except BodyTooSlow:
            status, body = refused_by_http(408, "Request Timeout", "the request did not arrive whole", _id(scope))
        except Exception as error:  # what nobody foresaw gets an answer, too
            status, body = unforeseen(error, _id(scope))
        exchange.response_bytes(status, headers, body)

    async def _others(self, scope: Scope, exchange: Exchange) -> None:
        try:
            body = await body_of(scope, exchange, self._limit)
        except RequestTooLarge:
            body = bytes(self._limit + 1)  # whether that is a fault is for the route to say
        await self._bridge.answer(scope, exchange, body)

    async def _decide(self, service: str, scope: Scope, exchange: Exchange) -> bytes:
        self._together.use.catalog.service(service)
        body = await body_of(scope, exchange, self._limit)
        ask = read_ask(service, body)
        together = self._together  # all of the decision is made by what is in force now
        use = together.use
        if service not in together.services:
            decision = make_decision(ask, use)
        elif self._loading and self._may_wait(use):  # in a thread, so that nothing else waits with it
            decision = await asyncio.get_running_loop().run_in_executor(None, make_decision, ask, use)
        else:
            decision = await together.decide(ask)
        future: asyncio.Future[Begun] = asyncio.get_running_loop().create_future()
        ledger, asked = use.ledger.ledger, (decision.entry, decision.entry.form.texts, self._done, future)
        if ledger.waits_for(decision.entry.subject):
            await self._keys.run(ledger.begin, *asked)
        else:
            ledger.begin(*asked)
        with self._batches.others:
            begun = await future
        return decision.recorded(begun.receipt()).as_bytes()

    def _may_wait(self, use: Services) -> bool:
        """Whether a model is still being read, which a decision may have to wait for."""
        self._loading = loading(use)
        return bool(self._loading)

    def _done(self, group: list[Begun]) -> None:
        """Called by the ledger's thread: wakes the loop once for all of them."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(_resolve, group)


def _resolve(group: list[Begun]) -> None:
    for begun in group:
        future: asyncio.Future[Any] = begun.token
        if not future.done():  # who asked may have gone
            future.set_result(begun)


def _id(scope: Scope) -> str:
    return request_id_for(scope.headers.get("x-request-id") or "")
