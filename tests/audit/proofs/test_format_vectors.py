"""The test vectors of docs/ledger-format.md are what the ledger's own code makes, and what the stranger reads."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import stranger

from ordain.audit.entry.entry import Receipt, StoredEntry
from ordain.audit.entry.keys import Keyring, LocalMasterKey
from ordain.audit.entry.padding import padded
from ordain.audit.entry.plan_text import codes_in, codes_of, unpack
from ordain.audit.entry.sealing import entry_key, unseal
from ordain.audit.ledger.receipts import Receipts
from ordain.audit.tlog.checkpoint import Checkpoint, SigningKey, sign
from ordain.audit.verifier.envelope import check_shape, read_canonical

PAGE = Path(__file__).parents[3] / "docs/ledger-format.md"
(TEXT,) = re.findall(r"^```json vectors\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
VECTORS: dict[str, Any] = json.loads(TEXT)


def raw(name: str) -> bytes:
    return base64.b64decode(VECTORS[name], validate=True)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(UUID(VECTORS["ledger"]), LocalMasterKey(raw("master_key")), raw("wrapped_index_key"))


def test_the_keys_and_tags_are_those_of_the_ledgers_own_code(keyring: Keyring) -> None:
    tag = keyring.tag(VECTORS["subject"])
    assert tag.hex() == VECTORS["tag"]
    assert keyring.opened(bytes.fromhex(VECTORS["key"]), tag, raw("wrapped")) == raw("data_key")
    entry_id = UUID(VECTORS["entry_id"]).bytes
    assert entry_key(raw("data_key"), entry_id) == raw("entry_key")
    opened = unseal(raw("data_key"), entry_id, raw("sealed"), bytes.fromhex(VECTORS["key_commitment"]))
    assert opened == padded(bytes.fromhex(VECTORS["deflated"]), 0)
    assert unpack(opened, VECTORS["plan"].encode(), padded=True).decode() == VECTORS["private"]
    private = json.loads(VECTORS["private"])
    assert codes_of(private["steps"], codes_in(VECTORS["plan"].encode())) == ["price@1/list"]


def test_the_envelope_is_one_and_has_that_leaf_hash() -> None:
    envelope = VECTORS["envelope"].encode()
    check_shape(read_canonical(envelope))
    assert StoredEntry(0, UUID(VECTORS["entry_id"]), envelope).leaf_hash.hex() == VECTORS["leaf_hash"]


def test_checkpoint_and_receipt_are_those_of_the_ledgers_own_code() -> None:
    key = SigningKey.from_seed(f"ordain.ledger/{VECTORS['ledger']}", raw("signing_seed"))
    assert str(key.verify_key) == VECTORS["public_key"]
    root = bytes.fromhex(VECTORS["leaf_hash"])
    assert sign(Checkpoint(key.name, 1, root, "2026-11-21T02:10:00Z"), key) == VECTORS["checkpoint"]
    at = dt.datetime(2026, 11, 21, 2, 10, tzinfo=dt.UTC)
    receipt = Receipts(key, lambda: at).signed(Receipt(VECTORS["entry_id"], VECTORS["leaf_hash"]))
    assert receipt == VECTORS["receipt"]


def test_the_stranger_reads_them() -> None:
    keys = [VECTORS["public_key"]]
    assert stranger.checkpoint(VECTORS["checkpoint"], keys) == (1, bytes.fromhex(VECTORS["leaf_hash"]))
    assert stranger.signed(VECTORS["receipt"], keys).startswith("ordain receipt v1\n")
    envelope, plan = json.loads(VECTORS["envelope"]), VECTORS["plan"].encode()
    assert stranger.opened(raw("entry_key"), envelope, raw("sealed"), plan) == json.loads(VECTORS["private"])
