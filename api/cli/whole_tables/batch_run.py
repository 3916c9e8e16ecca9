"""A run over a whole table: hundreds of decisions a commit, their answers in a file, and no row decided twice.

A run that was stopped, however it was, goes on after the last whole line there, if table and service are those it began
with (`run_journal`); what had been recorded meanwhile is read back from the ledger.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ordain.api.ask import Ask
from ordain.api.batch import decide_many, record_many
from ordain.api.cli.whole_tables.answers_file import begun, gone_on_with, is_answer, is_torn
from ordain.api.cli.whole_tables.on_record import on_record
from ordain.api.cli.whole_tables.run_journal import Planned, RunJournal, digest_of
from ordain.api.decide import Answer, Decision
from ordain.api.limits import LIMITS
from ordain.api.problems import encoded, shape_of
from ordain.api.services import Services
from ordain.engine.errors import (
    ExportFailed,
    LedgerUnavailable,
    MalformedRequest,
    NotRecorded,
    OrdainError,
    PolicyChanged,
    reason_of,
)

Asks = Iterator[tuple[int, Ask | OrdainError]]
_STOPS = (NotRecorded, LedgerUnavailable, PolicyChanged)
"""What ends a run: another line would meet it, too."""


@dataclass(slots=True)
class Ran:
    """What came of a run. `found` were answered by an earlier one; `refused` has the first lines without a decision."""

    found: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    refused: list[tuple[int, OrdainError]] = field(default_factory=list)


class _Row(NamedTuple):
    """`id` is of the entry that an earlier run may have recorded for it."""

    number: int
    ask: Ask | OrdainError
    id: str | None = None


class BatchRun:
    """Answers go to `out`, a line for each question and in their order; an error has the line's number beside it."""

    def __init__(self, out: Path, service: str, use: Services) -> None:
        self._out, self._use = out, use
        self._journal = RunJournal(out, service)
        self.ran = Ran()
        self.begun = False
        """Whether there is something to go on with."""

    def run(self, asks: Asks, *, resume: bool = False, progress: Callable[[int], None] = lambda lines: None) -> Ran:
        """Decides, records and writes all of it. `progress` is told how many lines are done.

        Raises MalformedRequest when `out` is there already, or with `resume` when it is not that of a run over this
        table for this service, or when another run writes it; ExportFailed when it cannot be written, and NotRecorded
        when the ledger cannot take more; then what was written stays, and `resume` goes on.
        """
        rows = (_Row(number, ask) for number, ask in asks)
        try:
            if resume:
                self._go_on(rows, progress)
            else:
                self._begin(rows, progress)
        except OSError as error:
            raise ExportFailed(f"`{self._out}` cannot be written: {reason_of(error)}", "check the disk") from None
        return self.ran

    def _begin(self, rows: Iterator[_Row], progress: Callable[[int], None]) -> None:
        journal, anew = self._journal.file, "name another file with --out"
        if self._out.exists():
            hint = f"go on with --resume, or {anew}" if journal.exists() else anew
            raise MalformedRequest(f"`{self._out}` already exists", hint)
        if journal.exists():
            raise MalformedRequest(f"`{journal}` is left of an earlier run", f"delete it to begin anew, or {anew}")
        first = next(rows, None)  # before there is a file of answers: it may be no table at all
        if first is None:
            raise MalformedRequest("the table has no row")
        with begun(self._out) as file:
            self._journal.begin()
            self._decide(chain((first,), rows), file, progress)

    def _go_on(self, rows: Iterator[_Row], progress: Callable[[int], None]) -> None:
        with gone_on_with(self._out) as file:
            known = self._compare(rows, file)
            self._decide(chain(known, rows), file, progress)

    def _compare(self, rows: Iterator[_Row], file: BinaryIO) -> list[_Row]:
        """Holds table and answers to the journal, then cuts a torn line off. Gives the rows that may be on record."""
        known: list[_Row] = []
        whole = 0
        line = file.readline()
        for planned in self._journal.planned():
            row = next(rows, None)
            if row is None or digest_of(row.ask) != planned.asked:
                raise self._other_table(row)
            if not line.endswith(b"\n"):
                known.append(row._replace(id=planned.id))
                continue
            if not is_answer(line, row.number, planned.id):
                raise self._other_answers()
            self.ran.found, whole, line = self.ran.found + 1, whole + len(line), file.readline()
        if line.endswith(b"\n") or not is_torn(line):
            raise self._other_answers()
        file.truncate(whole)
        file.seek(whole)
        os.fsync(file.fileno())
        return known

    def _other_table(self, row: _Row | None) -> MalformedRequest:
        where = "the table has fewer rows" if row is None else f"row {row.number} of the table is another"
        return MalformedRequest(
            f"{where} than when the run of `{self._out}` began",
            "put the table back as it was, with the same columns named or ignored; or name another file with --out",
        )

    def _other_answers(self) -> MalformedRequest:
        return MalformedRequest(
            f"line {self.ran.found + 1} of `{self._out}` is not what its run wrote",
            "put the file back as the run left it, or name another file with --out",
        )

    def _decide(self, rows: Iterable[_Row], file: BinaryIO, progress: Callable[[int], None]) -> None:
        self.begun = True
        rows, done = iter(rows), self.ran.found
        progress(done)
        while chunk := list(islice(rows, LIMITS.batch)):
            file.write(b"".join(self._answers(chunk, done)))
            file.flush()
            os.fsync(file.fileno())
            done += len(chunk)
            progress(done)
        self._journal.end()

    def _answers(self, chunk: list[_Row], after: int) -> list[bytes]:
        """The lines of one chunk, all of them durable."""
        found = [None if row.id is None else on_record(row.number, row.ask, row.id, self._use) for row in chunk]
        both = list(zip(chunk, found, strict=True))
        decisions = decide_many([row.ask for row, answer in both if answer is None], self._use)
        made = iter(decisions)
        ids = [_id(next(made)) if answer is None else row.id for row, answer in both]
        self._journal.plan(after, [Planned(digest_of(row.ask), id) for row, id in zip(chunk, ids, strict=True)])
        fresh = iter(record_many(decisions, self._use))
        return [self._line(row.number, next(fresh) if answer is None else answer) for row, answer in both]

    def _line(self, number: int, answer: Answer | OrdainError | bytes) -> bytes:
        if isinstance(answer, bytes):
            self.ran.decided["recorded before"] += 1
            return answer + b"\n"
        if isinstance(answer, OrdainError):
            if isinstance(answer, _STOPS):
                raise answer
            self.ran.errors += 1
            if len(self.ran.refused) < LIMITS.listed_refusals:
                self.ran.refused.append((number, answer))
            return encoded({**shape_of(answer, ""), "line": number}) + b"\n"
        verdict = answer.entry.outcome.verdict
        self.ran.decided["decided" if verdict is None else str(verdict)] += 1
        return answer.as_bytes() + b"\n"


def _id(decision: Decision | OrdainError) -> str | None:
    return str(decision.entry.id) if isinstance(decision, Decision) else None
