"""Tenants with ledgers in PostgreSQL and limits in Redis: each has a database and limits of its own."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import databases
import redis
from housed import OTHER, OURS, House, house_of_two
from redis_server import RedisServer
from served import SECONDS, edit

from ordain.audit.verifier.check import verify


def test_each_tenant_decides_into_a_database_of_its_own(tmp_path: Path) -> None:
    headers = house_of_two(tmp_path)
    with ExitStack() as stack:
        urls = {name: stack.enter_context(databases.database()) for name in headers}
        for name, url in urls.items():
            edit(tmp_path / "tenants" / name / "config.yaml", "tenant: ", f"database_url: {url}\ntenant: ")
        with House(tmp_path) as server:
            decided = {name: server.decided(headers[name]["app"]).json()["decision_id"] for name in headers}
            for name, decision_id in decided.items():
                for whose in headers:
                    reply = server.ask("GET", f"/v1/decisions/{decision_id}", None, headers[whose]["every role"])
                    assert reply.status == (200 if whose == name else 404), (name, whose)
        assert all(verify(url) for url in urls.values())


def test_limits_in_redis_are_each_tenants_own(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as shared:
        headers = house_of_two(tmp_path, redis_url=shared.url)
        for name in headers:
            edit(tmp_path / "tenants" / name / "config.yaml", "tenant: ", "rate: 1000 per hour\ntenant: ")
        with House(tmp_path) as server:
            deadline = time.monotonic() + SECONDS
            while {name: _kept(shared, name) for name in headers} != dict.fromkeys(headers, 1):
                assert time.monotonic() < deadline  # Redis has not answered in time at first
                assert [server.decided(headers[name]["app"]).status for name in headers] == [200, 200]
            (ours,) = (name for name in shared.names() if OURS.encode() in name)
            with redis.Redis(port=shared.port) as client:
                client.set(ours, int((time.time() + 3610) * 1_000_000))  # nothing is left of what is ours
            assert server.decided(headers[OTHER]["app"]).status == 200
            assert server.decided(headers[OURS]["app"]).status == 429


def _kept(shared: RedisServer, tenant: str) -> int:
    """How many limits of that tenant Redis has."""
    return sum(name.startswith(f"{{ordain:{tenant}}}".encode()) for name in shared.names())
