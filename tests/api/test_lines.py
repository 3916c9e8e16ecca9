"""A body of lines, however the network cuts it into pieces; and reading ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.api.http.ahead import Ahead
from ordain.api.http.bodies import BodyTooSlow
from ordain.api.http.lines import Line, Splitter, windows_of
from ordain.api.limits import LIMITS

LIMIT = 8


async def _pieces(pieces: Sequence[bytes | Exception]) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


async def _windows(pieces: Sequence[bytes | Exception], limit: int = LIMIT) -> AsyncIterator[list[Line]]:
    async with Ahead(_pieces(pieces), LIMITS.batch_ahead) as ahead:
        async for window in windows_of(ahead, limit):
            yield window


def _lines(pieces: Sequence[bytes | Exception], limit: int = LIMIT) -> list[Line]:
    async def read() -> list[Line]:
        return [line async for window in _windows(pieces, limit) for line in window]

    return asyncio.run(read())


@given(
    st.lists(st.sampled_from([b"a", b"\r", b"\n", b" ", b"\r\n", b"12345678", b"123456789", b"\xff"])),
    st.lists(st.integers(0, 60)),
)
def test_lines_are_the_same_however_the_body_is_cut(parts: list[bytes], cuts: list[int]) -> None:
    body = b"".join(parts)
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    pieces = [body[start:end] for start, end in pairwise(places)]
    whole = [text.removesuffix(b"\r") for text in body.split(b"\n")]
    assert _lines([*pieces, b""]) == [
        Line(number, text if len(text) <= LIMIT else None)
        for number, text in enumerate(whole, 1)
        if len(text) > LIMIT or text.strip(b" \t\r")
    ]


def test_no_more_of_a_line_is_kept_than_is_allowed() -> None:
    splitter = Splitter(LIMIT)
    for _ in range(1000):
        assert splitter.take(b"x" * 1000) == []
    assert len(splitter._begun) <= LIMIT + 2
    assert splitter.take(b"\nshort\n") == [Line(1, None), Line(2, b"short")]


def test_a_line_in_which_the_body_broke_off_is_known() -> None:
    assert _lines([b"one\ntw", b"", b""]) == [Line(1, b"one"), Line(2, b"tw", cut=True)]
    assert _lines([b"one\ntw", b""]) == [Line(1, b"one"), Line(2, b"tw")]


def test_windows_hold_what_is_there_up_to_a_commit() -> None:
    async def sizes() -> list[int]:
        lines = LIMITS.batch_window * 2 + 3
        return [len(window) async for window in _windows([b"x\n" * lines, b""])]

    assert asyncio.run(sizes()) == [LIMITS.batch_window, LIMITS.batch_window, 3]


def test_a_window_of_long_lines_is_short() -> None:
    async def sizes() -> list[int]:
        return [len(window) async for window in _windows([b"x" * 65_535 + b"\n"] * 40, 65_536)]

    assert max(asyncio.run(sizes())) <= LIMITS.batch_bytes // 65_536 + 1


def test_whole_lines_come_before_the_end_of_patience() -> None:
    with pytest.raises(BodyTooSlow):
        _lines([b"one\ntwo\nthr", BodyTooSlow()])

    async def read() -> list[Line]:
        seen = []
        try:
            async for window in _windows([b"one\ntwo\nthr", BodyTooSlow()]):
                seen += window
        except BodyTooSlow:
            return seen
        raise AssertionError

    assert asyncio.run(read()) == [Line(1, b"one"), Line(2, b"two")]


def test_a_source_is_read_ahead_so_far_and_no_further() -> None:
    given: list[int] = []

    async def source() -> AsyncIterator[int]:
        for number in range(10):
            given.append(number)
            yield number

    async def look() -> None:
        async with Ahead(source(), 2) as ahead:
            await asyncio.sleep(0.01)
            assert given == [0, 1, 2], "two are kept, and one waits to be"
            assert await anext(ahead) == 0
            assert [number async for number in ahead] == list(range(1, 10))
            with pytest.raises(StopAsyncIteration):
                await anext(ahead)

    asyncio.run(look())


def test_who_leaves_early_leaves_nothing_running() -> None:
    async def look() -> None:
        async with Ahead(_pieces([b"x"] * 10), 1) as ahead:
            assert await anext(ahead) == b"x"
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(look())
