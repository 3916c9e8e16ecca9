"""A signed receipt proves to anyone that the ledger said an entry is on record; a log without it is told."""

from __future__ import annotations

import base64
import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from ledgers import DOCUMENTS, decision, opened

from ordain.audit.entry.entry import Receipt
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.receipts import Receipts
from ordain.audit.limits import LIMITS
from ordain.audit.tlog.checkpoint import Checkpoint, SigningKey, sign
from ordain.audit.verifier.check import verify
from ordain.audit.verifier.findings import Failure
from ordain.audit.verifier.notes import read_note
from ordain.audit.verifier.promises import verify_receipt
from ordain.engine.errors import CheckpointRefused, ProofRefused, SettingsError

ORIGIN = "ordain.ledger/0198c2f1-7a3e-7c11-9d2b-5f6a7b8c9d0e"
KEY = SigningKey.from_seed(ORIGIN, bytes(32))
AT = dt.datetime(2026, 11, 21, 2, 10, tzinfo=dt.UTC)
RECEIPT = Receipt("01a1fc2b-f0c3-76e5-8ac8-004a3456f524", "ab" * 32)
NOTE = Receipts(KEY, lambda: AT).signed(RECEIPT)


def test_it_says_which_entry_of_which_ledger_when_and_until_when_it_is_covered() -> None:
    promise = verify_receipt(NOTE, str(KEY.verify_key))
    header = base64.b64encode(NOTE.encode()) + b"\n"
    assert verify_receipt(header, str(KEY.verify_key)) == promise
    assert (promise.origin, promise.entry_id, promise.leaf_hash) == (ORIGIN, RECEIPT.entry_id, RECEIPT.leaf_hash)
    assert (promise.time, promise.due) == ("2026-11-21T02:10:00Z", "2026-11-22T02:10:00Z")
    assert LIMITS.covered_within == 86_400
    assert not promise.is_broken_by("2026-11-22T02:09:59Z")
    assert promise.is_broken_by("2026-11-22T02:10:00Z")


def test_every_changed_byte_of_it_is_refused() -> None:
    data = NOTE.encode()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        with pytest.raises((ProofRefused, CheckpointRefused)):
            verify_receipt(bytes(changed), str(KEY.verify_key))


def test_it_is_no_checkpoint_and_a_checkpoint_is_no_receipt() -> None:
    with pytest.raises(CheckpointRefused):
        read_note(NOTE)
    with pytest.raises(ProofRefused):
        verify_receipt(sign(Checkpoint(ORIGIN, 1, bytes(32)), KEY), str(KEY.verify_key))


def test_another_ledgers_key_does_not_vouch_for_it() -> None:
    other = SigningKey.from_seed("ordain.ledger/0198c2f1-7a3e-7c11-9d2b-5f6a7b8c9d0f", bytes(32))
    with pytest.raises(CheckpointRefused):
        verify_receipt(NOTE, str(other.verify_key))


def recorded(use: OpenLedger, number: int) -> tuple[Receipt, bytes]:
    receipt = use.ledger.append(decision(number), DOCUMENTS)
    return receipt, use.receipts.signed(receipt).encode()


def test_verify_finds_every_entry_of_a_receipt_on_both_databases(url: str) -> None:
    with opened(url) as use:
        _, early = recorded(use, 1)
        use.settle()
        _, waiting = recorded(use, 2)
        assert verify(url, receipts=[early, waiting])


def test_an_entry_that_was_dropped_before_its_checkpoint_is_told_by_its_receipt_alone(path: Path) -> None:
    """The end that nobody has signed is cut off, and the log goes on: without the receipt all of it holds."""
    with opened(f"sqlite:///{path}") as use:
        recorded(use, 1)
        use.settle()
        receipt, note = recorded(use, 2)
    with closing(sqlite3.connect(path)) as connection, connection:
        gone = connection.execute("DELETE FROM entry WHERE id = ?", (UUID(receipt.entry_id).bytes,)).rowcount
        connection.execute("DELETE FROM subject_key WHERE key NOT IN (SELECT key FROM entry)")
        assert gone == 1
    with opened(f"sqlite:///{path}") as use:
        _, later = recorded(use, 3)
        use.settle()
    assert verify(path)
    evidence = verify(path, receipts=[later, note])
    [finding] = evidence.findings
    assert (finding.failure, evidence.exit_code, finding.entry_id) == (Failure.CONTENT, 10, receipt.entry_id)
    assert "which is not there" in finding.message


def test_an_entry_that_was_exchanged_is_told_by_its_receipt(path: Path) -> None:
    with opened(f"sqlite:///{path}") as use:
        receipt, _ = recorded(use, 1)
        use.settle()
        other = use.receipts.signed(Receipt(receipt.entry_id, "ab" * 32)).encode()
    [finding] = verify(path, receipts=[other]).findings
    assert finding.failure == Failure.CONTENT
    assert "is not the one" in finding.message


def test_a_receipt_of_another_ledger_does_not_hold_and_a_part_of_the_log_cannot_keep_it(path: Path) -> None:
    with opened(f"sqlite:///{path}") as use:
        use.settle()
    [finding] = verify(path, receipts=[NOTE.encode()]).findings
    assert finding.failure == Failure.SIGNATURE
    with pytest.raises(SettingsError, match="whole log"):
        verify(path, receipts=[NOTE.encode()], sample=1)
