"""`POST /v1/decisions/<service>/batch`: a line in is an ask, a line out its answer or its problem, in the same order.

A window of lines is decided in the event loop, a few at a time so that other requests get their turn, and recorded in
one commit by a thread. While one window is recorded and sent the next is decided, and the one after that is read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

import orjson

from ordain.api.ask import Ask, read_ask
from ordain.api.batch import decide_many, read_one, record_many
from ordain.api.decide import Answer, Decision
from ordain.api.http.account import VERDICTS, Account
from ordain.api.http.ahead import Ahead
from ordain.api.http.bodies import BodyTooSlow, Exchange, Scope
from ordain.api.http.lines import Line, pieces_of, windows_of
from ordain.api.http.others import Others
from ordain.api.http.outflow import Outflow, connection_to
from ordain.api.http.refusals import JSON, Refusal, refused, refused_by_http, too_large, unforeseen
from ordain.api.limits import LIMITS
from ordain.api.metrics.meter import Meter
from ordain.api.services import Services
from ordain.engine.errors import ComplianceViolation, MalformedRequest, OrdainError

NDJSON = "application/x-ndjson"
Part = tuple[Line, Decision | Refusal]
"""What came of a line so far: a decision that is not on record yet, or why there is none."""


class Batches:
    """Answers batches, as many as clients send at once. What a batch begins with decides all of it."""

    def __init__(self, use: Services, meter: Meter | None = None) -> None:
        self.others = Others()
        self.use, self._meter = use, meter
        self._threads = ThreadPoolExecutor(LIMITS.batch_threads, thread_name_prefix="batch")

    async def answer(self, service: str, scope: Scope, exchange: Exchange, seen: Account) -> int:
        """Answers a batch, and gives the status.

        Raises UnknownService, ClientGone, and BodyTooSlow when nothing came; later faults are lines.
        """
        use = self.use
        use.catalog.service(service)
        seen.service, seen.lines, seen.window = service, Counter(), Counter()
        if refusal := _not_that_way(scope, seen.id):
            seen.code, seen.bytes_out = refusal.code, len(refusal.body)
            exchange.response_bytes(refusal.status, [("content-type", JSON), ("x-request-id", seen.id)], refusal.body)
            return refusal.status
        batch = _Batch(service, seen, use, self.others)
        with closing(connection_to(scope.client)) as connection:
            out = Outflow(exchange, connection, [("content-type", NDJSON), ("x-request-id", seen.id)])
            async with Ahead(_counted(pieces_of(exchange), seen), LIMITS.batch_ahead) as pieces:
                await self._flow(batch, pieces, out)
        return 200

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
            await out.send(batch.cut_off())
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
    """What is asked of whom, and by which request."""

    service: str
    seen: Account
    use: Services
    others: Others

    @property
    def request_id(self) -> str:
        return self.seen.id

    async def decided(self, windows: AsyncIterator[list[Line]]) -> AsyncIterator[list[Part]]:
        """The windows, decided in slices between which others get their turn.

        While others wait for single decisions each slice is recorded by itself: they wait for that commit, too.
        """
        async for window in windows:
            parts: list[Part] = []
            for at in range(0, len(window), LIMITS.batch_slice):
                parts += self._decide(window[at : at + LIMITS.batch_slice])
                await asyncio.sleep(0)
                if self.others:
                    yield parts
                    parts = []
            if parts:
                yield parts

    def _decide(self, lines: Sequence[Line]) -> list[Part]:
        came = decide_many([self._ask(line) for line in lines], self.use)
        return [
            (line, refused(each, self.request_id) if isinstance(each, OrdainError) else each)
            for line, each in zip(lines, came, strict=True)
        ]

    def _ask(self, line: Line) -> Ask | OrdainError:
        if line.text is None:
            return too_large(self.use.settings.max_body_bytes)
        if line.cut:
            return MalformedRequest("the body broke off within this line")
        return read_one(f"line {line.number} of request {self.request_id}", read_ask, self.service, line.text)

    def recorded(self, window: Sequence[Part]) -> bytes:
        """The lines that answer a window, its decisions durable by then."""
        answers = iter(self._record([each for _, each in window if isinstance(each, Decision)]))
        return b"".join(
            self._told(line, next(answers) if isinstance(each, Decision) else each) for line, each in window
        )

    def _record(self, decisions: Sequence[Decision]) -> Sequence[Answer | OrdainError | Refusal]:
        try:
            return record_many(decisions, self.use)
        except Exception as error:  # each is told that it is unknown
            return [unforeseen(error, self.request_id)] * len(decisions)

    def _told(self, line: Line, came: Answer | OrdainError | Refusal) -> bytes:
        if isinstance(came, Answer):
            self._count(VERDICTS[came.entry.outcome.verdict], "")
            return came.as_bytes() + b"\n"
        status, body, code = refused(came, self.request_id) if isinstance(came, OrdainError) else came
        self._count("deny" if isinstance(came, ComplianceViolation) else "", code)
        return orjson.dumps({**orjson.loads(body), "line": line.number, "status": status}) + b"\n"

    def _count(self, verdict: str, code: str) -> None:
        self.seen.window[verdict, code] += 1

    def cut_off(self) -> bytes:
        """The last line of a batch that did not go on."""
        message = f"nothing came for {LIMITS.batch_silence:g} seconds; what came before is answered"
        status, body, self.seen.code = refused_by_http(408, "Request Timeout", message, self.request_id)
        return orjson.dumps({**orjson.loads(body), "status": status}) + b"\n"


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
