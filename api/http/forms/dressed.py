"""The way to answer one request, which adds what its client expects beside the answer itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable

from ordain.api.http.bodies import Exchange, Stream
from ordain.api.http.forms.problem_details import Headers, as_problem


class Dressed:
    """An `Exchange`: with `more` headers in every answer, and errors as problem details if `problems`."""

    __slots__ = ("_exchange", "_more", "_problems")

    def __init__(self, exchange: Exchange, more: Headers, problems: bool) -> None:
        self._exchange, self._more, self._problems = exchange, more, problems

    def __call__(self) -> Awaitable[bytes]:
        return self._exchange()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._exchange.__aiter__()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        if self._problems:
            headers, body = as_problem(status, headers, body)
        self._exchange.response_bytes(status, [*headers, *self._more], body)

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Stream:
        return self._exchange.response_stream(status, [*headers, *self._more])
