"""Endpoints that are a topic of Kafka or a stream of NATS: what the file of endpoints says of them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from ordain.engine.errors import Issue, reason_of
from ordain.engine.late import missing
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema

KAFKA, NATS = "kafka", "nats"
LOGINS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
"""Ways to log in to Kafka (SASL), the first of them if none is said."""
_SERVERS: Schema = {"type": "array", "minItems": 1, "maxItems": 20, "items": {"type": "string"}}
BROKERS: Schema = {
    KAFKA: {**_SERVERS, "description": "brokers of a Kafka cluster, as `host:port`, in the place of `url`"},
    "topic": {"type": "string", "description": "the topic of Kafka that events go into"},
    NATS: {**_SERVERS, "description": "servers of NATS, as `host:port`, in the place of `url`"},
    "stream": {"type": "string", "description": "the stream of JetStream that events go into"},
    "prefix": {"type": "string", "description": "what stands before the type, and a dot, in a subject of NATS"},
    "encrypted": {"enum": ["yes", "no"], "description": "no: without TLS, which takes `private: allowed`"},
    "authorities": {"type": "string", "description": "a PEM file of who may sign the servers' certificates"},
    "user": {"type": "string", "description": "who logs in to Kafka or NATS; the secret is the password"},
    "login": {"enum": list(LOGINS), "description": "how the user logs in to Kafka"},
}
"""The properties of such an endpoint."""

_ONLY = {KAFKA: ("topic", "login"), NATS: ("stream", "prefix")}
_INTO = {KAFKA: "topic", NATS: "stream"}
_NEEDS = {KAFKA: "confluent_kafka", NATS: "nats"}
_CARRIER = {KAFKA: "into_kafka:IntoKafka", NATS: "into_nats:IntoNats"}
_INTO_NAME = {KAFKA: re.compile(r"[A-Za-z0-9._-]{1,249}"), NATS: re.compile(r"[A-Za-z0-9_-]{1,249}")}
_PREFIX = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class Server(NamedTuple):
    """Where one listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Broker:
    """A topic of Kafka, or a stream of NATS: `kind` says which, `into` is its name."""

    kind: str
    servers: tuple[Server, ...]
    into: str
    prefix: str = ""
    encrypted: bool = True
    authorities: Path | None = None
    user: str = field(default="", repr=False)
    login: str = LOGINS[0]

    @property
    def place(self) -> str:
        """Shown to people."""
        return f"{self.kind}://{','.join(map(str, self.servers))}/{self.into}"

    @property
    def carrier(self) -> str:
        """Module and class of what carries events into it."""
        return _CARRIER[self.kind]

    def subject(self, kind: str) -> str:
        """The subject of NATS that an event of that type has."""
        return f"{self.prefix}.{kind}" if self.prefix else kind

    def tls(self) -> ssl.SSLContext:
        """How a server is known. Raises OSError, ssl.SSLError for authorities that cannot be read."""
        return ssl.create_default_context(cafile=None if self.authorities is None else str(self.authorities))


def kind_of(part: Node) -> str | None:
    """What an endpoint is in the place of an URL."""
    return next((kind for kind in (KAFKA, NATS) if kind in part.keys), None)


def takes_secret(part: Node) -> bool:
    """Whether an endpoint names a secret, or needs one; into a broker nobody need log in."""
    return kind_of(part) is None or any(key in part.keys for key in ("user", "secret variable", "secret file"))


def broker_of(part: Node, folder: Path) -> Broker | None:
    """Of an endpoint without issues. Raises SettingsError when its package is not installed."""
    kind = kind_of(part)
    if kind is None:
        return None
    if find_spec(_NEEDS[kind]) is None:
        raise missing(_NEEDS[kind])

    def text(key: str, otherwise: str = "") -> str:
        node = part.get(key)
        return otherwise if node is None else node.text

    authorities = text("authorities")
    return Broker(
        kind,
        tuple(_server(node.text) for node in part[kind].nodes()),
        text(_INTO[kind]),
        text("prefix"),
        text("encrypted", "yes") == "yes",
        folder / authorities if authorities else None,
        text("user"),
        text("login", LOGINS[0]),
    )


def broker_issues(name: str, part: Node, folder: Path) -> Iterator[Issue]:
    """What is wrong in what an endpoint says of where it is, but for a URL itself."""
    named = [key for key in ("url", KAFKA, NATS) if key in part.keys]
    if len(named) != 1:
        has = "says not where it is" if not named else f"has {' and '.join(f'`{each}`' for each in named)}"
        yield Issue(f"the endpoint `{name}` {has}", "write one of `url`, `kafka` or `nats`", part.span)
        return
    kind = kind_of(part)
    for key in BROKERS:
        strange = kind is None or any(key in keys for other, keys in _ONLY.items() if other != kind)
        if key in part.keys and strange and key not in (KAFKA, NATS):
            yield Issue(f"`{key}` is nothing of an endpoint with `{named[0]}`", "leave it out", part.keys[key])
    if kind is not None:
        yield from _cluster_issues(name, kind, part)
        yield from _trust_issues(part, folder)


def _cluster_issues(name: str, kind: str, part: Node) -> Iterator[Issue]:
    for node in part[kind].nodes():
        try:
            _server(node.text)
        except ValueError as error:
            yield Issue(f"`{node.text}` is no server: {error}", "write it `host:port`", node.span)
    into = part.get(_INTO[kind])
    if into is None:
        yield Issue(f"the endpoint `{name}` names no {_INTO[kind]}", f"such as `{_INTO[kind]}: ordain`", part.span)
    elif not _INTO_NAME[kind].fullmatch(into.text):
        hint = f"use letters, digits, {'`.`, ' if kind == KAFKA else ''}`-` and `_`"
        yield Issue(f"`{into.text}` is no name for a {_INTO[kind]}", hint, into.span)
    prefix = part.get("prefix")
    if prefix is not None and not _PREFIX.fullmatch(prefix.text):
        hint = "use words of letters, digits, `-` and `_`, with a dot between them"
        yield Issue(f"`{prefix.text}` is no beginning of a subject", hint, prefix.span)
    if kind == KAFKA and "user" not in part.keys:
        for key in ("login", "secret variable", "secret file"):
            if key in part.keys:
                yield Issue(f"`{key}` stands without a `user`", "name who logs in", part.keys[key])


def _trust_issues(part: Node, folder: Path) -> Iterator[Issue]:
    plain, private, authorities = part.get("encrypted"), part.get("private"), part.get("authorities")
    if plain is not None and plain.text == "no" and (private is None or private.text != "allowed"):
        hint = "leave it out; for private addresses `private: allowed` allows it"
        yield Issue("`encrypted: no` sends events to anywhere unencrypted", hint, plain.span)
    if authorities is not None:
        try:
            ssl.create_default_context(cafile=str(folder / authorities.text))
        except OSError as error:  # an SSLError is one
            why = "it has no certificate" if isinstance(error, ssl.SSLError) else reason_of(error)
            hint = "name a PEM file with the certificates of the authorities"
            yield Issue(f"the file `{authorities.text}` cannot be read: {why}", hint, authorities.span)


def _server(text: str) -> Server:
    """Raises ValueError, which says what is wrong."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or not host:
        raise ValueError("it has no port")
    if "://" in text or "/" in text or "@" in text:
        raise ValueError("it is a URL")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        raise ValueError(f"`{port[:10]}` is no port")
    if not (host.isascii() and host.isprintable()) or " " in host or "," in host:
        raise ValueError("its name has strange characters")
    return Server(host, int(port))
