"""What waits holds up only itself: /healthz and other decisions go on, and a queue that is full says so at once."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from answers import ADVICE, error_in
from databases import database
from served import Reply, Server
from test_not_recorded import held_by_another_process

from ordain.api.http.pool import Pool, PoolFull
from ordain.api.limits import LIMITS


def test_health_is_told_while_records_wait_and_the_queue_has_an_end(tmp_path: Path) -> None:
    """Each GET of a record writes that it was read, which waits for the other writer."""
    many = 4 + LIMITS.requests_waiting + 20
    with Server(tmp_path, ORDAIN_BUSY_SECONDS="5", ORDAIN_THREADS="4") as server, ThreadPoolExecutor(many) as pool:
        decision_id = server.decide("plan-advice", "C-1", ADVICE).json()["decision_id"]

        def read(_: int) -> tuple[Reply, float]:
            begun = time.monotonic()
            return server.get(f"/v1/decisions/{decision_id}"), time.monotonic() - begun

        with held_by_another_process(tmp_path / "ordain.db"):
            waiting = [pool.submit(read, number) for number in range(many)]
            time.sleep(1)
            assert server.get("/healthz").status == 200
            assert not all(future.done() for future in waiting)
            done = [future.result() for future in waiting]
        assert {reply.status for reply, _ in done} == {503}
        full = [(reply, took) for reply, took in done if error_in(reply.body)["code"] == "ServiceUnavailable"]
        assert full
        assert min(took for _, took in full) < min(took for reply, took in done if (reply, took) not in full)
        assert {reply.headers["retry-after"] for reply, _ in full} == {str(LIMITS.retry_seconds)}
        assert "nothing was done" in error_in(full[0][0].body)["message"]
        assert server.get(f"/v1/decisions/{decision_id}").status == 200


@contextmanager
def keys_locked(url: str) -> Iterator[None]:
    """Somebody else has locked the table of subjects' keys: whoever reads it waits."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE subject_key IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.mark.parametrize("subjects", [1, 20])
def test_a_slow_read_of_a_key_holds_up_no_other_request(tmp_path: Path, subjects: int) -> None:
    with (
        database() as url,
        Server(tmp_path, ORDAIN_DATABASE_URL=url, ORDAIN_BUSY_SECONDS="4") as server,
        ThreadPoolExecutor(20) as pool,
    ):
        with keys_locked(url):
            new = [pool.submit(server.decide, "plan-advice", f"N-{n % subjects}", ADVICE) for n in range(20)]
            time.sleep(0.5)
            assert server.decide("no-such", "C-1", ADVICE).status == 404
            assert server.get("/nope").status == 404
            assert not any(future.done() for future in new)
        told = [future.result() for future in new]
        assert {reply.status for reply in told} == {200}, [reply.body for reply in told]
        ids = {json.loads(reply.body)["decision_id"] for reply in told}
        assert len(ids) == 20


def test_a_pool_refuses_at_once_what_has_no_room_and_later_what_has_waited_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = threading.Event()

    async def ask() -> list[object]:
        pool = Pool(1, 1, "test")
        first, second = asyncio.ensure_future(pool.run(go.wait)), asyncio.ensure_future(pool.run(int))
        await asyncio.sleep(0.05)
        with pytest.raises(PoolFull):
            await pool.run(int)
        go.set()
        told = await asyncio.gather(first, second, return_exceptions=True)
        again = await pool.run(int, "7")
        pool.close()
        return [*told, again]

    assert asyncio.run(ask()) == [True, 0, 7]
    go.clear()
    monkeypatch.setattr("ordain.api.http.pool.LIMITS", type("Limits", (), {"queue_seconds": 0.01}))
    first, second, again = asyncio.run(ask())
    assert (first, again) == (True, 7)
    assert isinstance(second, PoolFull)
