"""What is appended is chained, kept with the texts it was made under, and read back as it was."""

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from ledger_sample import CONTACT, DOCUMENTS, OFFER, SERVICES, VOCABULARY, body, entry_id

from audit.canonical import canonical
from audit.documents import Document
from audit.ledger import Ledger
from audit.store import Store
from audit.verify import verify
from engine.errors import NotRecorded, PolicyChanged

EDITED = Document("policy", OFFER.text + b"# better\n", OFFER.name, OFFER.version)


def test_each_entry_is_hashed_with_the_hash_of_the_one_before_it(ledger: Ledger) -> None:
    receipts = [ledger.append(body(number), DOCUMENTS) for number in range(1, 4)]
    previous = bytes(32)
    for seq, receipt in enumerate(receipts, start=1):
        inner = hashlib.sha256(canonical(body(seq))).digest()
        expected = hashlib.sha256(b"ordain entry 1\n" + previous + inner).digest()
        assert (receipt.seq, receipt.entry_id) == (seq, entry_id(seq))
        assert (receipt.hash, receipt.prev_hash) == (expected.hex(), previous.hex())
        previous = expected
    assert ledger.head() == receipts[-1]
    assert ledger.size() == 3


def test_an_entry_is_read_back_as_data_and_as_the_bytes_that_were_hashed(ledger: Ledger) -> None:
    ledger.append(body(1), DOCUMENTS)
    assert ledger.get(entry_id(1)) == body(1)
    assert ledger.body(entry_id(1)) == canonical(body(1))
    assert ledger.get("no such entry") is None
    assert ledger.document("sha256:none") is None


def test_an_empty_ledger_has_no_head(ledger: Ledger) -> None:
    assert (ledger.head(), ledger.size(), list(ledger.entries())) == (None, 0, [])


def test_entries_stream_in_order_over_several_pages_and_by_range(ledger: Ledger) -> None:
    for number in range(1, 1101):
        ledger.append(body(number), DOCUMENTS)
    assert [entry.receipt.seq for entry in ledger.entries()] == list(range(1, 1101))
    assert [entry.read()["id"] for entry in ledger.entries(499, 503)] == [entry_id(n) for n in range(499, 504)]
    assert [entry.receipt.seq for entry in ledger.entries(start=1099)] == [1099, 1100]
    assert list(ledger.entries(5, 4)) == []


def test_a_reopened_ledger_goes_on_where_it_ended(path: Path) -> None:
    receipts = []
    for number in range(1, 4):
        store = Store(f"sqlite:///{path}")
        ledger = Ledger(store)
        receipts.append(ledger.append(body(number), DOCUMENTS))
        ledger.close()
        store.close()
    assert [receipt.seq for receipt in receipts] == [1, 2, 3]
    assert [receipt.prev_hash for receipt in receipts[1:]] == [receipt.hash for receipt in receipts[:2]]
    assert verify(path)


def test_the_texts_of_a_decision_are_kept_with_the_first_entry_that_names_them(ledger: Ledger) -> None:
    ledger.append(body(1), DOCUMENTS)
    for kept in (OFFER, VOCABULARY, SERVICES):
        assert ledger.document(kept.reference.digest) == kept.text
    assert ledger.document(CONTACT.reference.digest) is None
    ledger.append(body(2, (OFFER, CONTACT)), DOCUMENTS)
    assert ledger.document(CONTACT.reference.digest) == CONTACT.text
    ledger.append(body(3, (OFFER, CONTACT)))


def test_a_text_that_was_not_given_leaves_the_decision_unrecorded(ledger: Ledger) -> None:
    with pytest.raises(NotRecorded, match=r"policy `retention-offer` version 1 .* text was not given"):
        ledger.append(body(1), (VOCABULARY, SERVICES))
    assert ledger.size() == 0
    assert ledger.document(VOCABULARY.reference.digest) is None
    assert ledger.append(body(1), DOCUMENTS).seq == 1


def test_a_used_policy_version_may_not_be_edited(ledger: Ledger, store: Store) -> None:
    ledger.append(body(1), DOCUMENTS)
    for place in (ledger, Ledger(store)):
        with pytest.raises(PolicyChanged) as caught:
            place.append(body(2, (EDITED,)), (*DOCUMENTS, EDITED))
        issue = caught.value.issues[0]
        assert "policy `retention-offer` version 1 was edited" in issue.message
        assert OFFER.reference.digest in issue.message
        assert EDITED.reference.digest in issue.message
        assert "new version" in issue.hint
    assert ledger.size() == 1


def test_all_edited_versions_are_named_at_once_when_a_service_starts(ledger: Ledger) -> None:
    ledger.append(body(1, (OFFER, CONTACT)), DOCUMENTS)
    ledger.check_unchanged(DOCUMENTS)
    other = Document("policy", b"other", CONTACT.name, CONTACT.version)
    with pytest.raises(PolicyChanged) as caught:
        ledger.check_unchanged((VOCABULARY, EDITED, other))
    assert [("retention-offer" in str(i), "contact" in str(i)) for i in caught.value.issues] == [
        (True, False),
        (False, True),
    ]


def test_a_version_that_no_decision_used_may_be_edited_and_a_vocabulary_may_grow(ledger: Ledger) -> None:
    ledger.append(body(1, (CONTACT,)), DOCUMENTS)
    ledger.check_unchanged((EDITED, CONTACT))
    grown = Document("vocabulary", VOCABULARY.text + b"clv_tier: {type: text}\n")
    names = {"vocabulary": grown.reference.digest, "services": SERVICES.reference.digest}
    ledger.append(body(2, (EDITED,), documents=names), (*DOCUMENTS, EDITED, grown))
    assert ledger.document(grown.reference.digest) == grown.text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": ""}, "has no text `id`"),
        ({"time": None}, "has no text `time`"),
        ({"kind": 7}, "has no text `kind`"),
        ({"subject": 7}, "`subject` is not a text"),
        ({"facts": {"risk": 0.85}}, "`facts.risk` is a float"),
        ({"facts": {"name": "\ud800"}}, "lone surrogate"),
        ({"policies": {"a": 1}}, "`policies` must be a list"),
        ({"policies": [{"policy": "x"}]}, "`policies` must be a list"),
        ({"policies": [{"policy": "x", "version": "1", "digest": "d"}]}, "`x` is referred to without"),
        ({"documents": ["a"]}, "`documents` an object"),
        ({"documents": {"policy": "sha256:aa"}}, "`policy` is referred to without"),
    ],
)
def test_a_body_that_cannot_be_recorded_is_refused_and_writes_nothing(
    ledger: Ledger, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(NotRecorded) as caught:
        ledger.append(body(1) | changes, DOCUMENTS)
    assert says in caught.value.message
    assert ledger.size() == 0


def test_an_id_is_recorded_once(ledger: Ledger) -> None:
    ledger.append(body(1), DOCUMENTS)
    with pytest.raises(NotRecorded, match=f"id `{entry_id(1)}` is in the ledger already"):
        ledger.append(body(1, subject="C-2"), DOCUMENTS)
    assert ledger.get(entry_id(1)) == body(1)
    assert ledger.append(body(2), DOCUMENTS).seq == 2


def test_eight_threads_make_one_chain_without_gap_or_duplicate(ledger: Ledger, path: Path) -> None:
    receipts = []

    def work(part: int) -> None:
        for number in range(part, 200, 8):
            receipts.append(ledger.append(body(number), DOCUMENTS))
            assert ledger.get(entry_id(number)) is not None

    threads = [threading.Thread(target=work, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.seq for receipt in receipts) == list(range(1, 201))
    assert len({receipt.entry_id for receipt in receipts}) == 200
    evidence = verify(path)
    assert evidence
    assert evidence.count == 200


def test_an_entry_of_another_kind_needs_no_subject_and_no_texts(ledger: Ledger, path: Path) -> None:
    event = {"id": entry_id(9), "kind": "policy activated", "time": "2026-11-21T00:00:00+00:00"}
    ledger.append(event)
    stored = next(ledger.entries())
    assert json.loads(stored.body) == event
    assert verify(path)
