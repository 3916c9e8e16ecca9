"""Whatever is killed under load: each request, sent again under its key, is answered, and is one decision.

ORDAIN_TEST_KILLS says how many times; 2 unless it is set. Two servers are restarted in turn half as many times.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from databases import database
from long_runs import LONG
from ports import free_port
from retrying import Load
from served import Server, settings_in
from tcp_proxy import TcpProxy

from ordain.api.ledger import open_for
from ordain.audit.verifier.check import verify

KILLS = int(os.environ.get("ORDAIN_TEST_KILLS", "2"))  # read now: some tests clear the environment


def decided(folder: Path, url: str) -> list[UUID]:
    """The ids of all decisions in a ledger, which verifies."""
    opened = open_for(settings_in(folder, database_url=url, busy_seconds=20))
    try:
        opened.settle()
        evidence = verify(url)
        assert evidence, evidence.findings
        return [entry.id for entry in opened.reader.entries() if entry.read()["kind"] == "decision"]
    finally:
        opened.close()


def check(folder: Path, url: str, load: Load) -> int:
    """Each answered request is one decision, and no decision is nobody's. How many there are."""
    assert load.faults == []
    told = Counter(UUID(json.loads(answer)["decision_id"]) for answer in load.answers.values())
    assert max(told.values()) == 1, "two requests, one decision"
    on_record = decided(folder, url)
    assert Counter(on_record) == told
    return len(on_record)


def told(what: str, count: int, load: Load) -> None:
    """For people."""
    again = load.tries.total() - load.tries[1]
    print(
        f"\n{what}; {count} requests, as many decisions: {again} were sent more than once, "
        f"{load.replayed} answered from the record, the slowest after {load.slowest:.1f} s"
    )


@pytest.mark.parametrize("workers", [pytest.param(1, marks=LONG), 2])
def test_a_server_that_is_killed_under_load_decides_each_request_once(tmp_path: Path, workers: int) -> None:
    """On SQLite; with two workers the process that writes for them is killed too."""
    pick = random.Random()  # noqa: S311
    server = Server(tmp_path, ORDAIN_WORKERS=str(workers), ORDAIN_BUSY_SECONDS="5")
    with server, Load(server.port) as load:
        for _ in range(KILLS):
            load.wait_for(30)
            time.sleep(pick.uniform(0, 0.2))
            server.kill()
            server.__enter__()
        load.wait_for(30)
        load.__exit__()
    told(f"SQLite, {workers} workers: {KILLS} kills", check(tmp_path, f"sqlite:///{tmp_path}/ordain.db", load), load)


def test_two_servers_are_restarted_in_turn_under_load_and_killed_hard(tmp_path: Path) -> None:
    """Two servers on PostgreSQL behind a proxy: no request is refused for good, none is decided twice."""
    turns = (KILLS + 1) // 2
    with ExitStack() as stack:
        url = stack.enter_context(database())
        servers = [stack.enter_context(_server(tmp_path, url)) for _ in range(2)]
        proxy = stack.enter_context(TcpProxy([server.port for server in servers]))
        with Load(proxy.port, patience=90) as load:
            for turn in range(turns):
                for server in servers:  # the rolling restart
                    load.wait_for(30)
                    proxy.drained = {server.port}
                    assert server.stop(), "it stops by itself"
                    server.__enter__()
                    proxy.drained = set()
                load.wait_for(30)
                hit = servers[turn % 2]
                hit.kill()
                load.wait_for(30)
                hit.__enter__()
            load.wait_for(30)
        for server in servers:
            assert server.stop()
        told(f"PostgreSQL, 2 servers: {2 * turns} restarts, {turns} kills", check(tmp_path, url, load), load)


def _server(folder: Path, url: str) -> Server:
    """One of several with one ledger, and so with one folder of keys."""
    server = Server(folder, ORDAIN_DATABASE_URL=url)
    server.log = folder / f"server-{server.port}-{free_port()}.log"
    return server
