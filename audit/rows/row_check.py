"""Whether every row of a run is still what it was: all leaves made again from the files, and held to the ledger.

A block is a thousand rows or so: that is how exactly it can be said which row differs. Rows that are missing, or were
added, move all that come after them; they are looked for there.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.rows.proof_file import Block, ProofFile, opened
from ordain.audit.rows.recorded_runs import RecordedRun, recorded_run, recorded_runs, rows_erased
from ordain.audit.rows.run_files import RunFiles, digest_of
from ordain.audit.rows.run_table import RunTable, opened_table
from ordain.audit.rows.sealed_part import PART_ROWS, leaves_of, root_over
from ordain.engine.errors import MalformedRequest, counted, reason_of

Json = dict[str, Any]
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Difference:
    """`what` is the class of it: run, proof, erasure, files, columns, count, rows or bytes. `first` and `last` are the
    rows among which it is, where that is known.
    """

    what: str
    message: str
    first: int | None = None
    last: int | None = None

    def __str__(self) -> str:
        if self.first is None:
            return f"{self.what}: {self.message}"
        which = f"row {self.first:,}" if self.first == self.last else f"rows {self.first:,} to {self.last:,}"
        return f"{self.what}: {which}: {self.message}"


@dataclass(slots=True)
class Evidence:
    """What was looked at, and what differs. False when anything does. `unnamed` ranges of rows more differ."""

    run: str
    rows: int = 0
    decided: int = 0
    rejected: int = 0
    erased: int = 0
    entry_id: str = ""
    root: str = ""
    differences: list[Difference] = field(default_factory=list)
    unnamed: int = 0

    def __bool__(self) -> bool:
        return not self.differences

    def add(self, what: str, message: str, first: int | None = None, last: int | None = None) -> None:
        """One difference more; a range of rows that begins where the last one ends goes on with that."""
        before = self.differences[-1] if self.differences else None
        if (
            before
            and first is not None
            and before.last == first - 1
            and (before.what, before.message) == (what, message)
        ):
            before.last = last
        elif first is not None and sum(each.first is not None for each in self.differences) >= LIMITS.differences:
            self.unnamed += 1
        else:
            self.differences.append(Difference(what, message, first, last))

    def data(self) -> Json:
        """Everything, for JSON."""
        told = [
            {"what": each.what, "message": each.message, "first": each.first, "last": each.last}
            for each in self.differences
        ]
        return {
            "holds": bool(self),
            **{
                name: getattr(self, name)
                for name in ("run", "rows", "decided", "rejected", "erased", "entry_id", "root")
            },
            "differences": told,
            "unnamed": self.unnamed,
        }


def check_rows(ledger: OpenLedger, files: RunFiles, progress: Progress = lambda done, total: None) -> Evidence:
    """Holds the rows of a run to what the ledger says of it. `progress` is told how many of how many rows are done.

    Raises MalformedRequest when there is no output or no proof file, or that is damaged; LedgerUnavailable.
    """
    with opened(files.proof) as proof:
        evidence = Evidence(proof.run, proof.rows)
        run = recorded_run(ledger, proof.run)
        if run is None:
            evidence.add("run", f"the ledger has no run `{proof.run}`, which the proof file names")
            return evidence
        evidence.entry_id, evidence.root = str(run.entry_id), f"sha256:{run.root.hex()}"
        erased = proof.erasures()
        evidence.erased = sum(erased.values())
        if (run.rows, run.root) != (proof.rows, root_over(proof.roots())):
            evidence.add(
                "proof", "the proof file is of another run, or was changed: it does not give the root on record"
            )
            return evidence
        if proof.begun() is not None:
            evidence.add("erasure", "an erasure was begun and is not finished: `ordain audit rows erase ... --finish`")
            return evidence
        _compare_erasures(evidence, erased, rows_erased(ledger, run.run))
        try:
            with opened_table(files, proof) as table:
                _Rows(evidence, proof, table, progress).compare()
        except MalformedRequest as error:
            evidence.add("files", error.message)
            return evidence
        if evidence and not evidence.erased:
            _compare_bytes(evidence, files, run)
        elif (first := _first(evidence)) is not None and (first.first, first.last) == (0, proof.rows - 1):
            _tell_of_another(evidence, ledger, files)
        return evidence


def _compare_erasures(evidence: Evidence, erased: dict[str, int], told: dict[str, int]) -> None:
    for entry_id in sorted(erased.keys() | told.keys()):
        here, there = erased.get(entry_id, 0), told.get(entry_id, 0)
        if here != there:
            rows = counted(here, "row is erased", "rows are erased")
            evidence.add("erasure", f"{rows} by the entry `{entry_id}`, and by the ledger it is {there:,}")


def _first(evidence: Evidence) -> Difference | None:
    return next((each for each in evidence.differences if each.first is not None), None)


def _tell_of_another(evidence: Evidence, ledger: OpenLedger, files: RunFiles) -> None:
    """Where no row is what it was: whether the output is that of another run on record."""
    digest = digest_of(files.output)
    for run in recorded_runs(ledger):
        if run.output == digest and run.run != evidence.run:
            message = f"the output is that of the run `{run.run}`, and the proof file of the run `{evidence.run}`"
            evidence.differences = [Difference("proof", message)]
            return


def _compare_bytes(evidence: Evidence, files: RunFiles, run: RecordedRun) -> None:
    """Every row is as it was: whether the files are, too."""
    for path, told in ((files.output, run.output), (files.rejects, run.rejects)):
        try:
            found = digest_of(path) if path.exists() else None
        except OSError as error:
            raise MalformedRequest(f"`{path}` cannot be read: {reason_of(error)}") from None
        if found != told:
            evidence.add("bytes", f"`{path.name}` is another file than the run wrote, though every row is as it was")


class _Rows:
    """Compares block by block. Where one differs, the next is looked for where it is if rows are missing, or more."""

    def __init__(self, evidence: Evidence, proof: ProofFile, table: RunTable, progress: Progress) -> None:
        self.evidence, self.proof, self.table, self.progress = evidence, proof, table, progress
        self._decided = _Window(lambda place: chain.from_iterable(table.output.texts(place)))
        self._rejected = _Ahead(table.rejects.numbered_texts() if table.rejects is not None else iter(()))
        evidence.decided = table.output.count()
        evidence.rejected = 0 if table.rejects is None else table.rejects.count()
        self._lacking = evidence.rows - evidence.erased - evidence.decided - evidence.rejected
        self._differed = 0

    def compare(self) -> None:
        for block in self.proof.blocks():
            self._compare(block)
            self.progress(block.first + block.rows, self.proof.rows)
        if (strays := self._rejected.strays()) > 0:
            rows = counted(strays, "rejected row has", "rejected rows have")
            self.evidence.add("rows", f"{rows} a number that no row has, or another one has, too")
        if self._lacking > 0:
            self.evidence.add("count", f"{counted(self._lacking, 'row is', 'rows are')} missing")
        elif self._lacking < 0:
            self.evidence.add("count", f"there are {counted(-self._lacking, 'row', 'rows')} more than the run had")

    def _compare(self, block: Block) -> None:
        rejected = self._rejected.up_to(block.first, block.first + block.rows, block.erased)
        wanted = block.rows - len(rejected) - len(block.erased)
        place = self._decided.place
        for moved in self._moves(block):
            self._decided.go(place + moved)
            decided = self._decided.take(wanted)
            if len(decided) == wanted and root_over(_leaves(block, rejected, decided)) == block.root:
                self._differed = 0
                return
        self._differed += 1
        self._decided.go(place)
        self._decided.take(wanted)
        self.evidence.add("rows", "at least one of them is not what it was", block.first, block.first + block.rows - 1)

    def _moves(self, block: Block) -> Iterator[int]:
        """By how many places the next rows may have moved: not at all, unless those before differ."""
        yield 0
        if not self._differed:
            return
        near = self._differed <= LIMITS.realigned
        if self._lacking and (near or block.first % PART_ROWS == 0):
            yield -self._lacking
        for by in range(1, LIMITS.moved + 1) if near else ():
            yield -by
            yield by


def _leaves(block: Block, rejected: dict[int, str], decided: list[str]) -> list[bytes]:
    if not rejected and not block.erased:
        return leaves_of(decided, block.salts)
    left = iter(decided)
    rows = range(block.first, block.first + block.rows)
    texts = ["" if row in block.erased else rejected[row] if row in rejected else next(left) for row in rows]
    leaves = leaves_of(texts, block.salts)
    for row, leaf in block.erased.items():
        leaves[row - block.first] = leaf
    return leaves


class _Ahead:
    """Rejected rows by their numbers, read one ahead."""

    def __init__(self, rows: Iterator[tuple[int | None, str]]) -> None:
        self._rows, self._strays = rows, 0
        self._next = next(rows, None)

    def up_to(self, start: int, end: int, erased: Container[int]) -> dict[int, str]:
        """The texts of those from `start` to `end`, without it, that were not erased."""
        found: dict[int, str] = {}
        while self._next is not None and self._next[0] is not None and self._next[0] < end:
            number, text = self._next
            if number is None or number < start or number in found or number in erased:
                self._strays += 1
            else:
                found[number] = text
            self._next = next(self._rows, None)
        return found

    def strays(self) -> int:
        """How many were no row's, or another's too, those after the last row among them."""
        return self._strays + (self._next is not None) + sum(1 for _ in self._rows)


class _Window:
    """Texts one after the other, of which the last ones are kept; what is further away is read again from there."""

    def __init__(self, texts_from: Callable[[int], Iterator[str]]) -> None:
        self._texts_from = texts_from
        self.place = 0
        self._begin(0)

    def _begin(self, place: int) -> None:
        self._first, self._kept, self._texts = place, list[str](), self._texts_from(place)

    def go(self, place: int) -> None:
        """To a place; to the first for one before that."""
        self.place = max(place, 0)
        if not self._first <= self.place <= self._first + len(self._kept):
            self._begin(self.place)

    def take(self, count: int) -> list[str]:
        """So many from where it is, fewer at the end."""
        end = self.place + count
        while self._first + len(self._kept) < end:
            text = next(self._texts, None)
            if text is None:
                break
            self._kept.append(text)
        some = self._kept[self.place - self._first : end - self._first]
        self.place += len(some)
        old = self.place - self._first - count - LIMITS.moved
        if old > LIMITS.rows_at_once:
            del self._kept[:old]
            self._first += old
        return some
