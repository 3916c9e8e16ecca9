"""The client for an event loop."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

import httpx

from ordain_client.answer import Answer, request_body
from ordain_client.calls import Ask, Calls, windows
from ordain_client.client import PATIENT, headers_of
from ordain_client.errors import Refused
from ordain_client.tries import Came, Flow, Patience

F = TypeVar("F")
O = TypeVar("O")  # noqa: E741 - the outcome's type
T = TypeVar("T")


class AsyncClient:
    """As `Client`, to be awaited."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        patience: Patience = PATIENT,
        timeout: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers=headers_of(key), timeout=timeout, transport=transport)
        self._calls = Calls(self._http, patience)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    def service(self, name: str) -> AsyncService[Mapping[str, Any], Any]:
        return AsyncService(self, name)

    async def decide(
        self,
        service: str,
        *,
        subject: str,
        facts: Mapping[str, Any],
        at: dt.datetime | str | None = None,
        may_be_unknown: Iterable[str] = (),
        idempotency_key: str | None = None,
    ) -> Answer[Any]:
        asked = self.service(service)
        return await asked.decide(
            subject=subject, facts=facts, at=at, may_be_unknown=may_be_unknown, idempotency_key=idempotency_key
        )

    def batch(
        self, service: str, asks: Iterable[Ask], *, idempotency_key: str | None = None
    ) -> AsyncIterator[Answer[Any] | Refused]:
        return self.service(service).batch(asks, idempotency_key=idempotency_key)

    async def record(self, decision_id: str) -> dict[str, Any]:
        return dict((await self.run(self._calls.about(decision_id))).json())

    async def status(self, decision_id: str) -> dict[str, Any]:
        return dict((await self.run(self._calls.about(decision_id, "/status"))).json())

    async def shown(
        self,
        decision_id: str,
        texts: Sequence[str] | None = None,
        *,
        at: dt.datetime | str | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        sent = None if texts is None else list(texts)
        return dict((await self.run(self._calls.confirm(decision_id, "shown", at, idempotency_key, texts=sent))).json())

    async def performed(
        self,
        decision_id: str,
        outcome: Mapping[str, Any] | None = None,
        *,
        at: dt.datetime | str | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        return dict(
            (await self.run(self._calls.confirm(decision_id, "performed", at, idempotency_key, outcome=outcome))).json()
        )

    async def explanation(self, decision_id: str) -> dict[str, Any]:
        return dict((await self.run(self._calls.about(decision_id, "/explanation"))).json())

    async def proof(self, decision_id: str) -> str:
        return (await self.run(self._calls.about(decision_id, "/proof"))).text

    async def services(self) -> list[dict[str, Any]]:
        return list((await self.get("/v1/services"))["services"])

    async def events(self, after: str | None = None, **only: Any) -> AsyncIterator[dict[str, Any]]:
        more = True
        while more:
            page = await self.get("/v1/events", after=after, **only)
            for event in page["events"]:
                yield event
            after, more = page["after"], page["more"]

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return dict((await self.run(self._calls.get(path, query))).json())

    async def run(self, flow: Flow[T]) -> T:
        """Does what a call says: sends, waits."""
        came: Came = None
        while True:
            try:
                step = flow.send(came)
            except StopIteration as end:
                return cast(T, end.value)
            if isinstance(step, float):
                await asyncio.sleep(step)
                came = None
                continue
            try:
                came = await self._http.send(step)
            except httpx.TransportError as error:
                came = error


class AsyncService(Generic[F, O]):
    """As `Service`, to be awaited."""

    def __init__(self, client: AsyncClient, name: str) -> None:
        self._client = client
        self._name = name

    async def decide(
        self,
        *,
        subject: str,
        facts: F,
        at: dt.datetime | str | None = None,
        may_be_unknown: Iterable[str] = (),
        idempotency_key: str | None = None,
    ) -> Answer[O]:
        body = request_body(subject, cast(Mapping[str, Any], facts), at, may_be_unknown)
        return await self._client.run(self._client._calls.decide(self._name, body, idempotency_key, False))

    async def dry_run(
        self,
        *,
        subject: str,
        facts: F,
        at: dt.datetime | str | None = None,
        may_be_unknown: Iterable[str] = (),
    ) -> Answer[O]:
        body = request_body(subject, cast(Mapping[str, Any], facts), at, may_be_unknown)
        return await self._client.run(self._client._calls.decide(self._name, body, None, True))

    async def batch(
        self, asks: Iterable[Ask], *, idempotency_key: str | None = None
    ) -> AsyncIterator[Answer[O] | Refused]:
        for window in windows(asks, idempotency_key):
            for told in await self._client.run(self._client._calls.lines(self._name, window)):
                yield told
