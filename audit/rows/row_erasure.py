"""Erasing a person from a run: their rows leave output and rejects, and nobody can test a guess at what they were.

In this order, so that whatever ends it in between, asking again does what is left:

1. the proof file notes which rows go, their leaves, and which files get shorter
2. the ledger gets an entry that so many rows of the run are erased; without it nothing is
3. each file is written anew without the rows, and takes the old one's place
4. the keys of the rows' blocks are destroyed, and what was noted becomes what was erased

The leaves that stay are hashes under salts that are gone: the root, and everybody else's proof, still hold.
"""

from __future__ import annotations

import datetime as dt
import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from ordain.audit.entry.entry import Receipt, new_id
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.privacy.standing import is_held
from ordain.audit.rows.known_rows import KnownRows, Place, run_on_record
from ordain.audit.rows.proof_file import Begun, ProofFile, Shorter, opened
from ordain.audit.rows.recorded_runs import RecordedRun, erasure_of
from ordain.audit.rows.run_files import RunFiles
from ordain.audit.rows.run_table import count_rows, opened_table
from ordain.audit.rows.without_rows import rewrite
from ordain.engine.errors import ExportFailed, MalformedRequest, UnknownSubject, reason_of

Json = dict[str, Any]


class RowsErased(StrEnum):
    """What asking for it came to."""

    DONE = "erased"
    KEPT = "kept"
    """Nothing was erased: the law has the rows kept until a day."""
    HELD = "held"
    """Nothing was erased: a legal hold stands."""


@dataclass(frozen=True, slots=True)
class RowErasure:
    """`rows` of the run were erased, or would be. `finished` of them by an erasure that had been interrupted.

    `receipt` is of the entry that says so; None where the entry was there before, or nothing was erased.
    """

    status: RowsErased
    run: str
    rows: int
    finished: int = 0
    not_before: dt.date | None = None
    receipt: Receipt | None = None

    def data(self) -> Json:
        """Everything, for JSON."""
        receipt = self.receipt
        return {
            "status": str(self.status),
            "run": self.run,
            "rows": self.rows,
            "finished": self.finished,
            "not_before": None if self.not_before is None else self.not_before.isoformat(),
            "receipt": None if receipt is None else {"entry_id": receipt.entry_id, "leaf_hash": receipt.leaf_hash},
        }


def erase_rows(
    ledger: OpenLedger,
    files: RunFiles,
    key: str,
    *,
    private: Json,
    keep: dt.timedelta = dt.timedelta(0),
    step: Callable[[str], None] = lambda done: None,
) -> RowErasure:
    """Erases the rows of a run whose key column has exactly the text `key`; before that, what was interrupted.

    `private` says who asks and why, and goes on record, sealed. `keep` is how long the law has every record kept.
    `step` is told what is about to be done. Raises UnknownSubject when there is no such row, MalformedRequest when the
    rows are not what was recorded, or another command erases rows of the run; NotRecorded, then nothing was erased;
    ExportFailed when a file cannot be written: ask again.
    """
    with _alone(files.proof), opened(files.proof, change=True) as proof:
        finished = _finish(ledger, files, proof, step)
        run = run_on_record(ledger, proof)
        try:
            begun = _planned(ledger, files, proof, key)
        except UnknownSubject:
            if finished:
                return RowErasure(RowsErased.DONE, run.run, finished, finished)
            raise
        rows = len(begun.leaves)
        if is_held(ledger, key):
            return RowErasure(RowsErased.HELD, run.run, rows, finished)
        if (allowed := _allowed_from(run, keep)) > ledger.now():
            return RowErasure(RowsErased.KEPT, run.run, rows, finished, not_before=allowed.date())
        step("noting what is to be erased")
        proof.begin(begun)
        step("recording")
        entry = erasure_of(UUID(begun.entry), ledger, run.run, rows, private)
        receipt = ledger.ledger.append(entry)
        _carry_out(files, proof, begun, step)
    return RowErasure(RowsErased.DONE, run.run, rows + finished, finished, receipt=receipt)


def finish_erasure(ledger: OpenLedger, files: RunFiles, step: Callable[[str], None] = lambda done: None) -> RowErasure:
    """Does what is left of an erasure that was interrupted; nothing, where none was. Raises as `erase_rows`."""
    with _alone(files.proof), opened(files.proof, change=True) as proof:
        finished = _finish(ledger, files, proof, step)
        return RowErasure(RowsErased.DONE, proof.run, finished, finished)


def _finish(ledger: OpenLedger, files: RunFiles, proof: ProofFile, step: Callable[[str], None]) -> int:
    """How many rows that were."""
    begun = proof.begun()
    if begun is None:
        return 0
    if ledger.reader.entry(UUID(begun.entry)) is None:  # it was not recorded, and so nothing was done
        proof.withdraw()
        return 0
    _carry_out(files, proof, begun, step)
    return len(begun.leaves)


def _planned(ledger: OpenLedger, files: RunFiles, proof: ProofFile, key: str) -> Begun:
    with opened_table(files, proof) as table:
        known = KnownRows(proof, table)
        rows = known.about(key)
        leaves = {each.number: known.leaf(each.number) for each in rows}
        decided, rejected = [each for each in rows if not each.rejected], [each for each in rows if each.rejected]
        shorter = _shorter(files.parts(), decided) if decided else []
        shorter += _shorter([files.rejects], rejected) if rejected else []
    return Begun(str(new_id(ledger.now())), leaves, shorter)


def _shorter(paths: Sequence[Path], rows: Sequence[Place]) -> list[Shorter]:
    """Which of the files, one after the other, lose which of their rows."""
    found, first = [], 0
    for path in paths:
        count = count_rows(path)
        places = [each.place - first for each in rows if first <= each.place < first + count]
        if places:
            found.append(Shorter(path.name, count, places))
        first += count
    return found


def _carry_out(files: RunFiles, proof: ProofFile, begun: Begun, step: Callable[[str], None]) -> None:
    paths = {each.name: each for each in (*files.parts(), files.rejects)}
    for each in begun.shorter:
        path = paths.get(each.file)
        if path is None or not path.is_file():
            raise MalformedRequest(f"`{each.file}`, of which rows are to be erased, is not there", "put it back")
        count = count_rows(path)
        if count == each.rows:
            step(f"writing {path.name}")
            rewrite(path, each.places)
        elif count != each.rows - len(each.places):
            raise MalformedRequest(
                f"`{path}` has {count:,} rows, and had {each.rows:,} when the erasure was begun",
                "put it back as it was, and ask again",
            )
    step("destroying keys")
    proof.forget(begun)


def _allowed_from(run: RecordedRun, keep: dt.timedelta) -> dt.datetime:
    return dt.datetime.fromisoformat(run.time) + keep


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other command erases rows of the same run meanwhile. Raises MalformedRequest, ExportFailed."""
    if not path.is_file():
        with opened(path):  # says that it is not there
            raise AssertionError
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise MalformedRequest(
                    "another command erases rows of this run at the moment", "ask again when it has ended"
                ) from None
            yield
    except OSError as error:
        raise ExportFailed(f"`{path}` cannot be opened: {reason_of(error)}") from None
