"""Several processes on one ledger, and processes that die: every acknowledged entry is there, once."""

import random
import subprocess
import sys
import time
from pathlib import Path

from audit.ledger import Ledger
from audit.store import Store
from audit.verify import verify

WORKER = Path(__file__).with_name("append_worker.py")
ROOT = WORKER.parents[2]


def start(database: Path, first: int, count: int, threads: int) -> "subprocess.Popen[str]":
    numbers = [str(number) for number in (first, count, threads)]
    return subprocess.Popen(
        [sys.executable, str(WORKER), str(database), *numbers],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )


def acknowledged(line: str) -> tuple[int, str, str]:
    seq, entry_id, hashed = line.split()
    return int(seq), entry_id, hashed


def test_two_processes_with_four_threads_each_make_one_chain(path: Path) -> None:
    workers = [start(path, first, 150, threads=4) for first in (1000, 2000)]
    lines = [line for worker in workers for line in worker.communicate()[0].splitlines()]
    assert [worker.returncode for worker in workers] == [0, 0]
    receipts = sorted(acknowledged(line) for line in lines)
    assert [seq for seq, _, _ in receipts] == list(range(1, 301))
    assert len({entry_id for _, entry_id, _ in receipts}) == 300
    evidence = verify(path)
    assert evidence
    assert (evidence.count, evidence.head) == (300, receipts[-1][2])


def test_after_kill_9_every_acknowledged_entry_is_there_once(path: Path) -> None:
    pick = random.Random(9)  # noqa: S311  # repeatable, not secret
    told: list[tuple[int, str, str]] = []
    for life in range(6):
        worker = start(path, 10_000 * (life + 1), 9_000, threads=2)
        assert worker.stdout
        told.append(acknowledged(worker.stdout.readline()))
        time.sleep(pick.uniform(0.02, 0.3))
        worker.kill()
        rest = worker.stdout.read().splitlines(keepends=True)
        told += [acknowledged(line) for line in rest if line.endswith("\n")]
        worker.stdout.close()
        assert worker.wait() == -9
        evidence = verify(path)
        assert evidence, evidence.findings
    store = Store(f"sqlite:///{path}")
    kept = {entry.receipt.seq: entry.receipt for entry in Ledger(store).entries()}
    store.close()
    assert len({receipt.entry_id for receipt in kept.values()}) == len(kept) == evidence.count
    assert len(told) > 60
    for seq, entry_id, hashed in told:
        assert (kept[seq].entry_id, kept[seq].hash) == (entry_id, hashed)


def test_processes_that_open_a_new_ledger_at_once_make_one(path: Path) -> None:
    workers = [start(path, 100 * part, 5, threads=1) for part in range(1, 5)]
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    assert verify(path).count == 20
