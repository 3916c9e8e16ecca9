"""An asynchronous source that is read ahead of whoever takes from it, and not too far."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from types import TracebackType
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Ahead(Generic[Item]):
    """What `source` gives, up to `most` items of it before they are asked for; what it raises comes in its place.

    A context manager: nothing is read before it is entered, or after it is left.
    """

    def __init__(self, source: AsyncIterator[Item], most: int) -> None:
        self._source = source
        self._came: asyncio.Queue[Item | _End] = asyncio.Queue(most)
        self.ended: Exception | None = None
        """What `end` was given."""

    async def __aenter__(self) -> Ahead[Item]:
        self._task = asyncio.create_task(self._fill())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        # An error that was raised has this in its traceback: what is kept here, a connection above all, would stay.
        self._came, self.ended = asyncio.Queue(1), None
        if isinstance(self._source, AsyncGenerator):
            await self._source.aclose()

    def __aiter__(self) -> Ahead[Item]:
        return self

    async def __anext__(self) -> Item:
        item = await self._came.get()
        if isinstance(item, _End):
            self._came.put_nowait(item)  # the end stays
            raise item.error or StopAsyncIteration
        return item

    def ready(self) -> bool:
        """Whether the next one, or the end, is there already."""
        return not self._came.empty()

    def end(self, error: Exception) -> None:
        """Gives `error` next, and nothing else. What the source still gives is read, and dropped."""
        if self.ended is None:
            self.ended = error
            while not self._came.empty():
                self._came.get_nowait()
            self._came.put_nowait(_End(error))

    async def over(self, seconds: float) -> None:
        """Waits for the end of the source, so many seconds at the most."""
        await asyncio.wait((self._task,), timeout=seconds)

    async def _fill(self) -> None:
        error: Exception | None = None
        try:
            async for item in self._source:
                if self.ended is None:
                    await self._came.put(item)
        except Exception as raised:  # it is the taker's to handle
            error = raised
        if self.ended is None:
            await self._came.put(_End(error))


class _End:
    def __init__(self, error: Exception | None) -> None:
        self.error = error
