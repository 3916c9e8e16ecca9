"""A fact renamed everywhere, or refused with the reason: never half, and never so that less loads than before."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ordain.api.lsp.document import Document, Place
from ordain.api.lsp.folder import Folder, version_of
from ordain.api.lsp.pointing import Found, is_fact, of_name
from ordain.engine.errors import Issue, Level, MalformedRequest, NotThatType
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.values.temporal import date


@dataclass(frozen=True, slots=True)
class Renaming:
    """`places` is where the old name stands, by file. `begun` are the files of versions whose first day has come, so
    that they may have decided something: that only a person can know here."""

    old: str
    new: str
    places: Mapping[str, tuple[Found, ...]]
    begun: frozenset[str]


def renamable(document: Document, index: int) -> Place:
    """The name of a fact at an index. Raises MalformedRequest when something else stands there."""
    place = document.place_at(index)
    if place is None:
        raise MalformedRequest("no name of a fact stands here", "put the cursor on one")
    if not is_fact(document, place.name):
        raise MalformedRequest(f"`{place.name}` is no fact", "only a fact is renamed in all files")
    return place


def renaming(folder: Folder, document: Document, index: int, new: str) -> Renaming:
    """What has to be changed to call the fact at an index `new`. Raises MalformedRequest, PolicyError."""
    place = renamable(document, index)
    old = place.name
    refuse_name(folder, old, new)
    refuse_unread(folder, old)
    places: dict[str, list[Found]] = {}
    for found in of_name(folder, document, place):
        places.setdefault(found.file, []).append(found)
    _refuse_readers(folder, old, set(places))
    changed = {file: replaced(folder.text_of(file), several, new) for file, several in places.items()}
    _refuse_worse(folder, old, new, changed)
    begun = frozenset(file for file in places if _has_begun(folder.document(file)))
    return Renaming(old, new, {file: tuple(several) for file, several in places.items()}, begun)


def refuse_name(folder: Folder, old: str, new: str) -> None:
    """Raises MalformedRequest for a name that no fact can have, or that something has already."""
    if not is_name(new):
        raise MalformedRequest(f"`{new}` cannot be a name", "use letters, digits and `_`, but no keyword")
    if new == old:
        raise MalformedRequest(f"it is called `{old}` already")
    if new in FUNCTIONS:
        raise MalformedRequest(f"`{new}` is a built-in function", "choose another name")
    for document in folder.documents():
        outputs = (output for name in document.declared for output in document.outputs_of(("decides", name)))
        if new in document.facts or new in document.declared or new in outputs:
            raise MalformedRequest(f"`{new}` is the name of something else in `{document.file}`", "choose another name")


def refuse_unread(folder: Folder, old: str) -> None:
    """Raises MalformedRequest while a file that has the word is no YAML: where it cannot be read it would be left."""
    word = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)")
    for document in folder.documents():
        if document.layout.mended != document.text and word.search(document.text):
            raise MalformedRequest(f"`{document.file}` has `{old}` and cannot be read in full", "correct it first")


def _refuse_readers(folder: Folder, old: str, files: set[str]) -> None:
    """Refuse what the old name would be left in: older versions, `.dmn` files, models."""
    newest = {several[0] for several in folder.policies().values()}
    for file in sorted(files):
        if file.count("/") == 2 and file not in newest:
            raise MalformedRequest(
                f"`{file}` reads `{old}` and is not the newest version",
                f"what has decided must not be changed: declare a new fact, and keep `{old}` for the old versions",
            )
    for policy in folder.check().findings.policies:
        if policy.span.file.endswith(".dmn") and old in policy.reads:
            raise MalformedRequest(f"`{policy.span.file}` reads `{old}`, and a .dmn file is not changed here")
    for model in folder.models() or ():
        if any(feature.name == old for feature in model.reads):
            raise MalformedRequest(
                f"the model `{model.name}` reads `{old}`",
                "train it with the new name first: its scores need the old one",
            )


def replaced(text: str, several: Iterable[Found], new: str) -> str:
    """The text with another name at each of these places."""
    for found in sorted(several, key=lambda each: -each.start):
        text = text[: found.start] + new + text[found.end :]
    return text


def _refuse_worse(folder: Folder, old: str, new: str, changed: Mapping[str, str]) -> None:
    """Refuse when something would be wrong afterwards that is not now: a name that nobody wrote, such as of a limit."""
    before, after = folder.check_changed(changed)
    known = Counter(map(_told, before))
    for issue in after:
        told = _told(issue, new, old)
        if issue.level is Level.ERROR and not known[told]:
            where = f"{issue.span.file}:{issue.span.line}: " if issue.span is not None else ""
            raise MalformedRequest(f"`{old}` cannot be called `{new}`: {where}{issue.message}", issue.hint)
        known[told] -= 1


def _told(issue: Issue, new: str = "", old: str = "") -> tuple[str, str, str]:
    message = issue.message.replace(new, old) if new else issue.message
    return (issue.span.file if issue.span is not None else "", issue.code, message)


def _has_begun(document: Document) -> bool:
    """Whether a version of a policy decides already, by its first day."""
    layout = document.layout
    first = layout.text_at("effective") or layout.text_at("effective", "from")
    try:
        return version_of(document.file) > 0 and date(first) <= dt.datetime.now(dt.UTC).date()
    except NotThatType:
        return False
