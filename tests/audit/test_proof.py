"""Proofs verify with the public key alone, and are refused for what no checkpoint covers."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import DOCUMENTS, decision
from reading_sample import Sample, sample

from ordain.audit.ledger.proving import consistency, head_of, proof_file
from ordain.audit.store.rows import CHECKPOINT, ENTRY
from ordain.audit.tlog.checkpoint import VerifyKey, open_note
from ordain.audit.tlog.merkle import verify_consistency
from ordain.audit.verifier.proof import verify_proof
from ordain.engine.errors import CheckpointRefused, LedgerUnavailable, NotCovered, ProofRefused, UnknownDecision


@pytest.fixture
def made(url: str) -> Iterator[Sample]:
    with sample(url) as opened:
        yield opened


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    """A ledger of 300 entries, more than one tile, with checkpoints at several sizes."""
    with sample(f"sqlite:///{tmp_path_factory.mktemp('proof')}/ledger.db") as opened:
        for number in range(299):
            opened.use.ledger.append(decision(number, opened.clock.tick()), DOCUMENTS)
            if number in (0, 5, 254, 255):
                opened.use.settle()
        opened.use.settle()
        yield opened


def test_a_proof_file_shows_the_entry_to_who_has_only_the_public_key(made: Sample) -> None:
    receipts = [made.use.ledger.append(decision(number, made.clock.tick()), DOCUMENTS) for number in range(5)]
    made.use.settle()
    for receipt in receipts:
        entry = made.reader.entry(UUID(receipt.entry_id))
        assert entry is not None
        text = proof_file(made.store, made.reader, entry.id)
        proven = verify_proof(text, made.use.identity.key, leaf_hash=receipt.leaf_hash, entry_id=receipt.entry_id)
        assert (proven.index, proven.size) == (entry.leaf_index, 6)


def test_the_text_is_the_form_of_the_specification(grown: Sample) -> None:
    entry = next(grown.reader.entries(7))
    head, _, note = proof_file(grown.store, grown.reader, entry.id).partition("\n\n")
    first, extra, index, *hashes = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    assert base64.b64decode(extra.removeprefix("extra ")) == entry.envelope
    assert index == "index 7"
    assert all(len(base64.b64decode(line, validate=True)) == 32 for line in hashes)
    assert open_note(note, [VerifyKey.parse(grown.use.identity.key)]).size == 300


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 299))
def test_every_entry_has_its_proof(grown: Sample, index: int) -> None:
    entry = next(grown.reader.entries(index))
    proven = verify_proof(proof_file(grown.store, grown.reader, entry.id), grown.use.identity.key)
    assert (proven.index, proven.entry_id) == (index, str(entry.id))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_proof_with_any_changed_character_is_refused(grown: Sample, data: st.DataObject) -> None:
    entry = next(grown.reader.entries(42))
    text = proof_file(grown.store, grown.reader, entry.id)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda character: character != text[place]))
    with pytest.raises((ProofRefused, CheckpointRefused)):
        verify_proof(text[:place] + other + text[place + 1 :], grown.use.identity.key)


def test_an_entry_beyond_the_newest_checkpoint_waits_for_the_next(made: Sample) -> None:
    early = made.decide("C-1")
    made.use.settle()
    late = made.decide("C-2")
    with pytest.raises(NotCovered, match="no checkpoint covers") as refused:
        proof_file(made.store, made.reader, late)
    assert refused.value.issues[0].hint == "one is signed every few seconds: ask again"
    proof_file(made.store, made.reader, early)
    made.use.settle()
    assert verify_proof(proof_file(made.store, made.reader, late), made.use.identity.key).index == 2


def test_without_any_checkpoint_there_is_no_proof(made: Sample) -> None:
    with pytest.raises(NotCovered):
        proof_file(made.store, made.reader, made.decide("C-1"))
    with pytest.raises(NotCovered, match="no checkpoint of 1"):
        consistency(made.store, 1)


def test_an_unknown_entry_has_no_proof(grown: Sample) -> None:
    with pytest.raises(UnknownDecision):
        proof_file(grown.store, grown.reader, uuid4())


def test_no_proof_is_made_from_what_is_not_what_was_signed(on_sqlite: Sample) -> None:
    entry_id = on_sqlite.decide("C-1")
    on_sqlite.use.settle()
    envelope = on_sqlite.record(entry_id).entry.envelope.replace(b'"decision"', b'"restriction"')
    with on_sqlite.store.transaction() as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.id == entry_id.bytes).values(envelope=envelope))
    with pytest.raises(LedgerUnavailable, match="not those of the signed checkpoint 2"):
        proof_file(on_sqlite.store, on_sqlite.reader, entry_id)


def test_a_damaged_checkpoint_is_named(on_sqlite: Sample) -> None:
    entry_id = on_sqlite.decide("C-1")
    on_sqlite.use.settle()
    with on_sqlite.store.transaction() as connection:
        connection.execute(sa.update(CHECKPOINT).values(note="nothing"))
    with pytest.raises(LedgerUnavailable, match="checkpoint on record is damaged"):
        proof_file(on_sqlite.store, on_sqlite.reader, entry_id)


def test_between_any_two_checkpoints_consistency_is_proven(grown: Sample) -> None:
    sizes = [2, 7, 256, 257, 300]
    for old in sizes:
        for new in sizes:
            if old > new:
                continue
            proof = consistency(grown.store, old, new)
            roots = [head_of(note)[1] for note in (proof.old_note, proof.new_note)]
            assert verify_consistency(old, roots[0], new, roots[1], proof.hashes)
    assert consistency(grown.store, 7).new_size == 300


def test_a_size_without_checkpoint_is_answered_with_those_near(grown: Sample) -> None:
    with pytest.raises(NotCovered, match="no checkpoint of 250") as refused:
        consistency(grown.store, 250)
    assert refused.value.issues[0].hint == "on record, the nearest: 2, 7, 256, 257, 300"
    with pytest.raises(NotCovered, match="not older"):
        consistency(grown.store, 300, 256)


def test_what_was_kept_in_memory_and_is_wrong_is_read_anew(made: Sample) -> None:
    """As after a backup with another end was put back under an open ledger."""
    receipts = [made.use.ledger.append(decision(number, made.clock.tick()), DOCUMENTS) for number in range(5)]
    made.use.settle()
    texts = [proof_file(made.store, made.reader, UUID(receipt.entry_id)) for receipt in receipts]
    kept = made.reader.tree.ask(lambda tree: tree._hashes)
    assert kept
    kept.update(dict.fromkeys(kept, bytes(32)))
    assert [proof_file(made.store, made.reader, UUID(receipt.entry_id)) for receipt in receipts] == texts


def test_what_is_kept_in_memory_serves_a_log_that_grows(made: Sample) -> None:
    receipts = []
    for number in range(9):
        receipts.append(made.use.ledger.append(decision(number, made.clock.tick()), DOCUMENTS))
        made.use.settle()
        for receipt in receipts:
            text = proof_file(made.store, made.reader, UUID(receipt.entry_id))
            assert verify_proof(text, made.use.identity.key, leaf_hash=receipt.leaf_hash).size == number + 2
