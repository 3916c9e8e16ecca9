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
from typing import TYPE_CHECKING, BinaryIO

from ordain.api.ask import Ask
from ordain.api.cli.whole_tables.answers_file import begun, gone_on_with, is_answer, is_torn
from ordain.api.cli.whole_tables.chunk import Answered, Chunk, Row
from ordain.api.cli.whole_tables.run_journal import RunJournal, digest_of
from ordain.api.cli.whole_tables.seen_table import SeenTable
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.engine.errors import ExportFailed, MalformedRequest, OrdainError, reason_of

if TYPE_CHECKING:
    from ordain.api.cli.whole_tables.several_processes import Helpers

Asks = Iterator[tuple[int, Ask | OrdainError]]


@dataclass(slots=True)
class Ran:
    """What came of a run. `refused` has the first lines without a decision.

    An earlier run had answered `found`, and recorded `before` that it did not write down.
    """

    found: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    before: int = 0
    errors: int = 0
    refused: list[tuple[int, OrdainError]] = field(default_factory=list)

    def add(self, answered: Answered) -> None:
        """Counts what came of some rows more."""
        self.decided += answered.decided
        self.before += answered.before
        self.errors += answered.errors
        self.refused += answered.refused[: LIMITS.listed_refusals - len(self.refused)]


class BatchRun:
    """Answers go to `out`, a line for each question and in their order; an error has the line's number beside it.

    `seen` is the table that they come from.
    """

    def __init__(self, out: Path, service: str, use: Services, seen: SeenTable, helpers: Helpers | None = None) -> None:
        self.out, self.service = out, service
        self._use, self._seen, self._helpers = use, seen, helpers
        self._journal = RunJournal(out, service)
        self.ran = Ran()
        self._done = 0
        self.begun = False
        """Whether there is something to go on with."""

    def run(self, asks: Asks, *, resume: bool = False, progress: Callable[[int], None] = lambda lines: None) -> Ran:
        """Decides, records and writes all of it. `progress` is told how many lines are done.

        Raises MalformedRequest when `out` is there already, or with `resume` when it is not that of a run over this
        table for this service, when another run writes it, or when the table changes meanwhile; ExportFailed when it
        cannot be written, and NotRecorded when the ledger cannot take more; then what was written stays, and `resume`
        goes on.
        """
        rows = (Row(number, ask) for number, ask in asks)
        try:
            if resume:
                self._go_on(rows, progress)
            else:
                self._begin(rows, progress)
        except OSError as error:
            raise ExportFailed(f"`{self.out}` cannot be written: {reason_of(error)}", "check the disk") from None
        return self.ran

    def _begin(self, rows: Iterator[Row], progress: Callable[[int], None]) -> None:
        journal, anew = self._journal.file, "name another file with --out"
        if self.out.exists():
            hint = f"go on with --resume, or {anew}" if journal.exists() else anew
            raise MalformedRequest(f"`{self.out}` already exists", hint)
        if journal.exists():
            raise MalformedRequest(f"`{journal}` is left of an earlier run", f"delete it to begin anew, or {anew}")
        first = next(rows, None)  # before there is a file of answers: it may be no table at all
        if first is None:
            raise MalformedRequest("the table has no row")
        with begun(self.out) as file:
            self._journal.begin()
            if self._helpers is None:
                self._decide(chain((first,), rows), file, progress)
            else:
                self._decide_with(self._helpers, file, progress)
            self._end(file)

    def _go_on(self, rows: Iterator[Row], progress: Callable[[int], None]) -> None:
        with gone_on_with(self.out) as file:
            known = self._compare(rows, file)
            self._decide(known if self._helpers else chain(known, rows), file, progress)
            if self._helpers is not None:
                self._decide_with(self._helpers, file, progress)
            self._end(file)

    def _compare(self, rows: Iterator[Row], file: BinaryIO) -> list[Row]:
        """Holds table and answers to the journal, then cuts a torn line off. Gives the rows that may be on record."""
        known: list[Row] = []
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
        self._done = self.ran.found
        file.truncate(whole)
        file.seek(whole)
        os.fsync(file.fileno())
        return known

    def _other_table(self, row: Row | None) -> MalformedRequest:
        where = "the table has fewer rows" if row is None else f"row {row.number} of the table is another"
        return MalformedRequest(
            f"{where} than when the run of `{self.out}` began",
            "put the table back as it was, with the same columns named or ignored; or name another file with --out",
        )

    def _other_answers(self) -> MalformedRequest:
        return MalformedRequest(
            f"line {self.ran.found + 1} of `{self.out}` is not what its run wrote",
            "put the file back as the run left it, or name another file with --out",
        )

    def _decide(self, rows: Iterable[Row], file: BinaryIO, progress: Callable[[int], None]) -> None:
        self.begun = True
        rows = iter(rows)
        progress(self._done)
        while part := list(islice(rows, LIMITS.batch)):
            self._seen.check()
            chunk = Chunk(part, self._use, self._journal.run)
            self._journal.plan(self._done, chunk.planned)
            self._write(chunk.record(), file, progress)

    def _decide_with(self, helpers: Helpers, file: BinaryIO, progress: Callable[[int], None]) -> None:
        """The same for all rows that are left, by several processes."""
        self.begun = True
        progress(self._done)
        for answered in helpers.decide(self._done, self._journal.run, self._journal.plan):
            self._write(answered, file, progress)

    def _end(self, file: BinaryIO) -> None:
        self._seen.check(self._done)
        os.fsync(file.fileno())
        self._journal.end()

    def _write(self, answered: Answered, file: BinaryIO, progress: Callable[[int], None]) -> None:
        file.write(answered.lines)
        file.flush()  # not to the disk: what is lost there is read back from the ledger
        self._done += answered.rows
        self.ran.add(answered)
        progress(self._done)
