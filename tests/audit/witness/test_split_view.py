"""A ledger that shows two histories to two readers is caught by the quorum of its witnesses."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from ledgers import DOCUMENTS, ENGINE, MASTER, SEED, decision, now
from standing import cosigner, policy, standing

from ordain.audit.anchors.places import COSIGNED, FileAnchors
from ordain.audit.entry.keys import LocalMasterKey
from ordain.audit.ledger.checkpointer import head_of, newest_note
from ordain.audit.ledger.open_ledger import Keys, OpenLedger
from ordain.audit.ledger.opening import open_ledger, open_store
from ordain.audit.ledger.proving import consistency, proof_file
from ordain.audit.verifier.notes import read_note
from ordain.audit.verifier.proof import verify_proof
from ordain.audit.verifier.witness_policy import WitnessPolicy
from ordain.audit.witness.cosigner import Cosigner
from ordain.engine.errors import CheckpointRefused, NotCovered


def begin(folder: Path, policy: WitnessPolicy | None = None) -> OpenLedger:
    """The ledger in `folder`, made if there is none."""
    folder.mkdir(exist_ok=True)
    places = [FileAnchors(folder / "one"), FileAnchors(folder / "two")]
    keys = Keys(LocalMasterKey(MASTER), SEED)
    store = open_store(f"sqlite:///{folder}/ledger.db", 5.0)
    return open_ledger(store, keys, places, tenant="demo", engine=ENGINE, now=now, witnesses=policy)


@contextmanager
def reopened(folder: Path, policy: WitnessPolicy) -> Iterator[OpenLedger]:
    opened = begin(folder, policy)
    try:
        yield opened
    finally:
        opened.close()


def founded(folder: Path) -> str:
    """Makes a ledger of three decisions, and gives its key."""
    opened = begin(folder)
    for number in range(3):
        opened.ledger.append(decision(number), DOCUMENTS)
    opened.settle()
    opened.close()
    return opened.identity.key


def copied(folder: Path, to: Path) -> None:
    """The same ledger once more, with its places: what an operator who wants two histories makes."""
    with closing(sqlite3.connect(folder / "ledger.db")) as there, closing(sqlite3.connect(to / "ledger.db")) as here:
        there.backup(here)
    for name in ("one", "two"):
        shutil.copytree(folder / name, to / name)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[tuple[Path, str, list[Cosigner], list[str]]]:
    """A ledger, its key, and three witnesses of it with their addresses."""
    key = founded(tmp_path / "ledger")
    witnesses = [cosigner(tmp_path, number, key, now=lambda: now().timestamp()) for number in (1, 2, 3)]
    with standing(*witnesses) as urls:
        yield tmp_path / "ledger", key, witnesses, urls
    for each in witnesses:
        each._heads.close()


Three = tuple[Path, str, list[Cosigner], list[str]]


def names(note: str | None, witnesses: Sequence[Cosigner]) -> set[str]:
    assert note is not None
    signed = {name for name, _, _ in read_note(note).signatures}
    return signed & {each.key.name for each in witnesses}


def test_a_checkpoint_gets_its_cosignatures_is_kept_with_the_anchors_and_given_out_with_proofs(three: Three) -> None:
    folder, key, witnesses, urls = three
    believed = policy(key, witnesses, urls, 2)
    with reopened(folder, believed) as use:
        receipt = use.ledger.append(decision(10), DOCUMENTS)
        use.settle()
        assert use.checkpointer.unanchored == {}
        note = use.published.checkpoint()
        assert len(names(note, witnesses)) == 3
        for place in use.places:
            newest = place.newest(COSIGNED)
            assert newest is not None
            assert place.beside(newest, COSIGNED) == (note or "").encode()
        entry = next(use.reader.entries(4))
        assert str(entry.id) == receipt.entry_id
        text = proof_file(use.store, use.reader, entry.id, use.published)
        proven = verify_proof(text, key, leaf_hash=receipt.leaf_hash, policy=believed)
        assert (proven.index, set(proven.cosigned)) == (4, {"w1", "w2", "w3"})


def test_a_proof_that_the_log_only_grew_goes_to_what_witnesses_cosigned(three: Three) -> None:
    folder, key, witnesses, urls = three
    believed = policy(key, witnesses, urls, 2)
    with reopened(folder, believed) as use:
        use.settle()
        old = head_of(newest_note(use.store) or "")[0]
        use.ledger.append(decision(10), DOCUMENTS)
        use.settle()
        for new in (None, old + 1):
            proof = consistency(use.store, old, new, use.published)
            assert len(believed.require(read_note(proof.new_note))) == 3
            assert (proof.old_size, proof.new_size) == (old, old + 1)
    nowhere = policy(key, witnesses, ["http://127.0.0.1:9"] * 3, 2)
    with reopened(folder, nowhere) as use:
        use.ledger.append(decision(11), DOCUMENTS)
        use.settle()
        assert consistency(use.store, old, None, use.published).new_size == old + 1, "the newest has no quorum"
        assert consistency(use.store, old + 2, None, use.published).new_size == old + 2


def test_with_too_few_witnesses_there_is_no_new_checkpoint_to_believe(three: Three) -> None:
    folder, key, witnesses, urls = three
    nowhere = [urls[0], "http://127.0.0.1:9", "http://127.0.0.1:9"]
    believed = policy(key, witnesses, nowhere, 2)
    with reopened(folder, believed) as use:
        assert use.settle() is not None, "what is signed and anchored does not wait for witnesses"
        assert sorted(use.checkpointer.unanchored) == ["witness w2", "witness w3"]
        assert use.published.checkpoint() is None
        with pytest.raises(NotCovered):
            use.published.tile(0, 0, 1)
        text = proof_file(use.store, use.reader, next(use.reader.entries(2)).id, use.published)
        with pytest.raises(CheckpointRefused, match="cosigned by"):
            verify_proof(text, key, policy=believed)


def test_a_split_view_is_caught_by_the_quorum(three: Three) -> None:
    """Two histories with one key, each extended on its own: two of three witnesses cosign one of them, none both."""
    folder, key, witnesses, urls = three
    believed = policy(key, witnesses, urls, 2)
    with reopened(folder, believed) as use:
        use.settle()
    other = folder.parent / "other"
    other.mkdir()
    copied(folder, other)
    with ExitStack() as both:
        first, second = both.enter_context(reopened(folder, believed)), both.enter_context(reopened(other, believed))
        first.ledger.append(decision(1_000), DOCUMENTS)
        hidden = second.ledger.append(decision(2_000), DOCUMENTS)
        assert first.settle() is not None
        assert second.settle() is not None, "the operator's own key signs both"
        shown, withheld = first.published.checkpoint(), second.published.checkpoint()
        assert len(names(shown, witnesses)) == 3
        assert (read_note(shown).size, read_note(withheld).size) == (5, 4), (
            "the second reader sees the common past only"
        )
        assert all("two histories" in why for why in second.checkpointer.unanchored.values())
        assert len(second.checkpointer.unanchored) == 3
        entry = next(second.reader.entries(4))
        assert str(entry.id) == hidden.entry_id
        text = proof_file(second.store, second.reader, entry.id, second.published)
        with pytest.raises(CheckpointRefused):
            verify_proof(text, key, policy=believed)
        second.ledger.append(decision(2_001), DOCUMENTS)
        second.settle()
        assert read_note(second.published.checkpoint()).size == 4, "nor does it help to go on"
    evidence = witnesses[0]._heads.conflicts()
    assert evidence
    known, refused = read_note(evidence[0][1]), read_note(evidence[0][2])
    assert (known.size, known.root != refused.root) == (refused.size, True)


def test_two_views_to_two_witnesses_give_no_quorum_to_either(three: Three) -> None:
    """The operator shows each history to another witness: with two of three needed, at most one can have enough."""
    folder, key, witnesses, urls = three
    other = folder.parent / "other"
    other.mkdir()
    copied(folder, other)
    gone = "http://127.0.0.1:9"
    believed = policy(key, witnesses, urls, 2)
    for at, number, reach in ((folder, 1, [urls[0], gone, gone]), (other, 2, [gone, urls[1], gone])):
        with reopened(at, policy(key, witnesses, reach, 2)) as use:
            use.ledger.append(decision(number), DOCUMENTS)
            use.settle()
            assert use.published.checkpoint() is None
    with ExitStack() as both:
        views = [both.enter_context(reopened(at, believed)) for at in (folder, other)]
        for use in views:
            use.settle()
        assert sorted(len(names(note, witnesses)) for use in views if (note := use.published.checkpoint())) == [2]


def test_a_cosignature_that_somebody_wrote_into_a_place_is_not_believed(three: Three) -> None:
    folder, key, witnesses, _ = three
    believed = policy(key, witnesses, ["http://127.0.0.1:9"] * 3, 2)
    with reopened(folder, believed) as use:
        newest = use.places[0].newest()
        assert newest is not None
        line = "— witness.example/1 " + "A" * 104
        use.places[0].keep_beside(newest, COSIGNED, f"{newest.note}{line}\n".encode())
        assert use.published.checkpoint() is None
        use.settle()
        assert use.published.checkpoint() is None
