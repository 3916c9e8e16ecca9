"""Endpoints: who is told of what. The file that the setting `events` names."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ordain.api.events.brokers import (
    BROKERS,
    KAFKA,
    NATS,
    Broker,
    broker_issues,
    broker_of,
    kind_of,
    takes_secret,
)
from ordain.api.events.event import fitting
from ordain.api.events.known_services import service_issues
from ordain.api.events.nats_credentials import Credentials
from ordain.api.events.signing import secrets_in
from ordain.api.named_secrets import MAKE_ONE, SECRET, named_secrets
from ordain.engine.errors import Issue, MalformedRequest, PolicyError, SettingsError, did_you_mean
from ordain.engine.text.source import Node, parse, read_file
from ordain.engine.text.structure import Schema, Structure, check_structure

_TEXTS: Schema = {"type": "array", "minItems": 1, "items": {"type": "string"}}
ENDPOINTS: Schema = {
    "type": "object",
    "required": ["endpoints"],
    "additionalProperties": False,
    "properties": {
        "endpoints": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["types"],
                "additionalProperties": False,
                "properties": {
                    "url": {"type": "string", "description": "where events are posted to, by https"},
                    "types": {**_TEXTS, "description": "which; `*` stands for any letters: `ordain.decision.*`"},
                    "services": {**_TEXTS, "description": "only events of these services"},
                    "data": {
                        "enum": ["envelope", "answer"],
                        "description": "answer: with a decision's answer as the app got it, which is personal",
                    },
                    "subjects": {"enum": ["no", "yes"], "description": "yes: says whom the event is about"},
                    **BROKERS,
                    **SECRET,
                    "private": {
                        "enum": ["refused", "allowed"],
                        "description": "allowed: it may be at a private address, and unencrypted there",
                    },
                },
            },
        }
    },
}
_STRUCTURE = Structure(ENDPOINTS)
_NAME_CHARACTERS, _MOST_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_"), 60


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Of webhooks, or a `broker`; `private` allows addresses that are not public.

    `secrets` sign what is posted, all of them; to a broker the one is the password.
    """

    name: str
    url: str = field(repr=False)
    types: tuple[str, ...]
    services: tuple[str, ...] = ()
    answer: bool = False
    subjects: bool = False
    private: bool = False
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    broker: Broker | None = None

    @property
    def place(self) -> str:
        """Scheme and host of its URL, to be shown: with many receivers the path is a secret."""
        if self.broker is not None:
            return self.broker.place
        url = urlsplit(self.url)
        return f"{url.scheme}://{url.netloc}"

    @property
    def is_personal(self) -> bool:
        """Whether it is given what is about persons."""
        return self.answer or self.subjects

    def wants(self, kind: str, service: str | None) -> bool:
        """Whether an event of that type and service is for it."""
        named = any(fnmatchcase(kind, pattern) for pattern in self.types)
        return named and (not self.services or service in self.services)


def load_endpoints(file: Path | None, services: Collection[str] | None = None) -> dict[str, Endpoint]:
    """By name, in the order of the file. `services` are those that there are, None where nobody can tell.

    Raises SettingsError with all that is wrong.
    """
    if file is None:
        raise SettingsError(
            "no endpoint is set up: the setting `events` names no file", "name one, such as `events: events.yaml`"
        )
    try:
        node = parse(read_file(file, file.name), file.name)
        issues = check_structure(node, _STRUCTURE)
    except PolicyError as error:
        raise SettingsError(error.issues) from None
    if issues:
        raise SettingsError(issues)
    secrets = {}
    for name, part in node["endpoints"].items():
        issues += [*_name_issues(name, node["endpoints"]), *broker_issues(name, part, file.parent)]
        issues += [*_url_issues(part), *_type_issues(part)]
        issues += [] if services is None else service_issues(part, services)
        secrets[name] = _secrets(name, part, file.parent, issues)
    if issues:
        raise SettingsError(issues)
    return {name: _endpoint(name, part, file.parent, secrets[name]) for name, part in node["endpoints"].items()}


def endpoint_named(endpoints: dict[str, Endpoint], name: str) -> Endpoint:
    """Raises SettingsError for one that there is not."""
    if name not in endpoints:
        raise SettingsError(f"there is no endpoint `{name[:_MOST_NAME]}`", did_you_mean(name, endpoints))
    return endpoints[name]


def _secrets(name: str, part: Node, folder: Path, issues: list[Issue]) -> tuple[bytes, ...]:
    if not takes_secret(part):
        return ()
    kind = kind_of(part)
    read, make = (secrets_in, MAKE_ONE) if kind is None else (_CREDENTIALS[kind], "put what it knows you by into it")
    return named_secrets(f"endpoint `{name}`", part, folder, read, make, issues)


def _password(text: str) -> tuple[bytes, ...]:
    """The one secret of a broker. Raises ValueError."""
    if not text.strip():
        raise ValueError("it is empty")
    return (text.strip().encode(),)


def _nats_credentials(text: str) -> tuple[bytes, ...]:
    """Same, which may be a file of credentials."""
    Credentials.read(text)
    return _password(text)


_CREDENTIALS = {KAFKA: _password, NATS: _nats_credentials}


def _endpoint(name: str, part: Node, folder: Path, secrets: tuple[bytes, ...]) -> Endpoint:
    def says(key: str, word: str) -> bool:
        node = part.get(key)
        return node is not None and node.text == word

    services: Any = part.get("services")
    return Endpoint(
        name,
        part["url"].text if "url" in part.keys else "",
        part["types"].texts(),
        services.texts() if services is not None else (),
        says("data", "answer"),
        says("subjects", "yes"),
        says("private", "allowed"),
        secrets,
        broker_of(part, folder),
    )


def _name_issues(name: str, endpoints: Node) -> Iterator[Issue]:
    if not set(name) <= _NAME_CHARACTERS or len(name) > _MOST_NAME:
        hint = f"use small letters, digits, `-` and `_`, {_MOST_NAME} at the most"
        yield Issue(f"`{name[:_MOST_NAME]}` is no name for an endpoint", hint, endpoints.keys[name])


def _url_issues(part: Node) -> Iterator[Issue]:
    node, private = part.get("url"), part.get("private")
    if node is None:
        return
    try:
        url = urlsplit(node.text)
        port = url.port
    except ValueError:
        yield Issue(f"`{node.text}` is not a URL", "write it `https://host/path`", node.span)
        return
    plain = node.text.isascii() and node.text.isprintable() and " " not in node.text
    if url.scheme not in ("http", "https") or not url.hostname or port == 0 or not plain:
        yield Issue(f"`{node.text}` is not a URL of the web", "write it `https://host/path`", node.span)
    elif url.username is not None or url.password is not None:
        yield Issue("the url has a user or a password in it", "what is sent is signed: leave them out", node.span)
    elif url.fragment:
        yield Issue(f"`#{url.fragment}` is never sent", "leave it out", node.span)
    elif url.scheme == "http" and (private is None or private.text != "allowed"):
        hint = "write https; for a private address `private: allowed` allows http"
        yield Issue(f"`{node.text}` is not encrypted", hint, node.span)


def _type_issues(part: Node) -> Iterator[Issue]:
    for node in part["types"].nodes():
        try:
            fitting(node.text)
        except MalformedRequest as error:
            hint = error.issues[0].hint or "such as `ordain.decision.recorded`, or `ordain.*`"
            yield Issue(error.message, hint, node.span)
