"""Endpoints that are a topic of Kafka or a stream of NATS: what the file says of them, and what is wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordain.api.events.brokers import Broker, Server
from ordain.api.events.endpoints import Endpoint, load_endpoints
from ordain.engine.errors import SettingsError

KAFKA = """\
endpoints:
  lake:
    kafka: [b-1.example.com:9093, "[2001:db8::1]:9093"]
    topic: ordain.events
    types: [ordain.*]
    user: ordain
    secret variable: LAKE_SECRET
"""
NATS = """\
endpoints:
  bus:
    nats: [nats.example.com:4222]
    stream: ORDAIN
    prefix: prod.ordain
    types: [ordain.*]
"""


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_SECRET", "hunter2\n")
    monkeypatch.setenv("EMPTY_SECRET", " ")
    monkeypatch.setenv("HALF_SECRET", "-----BEGIN NATS USER JWT-----\nhunter2\n------END NATS USER JWT------\n")


def _load(folder: Path, text: str) -> Endpoint:
    (folder / "events.yaml").write_text(text)
    (endpoint,) = load_endpoints(folder / "events.yaml").values()
    return endpoint


def test_a_topic_of_kafka(tmp_path: Path) -> None:
    endpoint = _load(tmp_path, KAFKA)
    servers = (Server("b-1.example.com", 9093), Server("2001:db8::1", 9093))
    assert endpoint.broker == Broker("kafka", servers, "ordain.events", user="ordain")
    assert endpoint.secrets == (b"hunter2",)
    assert endpoint.place == "kafka://b-1.example.com:9093,[2001:db8::1]:9093/ordain.events"
    assert "hunter2" not in repr(endpoint)


def test_a_stream_of_nats_that_nobody_need_log_in_to(tmp_path: Path) -> None:
    endpoint = _load(tmp_path, NATS)
    broker = Broker("nats", (Server("nats.example.com", 4222),), "ORDAIN", "prod.ordain")
    assert (endpoint.broker, endpoint.secrets) == (broker, ())
    assert broker.subject("ordain.decision.recorded") == "prod.ordain.ordain.decision.recorded"


@pytest.mark.parametrize(
    ("good", "old", "new", "place", "message", "hint"),
    [
        (KAFKA, "    topic", "    url: https://a.b/c\n    topic", "3:5", "has `url` and `kafka`", "write one of"),
        (NATS, "    nats: [nats.example.com:4222]\n", "", "3:5", "says not where it is", "write one of"),
        (KAFKA, "b-1.example.com:9093", "b-1.example.com", "3:13", "it has no port", "host:port"),
        (KAFKA, "b-1.example.com:9093", "b-1.example.com:0", "3:13", "`0` is no port", "host:port"),
        (NATS, "nats.example.com", "nats://u:p@nats", "3:12", "it is a URL", "host:port"),
        (NATS, "nats.example.com", "a b", "3:12", "strange characters", "host:port"),
        (KAFKA, "    topic: ordain.events\n", "", "3:5", "names no topic", "topic: ordain"),
        (KAFKA, "ordain.events", "or/dain", "4:12", "`or/dain` is no name for a topic", "letters"),
        (NATS, "ORDAIN", "OR.DAIN", "4:13", "`OR.DAIN` is no name for a stream", "letters"),
        (NATS, "prod.ordain", "prod.>", "5:13", "`prod.>` is no beginning of a subject", "with a dot"),
        (
            NATS,
            "    stream",
            "    topic: a\n    stream",
            "4:5",
            "`topic` is nothing of an endpoint with `nats`",
            "leave",
        ),
        (KAFKA, "    user: ordain\n", "", "6:5", "`secret variable` stands without a `user`", "who logs in"),
        (
            KAFKA,
            "    secret variable: LAKE_SECRET\n",
            "",
            "3:5",
            "the endpoint `lake` has no secret",
            "secret variable",
        ),
        (KAFKA, "LAKE_SECRET", "EMPTY_SECRET", "7:22", "it is empty", "put what it knows you by"),
        (KAFKA, "user: ordain", "user: ordain\n    login: LOUD", "7:12", "LOUD", "SCRAM-SHA-512"),
        (NATS, "prefix:", "secret variable: HALF_SECRET\n    prefix:", "5:22", "no file of credentials", "put"),
        (NATS, "prefix:", 'encrypted: "no"\n    prefix:', "5:17", "unencrypted", "`private: allowed` allows it"),
        (NATS, "prefix:", "authorities: none.pem\n    prefix:", "5:18", "`none.pem` cannot be read", "PEM"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_what_to_write_instead(
    tmp_path: Path, good: str, old: str, new: str, place: str, message: str, hint: str
) -> None:
    assert old in good
    with pytest.raises(SettingsError) as caught:
        _load(tmp_path, good.replace(old, new, 1))
    told = [(str(issue.span), issue.message, issue.hint) for issue in caught.value.issues]
    assert any(span == f"events.yaml:{place}" and message in said and hint in so for span, said, so in told), told
    assert "hunter2" not in str(told)


@pytest.mark.parametrize(("text", "package", "extra"), [(KAFKA, "confluent-kafka", "kafka"), (NATS, "nats-py", "nats")])
def test_a_package_that_is_not_installed_is_said_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, package: str, extra: str
) -> None:
    monkeypatch.setattr("ordain.api.events.brokers.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=f"needs {package}, which is not installed") as caught:
        _load(tmp_path, text)
    assert f"pip install 'ordain[{extra}]'" in caught.value.issues[0].hint
