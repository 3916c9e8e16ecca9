"""The client that waits for its answers."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

import httpx

from ordain_client.answer import Answer, request_body
from ordain_client.calls import Ask, Calls, windows
from ordain_client.errors import Refused
from ordain_client.tries import Came, Flow, Patience

F = TypeVar("F")
O = TypeVar("O")  # noqa: E741 - the outcome's type
T = TypeVar("T")

PATIENT = Patience()


def headers_of(key: str | None) -> dict[str, str]:
    return {"user-agent": "ordain-client/0.1"} | ({"authorization": f"Bearer {key}"} if key else {})


class Client:
    """Asks the service at `url`, under an API key or token if it wants one; a context manager, for any threads.

    `timeout` are the seconds that one try may take. `transport` is httpx's, for proxies and the like.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        patience: Patience = PATIENT,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(base_url=url, headers=headers_of(key), timeout=timeout, transport=transport)
        self._calls = Calls(self._http, patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def service(self, name: str) -> Service[Mapping[str, Any], Any]:
        """A service without types of its own; `ordain-client` writes them."""
        return Service(self, name)

    def decide(
        self,
        service: str,
        *,
        subject: str,
        facts: Mapping[str, Any],
        at: dt.datetime | str | None = None,
        may_be_unknown: Iterable[str] = (),
        idempotency_key: str | None = None,
    ) -> Answer[Any]:
        """Decides and records. Raises an OrdainError."""
        asked = self.service(service)
        return asked.decide(
            subject=subject, facts=facts, at=at, may_be_unknown=may_be_unknown, idempotency_key=idempotency_key
        )

    def batch(
        self, service: str, asks: Iterable[Ask], *, idempotency_key: str | None = None
    ) -> Iterator[Answer[Any] | Refused]:
        """An answer for each ask, in their order; a refusal is given, and not raised. Raises what a call raises."""
        return self.service(service).batch(asks, idempotency_key=idempotency_key)

    def record(self, decision_id: str) -> dict[str, Any]:
        """The record of a decision."""
        return dict(self.run(self._calls.about(decision_id)).json())

    def status(self, decision_id: str) -> dict[str, Any]:
        """What has become of it: the outcome, too, once a person has permitted what was for one to look at."""
        return dict(self.run(self._calls.about(decision_id, "/status")).json())

    def shown(
        self,
        decision_id: str,
        texts: Sequence[str] | None = None,
        *,
        at: dt.datetime | str | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Puts on record that these texts were shown, or all that had to be."""
        sent = None if texts is None else list(texts)
        return dict(self.run(self._calls.confirm(decision_id, "shown", at, idempotency_key, texts=sent)).json())

    def performed(
        self,
        decision_id: str,
        outcome: Mapping[str, Any] | None = None,
        *,
        at: dt.datetime | str | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Puts on record what was really charged or sent."""
        return dict(
            self.run(self._calls.confirm(decision_id, "performed", at, idempotency_key, outcome=outcome)).json()
        )

    def explanation(self, decision_id: str) -> dict[str, Any]:
        """What was decided and why; `text` is for the person it is about."""
        return dict(self.run(self._calls.about(decision_id, "/explanation")).json())

    def proof(self, decision_id: str) -> str:
        """A file that proves, offline, that the decision is in the signed log."""
        return self.run(self._calls.about(decision_id, "/proof")).text

    def services(self) -> list[dict[str, Any]]:
        """The services that there are."""
        return list(self.get("/v1/services")["services"])

    def events(self, after: str | None = None, **only: Any) -> Iterator[dict[str, Any]]:
        """Events after one, by its `sequence` or `id`, up to the newest; `type` and `service` are lists of which."""
        more = True
        while more:
            page = self.get("/v1/events", after=after, **only)
            yield from page["events"]
            after, more = page["after"], page["more"]

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """What any other address answers, as JSON."""
        return dict(self.run(self._calls.get(path, query)).json())

    def run(self, flow: Flow[T]) -> T:
        """Does what a call says: sends, waits."""
        came: Came = None
        while True:
            try:
                step = flow.send(came)
            except StopIteration as end:
                return cast(T, end.value)
            if isinstance(step, float):
                time.sleep(step)
                came = None
                continue
            try:
                came = self._http.send(step)
            except httpx.TransportError as error:
                came = error


class Service(Generic[F, O]):
    """A service whose requests have facts of type F, and whose outcome is an O."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def decide(
        self,
        *,
        subject: str,
        facts: F,
        at: dt.datetime | str | None = None,
        may_be_unknown: Iterable[str] = (),
        idempotency_key: str | None = None,
    ) -> Answer[O]:
        """Decides and records. Raises an OrdainError.

        Each call has an idempotency key of its own, so that trying again decides once. Give one to be able to send
        the same request from another process, or tomorrow.
        """
        body = request_body(subject, cast(Mapping[str, Any], facts), at, may_be_unknown)
        return self._client.run(self._client._calls.decide(self._name, body, idempotency_key, False))

    def dry_run(
        self,
        *,
        subject: str,
        facts: F,
        at: dt.datetime | str | None = None,
        may_be_unknown: Iterable[str] = (),
    ) -> Answer[O]:
        """Decides and records nothing."""
        body = request_body(subject, cast(Mapping[str, Any], facts), at, may_be_unknown)
        return self._client.run(self._client._calls.decide(self._name, body, None, True))

    def batch(self, asks: Iterable[Ask], *, idempotency_key: str | None = None) -> Iterator[Answer[O] | Refused]:
        """An answer for each ask, in their order; a refusal is given, and not raised."""
        for window in windows(asks, idempotency_key):
            yield from self._client.run(self._client._calls.lines(self._name, window))
