"""A customer's proof file, and that one checkpoint continues another, without any database."""

import base64
from pathlib import Path

import pytest
from forge import Forge, leaf, sample_ledger
from notes_by_hand import vkey

from ordain.audit.verifier.notes import read_key, read_note, signer
from ordain.audit.verifier.proof import verify_consistency, verify_proof
from ordain.engine.errors import CheckpointRefused, OrdainError, ProofRefused


@pytest.fixture(scope="module")
def forge() -> Forge:
    return sample_ledger(70)


def test_a_proof_shows_the_entry_its_place_and_time(forge: Forge) -> None:
    for index in range(forge.size):
        shown = verify_proof(forge.proof(index), forge.key, leaf_hash=leaf(forge, index))
        assert (shown.index, shown.size, shown.leaf_hash) == (index, 70, leaf(forge, index))
        assert shown.envelope["id"] == shown.entry_id
        assert shown.time == shown.envelope["time"]


@pytest.mark.parametrize("index", [0, 37, 69])
def test_every_changed_byte_of_a_proof_is_refused(forge: Forge, index: int) -> None:
    proof = forge.proof(index).encode()
    for at in range(len(proof)):
        changed = bytearray(proof)
        changed[at] ^= 1 << at % 8
        with pytest.raises((ProofRefused, CheckpointRefused)):
            verify_proof(bytes(changed), forge.key)


def test_a_proof_of_another_entry_than_the_receipts_is_refused(forge: Forge) -> None:
    with pytest.raises(ProofRefused, match="another entry than the receipt"):
        verify_proof(forge.proof(3), forge.key, leaf_hash=leaf(forge, 4))
    with pytest.raises(ProofRefused, match="another entry than the one asked for"):
        verify_proof(forge.proof(3), forge.key, entry_id="0192f000-0000-7000-8000-00000000abcd")


def test_a_proof_under_another_ledgers_key_is_refused(forge: Forge) -> None:
    with pytest.raises(CheckpointRefused, match="not signed by"):
        verify_proof(forge.proof(3), Forge(2).key)


@pytest.mark.parametrize("text", ["", "hello", "c2sp.org/tlog-proof@v1\n", b"\xff" * 50, "\ud800", b"x" * 5_000_000])
def test_what_is_no_proof_file_is_refused_with_a_hint(forge: Forge, text: str | bytes) -> None:
    with pytest.raises(ProofRefused, match="not a proof file"):
        verify_proof(text, forge.key)


@pytest.mark.parametrize("key", ["", "a+b+c", "x" * 70_000, "name+00000000+AAAA", "\ud800"])
def test_a_key_that_is_none_is_refused(forge: Forge, key: str) -> None:
    with pytest.raises(CheckpointRefused):
        verify_proof(forge.proof(3), key)


def test_a_key_with_a_changed_byte_is_refused(forge: Forge) -> None:
    for at in range(len(forge.key)):
        changed = bytearray(forge.key.encode())
        changed[at] ^= 1
        with pytest.raises(OrdainError):
            verify_proof(forge.proof(3), changed.decode())


def test_checkpoints_of_every_pair_of_sizes_continue_each_other(forge: Forge) -> None:
    keys = [vkey(forge.origin, key) for _, key in forge.signers]
    for old_size, old in forge.notes:
        for new_size, new in forge.notes:
            if old_size > new_size:
                continue
            proof = forge.tree().consistency(old_size, 0, new_size)
            assert [note.size for note in verify_consistency(old, new, proof, keys)] == [old_size, new_size]
            with pytest.raises(ProofRefused, match="do not begin with"):
                verify_consistency(old, new, [*proof, bytes(32)], keys)


def test_the_checkpoints_of_two_ledgers_do_not_continue_each_other(forge: Forge) -> None:
    other = Forge(2)
    other.checkpoint()
    with pytest.raises(CheckpointRefused):
        verify_consistency(other.notes[0][1], forge.notes[-1][1], [], forge.key)
    with pytest.raises(ProofRefused, match="different ledgers"):
        verify_consistency(other.notes[0][1], forge.notes[-1][1], [], [other.key, forge.key])


def test_every_changed_byte_of_a_checkpoint_is_refused(forge: Forge) -> None:
    note = forge.notes[-1][1].encode()
    key = read_key(forge.key)
    assert signer(read_note(note), [key]) == key
    for at in range(len(note)):
        for bit in range(8):
            changed = bytearray(note)
            changed[at] ^= 1 << bit
            with pytest.raises(CheckpointRefused):
                signer(read_note(bytes(changed)), [key])


def test_signatures_by_unknown_keys_are_passed_over(forge: Forge) -> None:
    witness = f"— witness.example {base64.b64encode(bytes(68)).decode()}\n"
    assert signer(read_note(forge.notes[-1][1] + witness), [read_key(forge.key)]).text == forge.key


@pytest.mark.parametrize("text", [None, 5, b"\xff", "\ud800", "a\n5\n", "x" * 70_000])
def test_what_is_no_checkpoint_is_refused(text: object) -> None:
    with pytest.raises(CheckpointRefused):
        read_note(text)


def test_a_proof_is_checked_with_nothing_but_the_file(forge: Forge, tmp_path: Path) -> None:
    path = tmp_path / "receipt.tlog-proof"
    path.write_text(forge.proof(5))
    assert verify_proof(path.read_bytes(), forge.key).index == 5
