"""Messages to the writer and from it arrive as they were sent, and what is no message is refused and never run."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.audit.entry.documents import Document
from ordain.audit.entry.entry import Prepared
from ordain.audit.entry.keys import DataKey
from ordain.audit.entry.once import Once
from ordain.audit.ledger.group_commit import OutcomeUnknown, TooManyWaiting
from ordain.audit.limits import LIMITS
from ordain.audit.shared_writer import framing
from ordain.audit.shared_writer.framing import BadFrame, packed, receive, send, unpacked
from ordain.audit.shared_writer.messages import (
    Group,
    WriterFailed,
    answer,
    error_of,
    group_body,
    group_of,
    state_body,
    state_of,
)
from ordain.audit.store.store import AskedBefore, EntryRefused, KeyMoved
from ordain.engine.errors import Issue, NotRecorded, PolicyChanged

NAMES = st.text(st.characters(codec="utf-8"), max_size=20)
KEYS = st.builds(
    DataKey,
    key=st.binary(min_size=16, max_size=16),
    secret=st.just(b"the secret of a subject"),
    tag=st.binary(min_size=32, max_size=32),
    wrapped=st.none() | st.binary(min_size=1, max_size=60),
    indexed=st.booleans(),
)
ENTRIES = st.builds(
    Prepared,
    id=st.binary(min_size=16, max_size=16),
    envelope=st.binary(max_size=200),
    sealed=st.binary(max_size=200),
    data_key=KEYS,
    references=st.just([]),
    once=st.none() | st.builds(Once, st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32)),
)
DOCUMENTS = st.builds(Document, kind=NAMES, text=st.binary(max_size=200), name=NAMES, version=st.integers(0, 10**6))


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_parts_come_back_as_they_went(parts: list[bytes]) -> None:
    assert unpacked(packed(parts)) == parts


@given(st.binary(max_size=60))
def test_bytes_that_are_no_message_are_refused_and_nothing_else_happens(body: bytes) -> None:
    with suppress(BadFrame):
        assert packed(unpacked(body)) == body
    for read in (state_of, lambda data: group_of(data, again=False)):
        with suppress(BadFrame):
            read(body)
    for word in range(20):
        with suppress(BadFrame):
            error_of(word, body)


@given(st.lists(ENTRIES, min_size=1, max_size=5), st.lists(DOCUMENTS, max_size=4), st.booleans(), st.data())
def test_a_group_comes_back_without_the_secrets_of_its_keys(
    entries: list[Prepared], documents: list[Document], again: bool, data: st.DataObject
) -> None:
    named = data.draw(st.lists(st.sampled_from(documents), unique_by=lambda each: each.reference)) if documents else []
    unkept = [document.reference for document in named]
    body = group_body(entries, unkept, documents)
    assert b"the secret" not in body
    group = group_of(body, again)
    assert group.entries == [replace(e, data_key=replace(e.data_key, secret=b"")) for e in entries]
    assert (group.unkept, group.again) == (unkept, again)
    assert {each.reference: each.text for each in group.documents} == {each.reference: each.text for each in named}


@given(st.lists(ENTRIES, min_size=1, max_size=3), st.integers(0, 2000))
def test_a_group_that_is_cut_off_is_refused(entries: list[Prepared], at: int) -> None:
    body = group_body(entries, [], [])
    cut = body[: at % len(body)]
    with pytest.raises(BadFrame):
        group_of(cut, again=False)


def test_a_text_that_was_not_given_is_told_apart_from_an_empty_one() -> None:
    missing, empty = Document("policy", b"x", "a", 1), Document("services", b"")
    group = group_of(group_body([], [missing.reference, empty.reference], [empty]), again=False)
    assert group == Group([], [missing.reference, empty.reference], [empty])


ERRORS: list[Exception] = [
    EntryRefused(),
    KeyMoved(),
    AskedBefore([b"a" * 32, b"b" * 32]),
    TooManyWaiting(),
    OutcomeUnknown(),
    NotRecorded("an entry is there already", "report this"),
    PolicyChanged([Issue("policy `a` was edited", "put it back"), Issue("policy `ß` was edited", "")]),
    WriterFailed(Issue("the ledger `x.db` cannot grow: the disk is full", "make room")),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_told_with_its_message_and_hint(error: Exception) -> None:
    told = error_of(*answer(error))
    assert type(told) is type(error)
    assert getattr(told, "issues", None) == getattr(error, "issues", None)
    assert getattr(told, "digests", None) == getattr(error, "digests", None)
    assert getattr(told, "issue", None) == getattr(error, "issue", None)


def test_done_is_no_error_and_an_unforeseen_fault_is_one_of_the_writer() -> None:
    assert error_of(*answer(None)) is None
    told = error_of(*answer(ZeroDivisionError("by zero")))
    assert isinstance(told, WriterFailed)
    assert told.issue.message == "the writer failed: by zero"


@given(st.text(st.characters(codec="utf-8")), st.dictionaries(NAMES, NAMES, max_size=3))
def test_the_state_of_signing_comes_back_as_it_was(fault: str, unanchored: dict[str, str]) -> None:
    assert state_of(state_body(fault, unanchored)) == (fault, unanchored)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=5000)), min_size=1, max_size=5))
def test_messages_arrive_one_after_the_other(messages: list[tuple[int, bytes]]) -> None:
    here, there = socket.socketpair()
    with here, there:
        sending = threading.Thread(target=lambda: [send(here, *message) for message in messages])
        sending.start()
        assert [receive(there) for _ in messages] == messages
        sending.join()


def test_a_message_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "LIMITS", replace(LIMITS, frame=10))
    here, there = socket.socketpair()
    with here, there:
        send(here, 1, bytes(10))
        send(here, 1, bytes(11))
        assert receive(there) == (1, bytes(10))
        with pytest.raises(BadFrame, match="longer than 10"):
            receive(there)


def test_a_message_whose_end_does_not_come_is_an_error() -> None:
    here, there = socket.socketpair()
    with there:
        with here:
            here.sendall(b"\0\0\0\5\1abc")
        with pytest.raises(ConnectionResetError):
            receive(there)
