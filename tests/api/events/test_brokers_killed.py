"""Who delivers is killed, and so is the receiver: Kafka and NATS get every event, those of each subject in order."""

from __future__ import annotations

import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE
from deliverer import Deliverer, with_events
from kafka_broker import KafkaBroker
from nats_server import NatsServer
from served import ordain_here

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.services import Services

KILLS = int(os.environ.get("ORDAIN_EVENT_KILLS", "2"))  # read now: some tests clear the environment
SUBJECTS, EACH, DRAIN = 12, 40, 120


def _decided(use: Services, drawn: random.Random) -> dict[str, list[str]]:
    """Some decisions more: their ids by subject, in order."""
    decided = defaultdict(list)
    for _ in range(EACH):
        subject = f"C-{drawn.randrange(SUBJECTS)}"
        answer = decide(make_ask("plan-advice", subject, ADVICE, None), use)
        decided[subject].append(json.loads(answer.as_bytes())["decision_id"])
    return decided


def _all_arrive(use: Services, folder: Path, settings: str, ids: Callable[[], list[str]], disturb: Any) -> None:
    """Kills the deliverer now and then, and once between the receiver, by `disturb`, a pair of functions."""
    (folder / "events.yaml").write_text(settings)
    drawn = random.Random(11)  # noqa: S311 - repeatable, not secret
    begun = ordain_here(folder, "events", "replay", "crm", "--from", "2026-01-01", **with_events(folder))
    assert begun.returncode == 0, begun.stderr
    decided: dict[str, list[str]] = defaultdict(list)
    deliverer = Deliverer(folder)
    for kill in range(KILLS + 1):
        with deliverer:
            for subject, more in _decided(use, drawn).items():
                decided[subject] += more
            if kill == 1:
                disturb[0]()
                time.sleep(0.7)
                disturb[1]()
            time.sleep(drawn.uniform(0.05, 0.6))
            if kill < KILLS:
                deliverer.kill()
                continue
            wanted, deadline = {each for more in decided.values() for each in more}, time.monotonic() + DRAIN
            while not wanted <= set(ids()) and time.monotonic() < deadline:
                time.sleep(0.3)
    assert "Traceback" not in deliverer.said()
    arrived = ids()
    assert wanted - set(arrived) == set(), "lost"
    assert set(arrived) <= wanted
    places = {each: place for place, each in reversed(list(enumerate(arrived)))}
    for subject, more in decided.items():
        assert sorted(more, key=places.__getitem__) == more, f"{subject} is out of order"
    print(f"\n{KILLS} kills: {len(wanted):,} events of {len(decided)} subjects, {len(arrived):,} arrived")


def test_nothing_is_lost_on_the_way_into_nats(use: Services, tmp_path: Path) -> None:
    with NatsServer(tmp_path) as bus:
        bus.make_stream()
        _all_arrive(use, tmp_path, bus.settings(), lambda: bus.ids, (bus.kill, bus.start))
        assert len(bus.ids) == len(set(bus.ids)), "within two minutes an id is kept once"


def test_nothing_is_lost_on_the_way_into_kafka(use: Services, tmp_path: Path) -> None:
    with KafkaBroker() as kafka:
        _all_arrive(use, tmp_path, kafka.settings(), lambda: kafka.ids, (kafka.hang, kafka.go_on))
        by_key = defaultdict(set)
        for message in kafka.messages():
            by_key[message.key()].add(message.partition())
        assert all(len(partitions) == 1 for partitions in by_key.values())


@pytest.mark.parametrize("kind", ["kafka", "nats"])
def test_an_event_by_hand(tmp_path: Path, kind: str) -> None:
    """`ordain events test` says whether a broker that was set up takes events."""
    if kind == "kafka":
        with KafkaBroker() as kafka:
            (tmp_path / "events.yaml").write_text(kafka.settings())
            done = ordain_here(tmp_path, "events", "test", "crm", **with_events(tmp_path))
    else:
        with NatsServer(tmp_path) as bus:
            (tmp_path / "events.yaml").write_text(bus.settings())
            done = ordain_here(tmp_path, "events", "test", "crm", **with_events(tmp_path))
            assert (done.returncode, done.stdout) == (
                1,
                "crm: no stream takes the subject `ordain.test.sent`: let `ORDAIN` have it\n",
            )
            bus.make_stream()
            done = ordain_here(tmp_path, "events", "test", "crm", **with_events(tmp_path))
    assert (done.returncode, done.stdout) == (0, "crm: delivered\n"), done.stderr
