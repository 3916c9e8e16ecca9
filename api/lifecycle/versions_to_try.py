"""Versions that are not loaded, and can be tried: files beside those that decide, or texts that were submitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from ordain.api.lifecycle.recorded import Lifecycle
from ordain.engine.catalog import Texts, file_of
from ordain.engine.lifecycle.change import Step, Text
from ordain.engine.versions import Kept


@dataclass(frozen=True, slots=True)
class VersionsToTry:
    """`numbers` gives the versions of a policy, `text` the file and text of one of these; it raises TextLost.

    `kept` has those that were compiled last.
    """

    numbers: Callable[[str], Sequence[int]]
    text: Callable[[str, int], tuple[str, bytes]]
    kept: Kept


def in_files(texts: Texts) -> VersionsToTry:
    """The files of a policies directory."""
    files = texts.versions()

    def text(name: str, number: int) -> tuple[str, bytes]:
        file = files[name][number]
        return file, texts.policies[file]

    return VersionsToTry(lambda name: list(files.get(name, {})), text, Kept())


def submitted(
    life: Lifecycle | None, root: str, kept: Kept, drafts: Callable[[], Texts] | None = None
) -> VersionsToTry:
    """Those of a ledger, by its last look at it; none where versions decide by their dates. `root` is the name of the
    policies directory. `drafts` reads its files: for who may write them, versions that are in none of these count, too.
    """

    @cache
    def beside() -> VersionsToTry | None:
        return None if drafts is None else in_files(drafts())

    def texts(name: str) -> dict[int, Text]:
        changes = life.life(name).changes if life is not None else ()
        return {change.version: change.text for change in changes if change.step is Step.SUBMISSION}

    def numbers(name: str) -> list[int]:
        files = beside()
        return [*texts(name), *(files.numbers(name) if files is not None else ())]

    def text(name: str, number: int) -> tuple[str, bytes]:
        submission, files = texts(name).get(number), beside()
        if submission is None or life is None:
            assert files is not None  # noqa: S101 - without them there is no number
            return files.text(name, number)
        made = life.kept(submission)
        return f"{root}/{file_of(submission.label, made)}", made

    return VersionsToTry(numbers, text, kept)
