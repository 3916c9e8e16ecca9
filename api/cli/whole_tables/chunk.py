"""A few hundred rows of a table on their way: decided, planned, recorded in one commit, and answered a line each.

A row that an earlier run planned, and that is not on record, may be so any time: the database may still hold what that
run sent. So it is decided again under the id that was planned, for the moment that it was planned at, and the ledger
takes one entry of an id. Whichever comes first is its answer.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from ordain.api.ask import Ask
from ordain.api.batch import decide_many, record_many
from ordain.api.cli.whole_tables.on_record import on_record
from ordain.api.cli.whole_tables.run_journal import Planned, digest_of
from ordain.api.decide import Answer, Decision
from ordain.api.limits import LIMITS
from ordain.api.problems import encoded, shape_of
from ordain.api.services import Services
from ordain.audit.entry.entry import time_in
from ordain.engine.errors import LedgerUnavailable, NotRecorded, OrdainError, PolicyChanged

_STOPS = (NotRecorded, LedgerUnavailable, PolicyChanged)
"""What ends a run: another line would meet it, too."""


class Row(NamedTuple):
    """`id` is of the entry that an earlier run may have recorded for it."""

    number: int
    ask: Ask | OrdainError
    id: str | None = None


@dataclass(slots=True)
class Answered:
    """The lines of some rows, all of them durable; `refused` has the first rows without a decision.

    `before` counts those whose entries an earlier run had made.
    """

    lines: bytes = b""
    rows: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    before: int = 0
    errors: int = 0
    refused: list[tuple[int, OrdainError]] = field(default_factory=list)


class Chunk:
    """Decided when it is made; `planned` is to be in the journal before `record` is called.

    `run` is what its errors have as their request's id.
    """

    def __init__(self, rows: Sequence[Row], use: Services, run: str) -> None:
        self._rows, self._use, self._run = rows, use, run
        self._begun = time.time()
        self._found = [None if row.id is None else on_record(row.number, row.ask, row.id, use) for row in rows]
        due = [row for row, answer in zip(rows, self._found, strict=True) if answer is None]
        use.stopped.look()
        # If one is stopped, what was decided before stays in the file, and the run can be gone on with.
        asks = [use.stopped.asked(row.ask) if isinstance(row.ask, Ask) else row.ask for row in due]
        kept = [_kept(row.id) for row in due]
        self._decisions = decide_many(asks, use, kept)
        made = iter([_id(decision, id) for decision, id in zip(self._decisions, kept, strict=True)])
        ids = [next(made) if answer is None else row.id for row, answer in zip(rows, self._found, strict=True)]
        self.planned = [Planned(digest_of(row.ask), id) for row, id in zip(rows, ids, strict=True)]

    def record(self) -> Answered:
        """Raises NotRecorded, LedgerUnavailable, PolicyChanged when the ledger cannot take more."""
        if time.time() - self._begun > LIMITS.plan_holds:
            # Its ids may have been given up: see `_kept`.
            raise NotRecorded("the run stood still for too long since it planned these rows", "go on with --resume")
        fresh, answered = iter(record_many(self._decisions, self._use)), Answered(rows=len(self._rows))
        answered.lines = b"".join(
            [
                self._line(answered, row, self._came_first(row, next(fresh)) if found is None else found)
                for row, found in zip(self._rows, self._found, strict=True)
            ]
        )
        return answered

    def _came_first(self, row: Row, answer: Answer | OrdainError) -> Answer | OrdainError | bytes:
        """What is told of a row that was not recorded now: an earlier run's entry may have come between."""
        if row.id is None or not isinstance(answer, NotRecorded):
            return answer
        found = on_record(row.number, row.ask, row.id, self._use)
        return answer if found is None else found

    def _line(self, answered: Answered, row: Row, answer: Answer | OrdainError | bytes) -> bytes:
        if isinstance(answer, bytes):
            answered.before += 1
            return answer + b"\n"
        if isinstance(answer, OrdainError):
            if isinstance(answer, _STOPS):
                raise answer
            answered.errors += 1
            if len(answered.refused) < LIMITS.listed_refusals:
                answered.refused.append((row.number, answer))
            return encoded({**shape_of(answer, self._run), "line": row.number}) + b"\n"
        verdict = answer.entry.outcome.verdict
        answered.decided["decided" if verdict is None else str(verdict)] += 1
        return answer.as_bytes() + b"\n"


def _kept(planned: str | None) -> UUID | None:
    """The planned id, unless it is so old that nothing of its run can be under way any more.

    A search by time relies on it that no entry has an id much older than the entries before it.
    """
    if planned is None:
        return None
    entry_id = UUID(planned)
    return entry_id if time.time() - time_in(entry_id.bytes).timestamp() < LIMITS.plan_holds else None


def _id(decision: Decision | OrdainError, kept: UUID | None) -> str | None:
    """The id that the row's entry is to have, or may still get from an earlier run."""
    if isinstance(decision, Decision):
        return str(decision.entry.id)
    return None if kept is None else str(kept)
