"""A policies directory as it stands in the editor: what is open counts as it is typed, all else as it is on disk."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ordain.api.cli.model_cards import models_on_file
from ordain.api.lsp.document import Declared, Document, Named
from ordain.api.lsp.layout import Layout
from ordain.api.lsp.sections import Sort
from ordain.api.lsp.text_lines import Lines
from ordain.engine.catalog import Texts, known_vocabulary, read_texts
from ordain.engine.check.findings import Findings, check_policies
from ordain.engine.errors import Issue, PolicyError
from ordain.engine.policy.facts import ModelCard, Vocabulary
from ordain.engine.policy.known_names import KnownNames
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.policy.shared import FOLDER
from ordain.engine.versions import Kept

NAMED = ("facts.yaml", "services.yaml")
_ENDINGS = (".yaml", ".dmn")


def folder_of(file: Path) -> Path | None:
    """The policies directory that a file lies in: the nearest folder above it with a facts.yaml, three at the most."""
    above = [file.parent] if file.name in NAMED else [file.parent.parent]
    if file.parent.parent.name == FOLDER:
        above.append(file.parent.parent.parent)
    return next((each for each in above if file.name == NAMED[0] or (each / NAMED[0]).is_file()), None)


@dataclass(frozen=True, slots=True)
class Checked:
    """What `ordain check` would say of the directory as it stands in the editor, and the texts that it says it of."""

    findings: Findings
    texts: Texts


class Folder:
    """`open` are the texts in the editor, by the names that findings give to files: `policies/price-bounds/v1.yaml`."""

    def __init__(self, path: Path, models: Path | None = None, live: Callable[[], Mapping[str, int]] = dict) -> None:
        self.path, self._models, self._live = path, models, live
        self.open: dict[str, str] = {}
        self._kept = Kept()
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._vocabulary = Vocabulary({})
        self._facts_text = ""
        self._documents: dict[str, Document] = {}

    @property
    def root(self) -> str:
        return self.path.name

    def name_of(self, file: Path) -> str:
        """The name of a file of this directory."""
        return f"{self.root}/{file.relative_to(self.path).as_posix()}"

    def path_of(self, name: str) -> Path:
        return self.path / name.removeprefix(f"{self.root}/")

    def models(self) -> list[ModelCard] | None:
        cards = models_on_file(self._models, self._live()) if self._models is not None else None
        return None if cards is None else list(cards)

    # --- texts --------------------------------------------------------------------------------------------------

    def texts(self) -> Texts:
        """All files of the directory, those that are open as they are in the editor. Raises PolicyError."""
        return self._with(read_texts(self.path), dict(self.open))

    def _with(self, texts: Texts, opened: Mapping[str, str]) -> Texts:
        policies, shared = dict(texts.policies), dict(texts.shared)
        vocabulary, services = texts.vocabulary, texts.services
        for name, text in opened.items():
            data = text.encode("utf-8", "replace")
            if name == f"{self.root}/{NAMED[0]}":
                vocabulary = data
            elif name == f"{self.root}/{NAMED[1]}":
                services = data
            elif name.endswith(_ENDINGS) and name.count("/") == 2:
                policies[name] = data
            elif _is_shared(name, self.root):
                shared[name] = data
        policies, shared = (dict(sorted(files.items())) for files in (policies, shared))
        return replace(texts, vocabulary=vocabulary, services=services, policies=policies, shared=shared)

    def text_of(self, name: str) -> str:
        """The text of one file; empty when it cannot be read."""
        if (text := self.open.get(name)) is not None:
            return text
        try:
            return self.path_of(name).read_text(encoding="utf-8-sig", errors="replace")
        except OSError:
            return ""

    def files(self) -> list[str]:
        """The names of all YAML files of the directory, also of those that are in the editor alone."""
        inside = [file for pattern in ("*/*.yaml", f"{FOLDER}/*/*.yaml") for file in self.path.glob(pattern)]
        on_disk = [*inside, *(self.path / name for name in NAMED if (self.path / name).is_file())]
        return sorted({*map(self.name_of, on_disk), *(name for name in self.open if name.endswith(".yaml"))})

    # --- what is known ------------------------------------------------------------------------------------------

    def vocabulary(self) -> Vocabulary:
        """The facts as they are declared now, or were when facts.yaml could be read last."""
        text = self.text_of(f"{self.root}/{NAMED[0]}")
        with self._reading:  # a check goes on in another thread
            if text != self._facts_text:
                known = _vocabulary_of(text, patient=not self._vocabulary.facts)
                # Half a word of one fact must not take all others away.
                self._vocabulary = known if known is not None else self._vocabulary
                self._facts_text = text
            return self._vocabulary

    def document(self, name: str) -> Document:
        """One file, read again only when it or the facts have changed."""
        text, facts = self.text_of(name), self.vocabulary().facts
        known = self._documents.get(name)
        if known is None or known.text != text:
            known = self._documents[name] = Document(name, text, facts)
        elif known.facts is not facts:
            known = self._documents[name] = Document(name, text, facts, known.layout)
        if known.shared != (shared := self._shared_by(known)):
            known = self._documents[name] = Document(name, text, facts, known.layout, shared)
        return known

    def _shared_by(self, document: Document) -> dict[str, tuple[Document, Declared]]:
        """What a policy has of the shared parts that it uses, by name, with the file that says it."""
        found = {}
        for label in document.layout.items("uses") if document.sort is Sort.POLICY else ():
            name, _, version = label.value.partition("@")
            file = f"{self.root}/{FOLDER}/{name}/v{version}.yaml"
            if file != document.file and _is_shared(file, self.root):
                of = self.document(file)
                found.update({each.name: (of, each) for each in of.declared.values()})
        return found

    def shared(self) -> list[str]:
        """The labels of all that policies share, such as india@1, the newest version of each first."""
        labels = {}
        for name in self.files():
            if _is_shared(name, self.root):
                labels[f"{name.split('/')[2]}@{version_of(name)}"] = (name.split("/")[2], -version_of(name))
        return sorted(labels, key=lambda label: labels[label])

    def documents(self) -> list[Document]:
        return [self.document(name) for name in self.files()]

    def loaded(self) -> list[Policy]:
        """The policies that load, as they stand on the disk; none where the facts do not."""
        try:
            texts = read_texts(self.path)
            return [
                each.policy
                for each in Kept().take(texts.policies, texts.root, known_vocabulary(texts)[0])
                if each.policy is not None
            ]
        except PolicyError:
            return []

    def policies(self) -> dict[str, list[str]]:
        """The files of each policy, the newest version first."""
        found: dict[str, list[str]] = {}
        for name in [*self.files(), *(self.name_of(file) for file in self.path.glob("*/*.dmn"))]:
            if name.count("/") == 2:
                found.setdefault(name.split("/")[1], []).append(name)
        return {policy: sorted(files, key=version_of, reverse=True) for policy, files in sorted(found.items())}

    # --- checking -----------------------------------------------------------------------------------------------

    def check(self) -> Checked:
        """Everything that `ordain check` finds, with what is open as it is in the editor."""
        with self._lock:
            try:
                texts = self.texts()
            except PolicyError as error:
                issues = tuple(replace(issue, code=issue.code or "file") for issue in error.issues)
                return Checked(Findings(issues, (), ()), Texts(b"", b"", {}, self.root))
            return Checked(check_policies(texts, self.models(), _today(), self._kept), texts)

    def check_changed(self, changed: Mapping[str, str]) -> tuple[tuple[Issue, ...], tuple[Issue, ...]]:
        """What is found now, and what would be found with other texts for some files. Raises PolicyError."""
        with self._lock:
            now = self.texts()
            before = check_policies(now, self.models(), _today(), self._kept)
            then = check_policies(self._with(now, changed), self.models(), _today(), Kept())
            return before.issues, then.issues


def _vocabulary_of(text: str, *, patient: bool) -> Vocabulary | None:
    """The facts of a text; None when it cannot be read. `patient`: those facts are left out with which something is
    wrong."""
    try:
        return load_vocabulary(text.encode("utf-8", "replace"), NAMED[0])
    except PolicyError as error:
        if not patient:
            return None
        layout = Layout(text)
        rest = layout.mended
        wrong = {issue.span.line for issue in error.issues if issue.span is not None}
        lines = Lines(rest)
        for key in layout.keys_in("facts"):
            end = layout.ends[key.path][1] if key.path in layout.ends else lines.end_of_line(key.end)
            end = len(rest[:end].rstrip())  # a block reaches to what comes next
            if wrong & set(range(lines.line_of(key.start) + 1, lines.line_of(end) + 2)):
                rest = rest[: key.start] + re.sub(r"[^\n]", " ", rest[key.start : end]) + rest[end:]
        return _vocabulary_of(rest, patient=False)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _is_shared(name: str, root: str) -> bool:
    """Whether a file is named as a version of what policies share."""
    return name.startswith(f"{root}/{FOLDER}/") and name.endswith(".yaml") and name.count("/") == 3


def version_of(name: str) -> int:
    """The number of a version by the name of its file; 0 when it has none."""
    digits = name.rpartition("/")[2].partition(".")[0].removeprefix("v")
    return int(digits) if digits.isdecimal() and digits.isascii() else 0


def known_names(path: Path) -> KnownNames:
    """The names of a policies directory as it is on disk, also of policies that do not load."""
    folder = Folder(path)
    decisions: dict[str, str] = {}
    results: dict[str, None] = {}
    for document in folder.documents():
        for name, declared in document.declared.items():
            if declared.kind is Named.DECISION:
                decisions.setdefault(name, document.policy)
                outputs = [output for output in document.outputs_of(declared.scalar.path) if output]
                results.update(dict.fromkeys([f"{name}.{output}" for output in outputs] or [name]))
    return KnownNames(folder.vocabulary().facts, list(folder.policies()), decisions, list(results), folder.shared())
