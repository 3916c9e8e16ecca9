"""Events into a topic of Kafka, as CloudEvents in the structured mode of its Kafka binding, version 1.0.2.

Section 3.3: the value is the event in JSON (3.3.2), the header `content-type` its media type (3.3.1). Section 3.1
leaves the key to who sends: it is made from the line, so what has to stay in order is in one partition.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
import time
from contextlib import suppress
from typing import Any

import orjson
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ordain.api.events.addresses import Lookups, NotAllowed, chosen
from ordain.api.events.brokers import Server
from ordain.api.events.carrier import Came, first_line
from ordain.api.events.endpoints import Endpoint
from ordain.api.limits import LIMITS

MEDIA = "application/cloudevents+json; charset=UTF-8"
_TRY = LIMITS.event_seconds * 0.8  # seconds in which Kafka takes an event, or says that it has not
_SILENT = logging.Logger("kafka", logging.CRITICAL + 1)  # what matters is told of the tries


def key_of(line: bytes) -> bytes:
    """The key of a message: the same for all events about one subject, and for those of many others.

    So order is kept, whatever the number of partitions, and the key tells nobody which events are about one person.
    """
    return hashlib.sha256(b"ordain kafka key " + line).hexdigest()[:4].encode()


class IntoKafka:
    """An event counts as delivered when all replicas in step have it."""

    def __init__(self, endpoint: Endpoint) -> None:
        assert endpoint.broker is not None  # noqa: S101 - who calls sees to it
        self._endpoint, self._broker = endpoint, endpoint.broker
        self._lookups = Lookups(1)
        self._beginning = asyncio.Lock()
        self._producer: Producer | None = None
        self._checked = 0.0
        self._said = ""
        self._ending = threading.Event()
        self._serving: threading.Thread | None = None

    async def send(self, event: dict[str, Any], line: bytes) -> Came:
        """One try. Whatever goes wrong is told, not raised."""
        try:
            async with asyncio.timeout(LIMITS.event_seconds):
                producer = await self._ready()
                fault = await self._sent(producer, orjson.dumps(event), key_of(line))
        except TimeoutError:
            return Came(None, self._told(f"no answer within {LIMITS.event_seconds:g} seconds"))
        except NotAllowed as error:
            return Came(None, str(error))
        except (OSError, UnicodeError) as error:
            return Came(None, f"a broker cannot be looked up: {first_line(error)}")
        except BufferError:
            return Came(None, "too many events wait for Kafka")
        except KafkaException as error:
            return Came(None, self._failed(error.args[0]))
        return Came(None, "" if fault is None else self._failed(fault))

    async def _ready(self) -> Producer:
        """A producer, of a cluster whose brokers are at places that are allowed."""
        async with self._beginning:
            if self._producer is None:
                await self._check(self._broker.servers)
                self._producer, self._checked = Producer(self._settings(), logger=_SILENT), 0.0
                self._serving = threading.Thread(target=self._serve, args=(self._producer,), daemon=True)
                self._serving.start()
            if time.monotonic() - self._checked > LIMITS.brokers_checked or not self._checked:
                known = await asyncio.to_thread(self._producer.list_topics, self._broker.into, _TRY / 2)
                await self._check(tuple(Server(each.host, each.port) for each in known.brokers.values()))
                if (error := known.topics[self._broker.into].error) is not None:
                    raise KafkaException(error)
                self._checked = time.monotonic()
            return self._producer

    async def _check(self, servers: tuple[Server, ...]) -> None:
        for host, port in servers:
            found = await self._lookups.addresses(host, port)
            chosen(found, private=self._endpoint.private, encrypted=self._broker.encrypted)

    def _settings(self) -> dict[str, Any]:
        broker = self._broker
        secured = ("SASL_" if broker.user else "") + ("SSL" if broker.encrypted else "PLAINTEXT")
        settings: dict[str, Any] = {
            "bootstrap.servers": ",".join(map(str, broker.servers)),
            "client.id": "ordain",
            "security.protocol": secured,
            "enable.idempotence": True,  # a try that Kafka repeats by itself is written once
            "acks": "all",
            "message.timeout.ms": int(_TRY * 1000),
            "socket.timeout.ms": int(_TRY * 1000),
            "linger.ms": 1,
            "partitioner": "murmur2_random",  # as Kafka's own clients in Java part them
            "message.max.bytes": LIMITS.broker_message,
            "log.connection.close": False,
            "error_cb": self._hear,
        }
        if broker.user:
            (secret,) = self._endpoint.secrets
            settings |= {
                "sasl.mechanism": broker.login,
                "sasl.username": broker.user,
                "sasl.password": secret.decode(),
            }
        if broker.authorities is not None:
            settings["ssl.ca.location"] = str(broker.authorities)
        return settings

    def _hear(self, error: KafkaError) -> None:
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # says less than what came before it
            self._said = first_line(error.str())

    def _serve(self, producer: Producer) -> None:
        """Lets the library tell what came of messages: it does so in the thread that asks."""
        while not self._ending.is_set():
            producer.poll(0.1)
            if producer is not self._producer:
                return

    async def _sent(self, producer: Producer, value: bytes, key: bytes) -> KafkaError | None:
        loop = asyncio.get_running_loop()
        came: asyncio.Future[KafkaError | None] = loop.create_future()

        def settle(error: KafkaError | None) -> None:
            if not came.done():
                came.set_result(error)

        def tell(error: KafkaError | None, _: Message) -> None:
            with suppress(RuntimeError):  # who asked has ended
                loop.call_soon_threadsafe(settle, error)

        headers: list[tuple[str, str | bytes | None]] = [("content-type", MEDIA.encode())]
        producer.produce(self._broker.into, value, key, headers=headers, on_delivery=tell)
        return await came

    def _failed(self, error: KafkaError) -> str:
        if error.fatal():  # this producer may write nothing more
            self._producer = None
        return self._told(f"Kafka has not taken it: {first_line(error.str())}")

    def _told(self, fault: str) -> str:
        """With what the library said last, which often has the reason: a password, a certificate, a name."""
        said, self._said = self._said, ""
        return f"{fault} ({said})" if said and said not in fault else fault

    async def close(self) -> None:
        """What is under way gets no answer any more."""
        self._ending.set()
        self._lookups.close()
        if self._producer is not None:
            self._producer.purge()
            await asyncio.to_thread(self._producer.flush, 1.0)
        if self._serving is not None:
            await asyncio.to_thread(self._serving.join)
