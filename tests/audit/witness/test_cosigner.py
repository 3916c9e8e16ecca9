"""A witness answers as https://c2sp.org/tlog-witness says, and cosigns one history of a log."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from standing import NOW, cosigner

from ordain.audit.tlog.checkpoint import Checkpoint, SigningKey, sign, sign_text
from ordain.audit.tlog.merkle import EMPTY, consistency_proof, leaf_hash, node_hash, root
from ordain.audit.verifier.cosignatures import cosigned_at
from ordain.audit.verifier.notes import read_any_note, read_note
from ordain.audit.witness import heads
from ordain.audit.witness.cosigner import Cosigner

KEY = SigningKey.from_seed("log.example/a", bytes(32))
OTHER = SigningKey.from_seed("log.example/a", bytes([9]) * 32)


class Log:
    """A log of invented leaves; two of another `salt` after a place are two histories."""

    def __init__(self, salt: str = "", same: int = 0) -> None:
        self._salt, self._same = salt, same

    def subtree(self, height: int, index: int) -> bytes:
        if height == 0:
            return leaf_hash(f"{'' if index < self._same else self._salt}{index}".encode())
        return node_hash(self.subtree(height - 1, 2 * index), self.subtree(height - 1, 2 * index + 1))

    def note(self, size: int, key: SigningKey = KEY) -> str:
        return sign(Checkpoint(key.name, size, root(size, self.subtree), "2026-11-21T02:10:00Z"), key)

    def proof(self, old: int, new: int) -> list[bytes]:
        return consistency_proof(old, new, self.subtree)

    def request(self, old: int, new: int) -> bytes:
        return request(old, self.proof(old, new) if old else (), self.note(new))


def request(old: int | str, proof: Sequence[bytes], note: str) -> bytes:
    lines = "".join(base64.b64encode(each).decode() + "\n" for each in proof)
    return f"old {old}\n{lines}\n{note}".encode()


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Cosigner]:
    made = cosigner(tmp_path, 1, str(KEY.verify_key))
    yield made
    made._heads.close()


def test_the_first_checkpoint_is_cosigned_and_then_what_goes_on_from_it(witness: Cosigner) -> None:
    log = Log()
    for old, new in ((0, 5), (5, 5), (5, 8), (8, 300)):
        reply = witness.add_checkpoint(log.request(old, new))
        assert (reply.status, reply.media) == (200, "text/plain; charset=utf-8")
        note = read_note(log.note(new) + reply.body.decode())
        assert cosigned_at(note, witness.key) == NOW


def test_who_does_not_know_where_the_witness_is_is_told(witness: Cosigner) -> None:
    log = Log()
    witness.add_checkpoint(log.request(0, 7))
    reply = witness.add_checkpoint(log.request(0, 9))
    assert (reply.status, reply.body, reply.media) == (409, b"7\n", "text/x.tlog.size")
    assert witness.add_checkpoint(log.request(3, 9)).body == b"7\n"


def test_a_second_history_is_refused_whether_it_is_as_long_or_longer_and_kept_as_evidence(witness: Cosigner) -> None:
    log, fork = Log(), Log("other", same=4)
    witness.add_checkpoint(log.request(0, 7))
    assert witness.add_checkpoint(fork.request(7, 7)).status == 409
    assert witness.add_checkpoint(fork.request(7, 9)).status == 422
    assert witness.add_checkpoint(request(7, log.proof(7, 9), fork.note(9))).status == 422
    assert witness.add_checkpoint(log.request(7, 9)).status == 200
    kept = witness._heads.conflicts()
    assert [(origin, known, at) for origin, known, _, at in kept] == [(KEY.name, log.note(7).encode(), NOW)] * 2
    assert [note for _, _, note, _ in kept] == [fork.note(7).encode(), fork.note(9).encode()]


def test_what_others_send_crowds_out_no_proof_of_two_histories(
    witness: Cosigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has a checkpoint that the witness does not know yet can send it without a proof, and sign below it."""
    monkeypatch.setattr(heads, "LIMITS", replace(heads.LIMITS, conflicts=3))
    log, fork = Log(), Log("other", same=4)
    witness.add_checkpoint(log.request(0, 7))
    below = f"— stranger.example {base64.b64encode(bytes(68)).decode()}\n"
    for added in ("", below, 2 * below):
        assert witness.add_checkpoint(request(7, (), log.note(9) + added)).status == 422
    assert [note for _, _, note, _ in witness._heads.conflicts()] == [log.note(9).encode()]
    for size in (10, 11, 12):
        assert witness.add_checkpoint(request(7, (), log.note(size))).status == 422
    assert witness.add_checkpoint(fork.request(7, 7)).status == 409
    kept = [note for _, _, note, _ in witness._heads.conflicts()]
    assert kept == [log.note(10).encode(), log.note(11).encode(), fork.note(7).encode()]


def test_a_log_that_goes_back_gets_nothing(witness: Cosigner) -> None:
    log = Log()
    witness.add_checkpoint(log.request(0, 9))
    assert witness.add_checkpoint(log.request(5, 7)).status == 409
    assert witness.add_checkpoint(request(9, (), log.note(7))).status == 400


def test_what_was_cosigned_is_known_after_a_new_start(witness: Cosigner, tmp_path: Path) -> None:
    log = Log()
    witness.add_checkpoint(log.request(0, 7))
    again = cosigner(tmp_path, 1, str(KEY.verify_key))
    assert again.add_checkpoint(Log("other").request(0, 7)).status == 409
    assert again.add_checkpoint(Log("other").request(7, 7)).status == 409
    assert again.add_checkpoint(log.request(7, 8)).status == 200
    again._heads.close()


def test_of_two_histories_at_the_same_moment_one_is_cosigned(tmp_path: Path) -> None:
    """Each witness is asked by many threads at once, half of them with another history."""
    witness = cosigner(tmp_path, 1, str(KEY.verify_key))
    asked = [Log("" if number % 2 else "other").request(0, 7) for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(witness.add_checkpoint, asked))
    cosigned = {request for request, reply in zip(asked, replies, strict=True) if reply.status == 200}
    assert len(cosigned) == 1
    assert {reply.status for reply in replies} <= {200, 409}
    witness._heads.close()


def test_nothing_is_cosigned_that_cannot_be_kept(witness: Cosigner, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(type(witness._heads), "advance", full)
    reply = witness.add_checkpoint(Log().request(0, 7))
    assert (reply.status, b"\xe2\x80\x94" in reply.body) == (503, False)


def test_an_unknown_log_is_not_found_and_a_wrong_signature_forbidden(witness: Cosigner) -> None:
    stranger = SigningKey.from_seed("log.example/b", bytes(32))
    assert witness.add_checkpoint(request(0, (), Log().note(3, stranger))).status == 404
    assert witness.add_checkpoint(request(0, (), Log().note(3, OTHER))).status == 403
    forged = Log().note(3).replace("\n3\n", "\n4\n")
    assert witness.add_checkpoint(request(0, (), forged)).status == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        request("00", (), Log().note(3)),
        request("-1", (), Log().note(3)),
        request(0, [bytes(32)] * 64, Log().note(3)),
        request(0, [bytes(31)], Log().note(3)),
        request(0, (), Log().note(3)).replace(b"\n\nlog", b"\nlog"),
        request(0, (), Log().note(3)[:-1]),
        request(0, (), "log.example/a\n3\n\n"),
        request(4, (), Log().note(3)),
        b"\xff" * 70_000,
    ],
)
def test_what_is_not_a_request_is_refused_as_such(witness: Cosigner, body: bytes) -> None:
    assert witness.add_checkpoint(body).status == 400


def test_a_first_checkpoint_has_no_proof_and_an_empty_log_the_empty_root(witness: Cosigner) -> None:
    assert witness.add_checkpoint(request(0, [bytes(32)], Log().note(3))).status == 422
    wrong = sign(Checkpoint(KEY.name, 0, bytes(32)), KEY)
    assert witness.add_checkpoint(request(0, (), wrong)).status == 422
    empty = sign(Checkpoint(KEY.name, 0, EMPTY), KEY)
    assert witness.add_checkpoint(request(0, (), empty)).status == 200
    assert witness.add_checkpoint(Log().request(0, 3)).status == 200


def test_other_logs_may_say_more_in_their_checkpoints(witness: Cosigner) -> None:
    body = f"{KEY.name}\n0\n{base64.b64encode(EMPTY).decode()}\nan extension of its own\nanother\n"
    note = sign_text(body, KEY)
    reply = witness.add_checkpoint(request(0, (), note))
    assert reply.status == 200
    assert cosigned_at(read_any_note(note + reply.body.decode()), witness.key) == NOW


@pytest.mark.parametrize("clock", [0, -5])
def test_nothing_is_cosigned_or_remembered_while_the_clock_is_not_set(tmp_path: Path, clock: int) -> None:
    made = cosigner(tmp_path, 1, str(KEY.verify_key), now=lambda: clock)
    reply = made.add_checkpoint(Log().request(0, 7))
    assert (reply.status, made._heads.latest(KEY.verify_key.name)) == (503, None)
    made._heads.close()
