"""What is proved of policies and services by their names: the one way in, which loads the solver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.catalog import Catalog
from ordain.engine.errors import MalformedRequest, NotInForce, did_you_mean
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.prove.policy_proofs import PolicyProofs
from ordain.engine.prove.proof import Proof
from ordain.engine.prove.service_proofs import ServiceProofs

Question = tuple[str, str, Callable[[], Proof]]
"""Of what is asked, what, and a function that answers it."""


def questions(catalog: Catalog, wanted: Sequence[str], at: dt.datetime, seconds: float) -> list[Question]:
    """All that is to be proved of these policies (the newest version, or `name@version`) and services, as they decide
    at that time; of all when none is named. Raises MalformedRequest for a name that neither has."""
    if not wanted:
        policies = [versions[-1] for versions in catalog.versions.values()]
        return [
            *_of_policies(policies, catalog.vocabulary, seconds),
            *_of_services(catalog, catalog.services.by_name, at, seconds),
        ]
    asked: list[Question] = []
    for name in wanted:
        policies = _policies(catalog, name)
        services = [name] if name in catalog.services.by_name else []
        if not policies and not services:
            known = list(dict.fromkeys([*catalog.versions, *catalog.services.by_name]))
            raise MalformedRequest(f"there is no policy or service `{name}`", did_you_mean(name, known))
        asked += [*_of_policies(policies, catalog.vocabulary, seconds), *_of_services(catalog, services, at, seconds)]
    return asked


def claims_of(policies: Sequence[CompiledPolicy], vocabulary: Vocabulary, seconds: float) -> Iterator[Question]:
    """What these policies claim themselves: their `prove:` lines, and what their kinds promise."""
    for compiled in policies:
        for asked, answer in PolicyProofs(compiled, vocabulary, seconds).questions(claims_only=True):
            yield compiled.policy.label, asked, answer


def _policies(catalog: Catalog, name: str) -> list[CompiledPolicy]:
    name, _, version = name.partition("@")
    versions = catalog.versions.get(name, ())
    if not version:
        return list(versions[-1:])
    return [each for each in versions if str(each.policy.version) == version]


def _of_policies(policies: Sequence[CompiledPolicy], vocabulary: Vocabulary, seconds: float) -> Iterator[Question]:
    for compiled in policies:
        for asked, answer in PolicyProofs(compiled, vocabulary, seconds).questions():
            yield compiled.policy.label, asked, answer


def _of_services(catalog: Catalog, services: Iterable[str], at: dt.datetime, seconds: float) -> Iterator[Question]:
    for name in services:
        try:
            plan = catalog.pick(name, at)
        except NotInForce:
            continue  # nothing of it decides at that time
        for asked, answer in ServiceProofs(plan, catalog.vocabulary, seconds).questions():
            yield name, asked, answer
