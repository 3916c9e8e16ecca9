"""Witnesses that are slow, gone, wrong or hostile cost a ledger nothing but their cosignatures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from standing import cosigner, policy, standing

from ordain.audit.limits import LIMITS
from ordain.audit.tlog.checkpoint import Checkpoint, SigningKey, sign
from ordain.audit.tlog.merkle import consistency_proof, leaf_hash, node_hash, root
from ordain.audit.verifier.notes import read_note
from ordain.audit.verifier.witness_policy import WitnessPolicy
from ordain.audit.witness.client import Witnesses
from ordain.audit.witness.cosigner import Cosigner, Reply

KEY = SigningKey.from_seed("ordain.ledger/0198c2f1-7a3e-4c11-9d2b-5f6a7b8c9d0e", bytes(32))
Answer = Callable[[bytes], tuple[int, str, bytes]]


def subtree(height: int, index: int) -> bytes:
    if height == 0:
        return leaf_hash(str(index).encode())
    return node_hash(subtree(height - 1, 2 * index), subtree(height - 1, 2 * index + 1))


def note(size: int) -> str:
    return sign(Checkpoint(KEY.name, size, root(size, subtree), "2026-11-21T02:10:00Z"), KEY)


def prove(old: int, new: int) -> list[bytes]:
    return consistency_proof(old, new, subtree)


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """The address of a server that answers every request as `answer` says of its body: status, type, body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, media, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Cosigner]:
    made = cosigner(tmp_path, 1, str(KEY.verify_key))
    yield made
    made._heads.close()


def asked(witness: Cosigner, url: str) -> tuple[Witnesses, WitnessPolicy]:
    believed = policy(str(KEY.verify_key), [witness], [url], 1)
    return Witnesses(believed), believed


def test_each_checkpoint_is_cosigned_with_a_proof_from_where_the_witness_is(witness: Cosigner) -> None:
    with standing(witness) as [url]:
        witnesses, believed = asked(witness, url)
        for size in (3, 3, 8, 21):
            assert believed.enough(believed.cosigned(read_note(witnesses.cosign(note(size), prove))))
        again, _ = asked(witness, url)  # after a new start it does not know where the witness is
        assert believed.enough(believed.cosigned(read_note(again.cosign(note(22), prove))))
    assert witnesses.faults == {}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: (500, "text/plain", b"no"), "it answers 500"),
        (lambda _: (302, "text/plain", b""), "it answers 302"),
        (lambda _: (200, "text/plain", b""), "no cosignature by the key"),
        (lambda _: (200, "text/plain", b"\xff\xfe\n"), "no cosignature by the key"),
        (lambda _: (200, "text/plain", b"x" * (LIMITS.note + 10)), "no cosignature by the key"),
        (lambda _: (409, "text/x.tlog.size", b"0\n"), "it answers 409"),
        (lambda _: (409, "text/x.tlog.size", b"99\n"), "it has cosigned 99 entries of this ledger, which has 7"),
        (lambda _: (409, "text/x.tlog.size", b"7\n"), "two histories"),
        (lambda _: (409, "text/x.tlog.size", b"-1\n"), "it answers 409"),
        (lambda _: (409, "text/x.tlog.size", b"9" * 40), "it answers 409"),
        (lambda _: (422, "text/plain", b""), "two histories"),
        (lambda _: (404, "text/plain", b"\x1b[31mred"), r"it answers 404 Not Found: \x1b[31mred"),
    ],
)
def test_what_it_answers_wrongly_is_told_and_not_believed(witness: Cosigner, answer: Answer, said: str) -> None:
    with answering(answer) as url:
        witnesses, _ = asked(witness, url)
        assert witnesses.cosign(note(7), prove) == note(7)
    assert said in witnesses.faults["w1"]


def test_a_cosignature_of_another_checkpoint_or_by_another_witness_is_not_believed(
    witness: Cosigner, tmp_path: Path
) -> None:
    other = cosigner(tmp_path, 2, str(KEY.verify_key))

    def of(maker: Cosigner, size: int) -> Reply:
        return maker.add_checkpoint(f"old 0\n\n{note(size)}".encode())

    stranger, mine = of(other, 7).body, of(witness, 6).body
    for body, said in ((stranger, "no cosignature by the key"), (mine, "does not fit what it signed")):
        with answering(lambda _, body=body: (200, "text/plain", body)) as url:  # type: ignore[misc]
            witnesses, _ = asked(witness, url)
            assert witnesses.cosign(note(7), prove) == note(7)
        assert said in witnesses.faults["w1"]
    other._heads.close()


def test_one_that_fails_is_left_alone_for_longer_each_time_and_then_asked_again(witness: Cosigner) -> None:
    clock, times = [0.0], []

    def answer(_: bytes) -> tuple[int, str, bytes]:
        times.append(clock[0])
        return 500, "text/plain", b""

    with answering(answer) as url:
        witnesses = Witnesses(policy(str(KEY.verify_key), [witness], [url], 1), monotonic=lambda: clock[0])
        for second in range(2_450):
            clock[0] = float(second)
            witnesses.cosign(note(7), prove)
    waits = [int(after - before) for before, after in pairwise(times)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_those_that_answer_are_heard_whatever_the_others_do(tmp_path: Path) -> None:
    good = [cosigner(tmp_path, number, str(KEY.verify_key)) for number in (1, 2)]
    bad = cosigner(tmp_path, 3, str(KEY.verify_key))
    with standing(*good) as urls, answering(lambda _: (500, "text/plain", b"")) as broken:
        believed = policy(str(KEY.verify_key), [*good, bad], [*urls, broken], 2)
        cosigned = Witnesses(believed).cosign(note(7), prove)
    assert believed.enough(believed.require(read_note(cosigned)))
    for each in (*good, bad):
        each._heads.close()
