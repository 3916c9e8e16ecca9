"""The versions of policies, read and compiled; those whose text has not changed since the last time are kept."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import Issue, PolicyError
from ordain.engine.examples.run import example_issues
from ordain.engine.late import late
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import file_name_issues, load_besides_examples, load_policy
from ordain.engine.policy.model import Policy
from ordain.engine.uncollected import uncollected


@dataclass(frozen=True, eq=False)
class Version:
    """What the text of one file gave. `issues` keep it from being loaded.

    `policy` is None when they are of more than its examples, `compiled` when it cannot decide.
    """

    text: bytes
    vocabulary: Vocabulary
    issues: tuple[Issue, ...]
    policy: Policy | None = None
    compiled: CompiledPolicy | None = None

    @cached_property
    def example_issues(self) -> tuple[Issue, ...]:
        """What came out of its examples otherwise than they say. They are decided once."""
        return tuple(example_issues(self.compiled)) if self.compiled is not None else ()

    def holds(self, text: bytes, vocabulary: Vocabulary) -> bool:
        """Whether this text would give the same with this vocabulary."""
        if text != self.text or not self._shares_the_same(vocabulary):
            return False
        if vocabulary.text == self.vocabulary.text and vocabulary.text:
            return True
        return self.policy is not None and not self.issues and _alike(self.policy, self.vocabulary, vocabulary)

    def _shares_the_same(self, vocabulary: Vocabulary) -> bool:
        """Whether all that it uses is still the same: of one that did not load, all that there is."""
        before, after = self.vocabulary.shared, vocabulary.shared
        if self.policy is None:
            return before == after
        return all(after.get(shared.label) == shared for shared in self.policy.shared)


def _alike(policy: Policy, before: Vocabulary, after: Vocabulary) -> bool:
    """Whether two vocabularies have the same names, and say the same of all that a policy reads and decides.

    A policy with a warning, and one of a `.dmn` file, may have more of its vocabulary in it.
    """
    if policy.lenient or policy.warnings or list(before) != list(after):
        return False
    if before.visible(may_miss=False).fields != after.visible(may_miss=False).fields:
        return False
    names = {*policy.reads, *(decision.name for decision in policy.decisions)}
    return all(before[name] == after[name] for name in names if name in before)


class Kept:
    """What the last load gave, by file. Who gives the same one to each load compiles only what has changed."""

    def __init__(self) -> None:
        self._versions: dict[str, Version] = {}
        self.compiled: tuple[str, ...] = ()
        """The files that the last load read and compiled."""
        self._beside: dict[str, Version] = {}
        self._noted: object = None

    def note(self, versions: Mapping[str, Sequence[CompiledPolicy]], vocabulary: Vocabulary) -> None:
        """What somebody else has loaded by now, and decides by: no text of it has to be compiled here."""
        if self._noted is not versions:
            self._noted = versions
            self._beside = {
                each.policy.span.file: Version(each.policy.text, vocabulary, (), each.policy, each)
                for several in versions.values()
                for each in several
            }

    def take(
        self, files: Mapping[str, bytes], root: str, vocabulary: Vocabulary, zone: dt.tzinfo = dt.UTC
    ) -> list[Version]:
        """A version for each file. What is kept of other files is forgotten."""
        versions, compiled = {}, []
        for file, text in files.items():
            known = self._versions.get(file)
            if known is None or not known.holds(text, vocabulary):
                known = self._noted_of(file, text, vocabulary, zone)
            if known is None:
                known = _read(text, file, root, vocabulary, zone)
                compiled.append(file)
            versions[file] = known
        self._versions, self.compiled = versions, tuple(compiled)
        return list(versions.values())

    def _noted_of(self, file: str, text: bytes, vocabulary: Vocabulary, zone: dt.tzinfo) -> Version | None:
        found = self._beside.get(file)
        if found is None or found.policy is None or not found.holds(text, vocabulary):
            return None
        return found if found.policy.lenient or found.policy.zone == zone else None


@dataclass(frozen=True, slots=True)
class ReadVersions:
    """The versions of each policy that load, the latest first, and what keeps the others from it.

    `nearly` are those that nothing but their examples, or their size as code, keeps from it. `read` is where
    each that loads comes from.
    """

    versions: dict[str, list[CompiledPolicy]]
    issues: list[Issue]
    nearly: list[Policy]
    read: dict[CompiledPolicy, Version]

    def example_issues(self, about: str = "") -> Iterator[Issue]:
        """What came out of examples otherwise than they say, by policy, the latest version first; of one file, or of
        all."""
        for several in self.versions.values():
            for compiled in several:
                if about in ("", compiled.policy.span.file):
                    yield from self.read[compiled].example_issues


def read_versions(
    files: Mapping[str, bytes],
    root: str,
    vocabulary: Vocabulary,
    kept: Kept | None = None,
    zone: dt.tzinfo = dt.UTC,
) -> ReadVersions:
    """Reads and compiles each file once, unless it is kept. Raises nothing: what is wrong is in the result.

    Examples are decided by the calendar of `zone`.
    """
    with uncollected():
        taken = (Kept() if kept is None else kept).take(files, root, vocabulary, zone)
    versions: dict[str, list[CompiledPolicy]] = {}
    for each in taken:
        if each.compiled is not None:
            versions.setdefault(each.compiled.policy.name, []).append(each.compiled)
    for several in versions.values():
        several.sort(key=lambda compiled: (compiled.policy.effective.start, compiled.policy.version), reverse=True)
    issues = [_of_copy(issue, files) for each in taken for issue in each.issues]
    nearly = [each.policy for each in taken if each.policy is not None and each.compiled is None]
    return ReadVersions(versions, issues, nearly, {each.compiled: each for each in taken if each.compiled is not None})


def _of_copy(issue: Issue, files: Mapping[str, bytes]) -> Issue:
    """A file of the wrong name that was copied from a version there is: it is to become the next one."""
    match = re.fullmatch(r"version (\d+) is in `.*`", issue.message) if issue.code == "file-name" else None
    if match is None or issue.span is None:
        return issue
    folder, _, own = issue.span.file.rpartition("/")
    others = (file for file in files if file != issue.span.file)
    taken = {int(named[1]) for file in others if (named := re.fullmatch(rf"{re.escape(folder)}/v(\d+)\.\w+", file))}
    if int(match[1]) not in taken:
        return issue
    # Whoever has given the copy its new name has only forgotten the number inside.
    meant = re.match(r"v(\d{1,6})\.", own, re.IGNORECASE)
    following = int(meant[1]) if meant is not None and int(meant[1]) not in taken else max(taken) + 1
    name = f"v{following}.yaml"
    rename = f" and call this one {name}" if own != name else ""
    return replace(issue, hint=f"version {match[1]} has its file; set `version: {following}`{rename}")


def _read(text: bytes, file: str, root: str, vocabulary: Vocabulary, zone: dt.tzinfo) -> Version:
    try:
        policy, wrong_examples = _load_besides_examples(text, file, vocabulary, zone)
    except PolicyError as error:
        return Version(text, vocabulary, tuple(error.issues))
    if wrong_examples:
        return Version(text, vocabulary, tuple(wrong_examples), policy)
    folder, _, name = file.removeprefix(f"{root}/").partition("/")
    issues = file_name_issues(policy, folder, name)
    try:
        return Version(text, vocabulary, tuple(issues), policy, compile_policy(policy))
    except PolicyError as error:
        return Version(text, vocabulary, (*issues, *error.issues), policy)


def load_text(text: bytes, file: str, vocabulary: Vocabulary) -> Policy:
    """The policy of a YAML or `.dmn` text. Raises PolicyError with all issues."""
    if not file.endswith(".dmn"):
        return load_policy(text, file, vocabulary)
    policy: Policy = late("ordain.engine.dmn.reading.policy_file:read_policy")(text, file, vocabulary)
    return policy


def _load_besides_examples(
    text: bytes, file: str, vocabulary: Vocabulary, zone: dt.tzinfo
) -> tuple[Policy, list[Issue]]:
    if file.endswith(".dmn"):
        return load_text(text, file, vocabulary), []
    return load_besides_examples(text, file, vocabulary, zone)
