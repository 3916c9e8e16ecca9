"""Runs as the ledger has them on record, and how many of their rows were erased."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ordain.audit.entry.entry import VERIFY, Entry, Kind, StoredEntry
from ordain.audit.entry.keys import OPERATION
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.engine.errors import LedgerUnavailable

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """What the entry of a run says of it. `time` is when it was recorded; the digests are of the files as they were."""

    entry_id: UUID
    time: str
    service: str | None
    run: str
    rows: int
    decided: int
    rejected: int
    root: bytes
    output: str
    rejects: str | None


def recorded_runs(opened: OpenLedger) -> Iterator[RecordedRun]:
    """Every run on record, in the order of their times. Raises LedgerUnavailable."""
    for entry in _operations(opened, Kind.BATCH):
        yield _run(entry)


def count_runs(opened: OpenLedger) -> int:
    """How many runs are on record. Raises LedgerUnavailable."""
    return sum(1 for _ in _operations(opened, Kind.BATCH))


def recorded_run(opened: OpenLedger, run: str) -> RecordedRun | None:
    """The run of that id, the first where there are several; None when none is on record. Raises LedgerUnavailable."""
    for found in recorded_runs(opened):
        if found.run == run:
            record = opened.reader.record(found.entry_id)
            if record is None or record.private is None:
                raise _damaged(found.entry_id)
            return found
    return None


def rows_erased(opened: OpenLedger, run: str) -> dict[str, int]:
    """How many of its rows were erased, by the id of the entry that says so. Raises LedgerUnavailable."""
    told = ((entry.id, entry.read()["about"]) for entry in _operations(opened, Kind.ERASURE))
    return {str(entry_id): int(about["rows"]) for entry_id, about in told if about.get("run") == run}


def erasure_of(entry_id: UUID, opened: OpenLedger, run: str, rows: int, private: Json) -> Entry:
    """The entry that so many rows of a run were erased. It destroys no key of the ledger's, and says so."""
    about: Json = {"entries": 0, "keys": 0, "run": run, "rows": rows}
    noted = {**private, "keys": [], "unsigned": []}
    return Entry(entry_id, opened.now(), Kind.ERASURE, noted, OPERATION, about=about)


def _operations(opened: OpenLedger, kind: str) -> Iterator[StoredEntry]:
    mark = b'"kind":"%b"' % kind.encode()
    for entry in opened.reader.entries_of(opened.reader.ids_of(OPERATION)):
        if mark in entry.envelope:
            yield entry


def _run(entry: StoredEntry) -> RecordedRun:
    envelope = entry.read()
    about = envelope["about"]
    try:
        return RecordedRun(
            entry_id=entry.id,
            time=envelope["time"],
            service=envelope["service"],
            run=str(about["run"]),
            rows=int(about["rows"]),
            decided=int(about["decided"]),
            rejected=int(about["rejected"]),
            root=bytes.fromhex(str(about["rows_root"]).removeprefix("sha256:")),
            output=str(about["output"]),
            rejects=about["rejects"],
        )
    except (KeyError, ValueError, TypeError):
        raise _damaged(entry.id) from None


def _damaged(entry_id: UUID) -> LedgerUnavailable:
    return LedgerUnavailable(f"the entry `{entry_id}` of a run is damaged", VERIFY)
