"""A run over a whole table: hundreds of decisions a commit, their answers in a file, and no line decided twice.

Before a commit the ids of its entries are written beside the answers' file. A run that was stopped, however it was,
goes on after the last whole line there; what had been recorded meanwhile is read back from the ledger.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from uuid import UUID

from ordain.api.ask import Ask
from ordain.api.batch import decide_many, record_many
from ordain.api.cli.whole_files import write_whole
from ordain.api.decide import Answer, Decision, refusal
from ordain.api.limits import LIMITS
from ordain.api.problems import shape_of
from ordain.api.services import Services
from ordain.audit.ledger.restoring import NOT_RESTORED, answer_of
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


class BatchRun:
    """Answers go to `out`, a line for each question and in their order; an error has the line's number beside it."""

    def __init__(self, out: Path, use: Services) -> None:
        self._out, self._use = out, use
        self._next = out.with_name(f"{out.name}.next")
        self.ran = Ran()
        self.begun = False
        """Whether there is something to go on with."""

    def run(self, asks: Asks, *, resume: bool = False, progress: Callable[[int], None] = lambda lines: None) -> Ran:
        """Decides, records and writes all of it. `progress` is told how many lines are done.

        Raises MalformedRequest when `out` is there already (or is not, with `resume`) or holds more than the table,
        ExportFailed when it cannot be written, and NotRecorded when the ledger cannot take more; then what was
        written stays, and `resume` goes on.
        """
        try:
            done, known = self._earlier(resume)
            self.ran.found = done
            if sum(1 for _ in islice(asks, done)) < done:
                raise MalformedRequest(f"`{self._out}` has more lines than the table", "is it another table's?")
            progress(done)
            chunk = list(islice(asks, LIMITS.batch))  # before there is a file of answers: it may be no table at all
            if not chunk and not done:
                raise MalformedRequest("the table has no row")
            with self._out.open("ab") as file:
                self.begun = True
                while chunk:
                    lines = self._answers(chunk, done, known)
                    file.write(b"".join(lines))
                    file.flush()
                    os.fsync(file.fileno())
                    done, known = done + len(chunk), known[len(chunk) :]
                    progress(done)
                    chunk = list(islice(asks, LIMITS.batch))
            self._next.unlink(missing_ok=True)
        except OSError as error:
            raise ExportFailed(f"`{self._out}` cannot be written: {reason_of(error)}", "check the disk") from None
        return self.ran

    def _earlier(self, resume: bool) -> tuple[int, list[str | None]]:
        """How many lines are answered, and the ids of entries that may have been recorded for the next ones."""
        if not resume:
            if self._out.exists():
                raise MalformedRequest(
                    f"`{self._out}` already exists", "go on with --resume, or name another with --out"
                )
            self._next.unlink(missing_ok=True)
            return 0, []
        if not self._out.exists():
            raise MalformedRequest(f"there is no `{self._out}` to go on with", "leave --resume out")
        done = _cut_to_whole_lines(self._out)
        if not self._next.exists():
            return done, []
        planned = json.loads(self._next.read_bytes())
        return done, planned["ids"][max(0, done - planned["after"]) :]

    def _answers(self, chunk: list[tuple[int, Ask | OrdainError]], after: int, known: list[str | None]) -> list[bytes]:
        """The lines of one chunk, all of them durable. `known` are ids that an earlier run planned for the first."""
        found = [self._recorded(entry_id) for entry_id in known[: len(chunk)]]
        found += [None] * (len(chunk) - len(found))
        open_asks = [ask for (_, ask), answer in zip(chunk, found, strict=True) if answer is None]
        decisions = decide_many(open_asks, self._use)
        made = iter(decisions)
        ids = [_id(next(made)) if answer is None else _told_id(answer) for answer in found]
        write_whole(self._next, json.dumps({"after": after, "ids": ids}).encode())
        fresh = iter(record_many(decisions, self._use))
        lines = []
        for (number, _), answer in zip(chunk, found, strict=True):
            lines.append(self._line(number, next(fresh) if answer is None else answer))
        return lines

    def _line(self, number: int, answer: Answer | OrdainError | tuple[str, bytes]) -> bytes:
        if isinstance(answer, tuple):
            self.ran.decided["recorded before"] += 1
            return answer[1] + b"\n"
        if isinstance(answer, OrdainError):
            if isinstance(answer, _STOPS):
                raise answer
            self.ran.errors += 1
            if len(self.ran.refused) < LIMITS.listed_refusals:
                self.ran.refused.append((number, answer))
            return json.dumps({**shape_of(answer, ""), "line": number}, ensure_ascii=False).encode() + b"\n"
        verdict = answer.entry.outcome.verdict
        self.ran.decided["decided" if verdict is None else str(verdict)] += 1
        return answer.as_bytes() + b"\n"

    def _recorded(self, entry_id: str | None) -> tuple[str, bytes] | OrdainError | None:
        """The answer of an entry that is on record; None when it is not."""
        record = None if entry_id is None else self._use.ledger.reader.record(UUID(entry_id))
        if record is None or record.private is None or NOT_RESTORED in record.private:
            return None
        service = self._use.catalog.service(record.envelope["service"])
        if service.refuses and record.private["verdict"] == "deny":
            return refusal(record.private["reasons"], entry_id)
        return str(entry_id), answer_of(record.envelope, record.private, record.entry.leaf_hash.hex())


def _id(decision: Decision | OrdainError) -> str | None:
    return str(decision.entry.id) if isinstance(decision, Decision) else None


def _told_id(answer: tuple[str, bytes] | OrdainError) -> str | None:
    return answer[0] if isinstance(answer, tuple) else None


def _cut_to_whole_lines(path: Path) -> int:
    """Takes away what follows the last line break, and counts the lines."""
    lines = whole = 0
    with path.open("r+b") as file:
        while part := file.read(1 << 20):
            if breaks := part.count(b"\n"):
                lines += breaks
                whole = file.tell() - len(part) + part.rindex(b"\n") + 1
        file.truncate(whole)
    return lines
