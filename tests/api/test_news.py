"""How workers hear of what was reloaded, and what a worker does that cannot follow."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from answers import ADVICE
from heads import head

import ordain.api.http.front as under_test
from ordain.api.decide import make_decision
from ordain.api.http.following import after
from ordain.api.http.front import Front
from ordain.api.http.news import Board, News
from ordain.api.services import Services, reloaded
from ordain.engine.catalog import Texts, load_catalog, read_texts
from ordain.engine.versions import Kept


def texts(size: int) -> Texts:
    return Texts(b"facts: {}\xff\x00" * size, b"services: {}", {"policies/a/v1.yaml": bytes(range(256)) * size})


def test_news_come_back_as_they_were_written_also_shorter_ones_after_longer_ones() -> None:
    board = Board()
    assert board.read(0) is None
    for number, size in enumerate([1, 2_000, 3], start=1):
        news = News(number, number, texts(size), ("a fault", "\u00fc"))
        board.write(news)
        assert board.read(number - 1) == news
        assert board.read(number) is None
    board.write(News(4, 0, None))
    assert board.read(3) == News(4, 0, None)


def test_news_that_are_being_written_are_read_later_and_never_in_parts() -> None:
    board, stop = Board(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            board.write(News(number, number, texts(1 + number % 40), (str(number),)))

    thread = threading.Thread(target=write)
    thread.start()
    seen = read = 0
    while read < 300:
        if (news := board.read(seen)) is not None:
            seen, read = news.number, read + 1
            assert news == News(seen, seen, texts(1 + seen % 40), (str(seen),))
    stop.set()
    thread.join()


def test_a_worker_that_cannot_follow_goes_on_says_so_and_tries_again_with_the_next_news(
    use: Services, caplog: pytest.LogCaptureFixture
) -> None:
    whole, kept = read_texts(use.settings.policies), Kept()
    broken = replace(whole, services=b"services: [")
    same, at = after(News(1, 1, broken), use, 0, kept)
    assert (same.catalog, at) == (use.catalog, 0)
    assert "could not take over the last reload" in same.not_reloaded[0]
    assert "goes on as before" in caplog.text
    new, at = after(News(2, 2, whole), same, at, kept)
    assert (new.catalog is use.catalog, new.not_reloaded, at) == (False, (), 2)
    assert after(News(3, 2, whole, ("no",)), new, at, kept)[0].catalog is new.catalog


def test_a_decision_under_way_is_made_by_one_set_of_policies_whenever_another_is_taken(use: Services) -> None:
    """The body of a request comes after the reload; then all of the decision is by the new."""
    other = reloaded(use, load_catalog(read_texts(use.settings.policies)))
    taken: list[Services] = []

    async def decided() -> int:
        front = Front(use, lambda *_: [], 1)
        front.__rsgi_init__(asyncio.get_running_loop())
        exchange = _Exchange(lambda: front.take(other))
        scope = head("POST", "/v1/decisions/plan-advice", {"content-length": str(len(ASKED))})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(under_test, "make_decision", lambda ask, by: taken.append(by) or make_decision(ask, by))
            await front.__rsgi__(scope, exchange)  # type: ignore[arg-type]
        return exchange.status

    assert asyncio.run(decided()) == 200
    assert taken == [other]


ASKED = json.dumps({"subject": "C-1", "facts": ADVICE}).encode()


class _Exchange:
    """A request whose body comes after something else happened."""

    def __init__(self, before: Callable[[], None]) -> None:
        self.status, self._before = 0, before

    async def __call__(self) -> bytes:
        self._before()
        return ASKED

    def response_bytes(self, status: int, headers: object, body: bytes) -> None:
        self.status = status


def test_a_signal_that_the_system_gives_to_another_thread_is_seen() -> None:
    """With `threading.Event` this waits for ever; a process of its own, since it gets a signal."""
    code = """
import signal, threading, time
from ordain.api.http.supervising.interrupt import Interrupt
waited = Interrupt()
signal.signal(signal.SIGTERM, lambda *_: waited.set())
def other():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(30)
threading.Thread(target=other, daemon=True).start()
print(waited.wait(), waited.is_set(), waited.clear(), waited.wait(0.1))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.split() == ["True", "True", "None", "False"]
