"""A broker of Kafka for tests: the one that librdkafka has for its own tests, in a process of its own.

It speaks Kafka's protocol over TCP and keeps messages in memory. With ORDAIN_KAFKA=host:port the tests ask that broker.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any
from uuid import uuid4

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition
from served import SECONDS

KAFKA = os.environ.get("ORDAIN_KAFKA")  # read now: some tests clear the environment
_SERVE = """
import sys
from confluent_kafka import Producer
mock = Producer({"bootstrap.servers": "none:1", "test.mock.num.brokers": 1, "log_level": 2})
(broker,) = mock.list_topics(timeout=120).brokers.values()
print(f"{broker.host}:{broker.port}", flush=True)
sys.stdin.read()
"""


class KafkaBroker:
    """A context manager; each has a topic of its own."""

    def __init__(self) -> None:
        self.topic = f"ordain-{uuid4()}"
        self._process: subprocess.Popen[str] | None = None
        self.address = KAFKA or ""

    def __enter__(self) -> KafkaBroker:
        if KAFKA is None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen([sys.executable, "-c", _SERVE], stdin=pipe, stdout=pipe, text=True)
            assert self._process.stdout is not None
            self.address = self._process.stdout.readline().strip()
            assert self.address
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def hang(self) -> None:
        """It takes connections, and answers nobody. Nothing with a broker of others."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def messages(self) -> list[Message]:
        """All of the topic, each partition in its order."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": "tests", "log_level": 2})
        try:
            partitions = consumer.list_topics(self.topic, SECONDS).topics[self.topic].partitions
            places = [TopicPartition(self.topic, each, OFFSET_BEGINNING) for each in partitions]
            wanted = sum(consumer.get_watermark_offsets(each, SECONDS)[1] for each in places)
            consumer.assign(places)
            found, deadline = list[Message](), time.monotonic() + SECONDS
            while len(found) < wanted:
                assert time.monotonic() < deadline
                message = consumer.poll(1.0)
                if message is not None and message.error() is None:
                    found.append(message)
            return found
        finally:
            with suppress(RuntimeError):
                consumer.close()

    @property
    def ids(self) -> list[str]:
        """Of the events of the topic."""
        return [json.loads(each.value() or b"")["id"] for each in self.messages()]

    def settings(self, **more: object) -> str:
        """A file of endpoints with this one, `crm`."""
        own: dict[str, Any] = {
            **{"kafka": [self.address], "topic": self.topic, "types": ["ordain.decision.*"]},
            **{"private": "allowed", "encrypted": "no"},
        }
        return json.dumps({"endpoints": {"crm": own | more}})
