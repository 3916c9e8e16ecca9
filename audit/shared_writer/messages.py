"""What a process that decides and the one that writes say to each other, as parts of bytes.

A key's secret is never among it: what is sent is sealed already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ordain.audit.entry.documents import Document, Reference
from ordain.audit.entry.entry import Prepared
from ordain.audit.entry.keys import DataKey
from ordain.audit.entry.once import Once
from ordain.audit.ledger.group_commit import OutcomeUnknown, TooManyWaiting
from ordain.audit.shared_writer.framing import BadFrame, packed, unpacked
from ordain.audit.store.store import AskedBefore, EntryRefused, KeyMoved
from ordain.engine.errors import Issue, NotRecorded, OrdainError, PolicyChanged

_OF_ENTRY, _OF_TEXT = 9, 6  # parts


class Word(IntEnum):
    """What a message is. READY is the writer's first on a line, before which nothing is sent to it."""

    READY = 1
    WRITE = 2
    WRITE_AGAIN = 3
    """The same as WRITE, from who does not know whether it was written before."""
    STATE = 4
    DONE = 10
    REFUSED = 11
    KEY_MOVED = 12
    NOT_RECORDED = 13
    POLICY_CHANGED = 14
    FAILED = 15
    OVERLOADED = 16
    UNKNOWN = 17
    ASKED_BEFORE = 18


_BARE: dict[type[Exception], Word] = {
    EntryRefused: Word.REFUSED,
    KeyMoved: Word.KEY_MOVED,
    TooManyWaiting: Word.OVERLOADED,
    OutcomeUnknown: Word.UNKNOWN,
}
_SAYING: dict[type[OrdainError], Word] = {PolicyChanged: Word.POLICY_CHANGED, NotRecorded: Word.NOT_RECORDED}


class WriterFailed(Exception):
    """The writer, or its database, is at fault, and nothing was written. `issue` says how."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.message)
        self.issue = issue


@dataclass(frozen=True, slots=True)
class Group:
    """What `Store.write` takes. `again` says that it may have been written before."""

    entries: list[Prepared]
    unkept: list[Reference]
    documents: list[Document]
    again: bool = False


def group_body(entries: Sequence[Prepared], unkept: Sequence[Reference], documents: Iterable[Document]) -> bytes:
    """A group as it is sent. Of the documents only those that `unkept` names."""
    parts = [b"%d" % len(entries)]
    for entry in entries:
        key = entry.data_key
        parts += [entry.id, key.key, key.tag, key.wrapped or b"", _flag(key.indexed), entry.envelope, entry.sealed]
        parts += entry.once or (b"", b"")
    texts = {document.reference: document.text for document in documents} if unkept else {}
    for named in unkept:
        text = texts.get(named)
        parts += [named.kind.encode(), named.name.encode(), b"%d" % named.version, named.digest.encode()]
        parts += [_flag(text is not None), text or b""]
    return packed(parts)


def group_of(body: bytes, again: bool) -> Group:
    """The group that was sent. Raises BadFrame."""
    parts = unpacked(body)
    try:
        texts_from = 1 + int(parts[0]) * _OF_ENTRY
        if not 0 < texts_from <= len(parts) or (len(parts) - texts_from) % _OF_TEXT:
            raise BadFrame("parts are missing")
        entries = [_entry(*parts[at : at + _OF_ENTRY]) for at in range(1, texts_from, _OF_ENTRY)]
        group = Group(entries, [], [], again)
        for at in range(texts_from, len(parts), _OF_TEXT):
            kind, name, version, digest, given, text = parts[at : at + _OF_TEXT]
            group.unkept.append(Reference(kind.decode(), name.decode(), int(version), digest.decode()))
            if given:
                group.documents.append(Document(kind.decode(), text, name.decode(), int(version)))
    except (ValueError, IndexError):
        raise BadFrame("it is no group of entries") from None
    return group


def answer(error: Exception | None) -> tuple[Word, bytes]:
    """What a group is answered: DONE, or what `Store.write` raised for it."""
    if error is None:
        return Word.DONE, b""
    if (word := _BARE.get(type(error))) is not None:
        return word, b""
    if isinstance(error, AskedBefore):
        return Word.ASKED_BEFORE, packed(sorted(error.digests))
    if isinstance(error, OrdainError):
        return _SAYING.get(type(error), Word.FAILED), _issues_body(error.issues)
    issue = error.issue if isinstance(error, WriterFailed) else Issue(f"the writer failed: {error}")
    return Word.FAILED, _issues_body([issue])


def error_of(word: int, body: bytes) -> Exception | None:
    """The error that an answer stands for. Raises BadFrame when it is no answer."""
    if word == Word.DONE:
        return None
    for bare, its_word in _BARE.items():
        if word == its_word:
            return bare()
    if word == Word.ASKED_BEFORE:
        return AskedBefore(unpacked(body))
    issues = _issues(body)
    for saying, its_word in _SAYING.items():
        if word == its_word:
            return saying(issues)
    if word == Word.FAILED and issues:
        return WriterFailed(issues[0])
    raise BadFrame(f"{word} is no answer")


def state_body(fault: str, unanchored: dict[str, str]) -> bytes:
    """Why the log cannot be signed, if so, and the places that did not take the newest checkpoint, and why."""
    return packed(text.encode() for pair in (("", fault), *unanchored.items()) for text in pair)


def state_of(body: bytes) -> tuple[str, dict[str, str]]:
    """What `state_body` was given. Raises BadFrame."""
    (_, fault), *unanchored = _pairs(body) or [("", "")]
    return fault, dict(unanchored)


def _entry(*parts: bytes) -> Prepared:
    entry_id, key, tag, wrapped, indexed, envelope, sealed, digest, request = parts
    data_key = DataKey(key, b"", tag, wrapped or None, bool(indexed))
    return Prepared(entry_id, envelope, sealed, data_key, [], Once(digest, request) if digest else None)


def _flag(is_set: bool) -> bytes:
    return b"1" if is_set else b""


def _issues_body(issues: Iterable[Issue]) -> bytes:
    return packed(text.encode() for issue in issues for text in (issue.message, issue.hint))


def _issues(body: bytes) -> list[Issue]:
    return [Issue(message, hint) for message, hint in _pairs(body)]


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        texts = [part.decode() for part in unpacked(body)]
        return list(zip(texts[::2], texts[1::2], strict=True))
    except ValueError:
        raise BadFrame("texts are missing, or are none") from None
