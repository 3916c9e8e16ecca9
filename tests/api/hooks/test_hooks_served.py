"""Hooks of servers that run: no key, signatures, rates, several workers, reloads and kills."""

from __future__ import annotations

import http.client
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from answers import QUOTE, error_in
from callers import bearer, keeper
from databases import database
from senders import OLD_SECRET, SECRET, STRIPE_SECRET, by_standard, hooks_text, usage, write_hooks
from served import Server
from test_repeats_killed import KILLS, decided
from test_workers import until

SECRETS = {"TEST_STRIPE_SECRET": STRIPE_SECRET, "TEST_CRM_SECRET": SECRET}
CRM = "/v1/hooks/crm"
BODY = usage()


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers, which know callers; the secret of `crm` stands in a file, and it may come four times an hour."""
    folder = tmp_path_factory.mktemp("hooked")
    text = hooks_text(QUOTE).replace("secret variable: TEST_CRM_SECRET", "secret file: crm.secret")
    slow = text.partition("  crm:\n")[2].replace("tolerance seconds: 60", "rate: 4 per hour")
    file = write_hooks(folder, f"{text}  slow:\n{slow}")
    (folder / "crm.secret").write_text(SECRET)
    (folder / "admin").write_text(keeper(folder).make("admin", ["admin"]).text)
    with Server(folder, ORDAIN_WORKERS="2", ORDAIN_HOOKS=str(file), **SECRETS) as running:
        yield running


def admin(server: Server) -> dict[str, str]:
    return bearer((server.folder / "admin").read_text())


def counted(server: Server) -> dict[tuple[str, str], float]:
    page = server.ask("GET", "/metrics", headers=admin(server)).body.decode()
    lines = re.findall(r'^ordain_hooks_total\{source="([^"]*)",result="([^"]*)"\} (\S+)$', page, re.MULTILINE)
    return {(source, result): float(number) for source, result, number in lines}


def test_a_hook_needs_no_key_and_no_key_stands_for_a_signature(hooked: Server) -> None:
    told = hooked.ask("POST", CRM, BODY, by_standard(BODY, "keyless"))
    assert (told.status, told.json()["result"]) == (200, "decided")
    unsigned = {**admin(hooked), "Content-Type": "application/json"}
    for path in (CRM, "/v1/%68ooks/crm", "/v1/hooks/%63rm"):
        for headers in (unsigned, {"Content-Type": "application/json"}):
            told = hooked.ask("POST", path, BODY, headers)
            assert told.status in (400, 401, 404), path
            assert error_in(told.body)["code"] in ("SignatureRefused", "UnknownHook", "Unauthenticated")
    assert hooked.ask("GET", CRM).status == 401
    assert hooked.ask("GET", CRM, headers=admin(hooked)).status == 405


def test_senders_may_accept_what_they_like_and_send_a_charset(hooked: Server) -> None:
    more = {"Accept": "*/*; q=0.5, application/xml", "Content-Type": "application/json; charset=utf-8"}
    told = hooked.ask("POST", CRM, BODY, {**by_standard(BODY, "like"), **more})
    assert told.json()["result"] == "decided"


def test_two_who_send_an_event_at_once_to_two_workers_make_one_decision(hooked: Server) -> None:
    results: list[str] = []

    def send(event: int) -> None:
        results.append(hooked.ask("POST", CRM, BODY, by_standard(BODY, f"twice-{event}")).json()["result"])

    threads = [threading.Thread(target=send, args=(number // 2,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(results) == {"decided": 20, "repeated": 20}


def test_what_came_is_counted_by_source_and_result(hooked: Server) -> None:
    before = counted(hooked)
    other, wrong = BODY.replace(b"usage.measured", b"other"), usage(plan_gb="much")
    for body, headers in (
        (BODY, by_standard(BODY, "count")),
        (BODY, by_standard(BODY, "count")),
        (other, by_standard(other, "other")),
        (wrong, by_standard(wrong, "wrong")),
        (BODY, by_standard(BODY, secret=OLD_SECRET)),
    ):
        hooked.ask("POST", CRM, body, headers)

    def came() -> dict[str, float]:
        after = counted(hooked)
        return {
            result: count - before.get((source, result), 0)
            for (source, result), count in after.items()
            if source == "crm"
        }

    until(lambda: sum(came().values()) >= 5)  # an answer may be there before it is counted
    assert came() == {"decided": 1, "repeated": 1, "not mapped": 1, "failed": 1, "refused": 1}


def test_a_source_has_a_rate_that_only_its_own_events_draw_on(hooked: Server) -> None:
    path = "/v1/hooks/slow"
    for _ in range(10):
        assert hooked.ask("POST", path, BODY, by_standard(BODY, secret=OLD_SECRET)).status == 400
    signed = by_standard(BODY, "slow", secret=SECRET)
    statuses = [hooked.ask("POST", path, BODY, signed) for _ in range(5)]
    assert [each.status for each in statuses] == [200, 200, 200, 200, 429]
    assert error_in(statuses[-1].body)["details"][0]["limit"] == "caller"
    assert int(statuses[-1].headers["retry-after"]) > 0


def test_a_body_that_is_too_large_is_refused(hooked: Server) -> None:
    body = usage(note="x" * 70_000)
    told = hooked.ask("POST", CRM, body, by_standard(body, "large"))
    assert (told.status, error_in(told.body)["code"]) == (413, "RequestTooLarge")


def test_a_secret_is_changed_by_a_reload_and_a_broken_file_changes_nothing(hooked: Server) -> None:
    new = "whsec_" + "Q0ND" * 11
    number = iter(range(1000))

    def taken(secret: str) -> bool:
        headers = [by_standard(BODY, f"reload-{next(number)}", secret=secret) for _ in range(8)]
        statuses = {hooked.ask("POST", CRM, BODY, each).status for each in headers}
        return statuses == {200}

    (hooked.folder / "crm.secret").write_text(f"{SECRET} {new}")
    os.kill(hooked.pid, signal.SIGHUP)
    until(lambda: taken(new), 30)
    assert taken(SECRET)
    file = hooked.folder / "hooks.yaml"
    good = file.read_text()
    file.write_text(good.replace("service: plan-advice", "service: plan-advise", 1))
    os.kill(hooked.pid, signal.SIGHUP)
    until(lambda: "there is no service `plan-advise`" in hooked.said(), 30)
    assert taken(new)
    file.write_text(good)
    assert STRIPE_SECRET not in hooked.said()
    assert SECRET not in hooked.said()


def test_a_server_with_a_broken_file_does_not_start_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_CRM_SECRET")
    file = write_hooks(tmp_path, hooks_text(QUOTE))
    server = Server(tmp_path, ORDAIN_HOOKS=str(file), TEST_STRIPE_SECRET=STRIPE_SECRET)
    with pytest.raises(AssertionError, match="did not start"), server:
        pass
    assert "the variable `TEST_CRM_SECRET` is not set" in server.said()
    assert "Traceback" not in server.said()


class Senders:
    """Threads that send each event twice, until both were answered; a context manager."""

    def __init__(self, ports: list[int]) -> None:
        self.decided: dict[str, set[str]] = {}
        self.results: Counter[str] = Counter()
        self.faults: list[str] = []
        self._ports, self._stop = ports, threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Senders:
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(3)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def wait_for(self, more: int) -> None:
        wanted, end = len(self.decided) + more, time.monotonic() + 90
        while len(self.decided) < wanted and not self.faults:
            assert time.monotonic() < end
            time.sleep(0.01)

    def _work(self, number: int) -> None:
        turn = 0
        while not self._stop.is_set() and not self.faults:
            turn += 1
            event = f"evt-{number}-{turn}"
            pair = [threading.Thread(target=self._deliver, args=(event, port)) for port in self._ports]
            for each in pair:
                each.start()
            for each in pair:
                each.join()

    def _deliver(self, event: str, port: int) -> None:
        end = time.monotonic() + 90
        while time.monotonic() < end:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                line.request("POST", CRM, BODY, by_standard(BODY, event))
                answer = line.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
                continue
            finally:
                line.close()
            if answer.status == 503:
                time.sleep(0.02)
                continue
            found = re.search(rb'"decision_id":"([^"]+)"', data)
            with self._lock:
                if answer.status != 200 or found is None:
                    self.faults.append(f"{answer.status} {data!r}")
                else:
                    self.decided.setdefault(event, set()).add(found[1].decode())
                    self.results[re.findall(rb'"result":"(\w+)"', data)[0].decode()] += 1
            return
        self.faults.append("no answer")


@pytest.mark.parametrize("kind", ["two workers on SQLite", "two servers on PostgreSQL"])
def test_whatever_is_killed_under_load_each_event_is_one_decision(tmp_path: Path, kind: str) -> None:
    file = write_hooks(tmp_path, hooks_text(QUOTE))
    more = {"ORDAIN_HOOKS": str(file), "ORDAIN_BUSY_SECONDS": "5", **SECRETS}
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path}/ordain.db"
        if kind.endswith("PostgreSQL"):
            url = stack.enter_context(database())
            servers = [stack.enter_context(Server(tmp_path, ORDAIN_DATABASE_URL=url, **more)) for _ in range(2)]
        else:
            servers = [stack.enter_context(Server(tmp_path, ORDAIN_WORKERS="2", **more))] * 2
        with Senders([server.port for server in servers]) as senders:
            for turn in range(KILLS):
                senders.wait_for(10)
                servers[turn % 2].kill()
                servers[turn % 2].__enter__()
            senders.wait_for(10)
        for server in set(servers):
            assert server.stop()
        assert senders.faults == []
        assert all(len(ids) == 1 for ids in senders.decided.values()), "one event, two decisions"
        told = Counter(UUID(each) for ids in senders.decided.values() for each in ids)
        assert Counter(decided(tmp_path, url)) == told
    print(f"\n{kind}: {KILLS} kills, {len(told)} events sent twice each, {dict(senders.results)}")
