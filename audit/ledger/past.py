"""The texts that past decisions were made under, read back from the ledger and made into what decided then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ordain.audit.entry.canonical import digest as digest_of
from ordain.audit.entry.entry import VERIFY
from ordain.audit.entry.plan_text import Codes, Named, codes_in, named_in
from ordain.audit.ledger.told import UNTOLD, models_named
from ordain.engine.catalog import plan_of
from ordain.engine.errors import TextLost
from ordain.engine.evaluate import Plan
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.policy.service import Service, Services, load_services
from ordain.engine.telling import types_told
from ordain.engine.trial_plan import trial_of

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
        self._services: dict[str, Services] = {}
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._named: dict[str, Named] = {}
        self._codes: dict[str, Codes] = {}
        self._told: dict[str, Mapping[str, str]] = {}

    def reread(self) -> Past:
        """The same, which reads each text again before it uses what was compiled of it: so it says what is lost now."""
        made = Past(self._document)
        made._vocabularies, made._services, made._plans = self._vocabularies, self._services, self._plans
        return made

    def named(self, envelope: Json) -> Named:
        """The policies and documents that it was decided under, and the models that may have scored."""
        digest = envelope.get("plan")
        if digest is None:
            return Named(envelope["policies"], envelope["documents"], envelope["models"])
        if digest not in self._named:
            try:
                self._named[digest] = named_in(self.plan_text(envelope))
            except ValueError:
                raise TextLost(f"the text of the plan kept as {digest} is no plan's", VERIFY) from None
        return self._named[digest]

    def plan_text(self, envelope: Json) -> bytes:
        """The kept text of the plan that an envelope names."""
        return self._text(str(envelope.get("plan")), "the plan")

    def codes(self, envelope: Json) -> Codes:
        """The reason codes that its plan names."""
        digest = str(envelope.get("plan"))
        if digest not in self._codes:
            self._codes[digest] = codes_in(self.plan_text(envelope))
        return self._codes[digest]

    def in_full(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """The envelope with what its plan names: `policies`, `documents` and `models` as an envelope without one has.

        When the plan's text is lost the first two are empty, and of the models the names are all that is known. What
        the private part has to say is not known here (`audit.ledger.told`).
        """
        if "plan" not in envelope:
            return envelope
        try:
            named = self.named(envelope)
        except TextLost:
            named = Named([], {}, [])
        told = {**UNTOLD, **envelope}
        models = models_named(told["models"], named)
        return {**told, "policies": named.policies, "documents": named.documents, "models": models}

    def vocabulary(self, envelope: Json) -> Vocabulary:
        """The facts as they were declared."""
        named = self._digest(envelope, "vocabulary")
        text = self._text(named, "the vocabulary")
        if named not in self._vocabularies:
            self._vocabularies[named] = load_vocabulary(text, "facts.yaml")
        return self._vocabularies[named]

    def service(self, envelope: Json) -> Service | None:
        """The service that decided, with its purpose."""
        named = self._digest(envelope, "services")
        text = self._text(named, "the services")
        if named not in self._services:
            self._services[named] = load_services(text, "services.yaml")
        return self._services[named].by_name.get(str(envelope.get("service")))

    def plan(self, envelope: Json) -> Plan:
        """The policies that decided, in order, compiled."""
        vocabulary, services = self._digest(envelope, "vocabulary"), self._digest(envelope, "services")
        policies = self.named(envelope).policies
        key = (str(envelope["service"]), vocabulary, services, *(str(policy["digest"]) for policy in policies))
        known, offered = self._text(vocabulary, "the vocabulary"), self._text(services, "the services")
        texts = self._policies(envelope)
        if key not in self._plans:
            self._plans[key] = plan_of(key[0], known, offered, texts)
        return self._plans[key]

    def trial(self, envelope: Json, vocabulary: bytes, chosen: Mapping[str, Policy]) -> Plan:
        """The same with the policies that are `chosen`, by name, in the place of theirs, all of them read under this
        vocabulary. It is made anew each time.
        """
        offered = self._text(self._digest(envelope, "services"), "the services")
        texts = []
        for label, text in self._policies(envelope):
            instead = chosen.get(label.rpartition("@")[0])
            texts.append((label, text) if instead is None else (instead.label, instead.text))
        for policy in chosen.values():
            texts += [(f"{part.kept_as}@{part.version}", part.text) for part in policy.shared]
        return trial_of(str(envelope["service"]), vocabulary, offered, list(dict(texts).items()))

    def _policies(self, envelope: Json) -> list[tuple[str, bytes]]:
        """Labels and texts of the policies that decided, in order."""
        named = [(f"{each['policy']}@{each['version']}", str(each["digest"])) for each in self.named(envelope).policies]
        return [(label, self._text(digest, f"the policy {label}")) for label, digest in named]

    def types_told(self, envelope: Json) -> Mapping[str, str]:
        """By reason code the types of further events that its rules make; of a decision whose plan it names."""
        plan = str(envelope["plan"])
        if plan not in self._told:
            service = self.service(envelope)
            self._told[plan] = types_told(self.plan(envelope)) if service is not None and service.tells else {}
        return self._told[plan]

    def _digest(self, envelope: Json, kind: str) -> str:
        digest = self.named(envelope).documents.get(kind)
        if not isinstance(digest, str):
            raise TextLost(f"the entry `{envelope.get('id')}` names no {kind}")
        return digest

    def _text(self, digest: str, what: str) -> bytes:
        text = self._texts.get(digest)
        if text is None:
            text = self._document(digest)
            if text is None:
                raise TextLost(f"the ledger does not hold the text of {what} ({digest})", VERIFY)
            if digest_of(text) != digest:
                raise TextLost(f"the text of {what} kept as {digest} is another", VERIFY)
            self._texts[digest] = text
        return text
