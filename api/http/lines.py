"""A body of lines (NDJSON) read as it comes: windows of lines, however the network cut it into pieces."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import NamedTuple

from ordain.api.http.ahead import Ahead
from ordain.api.http.bodies import BodyTooSlow, Exchange
from ordain.api.limits import LIMITS


class ServerStops(Exception):
    """A body is not read on, since the server is about to stop."""


class BodyBroke(Exception):
    """A body broke off after a whole line."""


class Line(NamedTuple):
    """A line that is not blank. `text` is None when it was longer than allowed, `cut` when the body broke off in it."""

    number: int
    text: bytes | None
    cut: bool = False


class Splitter:
    """Takes pieces of a body and gives the lines that end in them; keeps no more than `limit` bytes of a line."""

    def __init__(self, limit: int) -> None:
        self._limit, self._number = limit, 0
        self._begun = bytearray()

    def take(self, piece: bytes) -> list[Line]:
        """The lines that end in `piece`."""
        *ends, begins = piece.split(b"\n")
        lines = []
        for end in ends:
            self._keep(end)
            lines += self._line()
        self._keep(begins)
        return lines

    def last(self, cut: bool) -> list[Line]:
        """The line that no line break ended, if there is one."""
        return self._line(cut)

    def _keep(self, part: bytes) -> None:
        if len(self._begun) <= self._limit + 1:  # one more than allowed, and the CR of a CRLF
            self._begun += part[: self._limit + 2 - len(self._begun)]

    def _line(self, cut: bool = False) -> list[Line]:
        text = bytes(self._begun.removesuffix(b"\r"))
        self._begun.clear()
        self._number += 1
        if len(text) > self._limit:
            return [Line(self._number, None)]
        return [Line(self._number, text, cut)] if text.strip(b" \t\r") else []


async def pieces_of(exchange: Exchange) -> AsyncIterator[bytes]:
    """The body as it comes. Raises BodyTooSlow when it does not go on.

    Granian ends it with one empty piece, and with more of them when it broke off.
    """
    body = aiter(exchange)
    while True:
        try:
            async with asyncio.timeout(LIMITS.batch_silence):
                piece = await anext(body)
        except TimeoutError:
            raise BodyTooSlow from None
        except StopAsyncIteration:
            return
        yield piece


async def windows_of(pieces: Ahead[bytes], limit: int) -> AsyncIterator[list[Line]]:
    """The lines in windows: those that are there, up to as many as one commit takes. None waits for a later one.

    Raises after the last whole line: BodyTooSlow when the body did not go on, and BodyBroke when it broke off there;
    within a line, that line is the one that is cut. ServerStops is raised as soon as it is not to be read on.
    """
    splitter, waiting = Splitter(limit), deque[Line]()
    empty = 0
    why: Exception | None = None
    ended = False
    while True:
        if pieces.ended is not None:  # there may be thousands of lines yet
            raise pieces.ended
        read = 0
        while not ended and (not waiting or (pieces.ready() and not _enough(len(waiting), read))):
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                last = splitter.last(cut=empty > 1)
                waiting += last
                ended, why = True, BodyBroke() if empty > 1 and not last else None
            except (BodyTooSlow, ServerStops) as error:
                why, ended = error, True
            else:
                waiting += splitter.take(piece)
                empty += not piece
                read += len(piece)
        if waiting:
            yield _window(waiting)
        elif why is not None:
            raise why
        else:
            return


def _window(waiting: deque[Line]) -> list[Line]:
    """Takes the first lines out of those that wait, as many as one commit takes."""
    window: list[Line] = []
    size = 0
    while waiting and not _enough(len(window), size):
        window.append(line := waiting.popleft())
        size += len(line.text or b"")
    return window


def _enough(lines: int, size: int) -> bool:
    return lines >= LIMITS.batch_window or size >= LIMITS.batch_bytes
