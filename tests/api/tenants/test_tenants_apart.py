"""What goes wrong with one tenant, or takes long, is that one's: the others are answered. Each test has its server."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from housed import OTHER, OURS, OVERALL_KEY, House, house_of_two
from issuer import ISSUER, jwks, token
from served import edit, run

from ordain.audit.verifier.check import verify


def until(holds: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_ledger_that_is_stuck_keeps_nobody_else_waiting_and_a_reload_is_one_tenants(tmp_path: Path) -> None:
    headers = house_of_two(tmp_path)
    ours, other = headers[OURS]["app"], headers[OTHER]["app"]
    home = tmp_path / "tenants" / OTHER
    edit(home / "config.yaml", "busy_seconds: 0.2", "busy_seconds: 5")
    with House(tmp_path) as server:
        stuck = sqlite3.connect(home / "var/ordain.db", isolation_level=None)
        stuck.execute("BEGIN IMMEDIATE")
        told: list[int] = []
        waiting = [threading.Thread(target=lambda: told.append(server.decided(other).status)) for _ in range(8)]
        for each in waiting:
            each.start()
        answered = [server.decided(ours, f"C-{number}").status for number in range(20)]
        health = server.ask("GET", "/healthz", None, headers[OURS]["operator"])
        assert answered == [200] * 20
        assert (health.status, health.json()["status"]) == (200, "ok")
        assert 200 not in told
        stuck.execute("ROLLBACK")
        stuck.close()
        for each in waiting:
            each.join()
        assert set(told) <= {200, 503}

        (home / "policies/facts.yaml").write_text("facts: 3\n")
        os.kill(server.pid, signal.SIGHUP)

        def state(tenant: str) -> list[str]:
            return list(server.ask("GET", "/healthz", None, headers[tenant]["operator"]).json()["faults"])

        until(lambda: any("the reload of" in fault for fault in state(OTHER)))
        assert state(OURS) == []
        assert server.decided(other).status == 200  # what decided before goes on
        failed = [line for line in server.lines() if "the reload of" in line["message"]]
        assert {line.get("tenant") for line in failed} == {OTHER}


def test_limits_and_full_rooms_are_each_tenants_own(tmp_path: Path) -> None:
    headers = house_of_two(tmp_path)
    edit(tmp_path / "tenants" / OTHER / "config.yaml", "tenant: ", "rate: 3 per hour\ntenant: ")
    with House(tmp_path) as server:
        other = [server.decided(headers[OTHER]["app"]) for _ in range(5)]
        assert [reply.status for reply in other] == [200, 200, 200, 429, 429]
        assert other[-1].json()["error"]["details"][0]["limit"] == "tenant"
        assert [server.decided(headers[OURS]["app"]).status for _ in range(5)] == [200] * 5


def test_each_tenant_takes_its_own_tokens_and_one_for_two_is_nobodys(tmp_path: Path) -> None:
    headers = house_of_two(tmp_path)
    for name in headers:
        home = tmp_path / "tenants" / name
        (home / "jwks.json").write_bytes(jwks())
        more = f"jwt_keys: jwks.json\njwt_issuer: {ISSUER}\njwt_audience: all\njwt_tenant: org\n"
        edit(home / "config.yaml", "tenant: ", f"{more}tenant: ")
    with House(tmp_path) as server:

        def services(**claims: object) -> tuple[int, bool]:
            sent = {"Authorization": f"Bearer {token(aud='all', **claims)}"}
            reply = server.ask("GET", "/v1/services", None, sent)
            return reply.status, OTHER.encode() in reply.body

        assert services(org=OURS) == (200, False)
        assert services(org=OTHER) == (200, True)
        for wrong in ([OURS, OTHER], [OTHER], "nobody", None, {"org": OTHER}):
            assert services(org=wrong) == (401, False)


def test_several_workers_with_a_writer_for_each_ledger_and_one_ledger_that_goes_away(tmp_path: Path) -> None:
    (tmp_path / "metrics.key").write_text(OVERALL_KEY)
    headers = house_of_two(tmp_path, workers=2, tenants_metrics_key="metrics.key")
    ours, other = headers[OURS]["app"], headers[OTHER]["app"]
    home = tmp_path / "tenants" / OTHER
    with House(tmp_path) as server:
        until(lambda: _answers(server, ours) == 200 == _answers(server, other))  # both writers are there
        asked = [server.decided(sent, f"C-{number}") for number in range(10) for sent in (ours, other)]
        assert len({reply.json()["decision_id"] for reply in asked}) == 20
        (home / "keys/master.key").rename(home / "keys/away")  # from now on that tenant cannot be opened
        _kill_workers(server)
        until(lambda: _answers(server, other) == 503)
        until(lambda: _answers(server, ours) == 200)
        until(lambda: _served(server) == {OURS: "1", OTHER: "0"})
        assert server.get("/healthz").json() == {"status": "ok"}
        assert server.get("/readyz").status == 200
        assert server.ask("GET", "/v1/services", None, headers[OTHER]["another secret"]).status == 401
        (home / "keys/away").rename(home / "keys/master.key")
        until(lambda: [_answers(server, other) for _ in range(8)] == [200] * 8)
        until(lambda: _served(server) == {OURS: "1", OTHER: "1"})
        said = [line for line in server.lines() if line["message"].startswith("it cannot answer")]
        assert {line["tenant"] for line in said} == {OTHER}
        assert server.stop()
    for name in headers:
        evidence = verify(f"sqlite:///{tmp_path}/tenants/{name}/var/ordain.db")
        assert evidence
        count = "SELECT count(*) FROM entry"
        assert sqlite3.connect(tmp_path / "tenants" / name / "var/ordain.db").execute(count).fetchone()[0] >= 11


def _answers(server: House, headers: dict[str, str]) -> int:
    try:
        return server.decided(headers).status
    except OSError:
        return 0


def _served(server: House) -> dict[str, str]:
    """By tenant whether it is served, as the page of all says."""
    page = server.ask("GET", "/metrics", None, {"Authorization": f"Bearer {OVERALL_KEY}"}).body.decode()
    return dict(re.findall(r'^ordain_tenant_answers\{tenant="(\w+)"\} (\d)$', page, re.MULTILINE))


def _kill_workers(server: House) -> None:
    """SIGKILL for each process that the server forked; its writers, which it did not fork, stay."""
    listed = run(server.folder, ["ps", "-o", "pid=,args=", "--ppid", str(server.pid)]).stdout
    for line in listed.splitlines():
        pid, _, command = line.strip().partition(" ")
        if "serve" in command:
            os.kill(int(pid), signal.SIGKILL)


def test_lines_of_the_log_say_whose_they_are(tmp_path: Path) -> None:
    headers = house_of_two(tmp_path, log_format="text")
    with House(tmp_path) as server:
        assert server.decided(headers[OURS]["app"]).status == 200
        server.get("/v1/services")
        until(lambda: f"<service> [{OURS}] plan-advice" in server.said())
        until(lambda: "401 GET none Unauthenticated" in server.said())
        assert json.dumps(OTHER) not in server.said()
