"""`POST /v1/decisions/<service>/batch`: a line in is an ask, a line out its answer or its problem, in the same order.

A window of lines is decided in the event loop, a few at a time so that other requests get their turn, and recorded in
one commit by a thread. While one window is recorded and sent the next is decided, and the one after that is read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import NamedTuple
from uuid import UUID

import orjson

from ordain.api.access.asking import read_ask_of
from ordain.api.access.caller import LOCAL, Caller
from ordain.api.ask import Ask
from ordain.api.asked_once import IDEMPOTENCY_KEY, answer_again, read_key, reused, told_again
from ordain.api.batch import decide_many, read_one, record_each
from ordain.api.decide import Answer, Decision
from ordain.api.http.account import VERDICTS, Account
from ordain.api.http.ahead import Ahead
from ordain.api.http.bodies import BodyTooSlow, Exchange, Scope, drop_body
from ordain.api.http.lines import BodyBroke, Line, ServerStops, pieces_of, windows_of
from ordain.api.http.others import Others
from ordain.api.http.outflow import Outflow, connection_to
from ordain.api.http.refusals import JSON, Refusal, refused, refused_by_http, too_large, unforeseen
from ordain.api.limits import LIMITS
from ordain.api.logs.records import TENANT
from ordain.api.metrics.meter import Meter
from ordain.api.rates.pace import Pace
from ordain.api.services import Services
from ordain.audit.entry.once import Once
from ordain.audit.ledger.repeats import Found
from ordain.audit.store.store import AskedBefore
from ordain.engine.errors import ComplianceViolation, MalformedRequest, OrdainError, ServiceStopped, TooManyRequests

_KEY = IDEMPOTENCY_KEY.lower()
NDJSON = "application/x-ndjson"


class Part(NamedTuple):
    """What came of a line so far: a decision that is not on record yet, why there is none, or one of an earlier time.

    `once` is the line, where it is to be decided once.
    """

    line: Line
    came: Decision | Refusal | UUID
    once: Once | None = None


class Batches:
    """Answers batches, as many as clients send at once. What a batch begins with decides all of it."""

    def __init__(self, use: Services, meter: Meter | None = None) -> None:
        self.others = Others()
        self.use, self._meter = use, meter
        self._read: set[Ahead[bytes]] = set()
        self._stops = asyncio.Event()
        self._threads = ThreadPoolExecutor(
            LIMITS.batch_threads, thread_name_prefix="batch", initializer=TENANT.set, initargs=(TENANT.get(),)
        )

    async def answer(
        self,
        service: str,
        scope: Scope,
        exchange: Exchange,
        seen: Account,
        may_set_time: bool = True,
        pace: Pace | None = None,
    ) -> int:
        """Answers a batch of `seen.caller`, no faster than at `pace`, and gives the status.

        Without `may_set_time` lines with `at` are refused. Raises UnknownService, MalformedRequest, ClientGone, and
        BodyTooSlow, TooManyRequests when nothing was answered yet; later faults are lines.
        """
        use = self.use
        try:
            use.catalog.service(service)
        except OrdainError:
            await drop_body(scope, exchange)
            raise
        seen.service, seen.lines, seen.window = service, Counter(), Counter()
        if refusal := _not_that_way(scope, seen.id):
            await drop_body(scope, exchange)
            seen.code, seen.bytes_out = refusal.code, len(refusal.body)
            exchange.response_bytes(refusal.status, [("content-type", JSON), ("x-request-id", seen.id)], refusal.body)
            return refusal.status
        key = read_key(scope.headers.get_all(_KEY)) if _KEY in scope.headers else None
        caller = seen.caller or LOCAL
        batch = _Batch(service, seen, use, self.others, self._stops, key, caller, may_set_time, pace)
        with closing(connection_to(scope.client)) as connection:
            out = Outflow(exchange, connection, [("content-type", NDJSON), ("x-request-id", seen.id)])
            async with Ahead(_counted(pieces_of(exchange), seen), LIMITS.batch_ahead) as pieces:
                self._read.add(pieces)
                try:
                    await self._flow(batch, pieces, out)
                finally:
                    self._read.discard(pieces)
                    out.end()
                    if pieces.ended is not None:  # the rest of its body is not waited for
                        await asyncio.sleep(LIMITS.batch_closes)
                        out.abort()
        return 200

    def stop(self) -> None:
        """Reads no further: what was read is answered, and a last line says why the rest is not."""
        self._stops.set()
        for pieces in self._read:
            pieces.end(ServerStops())

    async def _flow(self, batch: _Batch, pieces: Ahead[bytes], out: Outflow) -> None:
        windows = windows_of(pieces, batch.use.settings.max_body_bytes)
        loop = asyncio.get_running_loop()
        try:
            async with Ahead(batch.decided(windows), 1) as parts:
                async for window in parts:
                    answers = await loop.run_in_executor(self._threads, batch.recorded, window)
                    self._told(batch.seen, len(answers))
                    await out.send(answers)
            out.begin()
        except BodyTooSlow:
            if not out.begun:
                raise
            silent = f"nothing came for {LIMITS.batch_silence:g} seconds; what came before is answered"
            await out.send(batch.ended(408, "Request Timeout", silent))
        except BodyBroke:
            await out.send(batch.ended(400, "Malformed Request", "the body broke off; what came before is answered"))
        except ServerStops:
            stops = "the server is stopping; what came before is answered, send the rest again"
            await out.send(batch.ended(503, "Service Unavailable", stops))
            await pieces.over(LIMITS.drain_seconds)  # hung up on, a client that sends loses what it was answered
        except TooManyRequests as error:
            if not out.begun:
                raise
            await out.send(batch.refused(error))
            pieces.end(ServerStops())
            await pieces.over(LIMITS.drain_seconds)
        except BaseException:  # a fault of ours, or the server's stop, is no proper end
            if out.begun:
                out.abort()
            raise

    def _told(self, seen: Account, size: int) -> None:
        """Counts a window that has been recorded."""
        seen.bytes_out += size
        for (verdict, code), count in seen.window.items():
            if self._meter is not None:
                self._meter.came(seen.service, verdict, code, count)
        seen.lines.update(seen.window)
        seen.window.clear()

    def close(self) -> None:
        """Waits for what is being recorded."""
        self._threads.shutdown()


class _Batch(NamedTuple):
    """What is asked of whom, and by which request. Under a `key` of its `caller` each line is decided once."""

    service: str
    seen: Account
    use: Services
    others: Others
    stops: asyncio.Event
    key: str | None = None
    caller: Caller = LOCAL
    may_set_time: bool = True
    pace: Pace | None = None

    @property
    def request_id(self) -> str:
        return self.seen.id

    async def decided(self, windows: AsyncIterator[list[Line]]) -> AsyncIterator[list[Part]]:
        """The windows, decided in slices between which others get their turn. Raises TooManyRequests, ServerStops.

        While others wait for single decisions each slice is recorded by itself: they wait for that commit, too.
        """
        async for window in windows:
            parts: list[Part] = []
            for at in range(0, len(window), LIMITS.batch_slice):
                lines = window[at : at + LIMITS.batch_slice]
                waited = 0.0
                while self.pace is not None and (wait := await self.pace.wait(len(lines), waited)):
                    if parts:  # they are not to wait, too
                        yield parts
                        parts = []
                    if isinstance(wait, TooManyRequests):
                        raise wait
                    await self._pause(wait)
                    waited += wait
                parts += self._decide(lines) if self.key is None else await self._decide_once(lines, self.key)
                await asyncio.sleep(0)
                if self.others:
                    yield parts
                    parts = []
            if parts:
                yield parts

    async def _pause(self, seconds: float) -> None:
        """Raises ServerStops."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stops.wait(), seconds)
            raise ServerStops

    def _decide(self, lines: Sequence[Line]) -> list[Part]:
        came = decide_many([self._ask(line) for line in lines], self.use)
        return [
            Part(line, refused(each, self.request_id) if isinstance(each, OrdainError) else each)
            for line, each in zip(lines, came, strict=True)
        ]

    async def _decide_once(self, lines: Sequence[Line], key: str) -> list[Part]:
        """As `_decide`, but for lines that came before."""
        repeats = self.use.ledger.repeats
        onces = {
            line.number: repeats.once(self.caller.known_as, key, self.service, line.text, line.number)
            for line in lines
            if line.text is not None and not line.cut
        }
        try:
            if repeats.wait:
                loop = asyncio.get_running_loop()
                found = await loop.run_in_executor(None, repeats.find, list(onces.values()))
            else:
                found = repeats.find(onces.values())
        except OrdainError as error:
            return [Part(line, refused(error, self.request_id)) for line in lines]
        before = {number: found[once] for number, once in onces.items() if once in found}
        decided = iter(self._decide([line for line in lines if line.number not in before]))
        return [
            Part(line, self._before(before[line.number]))
            if line.number in before
            else next(decided)._replace(once=onces.get(line.number))
            for line in lines
        ]

    def _before(self, found: Found) -> UUID | Refusal:
        return found.entry_id if found.same else refused(reused(), self.request_id)

    def _ask(self, line: Line) -> Ask | OrdainError:
        if line.text is None:
            return too_large(self.use.settings.max_body_bytes)
        if line.cut:
            return MalformedRequest("the body broke off within this line")
        what = f"line {line.number} of request {self.request_id}"
        came = read_one(what, read_ask_of, self.caller, self.may_set_time, self.service, line.text)
        try:
            return self.use.stopped.asked(came) if isinstance(came, Ask) else came
        except ServiceStopped as error:
            return error

    def recorded(self, window: Sequence[Part]) -> bytes:
        """The lines that answer a window, its decisions durable by then."""
        answers = iter(self._record(window))
        return b"".join(
            self._told(part, next(answers) if isinstance(part.came, Decision) else part.came) for part in window
        )

    def _record(self, window: Sequence[Part]) -> Sequence[Answer | OrdainError | AskedBefore | Refusal]:
        decisions = [part.came for part in window if isinstance(part.came, Decision)]
        onces = () if self.key is None else [part.once for part in window if isinstance(part.came, Decision)]
        try:
            return record_each(decisions, self.use, onces)
        except Exception as error:  # each is told that it is unknown
            return [unforeseen(error, self.request_id)] * len(decisions)

    def _told(self, part: Part, came: Answer | OrdainError | AskedBefore | Refusal | UUID) -> bytes:
        if isinstance(came, Answer):
            self._count(VERDICTS[came.entry.outcome.verdict], "")
            return came.as_bytes() + b"\n"
        again = isinstance(came, AskedBefore | UUID)
        if isinstance(came, AskedBefore | UUID):
            told = self._told_again(came, part.once)
            if isinstance(told, bytes):
                self._count("", "")  # answered, and decided at another time
                return told + b"\n"
            came = told
        status, body, code = refused(came, self.request_id) if isinstance(came, OrdainError) else came
        self._count("deny" if isinstance(came, ComplianceViolation) and not again else "", code)
        return orjson.dumps({**orjson.loads(body), "line": part.line.number, "http_status": status}) + b"\n"

    def _told_again(self, came: AskedBefore | UUID, once: Once | None) -> bytes | OrdainError | Refusal:
        """The answer of an earlier time, or what is wrong with it."""
        repeats = self.use.ledger.repeats
        try:
            if isinstance(came, UUID):
                return answer_again(repeats.told(came))
            if once is not None:
                return answer_again(told_again(repeats, once))
            raise came
        except OrdainError as error:
            return error
        except Exception as error:  # a fault of ours is its own answer
            return unforeseen(error, self.request_id)

    def _count(self, verdict: str, code: str) -> None:
        self.seen.window[verdict, code] += 1

    def refused(self, error: OrdainError) -> bytes:
        """The last line of a batch that is not to go on, and why."""
        status, body, self.seen.code = refused(error, self.request_id)
        return orjson.dumps({**orjson.loads(body), "http_status": status}) + b"\n"

    def ended(self, status: int, name: str, message: str) -> bytes:
        """The last line of a batch that did not go on, and why."""
        status, body, self.seen.code = refused_by_http(status, name, message, self.request_id)
        return orjson.dumps({**orjson.loads(body), "http_status": status}) + b"\n"


async def _counted(pieces: AsyncIterator[bytes], seen: Account) -> AsyncIterator[bytes]:
    async for piece in pieces:
        seen.bytes_in += len(piece)
        yield piece


def _not_that_way(scope: Scope, request_id: str) -> Refusal | None:
    """Why the request cannot be answered line by line; None when it can."""
    kind = (scope.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if kind != NDJSON:
        message = f"a batch is sent as {NDJSON}: one request in each line"
        return refused_by_http(415, "Unsupported Media Type", message, request_id)
    if (scope.headers.get("content-encoding") or "identity").lower() != "identity":
        return refused_by_http(415, "Unsupported Media Type", "a batch is sent as plain text", request_id)
    return None
