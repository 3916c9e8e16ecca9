"""What is appended is there, in order, with the texts it was made under, and reads back as it was."""

import datetime as dt
import hashlib
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from ledgers import CONTACT, DOCUMENTS, OFFER, SERVICES, VOCABULARY, decision, make_ledger, now, opened

from ordain.audit.entry.documents import Document
from ordain.audit.entry.entry import Entry, Kind, new_id
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.engine.errors import LedgerUnavailable, NotRecorded, PolicyChanged

EDITED = Document("policy", OFFER.text + b"# better\n", OFFER.name, OFFER.version)


def test_a_receipt_is_the_entrys_id_and_leaf_hash(use: OpenLedger) -> None:
    wanted = decision(1)
    receipt = use.ledger.append(wanted, DOCUMENTS)
    stored = use.reader.entry(wanted.id)
    assert stored is not None
    assert receipt.entry_id == str(wanted.id)
    assert receipt.leaf_hash == hashlib.sha256(b"\0" + stored.envelope).hexdigest()
    assert stored.envelope == rfc8785.dumps(stored.read())


def test_a_record_reads_back_at_once_and_when_it_has_its_place(use: OpenLedger) -> None:
    wanted = decision(1)
    use.ledger.append(wanted, DOCUMENTS)
    for _ in range(2):
        record = use.reader.record(wanted.id)
        assert record is not None
        assert record.private == wanted.private
        assert record.envelope["policies"] == wanted.policies
        use.settle()
    assert use.reader.record(new_id(now())) is None


def test_entries_have_dense_places_over_several_pages_and_by_range(use: OpenLedger) -> None:
    told = [UUID(done.entry_id) for done in use.ledger.append_all(map(decision, range(1100)), DOCUMENTS)]
    use.settle()
    entries = list(use.reader.entries())
    assert [entry.leaf_index for entry in entries] == list(range(1101))
    assert entries[0].read()["kind"] == Kind.LEDGER
    assert {entry.id for entry in entries[1:]} == set(told)
    assert [entry.id for entry in use.reader.entries(499, 503)] == [entry.id for entry in entries[499:503]]
    assert list(use.reader.entries(5, 4)) == []


def test_a_reopened_ledger_goes_on_where_it_ended(url: str) -> None:
    for number in range(3):
        with opened(url) as use:
            use.ledger.append(decision(number), DOCUMENTS)
            checkpoint = use.settle()
            assert checkpoint is not None
            assert checkpoint.size == number + 2


def test_ids_stay_unique_and_places_dense_when_the_clock_goes_back(use: OpenLedger) -> None:
    """Also within one microsecond, and over a year's jump."""
    start = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
    jumps = [0, 0, 0, -1, 3600, -3600, -365 * 86400, 1, -1, 0, 86400]
    told = []
    for number, seconds in enumerate(jumps * 5):
        time = start + dt.timedelta(seconds=seconds)
        told.append(use.ledger.append(decision(number, time), DOCUMENTS).entry_id)
        if number % 7 == 0:
            use.settle()
    checkpoint = use.settle()
    assert checkpoint is not None
    assert checkpoint.size == len(told) + 1
    entries = list(use.reader.entries())
    assert [entry.leaf_index for entry in entries] == list(range(len(told) + 1))
    assert len({entry.id for entry in entries}) == len(told) + 1
    if use.sequencer is None:  # the order in which they were acknowledged; the inbox has none
        assert [str(entry.id) for entry in entries[1:]] == told


def test_the_texts_of_a_decision_are_kept_with_the_first_entry_that_names_them(use: OpenLedger) -> None:
    use.ledger.append(decision(1), DOCUMENTS)
    for kept in (OFFER, VOCABULARY, SERVICES):
        assert use.reader.document(kept.reference.digest) == kept.text
    assert use.reader.document(CONTACT.reference.digest) is None
    use.ledger.append(decision(2, under=(OFFER, CONTACT)), DOCUMENTS)
    assert use.reader.document(CONTACT.reference.digest) == CONTACT.text
    use.ledger.append(decision(3, under=(OFFER, CONTACT)))


def test_a_text_that_was_not_given_leaves_the_decision_unrecorded(use: OpenLedger) -> None:
    with pytest.raises(NotRecorded, match=r"policy `retention-offer` version 1 .* text was not given"):
        use.ledger.append(decision(1), (VOCABULARY, SERVICES))
    assert use.reader.document(VOCABULARY.reference.digest) is None
    use.ledger.append(decision(1), DOCUMENTS)
    use.settle()
    assert use.reader.size() == 2


def test_a_used_policy_version_may_not_be_edited(use: OpenLedger, url: str) -> None:
    use.ledger.append(decision(1), DOCUMENTS)
    with opened(url) as again:
        for place in (use, again):
            with pytest.raises(PolicyChanged) as caught:
                place.ledger.append(decision(2, under=(EDITED,)), (*DOCUMENTS, EDITED))
            issue = caught.value.issues[0]
            assert "policy `retention-offer` version 1 was edited" in issue.message
            assert OFFER.reference.digest in issue.message
            assert EDITED.reference.digest in issue.message
            assert "new version" in issue.hint
    use.settle()
    assert use.reader.size() == 2


def test_one_edited_policy_takes_no_other_decision_with_it(use: OpenLedger) -> None:
    """Thirty decisions at once, every third under an edited version of a policy."""
    use.ledger.append(decision(0), DOCUMENTS)

    def work(number: int) -> bool:
        edited = number % 3 == 0
        try:
            use.ledger.append(decision(number, under=(EDITED if edited else OFFER,)), (*DOCUMENTS, EDITED))
        except PolicyChanged:
            return not edited
        return edited

    with ThreadPoolExecutor(30) as pool:
        assert not any(pool.map(work, range(1, 31)))
    use.settle()
    assert use.reader.size() == 22


def test_all_edited_versions_are_named_at_once_when_a_service_starts(use: OpenLedger) -> None:
    use.ledger.append(decision(1, under=(OFFER, CONTACT)), DOCUMENTS)
    use.ledger.check_unchanged(DOCUMENTS)
    other = Document("policy", b"other", CONTACT.name, CONTACT.version)
    with pytest.raises(PolicyChanged) as caught:
        use.ledger.check_unchanged((VOCABULARY, EDITED, other))
    assert [("retention-offer" in str(i), "contact" in str(i)) for i in caught.value.issues] == [
        (True, False),
        (False, True),
    ]


def test_a_version_that_no_decision_used_may_be_edited_and_a_vocabulary_may_grow(use: OpenLedger) -> None:
    use.ledger.append(decision(1, under=(CONTACT,)), DOCUMENTS)
    use.ledger.check_unchanged((EDITED, CONTACT))
    grown = Document("vocabulary", VOCABULARY.text + b"clv_tier: {type: text}\n")
    names = {"vocabulary": grown.reference.digest, "services": SERVICES.reference.digest}
    use.ledger.append(decision(2, under=(EDITED,), documents=names), (*DOCUMENTS, EDITED, grown))
    assert use.reader.document(grown.reference.digest) == grown.text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"private": {"risk": 0.85}}, "float"),
        ({"private": {"name": "\ud800"}}, "surrogate"),
        ({"about": {"risk": object()}}, "malformed"),
        ({"policies": {"a": 1}}, "`policies` must be a list"),
        ({"policies": [{"policy": "x"}]}, "`policies` must be a list"),
        ({"policies": [{"policy": "x", "version": "1", "digest": "d"}]}, "`x` is referred to without"),
        ({"documents": ["a"]}, "`documents` an object"),
        ({"documents": {"policy": "sha256:aa"}}, "`policy` is referred to without"),
    ],
)
def test_an_entry_that_cannot_be_recorded_is_refused_and_writes_nothing(
    path: Path, changes: dict[str, Any], says: str
) -> None:
    with opened(f"sqlite:///{path}") as use:
        with pytest.raises(NotRecorded) as caught:
            use.ledger.append(decision(1, **changes), DOCUMENTS)
        assert says in caught.value.message
        assert use.reader.size() == 1


@pytest.mark.parametrize("placed", [False, True])
def test_an_id_is_recorded_once(use: OpenLedger, placed: bool) -> None:
    first = decision(1)
    use.ledger.append(first, DOCUMENTS)
    if placed:
        use.settle()
    with pytest.raises(NotRecorded, match=f"id `{first.id}` is in the ledger already"):
        use.ledger.append(replace(first, subject="C-2"), DOCUMENTS)
    record = use.reader.record(first.id)
    assert record is not None
    assert record.private == first.private


def test_threads_and_writers_make_one_log_without_gap_or_duplicate(use: OpenLedger, url: str) -> None:
    """Two writers on one database, eight threads each, all about the same few new subjects."""
    other = make_ledger(url)

    def work(part: int) -> list[str]:
        ledger = (use if part % 2 else other).ledger
        return [ledger.append(decision(number % 5), DOCUMENTS).entry_id for number in range(part, 320, 16)]

    with ThreadPoolExecutor(16) as pool:
        told = [entry_id for ids in pool.map(work, range(16)) for entry_id in ids]
    other.close()
    use.settle()
    entries = list(use.reader.entries())
    assert [entry.leaf_index for entry in entries] == list(range(321))
    assert {str(entry.id) for entry in entries[1:]} == set(told)
    assert sum(len(use.reader.ids_of(f"C-{number}")) for number in range(5)) == 320


def test_an_entry_about_nobody_needs_no_subject_and_no_texts(use: OpenLedger) -> None:
    event = Entry(new_id(now()), now(), Kind.POLICY, {"actor": "someone"}, about={"event": "activated"})
    use.ledger.append(event)
    record = use.reader.record(event.id)
    assert record is not None
    assert record.private == {"actor": "someone"}
    assert record.envelope["about"] == {"event": "activated"}


def test_a_closed_ledger_refuses(use: OpenLedger) -> None:
    use.ledger.close()
    with pytest.raises(NotRecorded, match="the ledger is closed"):
        use.ledger.append(decision(1), DOCUMENTS)


def test_who_finds_all_connections_taken_is_refused_after_the_wait_and_who_appends_needs_none(use: OpenLedger) -> None:
    use.ledger.append(decision(1), DOCUMENTS)
    with ExitStack() as readers:
        for _ in range(15):
            readers.enter_context(use.store.engine.connect())
        with pytest.raises(LedgerUnavailable, match="is overloaded: too many requests read it at once"):
            use.reader.size()
        use.ledger.append(decision(2), DOCUMENTS)


def test_the_keys_of_many_subjects_are_found_at_once(use: OpenLedger) -> None:
    """Old ones and new, in memory and not, more of them than one statement takes."""
    use.ledger.append_all([decision(number) for number in range(0, 300, 2)], DOCUMENTS)
    subjects = [f"C-{number}" for number in range(300)]
    first = use.keyring.for_subjects(subjects, use.store.find_keys)
    for number in range(0, 300, 3):
        use.keyring.forget(use.keyring.tag(f"C-{number}"))
    asked: list[int] = []

    def counted(tags: Collection[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
        asked.append(len(tags))
        return use.store.find_keys(tags)

    again = use.keyring.for_subjects(subjects, counted)
    assert asked == [200], "150 that no database has, and 50 that were forgotten"
    for number, subject in enumerate(subjects):
        assert (again[subject].wrapped is None) is (number % 2 == 0)
        assert (again[subject].secret == first[subject].secret) is (number % 2 == 0)
    assert use.keyring.for_subjects((), counted) == {}


def test_a_connection_that_broke_is_followed_by_another(use: OpenLedger) -> None:
    use.ledger.append(decision(1), DOCUMENTS)
    with pytest.raises(UnicodeEncodeError):
        use.store.find_keys(["\ud800"])  # type: ignore[list-item]
    assert len(use.store.find_keys([use.keyring.tag("C-1")])) == 1


def test_64_threads_about_new_subjects_all_get_their_answer(url: str) -> None:
    with opened(url) as use, ThreadPoolExecutor(64) as pool:
        told = set(pool.map(lambda number: use.ledger.append(decision(number), DOCUMENTS).entry_id, range(640)))
        use.settle()
        assert {str(entry.id) for entry in use.reader.entries(1)} == told
        assert len(told) == 640
