"""The real writer's ledgers hold, on both databases, and tampering with one is found as with a forged one."""

import datetime as dt
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ledgers import DOCUMENTS, ENGINE, MASTER, SEED, decision, opened
from tamper_case import Ledger, run
from tampering import cases

from ordain.audit.anchors.places import Anchors, FileAnchors
from ordain.audit.entry.keys import LocalMasterKey
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.opening import Keys, open_ledger, open_store
from ordain.audit.ledger.recovery import recover
from ordain.audit.ledger.rotation import rotate
from ordain.audit.privacy.erasure import erase, hold
from ordain.audit.privacy.retention import retain
from ordain.audit.verifier.check import verify
from ordain.audit.verifier.findings import Failure

NEW_SEED = bytes(range(64, 96))
START = dt.datetime.now(dt.UTC)  # PostgreSQL has partitions for this month and the next
PRIVATE: dict[str, object] = {"by": "test"}
SUBJECTS = 20


class Clock:
    """A minute later each time it is read."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> dt.datetime:
        self.time += dt.timedelta(minutes=1)
        return self.time


def decide(use: OpenLedger, count: int, first_subject: int = 0) -> None:
    for number in range(count):
        made = decision(first_subject + number % (SUBJECTS - first_subject), use.now())
        use.ledger.append(made, DOCUMENTS)


def real_ledger(url: str, places: list[Anchors], at: Callable[[], dt.datetime]) -> list[int]:
    """Some 300 entries with all that happens to a ledger. Returns the sizes from which each key signs."""
    with opened(url, places, at=at) as use:
        use.settle()
        decide(use, 100)
        use.settle()
        erase(use, "C-1", private=PRIVATE)
        hold(use, "C-2", True, private=PRIVATE)
        erase(use, "C-3", private=PRIVATE, not_before=dt.date(2030, 1, 1))
        hold(use, "C-4", True, private=PRIVATE)
        hold(use, "C-4", False, private=PRIVATE)
        use.settle()
        retain(use, START + dt.timedelta(minutes=40), private=PRIVATE)
        use.settle()
        rotate(use, SEED, NEW_SEED, private=PRIVATE)
        if use.sequencer is not None:
            use.sequencer.sequence()  # what opens the ledger with the new key looks for the change among the ordered
    store = open_store(url)
    keys = Keys(LocalMasterKey(MASTER), NEW_SEED)
    use = open_ledger(store, keys, places, tenant="demo", engine=ENGINE, now=at)
    checkpoint = use.settle()
    assert checkpoint is not None
    decide(use, 160, 5)
    erase(use, "C-7", private=PRIVATE)
    use.settle()
    use.close()
    return [0, checkpoint.size]


def test_a_real_ledger_holds_with_every_payload_opened_and_every_anchor_compared(url: str, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    real_ledger(url, [FileAnchors(folder) for folder in folders], Clock())
    evidence = verify(url, anchors=folders, master_key=MASTER)
    assert evidence.findings == ()
    assert evidence.decisions == 260
    assert evidence.erased > 0
    assert evidence.expired > 0
    assert evidence.unsigned == evidence.unsequenced == 0
    assert evidence.anchored == evidence.entries == evidence.checkpoint_size
    assert verify(url, sample=50, seed=1, anchors=folders, master_key=MASTER).findings == ()
    assert verify(url, start=200, end=260, anchors=folders, master_key=MASTER).findings == ()


def test_one_backup_recovered_again_and_again_holds_each_time(tmp_path: Path) -> None:
    path, backup, folder = tmp_path / "ledger.db", tmp_path / "backup.db", tmp_path / "one"
    url, places = f"sqlite:///{path}", [FileAnchors(folder)]
    with opened(url, places) as use:
        decide(use, 3)
        use.settle()
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as target:
            source.backup(target)
        decide(use, 2)
        use.settle()
    for _ in range(3):
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(backup, path)
        store, keys = open_store(url), Keys(LocalMasterKey(MASTER), SEED)
        use = open_ledger(store, keys, places, tenant="demo", engine=ENGINE, now=Clock(), lost=True)
        recover(use, private=PRIVATE)
        use.settle()
        use.close()
        assert verify(url, anchors=[folder], master_key=MASTER).findings == ()
    newest = max((folder / "recovered").iterdir())
    newest.write_text(newest.read_text().replace('"entry":"', '"entry":"another'))
    evidence = verify(url, anchors=[folder])
    assert [finding.failure for finding in evidence.findings] == [Failure.ANCHOR]
    assert "a recovery that the ledger does not tell of" in str(evidence.findings[0])


def test_whatever_is_changed_in_a_real_ledger_is_found_and_told_by_its_class(tmp_path: Path) -> None:
    folders = [tmp_path / "one"]
    path = tmp_path / "ledger.db"
    since = real_ledger(f"sqlite:///{path}", [FileAnchors(folder) for folder in folders], Clock())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        origin, key = connection.execute("SELECT origin, key FROM ledger_identity").fetchone()
    signers = [Ed25519PrivateKey.from_private_bytes(seed) for seed in (SEED, NEW_SEED)]
    ledger = Ledger(path, MASTER, origin, key, list(zip(since, signers, strict=True)), folders)
    assert verify(path, anchors=folders, master_key=MASTER)
    missed = []
    for case in cases(ledger, 1, 2):
        evidence = run(case, ledger, tmp_path / "copy.db")
        if evidence or Failure(evidence.exit_code) not in case.expected:
            missed.append(f"{case.group} ({case.what}): {[str(finding) for finding in evidence.findings[:3]]}")
    assert missed == []
