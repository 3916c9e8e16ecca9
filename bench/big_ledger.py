"""A large ledger: how long it takes to make, verify, prove and replay, how large it is, and what a billion would be.

`python -m bench.big_ledger [ENTRIES]`. The entries are copies of one real decision about 1,000 SYNTHETIC subjects.
"""

from __future__ import annotations

import base64
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from bench.ledger import copies, sample_entry
from bench.tables import OUT, Result
from ordain.api.ledger import place_folders
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.audit.ledger.proving import proof_file
from ordain.audit.records.query import Query
from ordain.audit.records.replay import Replayer
from ordain.audit.records.search import search
from ordain.audit.verifier.check import verify
from ordain.audit.verifier.proof import verify_proof

ENTRIES = 1_000_000
BATCH = 500
_BILLION = 1_000_000_000


def run(entries: int = ENTRIES) -> Result:
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        settings = Settings(
            database_url=f"sqlite:///{folder}/ledger.db",
            policies=Path("policies").absolute(),
            models=folder / "models",
            keys=folder / "keys",
            time_zone="Asia/Kolkata",
        )
        use = wire(settings)
        try:
            return _measured(use, settings, entries, folder / "ledger.db")
        finally:
            use.close()


def _measured(use: Services, settings: Settings, entries: int, file: Path) -> Result:
    rows: dict[str, dict[str, Any]] = {}
    times = entries / _BILLION

    def row(name: str, seconds: float, done: int, at_a_billion: str = "") -> None:
        rows[name] = {"seconds": seconds, "rate": done / seconds, "billion": at_a_billion or _long(seconds / times)}

    ledger = use.ledger
    made = copies(sample_entry(use))
    ids: list[str] = []

    def write() -> None:
        for number in range(entries // BATCH):
            ids.append(ledger.ledger.append_all(list(islice(made, BATCH)))[0].entry_id)
            if number % 200 == 199:
                ledger.settle()
        ledger.settle()

    row(f"write, {BATCH} a commit, signed every {BATCH * 200:,}", _timed(write), entries)
    folders = place_folders(settings)
    row("verify everything, payloads hashed", _timed(lambda: _hold(verify(file, anchors=folders))), entries)
    master = (settings.keys / "master.key").read_text()
    with_key = _timed(lambda: _hold(verify(file, master_key=_bytes(master))))
    row("verify everything, payloads decrypted", with_key, entries)
    sampled = _timed(lambda: _hold(verify(file, sample=1000, seed=1)))
    row("verify a sample of 1,000 by their proofs", sampled, 1000, "as long, a third more hashes")
    replayed = min(entries, 20_000)
    row(f"replay {replayed:,}", _timed(lambda: _replay(use, replayed)), replayed, "")
    rows[f"replay {replayed:,}"]["billion"] = _long(rows[f"replay {replayed:,}"]["seconds"] / replayed * _BILLION)
    some = [UUID(each) for each in ids[:: max(1, len(ids) // 50)]]
    proofs = [_timed(partial(proof_file, ledger.store, ledger.reader, each)) for each in some]
    row("make a proof (median)", statistics.median(proofs), 1, "as long, a third more hashes")
    text = proof_file(ledger.store, ledger.reader, UUID(ids[0]))
    row("verify a proof offline", _timed(lambda: verify_proof(text, ledger.identity.key)), 1, "as long")
    searching = _timed(lambda: list(search(ledger.reader, Query(subject="SYNTHETIC-7"))))
    row("search by subject", searching, entries // 1000, "as long for as many entries of the subject")
    row("search all by rule", _timed(lambda: list(search(ledger.reader, Query(rule="no-such-rule")))), entries)
    size = file.stat().st_size
    note = _sizes(file, size, entries)
    return Result(
        f"A ledger of {entries:,} entries",
        {"seconds": "seconds", "rate": "a second", "billion": f"at {_BILLION:,} (computed)"},
        rows,
        (
            *note,
            f"A proof file has {len(text):,} bytes.",
            f"At {_BILLION:,} entries: {size / entries * _BILLION / 1e12:.1f} TB by the same bytes an entry; times are "
            "in proportion, on one core; 1,000 times the entries make a proof 10 hashes longer.",
        ),
    )


def _sizes(file: Path, size: int, entries: int) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        parts = [
            (column, connection.execute(f"SELECT coalesce(sum(length({column})), 0) FROM {name}").fetchone()[0])  # noqa: S608 - names of ours
            for name, column in (("entry", "envelope"), ("entry", "sealed"), ("tile", "hashes"))
        ]
    told = ", ".join(f"{name} {total / entries:,.0f}" for name, total in parts)
    return [f"The file has {size / 1e9:.2f} GB, {size / entries:,.0f} bytes an entry; of these content: {told}."]


def _replay(use: Services, count: int) -> None:
    replayer = Replayer(use.ledger.reader)
    results = [replayer.replay(record) for record in use.ledger.reader.records(1, count + 1)]
    assert len(results) == count
    assert all(results), "a replay differs"


def _hold(evidence: object) -> None:
    assert evidence, evidence


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


def _timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _long(seconds: float) -> str:
    """A duration as people say it."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.3g} s"


if __name__ == "__main__":
    OUT.print(run(int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES).as_table())
