"""The file of a run's answers: one run at a time writes it, a line for each row."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson

from ordain.engine.errors import MalformedRequest

_BEGINNINGS = (b'{"at":', b'{"error":')
"""Of an answer and of an error."""


@contextmanager
def begun(path: Path) -> Iterator[BinaryIO]:
    """A new file that no other run writes meanwhile. Raises MalformedRequest when there is one; OSError."""
    try:
        new = path.open("xb")
    except FileExistsError:
        raise _written_by_another(path) from None
    with new, _alone(new, path):
        yield new


@contextmanager
def gone_on_with(path: Path) -> Iterator[BinaryIO]:
    """A file that is there, and that no other run writes meanwhile. Raises MalformedRequest; OSError."""
    if not path.exists():
        raise MalformedRequest(f"there is no `{path}` to go on with", "leave --resume out")
    if not path.is_file():
        raise MalformedRequest(f"`{path}` is no file of answers", "name another with --out")
    with path.open("r+b") as file, _alone(file, path):
        yield file


@contextmanager
def _alone(file: BinaryIO, path: Path) -> Iterator[None]:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _written_by_another(path) from None
    yield


def _written_by_another(path: Path) -> MalformedRequest:
    return MalformedRequest(f"another run writes `{path}`", "wait until it has ended, or name another file with --out")


def is_same(out: Path, table: Path) -> bool:
    """Whether the answers would be written into the table; a name that cannot be looked at is no table's."""
    try:
        return out.samefile(table)
    except OSError:
        return False


def is_answer(line: bytes, number: int, entry_id: str | None) -> bool:
    """Whether a line is the answer with that id, or the error of that row."""
    try:
        answer = orjson.loads(line)
    except ValueError:
        return False
    if not isinstance(answer, dict):
        return False
    if "error" in answer:
        return answer.get("line") == number
    return entry_id is not None and answer.get("decision_id") == entry_id


def is_torn(line: bytes) -> bool:
    """Whether it can be what a stop left of a line."""
    return any(line[: len(beginning)] == beginning[: len(line)] for beginning in _BEGINNINGS)
