"""Server and deliverer are killed while they work: every event arrives, at least once, signed, and in order."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import databases
import pytest
from answers import ADVICE
from deliverer import Deliverer, with_events
from receiver import FINE, Answer, Receiver
from served import SECONDS, Server, ordain_here, settings_in
from tellers import telling_policies

from ordain.api.ledger import open_for
from ordain.audit.entry.entry import Kind

KILLS = int(os.environ.get("ORDAIN_EVENT_KILLS", "2"))  # read now: some tests clear the environment
SUBJECTS, CLIENTS = 40 + 4 * KILLS, 4
_DRAIN = 90 + 3 * KILLS


class _Load:
    """Asks for decisions about random subjects, of whichever server runs; a kill is no fault of it."""

    def __init__(self) -> None:
        self.port: int | None = None
        self.acknowledged: list[str] = []
        self._stop = threading.Event()
        self._clients = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]
        for client in self._clients:
            client.start()

    def _ask(self, number: int) -> None:
        drawn = random.Random(number)  # noqa: S311 - repeatable, not secret
        while not self._stop.wait(0.1):
            if self.port is None:
                continue
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            body = json.dumps({"subject": f"C-{drawn.randrange(SUBJECTS)}", "facts": ADVICE})
            try:
                with closing(connection):
                    connection.request("POST", "/v1/decisions/plan-advice", body.encode())
                    answer = connection.getresponse()
                    data = json.loads(answer.read())
                if answer.status == 200:
                    self.acknowledged.append(data["decision_id"])
            except (OSError, http.client.HTTPException, ValueError):
                continue  # it was killed

    def end(self) -> None:
        self._stop.set()
        for client in self._clients:
            client.join(SECONDS)


def _half_fails(seed: int) -> Any:
    """Fails half of the time, but no event more often than twice: each further wait would be twice as long."""
    drawn, failed = random.Random(seed), Counter[str]()  # noqa: S311 - repeatable, not secret

    def answer(number: int, event: dict[str, Any]) -> Answer:
        if drawn.random() < 0.5 or failed[event["id"]] == 2:
            return FINE
        failed[event["id"]] += 1
        return drawn.choice((500, 503, 429)), {}, b"later"

    return answer


def _kill_now_and_then(folder: Path, load: _Load, kills: int, **more: str) -> int:
    """Runs both until there were so many kills, and then the server a moment longer. How often both were killed."""
    drawn, done, both = random.Random(7), 0, 0  # noqa: S311 - same
    server, deliverer = Server(folder, **more), Deliverer(folder, **more)
    deliverer.__enter__()
    server.__enter__()
    load.port = server.port
    try:
        while done < kills:
            time.sleep(drawn.uniform(0.1, 1.5))
            which = done % 3  # the deliverer twice as often as the server, and now and then both
            if which == 1:
                load.port = None
                server.kill()
                done += 1
            if which != 1 or done % 6 == 2:
                deliverer.kill()
                both += which == 1
                done += 1
                deliverer.__enter__()
            if which == 1:
                server.__enter__()
                load.port = server.port
    finally:
        load.end()
        server.stop()
        deliverer.__exit__()
    assert "Traceback" not in server.said()
    return both


def _drain(folder: Path, receiver: Receiver, wanted: set[str], **more: str) -> None:
    """Delivers until everything has arrived."""
    with Deliverer(folder, **more) as deliverer:
        deadline = time.monotonic() + _DRAIN
        while time.monotonic() < deadline and not wanted <= set(receiver.ids):
            time.sleep(0.1)
        assert "Traceback" not in deliverer.said()


def _decisions(folder: Path, **chosen: object) -> dict[str, list[str]]:
    """The ids of the events of all decisions on record, by their subject, in the order of the log."""
    by_subject = defaultdict(list)
    opened = open_for(settings_in(folder, **chosen))
    opened.settle()
    for record in opened.reader.records():
        if record.envelope["kind"] == Kind.DECISION:
            assert record.private is not None
            own = record.envelope["id"]
            by_subject[record.private["subject"]] += [own, f"{own}:usage.high", f"{own}:usage.seen"]
    opened.close()
    return by_subject


def _first(ids: list[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def _all_arrive(folder: Path, kills: int, url: str = "") -> None:
    more = {"ORDAIN_DATABASE_URL": url, "ORDAIN_CHECKPOINT_SECONDS": "0.5"} if url else {}
    more["ORDAIN_POLICIES"] = str(telling_policies(folder))
    chosen = {"database_url": url} if url else {}
    decided_once = ordain_here(folder, "decide", "plan-advice", "--subject", "C-0", "--facts", "facts.json", **more)
    assert decided_once.returncode == 0, decided_once.stderr
    with Receiver(_half_fails(kills)) as receiver:
        (folder / "events.yaml").write_text(receiver.settings(types=["ordain.decision.*", "usage.*"]))
        replayed = ordain_here(folder, "events", "replay", "crm", "--from", "2026-01-01", **with_events(folder), **more)
        assert replayed.returncode == 0, replayed.stderr
        load, begun = _Load(), time.monotonic()
        both = _kill_now_and_then(folder, load, kills, **more)
        decided = _decisions(folder, **chosen)
        wanted = {each for ids in decided.values() for each in ids}
        assert set(load.acknowledged) <= wanted
        _drain(folder, receiver, wanted, **more)
    assert receiver.faults == []
    arrived = receiver.ids
    assert wanted - set(arrived) == set(), "lost"
    assert set(arrived) <= wanted
    of_subject = {each: subject for subject, ids in decided.items() for each in ids}
    by_subject = defaultdict(list)
    for each in arrived:
        by_subject[of_subject[each]].append(each)
    assert {subject: _first(ids) for subject, ids in by_subject.items()} == decided
    print(
        f"\n{kills} kills, {both} of both at once, in {time.monotonic() - begun:.0f} s: {len(wanted):,} events of"
        f" {len(decided):,} subjects, {len(receiver.got):,} tries, {len(arrived):,} accepted, none lost, each in order"
    )


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    return tmp_path


def test_every_event_arrives_in_order_whatever_is_killed_when(facts: Path) -> None:
    _all_arrive(facts, KILLS)


def test_on_postgresql_too(facts: Path) -> None:
    with databases.database() as url:
        _all_arrive(facts, max(KILLS // 5, 1), url)
