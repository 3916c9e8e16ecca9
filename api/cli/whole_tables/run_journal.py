"""What a run over a table has set out to do, kept beside its answers until it is done.

The first line names the service. Before each commit a line more says which rows it is for: of each the digest of what
was asked, and the id that its entry is to have, if it gets one. Lines are only added, so nothing that may be on record
is ever forgotten; rows that are planned again after a stop get the later plan.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from ordain.api.ask import Ask
from ordain.api.cli.whole_files import write_whole
from ordain.engine.errors import MalformedRequest, OrdainError

_BEGINNING = b'{"after":'
_ROW = re.compile(r"\w+( [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?")
"""A row's digest, and its id if it has one: one text each, so that a million of them are no burden."""


class Planned(NamedTuple):
    """A row by the digest of its ask, and the id of the entry that may be on record for it."""

    asked: str
    id: str | None


def digest_of(ask: Ask | OrdainError) -> str:
    """The same for the same question: subject, time and facts as they were given."""
    if isinstance(ask, OrdainError):
        return ask.code  # its message may name the file in another way
    raw = (ask.subject, ask.at, ask.facts)
    try:
        text = orjson.dumps(raw, _apart, orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)
    except orjson.JSONEncodeError:  # nothing that could be asked, and told apart all the same
        text = repr(raw).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=16).hexdigest()


def _apart(value: object) -> list[object]:
    """A number or time as no fact can be: an ask has no int of its own, its numbers are Decimal."""
    return [0, repr(value)]


class RunJournal:
    """The journal of the run whose answers go to `out`, in a file of its name with `.run` behind."""

    def __init__(self, out: Path, service: str) -> None:
        self.file = out.with_name(f"{out.name}.run")
        self._out, self._service = out, service

    def begin(self) -> None:
        """Raises ExportFailed."""
        write_whole(self.file, orjson.dumps({"service": self._service}) + b"\n")

    def plan(self, after: int, rows: Sequence[Planned]) -> None:
        """Keeps what is about to be recorded for the rows after the first `after`. Raises OSError."""
        with self.file.open("ab") as file:
            texts = [row.asked if row.id is None else f"{row.asked} {row.id}" for row in rows]
            file.write(orjson.dumps({"after": after, "rows": texts}) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def planned(self) -> Iterator[Planned]:
        """The rows so far, in their order; then what a stop left of a line is cut off.

        Raises MalformedRequest when there is no journal, or it is damaged or of another service; OSError.
        """
        if not self.file.is_file():
            raise MalformedRequest(
                f"there is no `{self.file}`, so `{self._out}` is no run to go on with",
                "a run that has ended leaves none; to decide the table anew, name another file with --out",
            )
        with self.file.open("r+b") as file:
            line = file.readline()
            self._check_head(line)
            whole, rows = len(line), list[str]()
            for number, line in enumerate(file, start=2):
                if _is_torn(line):
                    break
                after, planned = self._read(number, line)
                if not 0 <= after <= len(rows):
                    raise self._damaged(number)
                rows[after : after + len(planned)] = planned
                whole += len(line)
            for row in rows:
                asked, _, entry_id = row.partition(" ")
                yield Planned(asked, entry_id or None)
            file.truncate(whole)
            if not line.endswith(b"\n") and not _is_torn(line):
                file.seek(whole)
                file.write(b"\n")

    def end(self) -> None:
        """All is answered. Raises OSError."""
        self.file.unlink(missing_ok=True)

    def _check_head(self, line: bytes) -> None:
        head = _json(line)
        service = head.get("service") if isinstance(head, dict) else None
        if not isinstance(service, str):
            raise self._damaged(1)
        if service != self._service:
            raise MalformedRequest(
                f"`{self._out}` has the answers of `{service}`, not of `{self._service}`",
                f"go on with `{service}`, or name another file with --out",
            )

    def _read(self, number: int, line: bytes) -> tuple[int, list[str]]:
        match _json(line):
            case {"after": int(after), "rows": [*rows]} if not isinstance(after, bool) and all(map(_is_row, rows)):
                return after, rows
        raise self._damaged(number)

    def _damaged(self, number: int) -> MalformedRequest:
        return MalformedRequest(
            f"`{self.file}` is damaged in line {number}, so it cannot be told what is on record",
            f"put it back as it was; or decide the rows that `{self._out}` does not answer as a table of their own,"
            " after a look at what `ordain audit search` has of them",
        )


def _is_torn(line: bytes) -> bool:
    """Whether it can be what a stop left of a line: the commit that it was for was never begun."""
    return not line.endswith(b"\n") and line[: len(_BEGINNING)] == _BEGINNING[: len(line)] and _json(line) is None


def _json(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        return None


def _is_row(row: object) -> bool:
    return isinstance(row, str) and _ROW.fullmatch(row) is not None
