"""Versions that are not loaded, and can be tried: files beside those that decide, or texts that were submitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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


def submitted(life: Lifecycle | None, root: str, kept: Kept) -> VersionsToTry:
    """Those of a ledger, by its last look at it; none where versions decide by their dates. `root` is the name of the
    policies directory."""

    def texts(name: str) -> dict[int, Text]:
        changes = life.life(name).changes if life is not None else ()
        return {change.version: change.text for change in changes if change.step is Step.SUBMISSION}

    def text(name: str, number: int) -> tuple[str, bytes]:
        assert life is not None  # noqa: S101 - without one there is no number
        submission = texts(name)[number]
        made = life.kept(submission)
        return f"{root}/{file_of(submission.label, made)}", made

    return VersionsToTry(lambda name: list(texts(name)), text, kept)
