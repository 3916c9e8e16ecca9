"""What a server with tenants answers to who is none of any tenant's callers: nothing that is of a tenant.

`/healthz` and `/readyz` say whether the server answers and has begun, and all else that nobody is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from ordain.api.access.gate import credential_in, not_known
from ordain.api.http.account import GONE, METRICS, READY, Account
from ordain.api.http.bodies import Exchange, Scope, drop_body
from ordain.api.http.bridge import HEALTH
from ordain.api.http.desk import Desk
from ordain.api.http.forms.accepted import accepted
from ordain.api.http.forms.cors import CrossOrigin
from ordain.api.http.forms.dressed import Dressed
from ordain.api.http.forms.queries import check_query
from ordain.api.http.guards import Guard
from ordain.api.http.refusals import JSON, headers_for, refused, refused_by_http, retry_after, unforeseen
from ordain.api.logs.log_writer import LogWriter
from ordain.api.metrics.text_format import CONTENT_TYPE
from ordain.api.rates.limiter import Limiter
from ordain.api.rates.shared_times import SharedTimes, draw_of
from ordain.api.rates.wrong_keys import TOLD, WRONG_KEYS
from ordain.api.settings import Settings
from ordain.engine.errors import LedgerUnavailable, OrdainError

_ANSWERED = (HEALTH, READY)
"""The paths that anybody may ask here."""
_NO_TENANT = "-"
"""The name that no tenant can have: limits are kept under it."""


class Strangers:
    """`settings` are the server's, `hosts` more names of it; `ready` says whether all tenants have begun."""

    def __init__(
        self,
        settings: Settings,
        log: LogWriter | None,
        times: SharedTimes | None,
        ready: Callable[[], bool],
        hosts: Iterable[str] = (),
    ) -> None:
        self.desk = Desk(replace(settings, tenants=None), log)
        self._ready = ready
        self._limiter = Limiter(replace(settings, tenant=_NO_TENANT), self.desk.meter, times)
        self._rate = settings.rate_of_wrong_keys
        self._guard = Guard(settings.host, (*settings.hosts, *hosts), settings.cors_origins)
        self._cross_origin = CrossOrigin(settings.cors_origins)

    async def answer(
        self,
        scope: Scope,
        exchange: Exchange,
        refusal: OrdainError | None = None,
        page: Callable[[], bytes] | None = None,
    ) -> None:
        """Answers the request; `refusal` is told in the place of that nobody is known.

        `page` is `/metrics` for who has the key of the installation.
        """
        seen, status = Account(scope), GONE
        self.desk.under_way += 1
        try:
            status = await self._answer(scope, exchange, seen, refusal, page)
        finally:
            self.desk.close(seen, status)

    async def _answer(
        self,
        scope: Scope,
        exchange: Exchange,
        seen: Account,
        instead: OrdainError | None,
        page: Callable[[], bytes] | None,
    ) -> int:
        headers = [("content-type", JSON), ("x-request-id", seen.id)]
        more = self._cross_origin.headers(scope) if self._cross_origin.origins else []
        takes = accepted(scope.headers.get("accept") or "*/*")
        if more or takes.problems:
            exchange = Dressed(exchange, more, takes.problems)
        await drop_body(scope, exchange)
        try:
            if refusal := self._guard.refusal(scope):
                status, body, seen.code = refused_by_http(*refusal, seen.id)
            elif (allowed := self._cross_origin.preflight(scope)) is not None:
                exchange.response_bytes(204, [("x-request-id", seen.id), *allowed], b"")
                return 204
            elif page is not None:
                seen.route, headers[0] = METRICS, ("content-type", CONTENT_TYPE)
                await self._limiter.take(self._limiter.draws(scope, None, ""))
                status, body = 200, page()
            elif scope.path in _ANSWERED:
                status, body, seen.code = self._open(scope, seen, headers)
            elif instead is not None:
                await self._limiter.take(self._limiter.draws(scope, None, ""))
                raise instead
            else:
                await self._refuse(scope)
        except OrdainError as error:
            status, body, seen.code = refused(error, seen.id)
            headers[0] = "content-type", JSON
            headers += headers_for(error)
        except Exception as error:  # what nobody foresaw gets an answer, too
            status, body, seen.code = unforeseen(error, seen.id)
            headers[0] = "content-type", JSON
        seen.bytes_out = len(body)
        exchange.response_bytes(status, headers, body)
        return status

    def _open(self, scope: Scope, seen: Account, headers: list[tuple[str, str]]) -> tuple[int, bytes, str]:
        """Status, body and code; the body is left out of an answer to HEAD. Raises MalformedRequest."""
        seen.route = scope.path
        if scope.method not in ("GET", "HEAD"):
            headers.append(("allow", "GET, HEAD"))
            message = f"`{scope.path}` takes GET"
            return refused_by_http(405, "Method Not Allowed", message, seen.id)
        check_query(scope.query_string, scope.method, scope.path)
        status, body = 200, b'{"status":"ok"}'
        if scope.path == READY:
            status, body = (200, b'{"ready":true}') if self._ready() else (503, b'{"ready":false}')
        if status == 503:
            headers.append(retry_after())
        return status, body if scope.method == "GET" else b"", ""

    async def _refuse(self, scope: Scope) -> None:
        """Raises Unauthenticated, TooManyRequests."""
        header = scope.headers.get("authorization")
        if header and self._rate is not None:
            draw = draw_of(WRONG_KEYS, self._limiter.clients.address_of(scope), self._rate)
            if (many := self._limiter.times.take([draw], 1, time.monotonic())) is not None:
                raise self._limiter.refusal(many, "", TOLD)
        await self._limiter.take(self._limiter.draws(scope, None, ""))
        credential_in(header)
        raise not_known()


def away() -> LedgerUnavailable:
    """What is told to who asks a tenant whose ledger could not be opened yet."""
    return LedgerUnavailable("the ledger cannot be opened now", "nothing was done: try again")
