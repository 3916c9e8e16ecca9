"""All versions of all policies with their states: of those in the folder, and of those that only the ledger has."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from ordain.engine.catalog import Catalog, Texts, known_vocabulary
from ordain.engine.errors import NotInForce
from ordain.engine.lifecycle.change import Text
from ordain.engine.lifecycle.life import Life, State
from ordain.engine.lifecycle.turns import Turns
from ordain.engine.policy.service import load_services
from ordain.engine.text.source import digest_of
from ordain.engine.versions import Kept, read_versions


@dataclass(frozen=True, slots=True)
class VersionState:
    """`begins` is from when it counts, or will, as a text; None while that is open. `file` is None when it is gone.

    `edited` is whether the file, or that of a part, is another now than when the last step was taken."""

    policy: str
    version: int
    state: str
    begins: str | None
    file: str | None
    digest: str
    edited: bool = False

    def as_json(self) -> dict[str, Any]:
        told = asdict(self)
        told["from"] = told.pop("begins")
        return told


def read_folder(texts: Texts, kept: Kept | None = None) -> Catalog:
    """All versions that load by themselves, whether they fit together or not. Raises PolicyError for facts and services
    that do not load."""
    vocabulary, _ = known_vocabulary(texts)
    read = read_versions(texts.policies, texts.root, vocabulary, kept, texts.zone)
    return Catalog(vocabulary, load_services(texts.services, f"{texts.root}/services.yaml"), read.versions)


def version_states(
    texts: Texts, turns: Turns | None, needed: int, now: dt.datetime, catalog: Catalog | None = None
) -> list[VersionState]:
    """By policy and version. `turns` is None where versions decide by their dates. A version that does not load is a
    draft all the same. `catalog` is what `read_folder` makes of the texts, if it did already. Raises PolicyError."""
    catalog = catalog or read_folder(texts)
    days = {(each.name, each.version): each.effective for each in catalog.policies()}
    files = texts.versions()
    on_record = () if turns is None else turns.changes
    labels = {(name, number) for name, numbers in files.items() for number in numbers}
    labels |= {(change.policy, change.version) for change in on_record}
    told = []
    for name, number in sorted(labels):
        file = files.get(name, {}).get(number)
        if turns is None:
            effective = days.get((name, number))
            begins = None if effective is None else effective.start.isoformat()
            state = _by_dates(catalog, name, number, now.date())
        else:
            life = Life(name, turns, needed)
            state = life.state(number, now, lambda version, name=name: days.get((name, version)))  # type: ignore[misc]
            starts = [turn.starts for turn in turns.of.get(name, ()) if turn.version == number]
            begins = starts[0].astimezone(texts.zone).isoformat(timespec="seconds") if starts else None
        recorded = [change.texts for change in on_record if (change.policy, change.version) == (name, number)]
        digest = recorded[-1][0].digest if file is None else digest_of(texts.policies[file])
        edited = bool(recorded) and any(_was_edited(text, texts) for text in recorded[-1])
        told.append(VersionState(name, number, str(state), begins, file, digest, edited))
    return told


def _was_edited(text: Text, texts: Texts) -> bool:
    file = texts.kept_versions().get(text.name, {}).get(text.version)
    return file is not None and digest_of(texts.text(file)) != text.digest


def _by_dates(catalog: Catalog, name: str, number: int, day: dt.date) -> State:
    found = [each.policy for each in catalog.versions.get(name, ()) if each.policy.version == number]
    if not found:
        return State.DRAFT
    try:
        if catalog.by_dates(name, day).policy.version == number:
            return State.ACTIVE
    except NotInForce:
        pass
    return State.PLANNED if found[0].effective.start > day else State.REPLACED
