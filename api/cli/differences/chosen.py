"""Two versions of a policy, as the arguments of a command name them: by name, by version, or by file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from ordain.api.differences.two_versions import Side, side_of, vocabulary_of
from ordain.engine.catalog import Texts, read_texts
from ordain.engine.errors import MalformedRequest, did_you_mean
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.text.source import read_file

_ENDINGS = (".yaml", ".dmn")


def two_sides(folder: Path, zone: dt.tzinfo, first: str, second: str) -> tuple[Side, Side, Vocabulary]:
    """The older and the newer version. Raises MalformedRequest, PolicyError.

    Either is a file, or `name@version`; of the second the name may be left out. A name alone are its two newest.
    """
    texts = read_texts(folder, zone)
    vocabulary = vocabulary_of(texts)
    if not second and not first.endswith(_ENDINGS):
        first, second = _two_newest(texts, first)
    elif not second:
        raise MalformedRequest(f"`{first}` is compared with nothing", "name a second file")
    name = first.partition("@")[0]
    if second.startswith("@"):
        second = f"{name}{second}"
    return _side(texts, first, vocabulary), _side(texts, second, vocabulary), vocabulary


def _two_newest(texts: Texts, wanted: str) -> tuple[str, str]:
    name, at, version = wanted.partition("@")
    known = sorted(_versions(texts, name))
    if at:
        others = [f"@{number}" for number in known if str(number) != version]
        there = f"name a second version: {wanted} {others[-1]}" if others else "there is no other version of it"
        if len(others) == len(known):
            raise MalformedRequest(f"`{name}` has no version {version[:20]}", f"there are: {', '.join(others)}")
        raise MalformedRequest(f"`{wanted}` is compared with nothing", there)
    if len(known) < 2:
        raise MalformedRequest(f"`{name}` has one version only", "name two files, or write a second version")
    return f"{name}@{known[-2]}", f"{name}@{known[-1]}"


def _versions(texts: Texts, name: str) -> dict[int, str]:
    versions = texts.versions()
    if name not in versions:
        raise MalformedRequest(f"there is no policy `{name}`", did_you_mean(name, versions))
    return versions[name]


def _side(texts: Texts, wanted: str, vocabulary: Vocabulary) -> Side:
    if wanted.endswith(_ENDINGS):
        text, shown = read_file(Path(wanted), wanted), wanted
    else:
        name, _, version = wanted.partition("@")
        known = _versions(texts, name)
        if version not in map(str, known):
            listed = ", ".join(map(str, sorted(known)))
            raise MalformedRequest(f"`{name}` has no version `{version}`", f"there are: {listed}")
        shown = known[int(version)]
        text = texts.policies[shown]
    return side_of(wanted, shown, text, vocabulary)
