"""A policy that a command names, with its file and the other versions that there are of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from ordain.engine.catalog import known_vocabulary, read_texts
from ordain.engine.dmn.reading.policy_file import read_policy
from ordain.engine.errors import ExportFailed, MalformedRequest, did_you_mean, reason_of
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.model import Policy


@dataclass(frozen=True, slots=True)
class ChosenPolicy:
    """A policy, where its file is and what errors call it, and the highest version that there is of it."""

    policy: Policy
    file: Path
    shown: str
    newest: int
    vocabulary: Vocabulary


def choose_policy(folder: Path, zone: dt.tzinfo, wanted: str) -> ChosenPolicy:
    """The policy `name` or `name@version`; without a version the highest. Raises PolicyError, MalformedRequest."""
    texts = read_texts(folder, zone)
    name, at, version = wanted.partition("@")
    versions = texts.versions()
    if name not in versions:
        raise MalformedRequest(f"there is no policy `{name}`", did_you_mean(name, versions))
    known = versions[name]
    if at and version not in map(str, known):
        listed = ", ".join(map(str, sorted(known)))
        raise MalformedRequest(f"`{name}` has no version `{version}`", f"there are: {listed}")
    shown = known[int(version)] if at else known[max(known)]
    vocabulary, _ = known_vocabulary(texts)
    if shown.endswith(".dmn"):
        policy = read_policy(texts.policies[shown], shown, vocabulary)
    else:
        policy = load_policy(texts.policies[shown], shown, vocabulary, zone)
    return ChosenPolicy(policy, folder / shown.removeprefix(f"{texts.root}/"), shown, max(known), vocabulary)


def refuse_lost_work(file: Path, known: bytes | None) -> None:
    """Raises ExportFailed when the file has been changed, or a new one written, since it was read."""
    try:
        present = file.read_bytes()
    except FileNotFoundError:
        present = None
    except OSError as error:
        raise ExportFailed(f"`{file}` cannot be read: {reason_of(error)}") from None
    if present != known:
        raise ExportFailed(f"`{file}` has changed meanwhile", "try again")
