"""The texts that past decisions were made under, read back from the ledger and made into what decided then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ordain.audit.entry.canonical import digest as digest_of
from ordain.engine.catalog import plan_of
from ordain.engine.errors import TextLost
from ordain.engine.evaluate import Plan
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.service import Service, load_services

Json = Mapping[str, Any]


class Past:
    """What was in force when entries of one ledger were made. Each text is read and compiled once.

    `document` gives the kept text of a digest, None when there is none.

    The methods take an entry's envelope and raise TextLost, and PolicyError or UnknownService when a text does not
    load with this version of the engine.
    """

    def __init__(self, document: Callable[[str], bytes | None]) -> None:
        self._document = document
        self._texts: dict[str, bytes] = {}
        self._vocabularies: dict[str, Vocabulary] = {}
        self._plans: dict[tuple[str, ...], Plan] = {}

    def vocabulary(self, envelope: Json) -> Vocabulary:
        """The facts as they were declared."""
        named = _document(envelope, "vocabulary")
        if named not in self._vocabularies:
            self._vocabularies[named] = load_vocabulary(self._text(named, "the vocabulary"), "facts.yaml")
        return self._vocabularies[named]

    def service(self, envelope: Json) -> Service | None:
        """The service that decided, with its purpose."""
        text = self._text(_document(envelope, "services"), "the services")
        return load_services(text, "services.yaml").by_name.get(str(envelope.get("service")))

    def plan(self, envelope: Json) -> Plan:
        """The policies that decided, in order, compiled."""
        vocabulary, services = _document(envelope, "vocabulary"), _document(envelope, "services")
        named = [(str(policy["digest"]), f"{policy['policy']}@{policy['version']}") for policy in envelope["policies"]]
        key = (str(envelope["service"]), vocabulary, services, *(digest for digest, _ in named))
        if key not in self._plans:
            texts = [(label, self._text(digest, f"the policy {label}")) for digest, label in named]
            known, offered = self._text(vocabulary, "the vocabulary"), self._text(services, "the services")
            self._plans[key] = plan_of(key[0], known, offered, texts)
        return self._plans[key]

    def _text(self, digest: str, what: str) -> bytes:
        text = self._texts.get(digest)
        if text is None:
            text = self._document(digest)
            if text is None:
                raise TextLost(f"the ledger does not hold the text of {what} ({digest})", "run `ordain audit verify`")
            if digest_of(text) != digest:
                raise TextLost(f"the text of {what} kept as {digest} is another", "run `ordain audit verify`")
            self._texts[digest] = text
        return text


def _document(envelope: Json, kind: str) -> str:
    digest = (envelope.get("documents") or {}).get(kind)
    if not isinstance(digest, str):
        raise TextLost(f"the entry `{envelope.get('id')}` names no {kind}")
    return digest
