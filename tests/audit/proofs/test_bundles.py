"""A bundle reveals one entry, and no other; its timestamp is of its checkpoint."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from ledgers import make_ledger
from reading_sample import CALL, E_MAIL, Sample, sample
from timestamp_authority import Authority, served

from ordain.audit.anchors.places import FileAnchors
from ordain.audit.anchors.timestamps import HttpTimestampAuthority, StampedAnchors, check
from ordain.audit.entry.sealing import entry_key
from ordain.audit.ledger.bundles import bundle
from ordain.audit.verifier.bundle import Bundle, check_stamped, opened, read_bundle
from ordain.audit.verifier.proof import verify_proof
from ordain.engine.errors import CheckpointRefused, ProofRefused

Json = dict[str, Any]


@pytest.fixture
def made(url: str) -> Iterator[Sample]:
    with sample(url) as each:
        yield each


def revealed(use: Sample, entry_id: UUID) -> Json:
    disclosed = use.reader.disclosed(entry_id)
    assert disclosed is not None
    told: Json = json.loads(json.dumps(bundle(use.use, entry_id, disclosed), ensure_ascii=False))
    return told


def private_of(told: Json, key: str) -> Json:
    read = read_bundle(json.dumps(told).encode())
    assert read is not None
    private = opened(read, verify_proof(read.proof, key).envelope)
    assert private is not None
    return private


def test_a_revealed_entry_shows_what_was_recorded_with_the_public_key_alone(made: Sample) -> None:
    first, second = made.decide("C-1", CALL), made.decide("C-1", E_MAIL)
    made.use.settle()
    told = revealed(made, first)
    private = private_of(told, made.use.identity.key)
    assert private["subject"] == "C-1"
    assert private["outcome"]["offer"]["action"] == "personal call"
    assert private_of(revealed(made, second), made.use.identity.key)["outcome"]["offer"]["action"] == "e-mail"


def test_what_opens_one_entry_opens_no_other_of_the_same_person(made: Sample) -> None:
    first, second = made.decide("C-1", CALL), made.decide("C-1", E_MAIL)
    made.use.settle()
    mine, other = revealed(made, first), revealed(made, second)
    swapped = {**other, "revealed": {**other["revealed"], "entry_key": mine["revealed"]["entry_key"]}}
    with pytest.raises(ProofRefused, match="key is not the one"):
        private_of(swapped, made.use.identity.key)
    secret = base64.b64decode(mine["revealed"]["entry_key"])
    assert entry_key(secret, second.bytes) != base64.b64decode(other["revealed"]["entry_key"])


@pytest.mark.parametrize("name", ["sealed", "entry_key", "plan"])
def test_any_other_sealed_bytes_key_or_plan_are_refused(tmp_path: Path, name: str) -> None:
    with sample(f"sqlite:///{tmp_path}/ledger.db") as made:
        told = revealed(made, _decided(made))
        key = made.use.identity.key
    right = told["revealed"][name]
    for wrong in (right[:-8] + "AAAAAAA=", right[4:], "", None, 7):
        with pytest.raises(ProofRefused):
            private_of({**told, "revealed": {**told["revealed"], name: wrong}}, key)
    without = {part: value for part, value in told["revealed"].items() if part != name}
    with pytest.raises(ProofRefused):
        private_of({**told, "revealed": without}, key)


def _decided(made: Sample) -> UUID:
    entry_id = made.decide("C-1", CALL)
    made.use.settle()
    return entry_id


def test_an_entry_whose_key_is_gone_cannot_be_revealed_and_is_still_proven(made: Sample) -> None:
    entry_id = _decided(made)
    made.erase("C-1")
    assert made.reader.disclosed(entry_id) is None
    told = bundle(made.use, entry_id)
    assert "revealed" not in told
    assert verify_proof(told["proof"], made.use.identity.key).entry_id == str(entry_id)


@pytest.mark.parametrize(
    "text", [b"{", b"{}", b'{"format": "ordain proof bundle 2", "proof": ""}', b'{"format": 7}', b"[" * 10_000]
)
def test_what_is_no_bundle_is_refused_or_left_to_others(text: bytes) -> None:
    if text.startswith(b"["):
        assert read_bundle(text) is None
        return
    with pytest.raises(ProofRefused):
        read_bundle(text)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: no timestamp authority to ask")
def test_the_timestamp_of_the_checkpoint_goes_with_the_proof_and_is_of_that_checkpoint(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    with served(authority.reply) as url:
        first = StampedAnchors(tmp_path / "one", HttpTimestampAuthority(url, 5.0, [authority.root]))
        use = make_ledger(f"sqlite:///{tmp_path}/ledger.db", [first, FileAnchors(tmp_path / "two")])
        try:
            use.settle()
            told = bundle(use, next(use.reader.entries(0)).id)
        finally:
            use.close()
    read = read_bundle(json.dumps(told).encode())
    assert read is not None
    check_stamped(read)
    stamp = check(read.token, read.stamped.encode(), [authority.root])
    assert stamp.authority.startswith("CN=tsa")
    assert verify_proof(read.proof, use.identity.key).index == 0
    other = Bundle(read.proof, read.stamped.replace("\n1\n", "\n2\n"), read.token)
    with pytest.raises((ProofRefused, CheckpointRefused)):
        check_stamped(other)
