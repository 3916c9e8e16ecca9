"""What stands at a place of a file, and everywhere else that it stands: for hover, definitions and references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ordain.api.lsp.document import Document, Named, Place
from ordain.api.lsp.folder import Folder
from ordain.api.lsp.layout import Scalar
from ordain.api.lsp.sections import Role, Sort
from ordain.api.lsp.shapes import meaning_at, schema_of, words_at
from ordain.api.lsp.told import declared_told, fact_told, function_told
from ordain.api.lsp.words import Part, Word, at
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.policy.facts import POLICY
from ordain.engine.policy.shared import FOLDER
from ordain.engine.values.types import Type


@dataclass(frozen=True, slots=True)
class Found:
    """A part of a file, from `start` to `end`."""

    file: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Told:
    text: str
    start: int
    end: int


# --- hover ------------------------------------------------------------------------------------------------------


def told_at(document: Document, index: int, types: dict[str, Type]) -> Told | None:
    """What is told of what stands at an index. `types` are those that the policy's decisions were found to have."""
    scalar = document.layout.at(index)
    if scalar is None:
        return None
    if (of_name := _of_name(document, scalar, index, types)) is not None:
        return of_name
    schema = schema_of(document.sort, document.kind)
    if not scalar.is_key and scalar.value not in words_at(schema, scalar.path):
        return None  # of a value it is told what is meant by it where it is one of the words that may stand there
    meaning = meaning_at(schema, scalar.path)
    return Told(f"**{scalar.value}**\n\n{meaning}", scalar.start, scalar.end) if meaning else None


def _of_name(document: Document, scalar: Scalar, index: int, types: dict[str, Type]) -> Told | None:
    part = part_at(document, scalar, index)
    if part is not None and part.word is Word.FUNCTION and part.name in FUNCTIONS:
        return Told(function_told(part.name), *scalar.place(part.start, part.end))
    if part is not None and part.word is Word.VALUE and (fact := document.facts.get(str(scalar.path[-1]))):
        return Told(fact_told(fact), *scalar.place(part.start, part.end))
    place = document.place_at(index)
    if place is None:
        return None
    if (declared := document.declared.get(place.name)) is not None:
        return Told(declared_told(document, declared, types.get(place.name)), place.start, place.end)
    if (shared := document.shared.get(place.name)) is not None:
        return Told(declared_told(*shared, types.get(place.name)), place.start, place.end)
    if (known := document.facts.get(place.name)) is not None:
        return Told(fact_told(known), place.start, place.end)
    return None


def part_at(document: Document, scalar: Scalar, index: int) -> Part | None:
    """The word of an expression that stands at an index; None where none does."""
    return at(document.parts(scalar), scalar.position(index)) if scalar.offsets else None


# --- definitions and references -----------------------------------------------------------------------------------


def definitions(folder: Folder, document: Document, index: int) -> list[Found]:
    """Where what stands at an index is declared."""
    if (policy := _policy_at(document, index)) is not None:
        files = folder.policies().get(policy, [])
        return [Found(file, 0, 0) for file in files[:1]]
    scalar = document.layout.at(index)
    if scalar is not None and not scalar.is_key and document.role(scalar) is Role.SHARED:
        name, _, version = scalar.value.partition("@")
        file = f"{folder.root}/{FOLDER}/{name}/v{version}.yaml"
        return [Found(file, 0, 0)] if file in folder.files() else []
    place = document.place_at(index)
    if place is None:
        return []
    if place.role is Role.DECISION_NAME:
        return list(_deciding(folder, place.name))
    if (declared := document.declared.get(place.name)) is not None:
        start, end = declared.scalar.inner
        return [Found(document.file, start, end)]
    if place.name in document.shared:
        of, shared = document.shared[place.name]
        return [Found(of.file, *shared.scalar.inner)]
    return list(_declaring(folder, place.name))


def _policy_at(document: Document, index: int) -> str | None:
    """The policy whose name stands at an index: in a service, or as the source of a fact."""
    scalar = document.layout.at(index)
    if scalar is None or scalar.is_key:
        return None
    role = document.role(scalar)
    if role is Role.POLICY_NAME:
        return scalar.value
    if role is Role.SOURCE and scalar.value.startswith(POLICY):
        return scalar.value.removeprefix(POLICY)
    return None


def _declaring(folder: Folder, name: str) -> Iterator[Found]:
    facts = folder.document(f"{folder.root}/facts.yaml")
    if (key := facts.layout.key("facts", name)) is not None:
        yield Found(facts.file, *key.inner)


def _deciding(folder: Folder, name: str) -> Iterator[Found]:
    """The decision of that name in the newest version of each policy that has it."""
    for files in folder.policies().values():
        for file in files[:1]:
            declared = folder.document(file).declared.get(name) if file.endswith(".yaml") else None
            if declared is not None and declared.kind is Named.DECISION:
                yield Found(file, *declared.scalar.inner)


def references(folder: Folder, document: Document, index: int) -> list[Found]:
    """Everywhere that the name at an index stands: a fact's in all files, a policy's own in its file."""
    if (policy := _policy_at(document, index)) is not None:
        return list(of_policy(folder, policy))
    place = document.place_at(index)
    return [] if place is None else list(of_name(folder, document, place))


def of_policy(folder: Folder, policy: str) -> Iterator[Found]:
    """Where services ask a policy, and facts name it as their source."""
    for name in (f"{folder.root}/services.yaml", f"{folder.root}/facts.yaml"):
        document = folder.document(name)
        for scalar in document.layout.scalars:
            role = document.role(scalar) if not scalar.is_key else Role.NOTHING
            start, end = scalar.inner
            if role is Role.POLICY_NAME and scalar.value == policy:
                yield Found(name, start, end)
            elif role is Role.SOURCE and scalar.value == f"{POLICY}{policy}":
                yield Found(name, start + len(POLICY), end)


def of_name(folder: Folder, document: Document, place: Place) -> Iterator[Found]:
    """Every place of the name that stands at `place`."""
    name = place.name
    home = document if document.sort is Sort.SHARED else document.shared[name][0] if name in document.shared else None
    if home is not None:
        for each in folder.documents():
            if each.file == home.file or (name in each.shared and each.shared[name][0].file == home.file):
                yield from _in_file(each, name)
        return
    if is_fact(document, name) or document.sort is not Sort.POLICY:
        for each in folder.documents():
            if is_fact(each, name) or each.sort in (Sort.FACTS, Sort.SERVICES):
                yield from _in_file(each, name)
        return
    yield from _in_file(document, name)
    decided = document.declared.get(name)
    if decided is not None and decided.kind is Named.DECISION:
        yield from _in_file(folder.document(f"{folder.root}/services.yaml"), name)


def _in_file(document: Document, name: str) -> Iterator[Found]:
    for place in document.places:
        if place.name == name and place.role is not Role.POLICY_NAME:
            yield Found(document.file, place.start, place.end)


def is_fact(document: Document, name: str) -> bool:
    """Whether a name means a fact in this file: also a decision that gives the value of that fact."""
    fact = document.facts.get(name)
    return fact is not None and (name not in document.declared or fact.given_by == document.policy)
