"""What the server calls for each request: decisions are made in its event loop, everything else is Flask's.

A decision is calculation alone and takes a fraction of a millisecond, so the loop makes it at once and hands its entry
to the ledger (`Ledger.begin`). While one group of entries is being flushed to the disk the next gathers, and no thread
waits for any of them.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from ordain.api.access.asking import read_ask_of
from ordain.api.access.caller import LOCAL, Caller
from ordain.api.access.door import Door
from ordain.api.access.gate import Gate
from ordain.api.access.rights import Right
from ordain.api.asked_once import IDEMPOTENCY_KEY, REPLAYED, answer_again, earlier, once_of, told_again
from ordain.api.decide import make_decision
from ordain.api.events.stream import MEDIA as EVENTS
from ordain.api.events.stream import Listeners, TooManyListen
from ordain.api.http.account import BATCH, DECIDE, DRY_RUN, GONE, LISTEN, METRICS, READY, VERDICTS, Account
from ordain.api.http.batches import NDJSON, Batches
from ordain.api.http.bodies import BodyTooSlow, Exchange, Scope, body_of, drop_body
from ordain.api.http.bridge import HEALTH, Bridge, Wsgi
from ordain.api.http.desk import Desk
from ordain.api.http.forms.accepted import Accepted, Unacceptable, accepted
from ordain.api.http.forms.browsers import is_about_callers, is_link, is_log_in, to_login, wants_page
from ordain.api.http.forms.cors import CrossOrigin
from ordain.api.http.forms.dressed import Dressed
from ordain.api.http.forms.ingested import is_ingested
from ordain.api.http.forms.policy_texts import brings_policy_text
from ordain.api.http.forms.queries import check_query
from ordain.api.http.guards import Guard, names_of
from ordain.api.http.hooked import is_hook, signed_by
from ordain.api.http.outflow import ClientGone
from ordain.api.http.pool import Pool, PoolFull
from ordain.api.http.readiness import loading, readiness
from ordain.api.http.refusals import JSON, RECORD, headers_for, refused, refused_by_http, retry_after, unforeseen
from ordain.api.http.signed_receipts import PREFER, is_wanted, receipt_headers
from ordain.api.http.together import Together
from ordain.api.http.told_to_end import when_told_to_end
from ordain.api.limits import LIMITS
from ordain.api.metrics.text_format import CONTENT_TYPE
from ordain.api.rates.limiter import Limiter
from ordain.api.rates.pace import Pace
from ordain.api.rates.shared_times import Draw
from ordain.api.rates.wrong_keys import WrongKeys
from ordain.api.services import Services
from ordain.audit.entry.once import Once
from ordain.audit.ledger.repeats import Repeats, Told
from ordain.audit.ledger.writer import Begun
from ordain.audit.store.store import AskedBefore
from ordain.engine.errors import NotPermitted, OrdainError, RequestTooLarge, Unauthenticated
from ordain.engine.late import late

_LISTENED = "as many listen already as this process serves; ask later, or for /v1/events"
_FULL = "too many requests wait already; nothing was done: try again"
# Names that are written otherwise (escapes, other letters) are looked up by Flask's route, as any other path is.
_PREFER = PREFER.lower()
_KEY, _AGAIN = IDEMPOTENCY_KEY.lower(), (REPLAYED.lower(), "true")
_DECISIONS = re.compile(r"/v1/decisions/([A-Za-z0-9_-]+)(/batch|/dry-run)?")


class Front:
    """The application, as RSGI has it: `flask` answers what is no decision, in one of `threads` threads.

    `gate` knows who asks; without one it is made for `use`, and raises what that does. `limiter` knows how often.
    """

    def __init__(
        self,
        use: Services,
        flask: Wsgi,
        threads: int,
        desk: Desk | None = None,
        gate: Gate | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        self._gate = gate or Gate(use)
        self._desk = desk or Desk(use.settings)
        self._traces = self._desk.traces
        self._limiter = limiter or Limiter(use.settings, self._desk.meter)
        self._door = WrongKeys(Door(self._gate), self._limiter, use.settings.rate_of_wrong_keys)
        self._limit = use.settings.max_body_bytes
        self._guard = Guard(use.settings.host, names_of(use.settings), use.settings.cors_origins)
        self._cross_origin = CrossOrigin(use.settings.cors_origins) if use.settings.cors_origins else None
        self._bridge = Bridge(flask, threads)
        self._batches = Batches(use, self._desk.meter)
        self._listeners = Listeners(use, self._may_listen)
        self._keys = Pool(LIMITS.key_threads, LIMITS.keys_waiting, "keys")
        self._repeats = Pool(LIMITS.repeat_threads, LIMITS.keys_waiting, "repeats")
        self.loop: asyncio.AbstractEventLoop | None = None
        self.take(use)

    def take(self, use: Services) -> None:
        """From now on `use` decides; what is under way ends with what it began with. May be called by any thread."""
        self._loading = loading(use)
        self._batches.use = self._listeners.use = use
        self._together = Together(use, self._traces)

    async def known(self, scope: Scope) -> Caller | None:
        """Who asks for what anybody may; None for who is not known."""
        return await self._door.known(scope)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        when_told_to_end(loop, self.end)

    def end(self) -> None:
        """The server is to stop: what would not end soon by itself ends."""
        self._batches.stop()
        self._listeners.end()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._bridge.close()
        self._door.close()
        self._batches.close()
        self._listeners.close()
        self._keys.close()
        self._repeats.close()
        self._desk.finish()

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        seen, status = Account(scope), GONE
        if self._traces is not None:
            seen.trace = self._traces.begin(scope.headers.get("traceparent"))
        self._desk.under_way += 1
        try:
            status = await self._answer(scope, exchange, seen)
        finally:
            self._desk.close(seen, status)

    async def _answer(self, scope: Scope, exchange: Exchange, seen: Account) -> int:
        """Answers, and gives the status."""
        headers = [("content-type", JSON), ("x-request-id", seen.id)]
        more = None if self._cross_origin is None else self._cross_origin.headers(scope)
        accept = scope.headers.get("accept")
        takes = None if accept is None or accept == "*/*" else accepted(accept)
        if more is not None or (takes is not None and takes.problems):
            exchange = Dressed(exchange, more or [], takes is not None and takes.problems)
        decides = _DECISIONS.fullmatch(scope.path) if scope.method == "POST" else None
        try:
            if refusal := self._guard.refusal(scope):
                await drop_body(scope, exchange)
                status, body, seen.code = refused_by_http(*refusal, seen.id)
            elif self._cross_origin is not None and (allowed := self._cross_origin.preflight(scope)) is not None:
                await drop_body(scope, exchange)
                exchange.response_bytes(204, [("x-request-id", seen.id), *allowed], b"")
                return 204
            elif decides is None and scope.path == "/readyz" and scope.method == "GET":
                seen.route, seen.caller = READY, await self._door.known(scope)
                status, body = readiness(self._together.use, self._gate.may(seen.caller, Right.HEALTH))
                if status == 503:
                    headers.append(retry_after())
            elif decides is None and scope.path == METRICS and scope.method == "GET" and self._desk.page is not None:
                seen.route = METRICS
                await self._admit(scope, exchange, seen, Right.METRICS)
                headers[0] = "content-type", CONTENT_TYPE
                status, body = 200, self._desk.page()
            elif decides is None and scope.path == LISTEN and scope.method == "GET":
                seen.route = LISTEN
                await self._admit(scope, exchange, seen, Right.READ_EVENTS)
                await self._check_form(scope, exchange, seen, takes, EVENTS)
                return await self._listeners.answer(scope, _limited(exchange, seen), seen)
            elif decides is None:
                return await self._others(scope, exchange, seen)
            elif decides[2] == "/batch":
                seen.route = BATCH
                await self._admit(scope, exchange, seen, Right.DECIDE, decides[1])
                await self._check_form(scope, exchange, seen, takes, NDJSON)
                may_set_time = self._gate.may(seen.caller, Right.DECIDE_AT)
                pace = Pace(self._limiter, self._limiter.draws(scope, seen.caller, seen.service), seen.service)
                limited = _limited(exchange, seen)
                return await self._batches.answer(decides[1], scope, limited, seen, may_set_time, pace)
            else:
                on_trial = decides[2] is not None
                seen.route = DRY_RUN if on_trial else DECIDE
                await self._admit(scope, exchange, seen, Right.DRY_RUN if on_trial else Right.DECIDE, decides[1])
                if takes is not None or scope.query_string:
                    await self._check_form(scope, exchange, seen, takes, JSON)
                status, body = 200, await self._decide(decides[1], scope, exchange, seen, headers, on_trial)
        except OrdainError as error:
            status, body, seen.code = refused(error, seen.id)
            headers += headers_for(error)
            if is_link(scope.path):
                headers[:1], body = late("ordain.api.http.forms.link_pages:later")(self._together.use.settings.zone)
            if self._gate.login is not None and isinstance(error, Unauthenticated) and wants_page(scope):
                status, headers[1:] = 303, [("x-request-id", seen.id), ("location", to_login(scope))]
        except Unacceptable as error:
            status, body, seen.code = refused_by_http(406, "Not Acceptable", str(error), seen.id)
        except PoolFull:
            status, body, seen.code = refused_by_http(503, "Service Unavailable", _FULL, seen.id)
            headers.append(retry_after())
        except TooManyListen:
            status, body, seen.code = refused_by_http(503, "Service Unavailable", _LISTENED, seen.id)
            headers.append(retry_after(LIMITS.listen_seconds))
        except BodyTooSlow:
            message = "the request did not arrive whole"
            status, body, seen.code = refused_by_http(408, "Request Timeout", message, seen.id)
        except ClientGone:
            return GONE
        except Exception as error:  # what nobody foresaw gets an answer, too
            status, body, seen.code = unforeseen(error, seen.id)
            headers[0] = ("content-type", JSON)
        seen.bytes_out = len(body)
        exchange.response_bytes(status, headers + seen.limits, body)
        return status

    async def _admit(
        self, scope: Scope, exchange: Exchange, seen: Account, right: str, service: str | None = None
    ) -> None:
        """Notes who asks. Raises Unauthenticated, NotPermitted, TooManyRequests, once the body has been read."""
        try:
            await self._meet(scope, seen, right, service)
        except OrdainError:
            await drop_body(scope, exchange)
            raise

    async def _check_form(
        self, scope: Scope, exchange: Exchange, seen: Account, takes: Accepted | None, media: str
    ) -> None:
        """Raises MalformedRequest for a query, Unacceptable for an `Accept`, once the body has been read."""
        try:
            check_query(scope.query_string, scope.method, seen.route)
            if takes is not None:
                takes.check(media)
        except (OrdainError, Unacceptable):
            await drop_body(scope, exchange)
            raise

    async def _meet(self, scope: Scope, seen: Account, right: str, service: str | None) -> None:
        seen.caller = caller = await self._known(scope, seen)
        limiter = self._limiter
        try:
            self._gate.require(caller, right, service)
        except NotPermitted:
            await self._take(seen, limiter.draws(scope, caller, ""))
            raise
        if limiter.looks or caller.rate is not None:
            if service is not None and service in self._together.use.catalog.services.by_name:
                seen.service = service
            await self._take(seen, limiter.draws(scope, caller, seen.service))

    async def _known(self, scope: Scope, seen: Account) -> Caller:
        """Who asks. Raises Unauthenticated, TooManyRequests."""
        try:
            return await self._door.caller(scope)
        except Unauthenticated:
            await self._take(seen, self._limiter.draws(scope, None, ""))
            raise

    async def _take(self, seen: Account, draws: list[Draw]) -> None:
        """Raises TooManyRequests; what is left is noted."""
        if draws:
            try:
                await self._limiter.take(draws, seen.service)
            finally:
                seen.limits = self._limiter.told(draws)

    async def _may_listen(self, scope: Scope) -> bool:
        """Whether who opened a stream of events may go on with it now. That it is open is no use of a session."""
        return self._gate.may(await self._door.known(scope, counts=False), Right.READ_EVENTS)

    async def _others(self, scope: Scope, exchange: Exchange, seen: Account) -> int:
        # Which right a route needs is looked up where routes are known: `api/access/admission.py`.
        is_limited = is_about_callers(scope.path) or is_link(scope.path)
        is_open = scope.path in (HEALTH, "/readyz") or is_limited
        is_signed = is_hook(scope)  # by whom, its body will show
        try:
            if not is_signed:
                seen.caller = await self._door.known(scope) if is_open else await self._known(scope, seen)
            if is_log_in(scope.path):
                self._door.log_in(scope)
            if not is_open or is_limited:
                await self._take(seen, self._limiter.draws(scope, seen.caller, ""))
        except OrdainError:
            await drop_body(scope, exchange)
            raise
        takes_lines = is_ingested(scope) and self._gate.may(seen.caller, Right.INGEST)
        takes_text = brings_policy_text(scope) and self._gate.may(seen.caller, Right.EDIT_POLICIES)
        most = LIMITS.ingest_bytes if takes_lines else LIMITS.policy_body_bytes if takes_text else 0
        limit = max(self._limit, most)
        try:
            body = await body_of(scope, exchange, limit)
        except RequestTooLarge:
            if is_signed:
                raise
            body = bytes(limit + 1)  # whether that is a fault is for the route to say
        seen.bytes_in = len(body)
        if is_signed:
            caller = signed_by(self._together.use.hooks, scope, body, seen)
            await self._take(seen, self._limiter.draws(scope, caller, "", of_address=False))
        return await self._bridge.answer(scope, _limited(exchange, seen), body, seen)

    async def _decide(
        self,
        service: str,
        scope: Scope,
        exchange: Exchange,
        seen: Account,
        headers: list[tuple[str, str]],
        on_trial: bool,
    ) -> bytes:
        body = await body_of(scope, exchange, self._limit)
        seen.bytes_in, trace = len(body), seen.trace
        if trace is not None:
            trace.step("read")
        self._together.use.catalog.service(service)
        seen.service = service
        caller = seen.caller or LOCAL
        ask = read_ask_of(caller, self._gate.may(caller, Right.DECIDE_AT), service, body, on_trial)
        together = self._together  # all of the decision is made by what is in force now
        use = together.use
        signs = use if _PREFER in scope.headers and is_wanted(scope.headers.get_all(_PREFER)) else None
        once = None
        if _KEY in scope.headers and not on_trial:
            once = once_of(scope.headers.get_all(_KEY), use.ledger.repeats, service, body, caller.known_as)
            if (answer := await self._again(use.ledger.repeats, once, headers, signs)) is not None:
                return answer
        if service in use.stopped.now and not on_trial:
            ask = use.stopped.asked(ask)
        if ask.service not in together.services:
            decision = make_decision(ask, use)
        elif self._loading and self._may_wait(use):  # in a thread, so that nothing else waits with it
            decision = await asyncio.get_running_loop().run_in_executor(None, make_decision, ask, use)
        else:
            decision = await together.decide(ask)
            if trace is not None:
                trace.scored(together.scored)
        if trace is not None:
            trace.step("decide")
        if on_trial:
            return decision.on_trial()
        future: asyncio.Future[Begun] = asyncio.get_running_loop().create_future()
        ledger, asked = use.ledger.ledger, (decision.entry, decision.entry.form.texts, self._done, future, once)
        if ledger.waits_for(decision.entry.subject):
            await self._keys.run(ledger.begin, *asked)
        else:
            ledger.begin(*asked)
        with self._batches.others:
            begun = await future
        if trace is not None:
            trace.step("commit")
        if once is not None and isinstance(begun.error, AskedBefore):  # the same request was decided meanwhile
            return _answered_again(await self._repeats.run(told_again, use.ledger.repeats, once), headers, signs)
        receipt = begun.receipt()
        if trace is not None:
            trace.decision = receipt.entry_id
        if signs is not None:
            headers += receipt_headers(signs, receipt)
        seen.verdict = VERDICTS[decision.entry.outcome.verdict]
        answer = decision.recorded(receipt).as_bytes()
        headers.append(("location", RECORD + receipt.entry_id))  # of a refused one it is the error's: `headers_for`
        return answer

    async def _again(
        self, repeats: Repeats, once: Once, headers: list[tuple[str, str]], signs: Services | None
    ) -> bytes | None:
        """What was answered to the same request, if it came before. Raises as it did then, too."""
        if repeats.wait:
            entry_id = await self._repeats.run(earlier, repeats, once)
        else:
            entry_id = earlier(repeats, once)
        if entry_id is None:
            return None
        return _answered_again(await self._repeats.run(repeats.told, entry_id), headers, signs)

    def _may_wait(self, use: Services) -> bool:
        """Whether a model is still being read, which a decision may have to wait for."""
        self._loading = loading(use)
        return bool(self._loading)

    def _done(self, group: list[Begun]) -> None:
        """Called by the ledger's thread: wakes the loop once for all of them."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(_resolve, group)


def _limited(exchange: Exchange, seen: Account) -> Exchange:
    """The way to an answer that says what is left of the caller's limits, if there are any."""
    return Dressed(exchange, seen.limits, False) if seen.limits else exchange


def _answered_again(told: Told, headers: list[tuple[str, str]], signs: Services | None) -> bytes:
    """What was answered before. Raises ComplianceViolation when that was the answer."""
    headers.append(_AGAIN)
    if signs is not None:
        headers += receipt_headers(signs, told.receipt)
    answer = answer_again(told)
    headers.append(("location", RECORD + told.receipt.entry_id))
    return answer


def _resolve(group: list[Begun]) -> None:
    for begun in group:
        future: asyncio.Future[Any] = begun.token
        if not future.done():  # who asked may have gone
            future.set_result(begun)
