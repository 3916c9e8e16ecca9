"""Events into Kafka and NATS: what a message is, what counts as delivered, and what is said when it does not go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka_broker import KafkaBroker
from nats_server import NatsServer
from ports import free_port

from ordain.api.events.carrier import Came
from ordain.api.events.carriers import carrier_of
from ordain.api.events.endpoints import load_endpoints
from ordain.api.events.into_kafka import key_of

EVENT = {
    "specversion": "1.0",
    "id": "01a2299b-3d3f-7a6a-8b2b-8d6c397e1f5b",
    "source": "ordain.ledger/x",
    "type": "ordain.decision.recorded",
    "datacontenttype": "application/json",
    "data": {"tenant": "demo", "text": "žluťoučký"},
}
STRUCTURED = "application/cloudevents+json; charset=UTF-8"


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaBroker]:
    with KafkaBroker() as made:
        yield made


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats")) as made:
        made.make_stream(("ordain.>",), max_msg_size=5000)
        yield made


def _send(folder: Path, text: str, *events: Any, line: bytes = b"line") -> list[Came]:
    """To the endpoint `crm` of a file with that text."""
    (folder / "events.yaml").write_text(text)

    async def send() -> list[Came]:
        carrier = carrier_of(load_endpoints(folder / "events.yaml")["crm"])
        try:
            return [await carrier.send(event, line) for event in events]
        finally:
            await carrier.close()

    return asyncio.run(send())


def test_a_message_of_kafka_is_an_event_in_structured_mode_with_a_key_of_its_line(
    tmp_path: Path, kafka: KafkaBroker
) -> None:
    before = len(kafka.messages())
    assert _send(tmp_path, kafka.settings(), EVENT, EVENT, line=b"key of a subject") == [Came(None, "")] * 2
    message, _ = kafka.messages()[before:]
    assert json.loads(message.value() or b"") == EVENT
    assert message.headers() == [("content-type", STRUCTURED.encode())]
    assert message.key() == key_of(b"key of a subject")
    assert b"key" not in (message.key() or b"")


def test_keys_tell_nobody_apart_and_spread_over_partitions() -> None:
    keys = {key_of(str(number).encode()) for number in range(200_000)}
    assert 60_000 < len(keys) <= 65_536, "some three people share a key"


def test_a_message_of_nats_is_an_event_under_its_type_known_by_its_id(tmp_path: Path, bus: NatsServer) -> None:
    before = len(bus.messages())
    assert _send(tmp_path, bus.settings(), EVENT, EVENT) == [Came(None, "")] * 2
    (message,) = bus.messages()[before:]
    assert json.loads(message.data) == EVENT, "the second was known"
    assert message.subject == "ordain.decision.recorded"
    assert message.headers is not None
    assert (message.headers["Nats-Msg-Id"], message.headers["content-type"]) == (EVENT["id"], STRUCTURED)


def test_a_prefix_stands_before_the_type(tmp_path: Path, bus: NatsServer) -> None:
    (came,) = _send(tmp_path, bus.settings(prefix="ordain.prod"), {**EVENT, "id": "with-prefix"})
    assert came == Came(None, "")
    assert bus.messages()[-1].subject == "ordain.prod.ordain.decision.recorded"


def test_what_a_stream_does_not_take_is_told(tmp_path: Path, bus: NatsServer) -> None:
    sent = _send(tmp_path, bus.settings(), {**EVENT, "type": "ml.churn.high"}, {**EVENT, "data": "x" * 6000})
    other, large = (came.fault for came in sent)
    assert other == "no stream takes the subject `ml.churn.high`: let `ORDAIN` have it"
    assert large == "the stream has not taken it: message size exceeds maximum allowed"
    (huge,) = _send(tmp_path, bus.settings(), {**EVENT, "data": "x" * 2_000_000})
    assert huge.fault == "the event is larger than the server takes (`max_payload`)"
    (wrong,) = _send(tmp_path, bus.settings(stream="OTHER"), {**EVENT, "id": "other-stream"})
    assert wrong.fault == "another stream than `OTHER` takes the subject `ordain.decision.recorded`"


@pytest.mark.parametrize("kind", ["kafka", "nats"])
def test_what_cannot_be_reached_is_told_in_a_line(
    tmp_path: Path, kind: str, kafka: KafkaBroker, bus: NatsServer
) -> None:
    settings = kafka.settings if kind == "kafka" else bus.settings
    (refused,) = _send(tmp_path, settings(**{kind: [f"127.0.0.1:{free_port()}"]}), EVENT)
    assert "refused" in refused.fault or "Connect call failed" in refused.fault
    assert "\n" not in refused.fault
    (unknown,) = _send(tmp_path, settings(**{kind: ["none.invalid:4222"]}), EVENT)
    assert unknown.fault
    (public,) = _send(tmp_path, settings(**{kind: ["192.0.2.1:4222"]}, private="refused", encrypted="yes"), EVENT)
    assert public.fault == "192.0.2.1 is not a public address; the endpoint may say `private: allowed`"


def test_where_a_cluster_of_kafka_leads_to_is_checked_too(
    tmp_path: Path, kafka: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brokers are named by the cluster; what it names may not be inside either."""
    checked: list[str] = []

    def chosen(addresses: list[Any], *, private: bool, encrypted: bool) -> None:
        checked.append(str(addresses[0]))

    monkeypatch.setattr("ordain.api.events.into_kafka.chosen", chosen)
    assert _send(tmp_path, kafka.settings(), EVENT) == [Came(None, "")]
    assert len(checked) >= 2
