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
from ordain.api.http.account import BATCH, DECIDE, GONE, METRICS, READY, VERDICTS, Account
from ordain.api.http.batches import Batches
from ordain.api.http.bodies import BodyTooSlow, Exchange, Scope, body_of
from ordain.api.http.bridge import Bridge, Wsgi
from ordain.api.http.desk import Desk
from ordain.api.http.guards import Guard
from ordain.api.http.outflow import ClientGone
from ordain.api.http.pool import Pool, PoolFull
from ordain.api.http.readiness import loading, readiness
from ordain.api.http.refusals import JSON, refused, refused_by_http, unforeseen
from ordain.api.http.together import Together
from ordain.api.limits import LIMITS
from ordain.api.metrics.text_format import CONTENT_TYPE
from ordain.api.services import Services
from ordain.audit.ledger.writer import Begun
from ordain.engine.errors import OrdainError, RequestTooLarge

_FULL = "too many requests wait already; nothing was done: try again"
# Names that are written otherwise (escapes, other letters) are looked up by Flask's route, as any other path is.
_DECISIONS = re.compile(r"/v1/decisions/([A-Za-z0-9_-]+)(/batch)?")


class Front:
    """The application, as RSGI has it: `flask` answers what is no decision, in one of `threads` threads."""

    def __init__(self, use: Services, flask: Wsgi, threads: int, desk: Desk | None = None) -> None:
        self._desk = desk or Desk(use.settings)
        self._limit = use.settings.max_body_bytes
        self._guard = Guard(use.settings.host, use.settings.hosts)
        self._bridge = Bridge(flask, threads)
        self._batches = Batches(use, self._desk.meter)
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
        self._desk.finish()

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        seen, status = Account(scope), GONE
        self._desk.under_way += 1
        try:
            status = await self._answer(scope, exchange, seen)
        finally:
            self._desk.close(seen, status)

    async def _answer(self, scope: Scope, exchange: Exchange, seen: Account) -> int:
        """Answers, and gives the status."""
        headers = [("content-type", JSON), ("x-request-id", seen.id)]
        decides = _DECISIONS.fullmatch(scope.path) if scope.method == "POST" else None
        try:
            if refusal := self._guard.refusal(scope):
                status, body, seen.code = refused_by_http(*refusal, seen.id)
            elif decides is None and scope.path == "/readyz" and scope.method == "GET":
                seen.route = READY
                status, body = readiness(self._together.use)
            elif decides is None and scope.path == METRICS and scope.method == "GET" and self._desk.page is not None:
                seen.route, headers[0] = METRICS, ("content-type", CONTENT_TYPE)
                status, body = 200, self._desk.page()
            elif decides is None:
                return await self._others(scope, exchange, seen)
            elif decides[2]:
                seen.route = BATCH
                return await self._batches.answer(decides[1], scope, exchange, seen)
            else:
                seen.route = DECIDE
                status, body = 200, await self._decide(decides[1], scope, exchange, seen)
        except OrdainError as error:
            status, body, seen.code = refused(error, seen.id)
        except PoolFull:
            status, body, seen.code = refused_by_http(503, "Service Unavailable", _FULL, seen.id)
            headers.append(("retry-after", str(LIMITS.retry_seconds)))
        except BodyTooSlow:
            message = "the request did not arrive whole"
            status, body, seen.code = refused_by_http(408, "Request Timeout", message, seen.id)
        except ClientGone:
            return GONE
        except Exception as error:  # what nobody foresaw gets an answer, too
            status, body, seen.code = unforeseen(error, seen.id)
            headers[0] = ("content-type", JSON)
        seen.bytes_out = len(body)
        exchange.response_bytes(status, headers, body)
        return status

    async def _others(self, scope: Scope, exchange: Exchange, seen: Account) -> int:
        try:
            body = await body_of(scope, exchange, self._limit)
        except RequestTooLarge:
            body = bytes(self._limit + 1)  # whether that is a fault is for the route to say
        seen.bytes_in = len(body)
        return await self._bridge.answer(scope, exchange, body, seen)

    async def _decide(self, service: str, scope: Scope, exchange: Exchange, seen: Account) -> bytes:
        self._together.use.catalog.service(service)
        seen.service = service
        body = await body_of(scope, exchange, self._limit)
        seen.bytes_in = len(body)
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
        receipt = begun.receipt()
        seen.verdict = VERDICTS[decision.entry.outcome.verdict]
        return decision.recorded(receipt).as_bytes()

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
