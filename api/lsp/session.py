"""What the editor has open, by policies directory; no protocol is known here."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ordain.api.lsp.document import Document
from ordain.api.lsp.folder import NAMED, Checked, Folder, folder_of
from ordain.api.lsp.text_lines import Lines
from ordain.api.settings import load_settings
from ordain.engine.errors import Issue, SettingsError
from ordain.engine.late import late
from ordain.engine.values.types import Type

LOG = logging.getLogger("ordain.lsp")


@dataclass(frozen=True, slots=True)
class Marked:
    """A finding, and the part of a file that it is about."""

    issue: Issue
    start: int
    end: int


class Session:
    """`only` is the one policies directory that is looked at; without it each file's own one is."""

    def __init__(self, only: Path | None = None, config: Path | None = None) -> None:
        self._only = only.absolute() if only is not None else None
        self._config = config
        self._folders: dict[Path, Folder] = {}
        self._types: dict[str, dict[str, Type]] = {}
        self._found: dict[Path, dict[str, tuple[Marked, ...]]] = {}

    # --- files --------------------------------------------------------------------------------------------------

    def folder(self, file: Path) -> Folder | None:
        """The policies directory that a file belongs to, if to any."""
        file = file.absolute()
        path = folder_of(file) if self._only is None else self._only
        if path is None or not file.is_relative_to(path) or len(file.relative_to(path).parts) > 2:
            return None
        if path not in self._folders:
            self._folders[path] = self._made(path)
        return self._folders[path]

    def folders(self) -> Iterable[Folder]:
        return list(self._folders.values())

    def _made(self, path: Path) -> Folder:
        """With the models that are checked with it: where the settings name this directory, as `ordain check` does."""
        try:
            settings = load_settings(self._config)
        except SettingsError as error:
            LOG.warning("models are not looked at: %s", error.message)
            return Folder(path)
        if settings.policies.absolute() != path:
            return Folder(path)
        return Folder(path, settings.models, partial(late("ordain.api.stages.live_versions:live_versions"), settings))

    def put(self, file: Path, text: str) -> Folder | None:
        """A file is open in the editor, with this text."""
        folder = self.folder(file)
        if folder is not None:
            folder.open[folder.name_of(file.absolute())] = text.removeprefix("\ufeff")
        return folder

    def close(self, file: Path) -> Folder | None:
        """A file is open no longer: what is on disk counts again."""
        folder = self.folder(file)
        if folder is not None:
            folder.open.pop(folder.name_of(file.absolute()), None)
        return folder

    def document(self, file: Path) -> tuple[Folder, Document] | None:
        """A file with its directory; None when it lies in none, or is no YAML."""
        folder = self.folder(file)
        if folder is None or file.suffix != ".yaml":
            return None
        return folder, folder.document(folder.name_of(file.absolute()))

    # --- findings -----------------------------------------------------------------------------------------------

    def check(self, folder: Folder) -> dict[str, tuple[Marked, ...]]:
        """The findings of a directory by file; a file without any, that had some, has an empty entry."""
        checked = folder.check()
        found: dict[str, list[Marked]] = {}
        for issue in checked.findings.issues:
            name = issue.span.file if issue.span is not None else f"{folder.root}/{NAMED[0]}"
            found.setdefault(name, []).append(_marked(folder, checked, issue, name))
        for policy in checked.findings.policies:
            self._types[str(folder.path_of(policy.span.file))] = {each.name: each.type for each in policy.decisions}
        before = self._found.get(folder.path, {})
        now = {name: tuple(several) for name, several in found.items()}
        self._found[folder.path] = now
        return {**dict.fromkeys(before, ()), **now}

    def found(self, folder: Folder, name: str) -> tuple[Marked, ...]:
        """What was found in a file when it was checked last."""
        return self._found.get(folder.path, {}).get(name, ())

    def types(self, folder: Folder, name: str) -> dict[str, Type]:
        """The types of a policy's decisions, as they were when it could be loaded last."""
        return self._types.get(str(folder.path_of(name)), {})


def _marked(folder: Folder, checked: Checked, issue: Issue, name: str) -> Marked:
    span = issue.span
    if span is None:
        return Marked(issue, 0, 0)
    texts = checked.texts
    named = {f"{texts.root}/{NAMED[0]}": texts.vocabulary, f"{texts.root}/{NAMED[1]}": texts.services}
    text = {**texts.policies, **texts.shared, **named}.get(name, b"").decode("utf-8-sig", "replace")
    lines = Lines(text)
    start = lines.counted(span.line, span.column)
    told = span.text.split("\n")[0].rstrip()
    end = min(start + max(1, len(told)), max(lines.end_of_line(start), start))
    document = folder.document(name) if name.endswith(".yaml") else None
    if document is not None and document.text == text:
        scalar = document.layout.at(start)
        if scalar is not None and scalar.offsets and scalar.style in ("'", '"') and scalar.style:
            first = start - scalar.start - 1  # as if no escape stood before it
            if 0 <= first < len(scalar.value) and scalar.value.startswith(told, first):
                start, end = scalar.place(first, min(first + max(1, len(told)), len(scalar.value)))
    return Marked(issue, start, end)
