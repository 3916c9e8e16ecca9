"""What a run over a table has set out to do, kept beside its answers until it is done.

The first line names the service. Before each commit a line more says which rows it is for: of each the digest of what
was asked, and the id that its entry is to have, if it gets one. It is on the disk before anything is recorded. Lines
are only added, so nothing that may be on record is ever forgotten; rows that are planned again after a stop get the
later plan. Each line has a check over itself and all before it, and the first one, in place, that of the newest: a line
that was changed, or is missing, is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import uuid_utils

from ordain.api.ask import Ask
from ordain.api.cli.whole_files import write_whole
from ordain.engine.errors import MalformedRequest, OrdainError

_CHECK_BYTES = 16


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
    """The journal of the run whose answers go to `out`, in a file of its name with `.run` behind.

    `run` is the run's own id, once it is begun or read.
    """

    def __init__(self, out: Path, service: str) -> None:
        self.file = out.with_name(f"{out.name}.run")
        self._out, self._service = out, service
        self.run = ""
        self._newest = ""
        self._place = 0
        """Where the first line has the check of the newest one."""

    def begin(self) -> None:
        """Raises ExportFailed."""
        self.run = str(uuid_utils.uuid7())
        head = orjson.dumps({"service": self._service, "run": self.run})
        self._newest = _check("", head)
        write_whole(self.file, _with_check(head, "newest", self._newest))
        self._place = _place(head)

    def plan(self, after: int, rows: Sequence[Planned]) -> None:
        """Keeps what is about to be recorded for the rows after the first `after`. Raises OSError."""
        texts = [row.asked if row.id is None else f"{row.asked} {row.id}" for row in rows]
        line = orjson.dumps({"after": after, "rows": texts})
        check = _check(self._newest, line)
        with self.file.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            file.write(_with_check(line, "check", check))
            file.flush()
            os.fsync(file.fileno())
            file.seek(self._place)  # only now: what the first line names is always there
            file.write(check.encode())
        self._newest = check

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
            head = file.readline()
            newest = self._read_head(head)
            whole, reached, rows, number = len(head), newest == self._newest, list[str](), 2
            for line in file:
                text = line.removesuffix(b"\n")
                planned = _planned(text, self._newest, len(rows))
                if planned is None and text == line:
                    break  # what a stop left of a line: the commit that it was for was never begun
                if planned is None:
                    raise self._damaged(number)
                after, more, self._newest = planned
                rows[after : after + len(more)] = more
                whole += len(text) + 1
                reached = reached or newest == self._newest
                number += 1
            if not reached:
                raise self._damaged(number)
            for row in rows:
                asked, _, entry_id = row.partition(" ")
                yield Planned(asked, entry_id or None)
            if whole > file.seek(0, os.SEEK_END):
                file.write(b"\n")
            file.truncate(whole)

    def end(self) -> None:
        """All is answered. Raises OSError."""
        self.file.unlink(missing_ok=True)

    def _read_head(self, line: bytes) -> str:
        """What the first line has as the check of the newest. Raises MalformedRequest."""
        match _json(line):
            case {"service": str(service), "run": str(run), "newest": str(newest)}:
                head = orjson.dumps({"service": service, "run": run})
                if line != _with_check(head, "newest", newest):
                    raise self._damaged(1)
            case {"service": str(), **more} if not more:
                raise MalformedRequest(
                    f"`{self.file}` was written by an older Ordain", "go on with that one, or name another --out"
                )
            case _:
                raise self._damaged(1)
        if service != self._service:
            raise MalformedRequest(
                f"`{self._out}` has the answers of `{service}`, not of `{self._service}`",
                f"go on with `{service}`, or name another file with --out",
            )
        self.run, self._newest, self._place = run, _check("", head), _place(head)
        return newest

    def _damaged(self, number: int) -> MalformedRequest:
        return MalformedRequest(
            f"`{self.file}` is damaged in line {number}, so it cannot be told what is on record",
            f"put it back as it was; or decide the rows that `{self._out}` does not answer as a table of their own,"
            " after a look at what `ordain audit search` has of them",
        )


def _check(before: str, line: bytes) -> str:
    """Of a line without its check, and through the check before it of all lines so far: 32 hexadecimal digits."""
    return blake2b(before.encode() + line, digest_size=_CHECK_BYTES).hexdigest()


def _with_check(line: bytes, name: str, check: str) -> bytes:
    return b'%b,"%b":"%b"}\n' % (line[:-1], name.encode(), check.encode())


def _place(head: bytes) -> int:
    """Where in the file the first line has the check of the newest."""
    return len(_with_check(head, "newest", "")) - len(b'"}\n')


def _planned(text: bytes, before: str, known: int) -> tuple[int, list[str], str] | None:
    """After which row, the rows and the check of a line; None when it is not as it was written."""
    match _json(text):
        case {"after": int(after), "rows": [*rows], "check": str(check)} if 0 <= after <= known:
            line = orjson.dumps({"after": after, "rows": rows})
            if text + b"\n" == _with_check(line, "check", check) and check == _check(before, line):
                return after, rows, check
    return None


def _json(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        return None
