"""Everything that reads or gives a name, by file and line: a fact, a decision, a policy, something shared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ordain.api.lsp.document import Document, Place
from ordain.api.lsp.folder import Folder
from ordain.api.lsp.pointing import Found, of_name, of_policy
from ordain.api.lsp.sections import Role, Sort
from ordain.engine.errors import MalformedRequest, did_you_mean

_HOW = {
    Role.DECISION: "declares",
    Role.CONSTANT: "declares",
    Role.FUNCTION: "declares",
    Role.DECISION_NAME: "gives",
    Role.SHARED: "uses",
}
EXAMPLE, _DECLARES, _ASKS, _SOURCE, _READS = "example", "declares", "asks", "source", "reads"


@dataclass(frozen=True, slots=True)
class Use:
    """One place. `how`: it declares, reads, gives, uses or asks it, has it in an example, or is a fact's source.

    `within` are the keys that lead to it, such as `decides, offer, rules, 2, when, churn_risk`, and `text` the key or
    value that it stands in. `line` counts from 1.
    """

    file: str
    line: int
    how: str
    within: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Uses:
    """`what` is one of fact, decision, constant, function, policy, shared. `services` ask a policy that reads or gives
    it, and `models` read the fact."""

    name: str
    what: str
    places: tuple[Use, ...]
    services: tuple[str, ...]
    models: tuple[str, ...]


def uses(folder: Folder, name: str) -> Uses:
    """Every use of a name. A decision's and a constant's are those of all policies that have one called so. Raises
    MalformedRequest."""
    if name in folder.policies():
        places = tuple(_told(folder, found) for found in of_policy(folder, name))
        return Uses(name, "policy", places, _services(folder, {name}), ())
    if any(label.partition("@")[0] == name for label in folder.shared()):
        places = tuple(_of_shared(folder, name))
        return Uses(name, "shared", places, _services(folder, _policies(places)), ())
    found = list(_of_name(folder, name))
    if name in folder.vocabulary():
        found = sorted([*found, *_by_limits(folder, name, found)], key=lambda use: (use.file, use.line))
    if not found:
        known = [*folder.vocabulary(), *folder.policies()]
        for document in folder.documents():
            known += list(document.declared)
        hint = did_you_mean(name, list(dict.fromkeys(known)))
        raise MalformedRequest(f"there is no fact, policy or decision `{name}`", hint)
    models = tuple(
        f"{model.name}@{model.version}"
        for model in folder.models() or ()
        if any(feature.name == name for feature in model.reads)
    )
    return Uses(name, _what(folder, name), tuple(found), _services(folder, _policies(found)), models)


def _policies(places: Iterable[Use]) -> set[str]:
    return {use.file.split("/")[-2] for use in places if use.file.count("/") == 2 and use.how != EXAMPLE}


def _services(folder: Folder, policies: set[str]) -> tuple[str, ...]:
    """The services that ask one of these policies."""
    document = folder.document(f"{folder.root}/services.yaml")
    asking = (
        str(scalar.path[1])
        for scalar in document.layout.scalars
        if not scalar.is_key and document.role(scalar) is Role.POLICY_NAME and scalar.value in policies
    )
    return tuple(dict.fromkeys(asking))


def _of_name(folder: Folder, name: str) -> Iterator[Use]:
    """The uses of a fact, or of what policies declare under this name, each place once, file by file."""
    places: dict[tuple[str, int], Found] = {}
    for document in folder.documents():
        place = next((each for each in document.places if _is(each, name)), None)
        if place is not None:
            for found in of_name(folder, document, place):
                places.setdefault((found.file, found.start), found)
    for _, found in sorted(places.items()):
        yield _told(folder, found)


def _by_limits(folder: Folder, name: str, found: Iterable[Use]) -> Iterator[Use]:
    """Where `limits` read a fact, whose name does not stand there: in policies that load, and read it nowhere else."""
    told = {use.file for use in found if use.how == _READS}
    for policy in folder.loaded():
        document = folder.document(policy.span.file)
        limits = next((each for each in document.layout.scalars if each.is_key and each.value == "limits"), None)
        if name in policy.reads and policy.span.file not in told and limits is not None:
            yield _told(folder, Found(document.file, *limits.inner))


def _is(place: Place, name: str) -> bool:
    return place.name == name and place.role is not Role.POLICY_NAME


def _of_shared(folder: Folder, name: str) -> Iterator[Use]:
    for document in folder.documents():
        for scalar in document.layout.scalars:
            is_use = not scalar.is_key and document.role(scalar) is Role.SHARED
            if is_use and scalar.value.partition("@")[0] == name:
                yield _told(folder, Found(document.file, *scalar.inner))


def _told(folder: Folder, found: Found) -> Use:
    document = folder.document(found.file)
    line = document.text.count("\n", 0, found.start) + 1
    scalar = document.layout.at(found.start)
    if scalar is None:
        return Use(found.file, line, _READS, (), "")
    within = tuple(str(step + 1) if isinstance(step, int) else step for step in scalar.path)
    how = EXAMPLE if scalar.path[0] == "examples" else _how(document, document.role(scalar))
    return Use(found.file, line, how, within, scalar.value)


def _how(document: Document, role: Role) -> str:
    if document.sort is Sort.FACTS:
        return _SOURCE if role is Role.SOURCE else _DECLARES
    if role is Role.POLICY_NAME:
        return _ASKS
    return _HOW.get(role, _READS)


def _what(folder: Folder, name: str) -> str:
    if name in folder.vocabulary():
        return "fact"
    declared = (document.declared.get(name) for document in folder.documents())
    return next((each.kind.name.lower() for each in declared if each is not None), "decision")
