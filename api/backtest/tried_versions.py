"""What a backtest was told to try: versions of policies, the service to ask, and the facts to tell apart by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ordain.api.settings import Settings
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.catalog import Catalog, read_texts
from ordain.engine.errors import MalformedRequest, UnknownService, did_you_mean, quoted
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.policy.service import load_services


@dataclass(frozen=True, slots=True)
class Chosen:
    """The versions to be tried, by the names of their policies."""

    compiled: Mapping[str, CompiledPolicy]
    others: Mapping[str, tuple[int, ...]]
    """The other versions that there are of each, the highest first."""

    @property
    def policies(self) -> Mapping[str, Policy]:
        return {name: compiled.policy for name, compiled in self.compiled.items()}

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(compiled.policy.label for compiled in self.compiled.values())


def chosen_versions(catalog: Catalog, named: Sequence[str]) -> Chosen:
    """The versions that `NAME@N` names, or the highest of a NAME. Raises MalformedRequest."""
    compiled: dict[str, CompiledPolicy] = {}
    for text in named:
        name, version = _split(text)
        if name in compiled:
            raise MalformedRequest(f"{quoted(name)} is named twice", "try one version of a policy at a time")
        compiled[name] = _version(catalog, name, version)
    others = {name: _others(catalog, name, tried.policy.version) for name, tried in compiled.items()}
    return Chosen(compiled, others)


def _others(catalog: Catalog, name: str, version: int) -> tuple[int, ...]:
    known = {compiled.policy.version for compiled in catalog.versions[name]} - {version}
    return tuple(sorted(known, reverse=True))


def _version(catalog: Catalog, name: str, version: int | None) -> CompiledPolicy:
    if name not in catalog.versions:
        raise MalformedRequest(f"there is no policy {quoted(name)}", did_you_mean(name, catalog.versions))
    known = {compiled.policy.version: compiled for compiled in catalog.versions[name]}
    if version is not None and version not in known:
        listed = ", ".join(map(str, sorted(known)))
        raise MalformedRequest(f"`{name}` has no version `{version}`", f"there are: {listed}")
    return known[max(known) if version is None else version]


def service_of(settings: Settings, named: Sequence[str], service: str | None) -> str:
    """The service that a table's rows are put to: the one named, or the only one that asks all these policies.

    Raises MalformedRequest, UnknownService, PolicyError.
    """
    texts = read_texts(settings.policies, settings.zone)
    services = load_services(texts.services, f"{texts.root}/services.yaml").by_name
    policies = {_split(text)[0] for text in named}
    for name in sorted(policies - texts.folders()):
        raise MalformedRequest(f"there is no policy {quoted(name)}", did_you_mean(name, texts.folders()))
    asking = sorted(name for name, each in services.items() if policies <= set(each.policies))
    listed = ", ".join(asking) or "none"
    if service is not None:
        if service not in services:
            raise UnknownService(f"there is no service {quoted(service)}", did_you_mean(service, services))
        if service not in asking:
            said = " and ".join(map(quoted, sorted(policies)))
            raise MalformedRequest(f"the service {quoted(service)} does not ask {said}", f"services that do: {listed}")
        return service
    if len(asking) != 1:
        said = " and ".join(map(quoted, sorted(policies)))
        hint = f"say which: --service NAME; there are: {listed}" if asking else "see services.yaml"
        raise MalformedRequest(f"{len(asking) or 'no'} services ask {said}", hint)
    return asking[0]


def chosen_facts(
    vocabulary: Vocabulary, by: Iterable[str], groups: Iterable[str], before: str = "--"
) -> tuple[list[Fact], list[Fact]]:
    """Segments: the facts named, else those with declared values that are neither personal nor protected.

    Groups: those named, else the protected ones. Raises MalformedRequest for a fact that there is not; `before` stands
    before the name of an option in it.
    """
    for option, names in ((f"{before}by", by), (f"{before}groups", groups)):
        for name in names:
            if name not in vocabulary:
                raise MalformedRequest(f"{option}: there is no fact {quoted(name)}", did_you_mean(name, vocabulary))
    facts = vocabulary.facts
    usual = [fact for fact in facts.values() if fact.type.values and not (fact.personal or fact.protected)]
    segments = [facts[name] for name in dict.fromkeys(by)] or usual
    told = [facts[name] for name in dict.fromkeys(groups)] or [fact for fact in facts.values() if fact.protected]
    return segments, told


def _split(text: str) -> tuple[str, int | None]:
    """Raises MalformedRequest."""
    name, at, version = text.partition("@")
    if not name or (at and not (version.isascii() and version.isdecimal() and len(version) < 10)):
        raise MalformedRequest(f"{quoted(text)} is no version of a policy", "write it `retention-offer@2`")
    return name, int(version) if at else None
