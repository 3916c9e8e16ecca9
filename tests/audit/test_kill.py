"""kill -9 at random moments under load: what was acknowledged is there, once, and every signed tree goes on.

ORDAIN_TEST_KILLS says how many times on each kind of database; 4 unless it is set.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from databases import database
from ledgers import SEED, opened
from parts import count

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Status
from ordain.audit.store.rows import CHECKPOINT, ENTRY, INBOX
from ordain.audit.store.sequencer import SEQUENCING
from ordain.audit.tlog.checkpoint import SigningKey, open_note

WORKER = Path(__file__).with_name("append_worker.py")
ROOT = WORKER.parents[2]
KILLS = int(os.environ.get("ORDAIN_TEST_KILLS", "4"))  # read now: some tests clear the environment
CUT = """
SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
AND l.classid::bigint = %(lock)s::bigint >> 32 AND l.objid::bigint = %(lock)s::bigint & 4294967295
"""
"""Ends the session that holds that lock (https://www.postgresql.org/docs/current/view-pg-locks.html)."""
ENOUGH = 60.0  # seconds in which a worker has acknowledged its first entry


@dataclass
class Worker:
    """A running `append_worker.py`, and what it has promised."""

    url: str
    output: Path
    first: int
    threads: int
    beat: float
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        numbers = [str(number) for number in (self.first, self.threads, self.beat)]
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), self.url, str(self.output), *numbers],
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{WORKER.parent}"},
        )

    def wait_for(self, word: str) -> None:
        """Until it has promised such a thing."""
        until(lambda: self.process.poll() is not None or any(line.startswith(word) for line in self.told()))

    def wait_for_more(self, word: str) -> None:
        """Until it has promised another such thing."""
        before = sum(line.startswith(word) for line in self.told())
        until(lambda: sum(line.startswith(word) for line in self.told()) > before)

    def told(self) -> list[str]:
        text = self.output.read_text() if self.output.exists() else ""
        return [line for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def kill(self) -> None:
        self.process.kill()
        assert self.process.wait() == -signal.SIGKILL, "the worker ended by itself"


class Promises:
    """All that the workers of a test have acknowledged, signed and refused."""

    def __init__(self, workers: list[Worker]) -> None:
        self.entries: dict[str, str] = {}
        self.checkpoints: set[tuple[int, str]] = set()
        self.failed: list[str] = []
        for worker in workers:
            for line in worker.told():
                kind, _, rest = line.rstrip("\n").partition(" ")
                if kind == "entry":
                    entry_id, leaf = rest.split()
                    entry_id = entry_id.replace("-", "")
                    assert self.entries.setdefault(entry_id, leaf) == leaf
                elif kind == "checkpoint":
                    size, root = rest.split()
                    self.checkpoints.add((int(size), root))
                else:
                    self.failed.append(rest)


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    started: list[Worker] = []
    yield started
    for worker in started:
        if worker.process.poll() is None:
            worker.process.kill()
            worker.process.wait()


def check(use: OpenLedger, promised: Promises) -> Counter[str]:
    """Reads the database once, after `promised` was read, and compares."""
    waiting = sa.select(sa.null(), INBOX.c.id, INBOX.c.envelope)
    wanted = sa.select(ENTRY.c.leaf_index, ENTRY.c.id, ENTRY.c.envelope)
    stored = sa.union_all(wanted, waiting) if use.sequencer else wanted
    with use.store.reading() as connection:
        notes = connection.execute(sa.select(CHECKPOINT.c.size, CHECKPOINT.c.note).order_by(CHECKPOINT.c.size)).all()
        rows = connection.execute(stored).all()  # after what was signed: entries come meanwhile
    times = Counter(_text(row[1]) for row in rows)
    leaves = {_text(row[1]): hashlib.sha256(b"\0" + row[2]).digest() for row in rows}
    ordered = sorted((row for row in rows if row[0] is not None), key=lambda row: row[0])
    roots = roots_of([leaves[_text(row[1])] for row in ordered])
    key = SigningKey.from_seed(use.identity.origin, SEED).verify_key
    signed = {(size, open_note(note, [key]).root.hex()) for size, note in notes}
    return Counter(
        acknowledged=len(promised.entries),
        stored=len(rows),
        checkpoints=len(signed),
        lost=sum(entry_id not in leaves for entry_id in promised.entries),
        changed=sum(leaves.get(entry_id, b"").hex() != leaf for entry_id, leaf in promised.entries.items()),
        duplicated=sum(count - 1 for count in times.values()),
        gaps=sum(row[0] != index for index, row in enumerate(ordered)),
        unsigned=len(promised.checkpoints - signed),
        forked=sum(size >= len(roots) or roots[size] != root for size, root in signed | promised.checkpoints),
    )


def check_private(use: OpenLedger) -> None:
    """Every entry has its payload, it opens, and there is no payload without an entry."""
    assert all(record.status is Status.READABLE for record in use.reader.records())
    assert count(use.store) == use.reader.size()


def roots_of(leaves: list[bytes]) -> list[str]:
    """The tree's root, in hexadecimal, at each size from 0 on: two complete subtrees of one height are joined."""
    roots = [hashlib.sha256().hexdigest()]
    subtrees: list[tuple[int, bytes]] = []  # (height, hash), from left to right
    for leaf in leaves:
        height, right = 0, leaf
        while subtrees and subtrees[-1][0] == height:
            height, right = height + 1, _join(subtrees.pop()[1], right)
        subtrees.append((height, right))
        root = right
        for _, left in reversed(subtrees[:-1]):
            root = _join(left, root)
        roots.append(root.hex())
    return roots


def _join(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _text(entry_id: bytes) -> str:
    return entry_id.hex()


def whole(counts: Counter[str]) -> bool:
    return not any(counts[name] for name in ("lost", "changed", "duplicated", "gaps", "unsigned", "forked"))


def test_sqlite_one_process_of_several_threads_and_a_checkpointer(tmp_path: Path, workers: list[Worker]) -> None:
    pick = random.Random()  # noqa: S311
    url = f"sqlite:///{tmp_path}/ledger.db"
    counts: Counter[str] = Counter()
    for life in range(KILLS):
        workers.append(Worker(url, tmp_path / f"told-{life}", 10_000_000 * life, threads=6, beat=0.005))
        if life % 5 != 4:  # now and then it dies while it opens the ledger
            workers[-1].wait_for("entry")
        time.sleep(pick.uniform(0, 0.4))
        workers[-1].kill()
        promised = Promises(workers)
        with opened(url) as use:
            counts = check(use, promised)
            assert whole(counts), counts
            assert not promised.failed
    with opened(url) as use:
        use.settle()
        check_private(use)
        counts = check(use, Promises(workers))
        assert whole(counts), counts
    assert counts["acknowledged"] > 10 * KILLS
    assert counts["checkpoints"] > KILLS // 5  # a life may be too short for one where the machine has much to do
    print(f"\nSQLite: {KILLS} kills, {dict(counts)}")


def test_postgresql_two_writers_and_two_who_may_order_and_sign(tmp_path: Path, workers: list[Worker]) -> None:
    """One of the four is killed at a time, at random, and another started in its place, while the others go on."""
    pick = random.Random()  # noqa: S311
    with database() as url:
        with opened(url):
            pass  # the schema, so that the four do not begin by waiting for each other

        def start(writes: bool) -> Worker:
            life = len(workers)
            workers.append(
                Worker(url, tmp_path / f"told-{life}", 10_000_000 * life, *((4, 0) if writes else (0, 0.01)))
            )
            return workers[-1]

        alive = [start(writes) for writes in (True, True, False, False)]
        for worker in alive[:2]:
            worker.wait_for("entry")
        with opened(url) as use:
            for _ in range(KILLS):
                time.sleep(pick.uniform(0, 0.5))
                place = pick.randrange(4)
                alive[place].kill()
                alive[place] = start(writes=place < 2)
                counts = check(use, Promises(workers))
                assert whole(counts), counts
            until(lambda: Promises(workers).checkpoints)
            for worker in alive:
                worker.kill()
            until(use.settle)  # not before the server has noticed that the leading one is gone
            check_private(use)
            promised = Promises(workers)
            counts = check(use, promised)
            assert whole(counts), counts
            assert not promised.failed
    assert counts["acknowledged"] > 10 * KILLS
    print(f"\nPostgreSQL: {KILLS + 4} kills, {dict(counts)}")


def test_a_leading_process_that_stalls_is_cut_off_and_wakes_up_gives_no_place_twice(
    tmp_path: Path, workers: list[Worker]
) -> None:
    with database() as url, psycopg.connect(url, autocommit=True) as admin, opened(url) as use:
        for life, (threads, beat) in enumerate([(2, 0.0), (0, 0.01), (0, 0.01)]):
            workers.append(Worker(url, tmp_path / f"told-{life}", 10_000_000 * life, threads, beat))
        orderers = workers[1:]
        for _ in range(2):
            promised = [len(worker.told()) for worker in orderers]
            leader, other = orderers if goes_on(orderers, promised) == 0 else reversed(orderers)
            leader.process.send_signal(signal.SIGSTOP)
            until(lambda: admin.execute(CUT, {"lock": SEQUENCING}).rowcount)
            other.wait_for_more("checkpoint")
            leader.process.send_signal(signal.SIGCONT)
            workers[0].wait_for_more("entry")
            other.wait_for_more("checkpoint")
            counts = check(use, Promises(workers))
            assert whole(counts), counts
        for worker in workers:
            worker.kill()
        until(use.settle)
        check_private(use)
        promises = Promises(workers)
        counts = check(use, promises)
        assert whole(counts), counts
        assert not [message for message in promises.failed if "shutting down" not in message]


def goes_on(orderers: list[Worker], promised: list[int]) -> int:
    """Which of them is the one that signs."""
    until(lambda: any(len(worker.told()) > n for worker, n in zip(orderers, promised, strict=True)))
    return next(i for i, (worker, n) in enumerate(zip(orderers, promised, strict=True)) if len(worker.told()) > n)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + ENOUGH
    while not true():
        assert time.monotonic() < end, f"it did not come about in {ENOUGH} seconds"
        time.sleep(0.01)
