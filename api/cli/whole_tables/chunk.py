"""A few hundred rows of a table on their way: decided, planned, recorded in one commit, and answered a line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ordain.api.ask import Ask
from ordain.api.batch import decide_many, record_many
from ordain.api.cli.whole_tables.on_record import on_record
from ordain.api.cli.whole_tables.run_journal import Planned, digest_of
from ordain.api.decide import Answer, Decision
from ordain.api.limits import LIMITS
from ordain.api.problems import encoded, shape_of
from ordain.api.services import Services
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
    """The lines of some rows, all of them durable; `refused` has the first rows without a decision."""

    lines: bytes = b""
    rows: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    refused: list[tuple[int, OrdainError]] = field(default_factory=list)


class Chunk:
    """Decided when it is made; `planned` is to be in the journal before `record` is called."""

    def __init__(self, rows: Sequence[Row], use: Services) -> None:
        self._rows, self._use = rows, use
        self._found = [None if row.id is None else on_record(row.number, row.ask, row.id, use) for row in rows]
        both = list(zip(rows, self._found, strict=True))
        self._decisions = decide_many([row.ask for row, answer in both if answer is None], use)
        made = iter(self._decisions)
        ids = [_id(next(made)) if answer is None else row.id for row, answer in both]
        self.planned = [Planned(digest_of(row.ask), id) for row, id in zip(rows, ids, strict=True)]

    def record(self) -> Answered:
        """Raises NotRecorded, LedgerUnavailable, PolicyChanged when the ledger cannot take more."""
        fresh, answered = iter(record_many(self._decisions, self._use)), Answered(rows=len(self._rows))
        answered.lines = b"".join(
            [
                _line(answered, row.number, next(fresh) if found is None else found)
                for row, found in zip(self._rows, self._found, strict=True)
            ]
        )
        return answered


def _line(answered: Answered, number: int, answer: Answer | OrdainError | bytes) -> bytes:
    if isinstance(answer, bytes):
        answered.decided["recorded before"] += 1
        return answer + b"\n"
    if isinstance(answer, OrdainError):
        if isinstance(answer, _STOPS):
            raise answer
        answered.errors += 1
        if len(answered.refused) < LIMITS.listed_refusals:
            answered.refused.append((number, answer))
        return encoded({**shape_of(answer, ""), "line": number}) + b"\n"
    verdict = answer.entry.outcome.verdict
    answered.decided["decided" if verdict is None else str(verdict)] += 1
    return answer.as_bytes() + b"\n"


def _id(decision: Decision | OrdainError) -> str | None:
    return str(decision.entry.id) if isinstance(decision, Decision) else None
