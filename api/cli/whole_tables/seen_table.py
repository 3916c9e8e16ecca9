"""A table's file as it was when its rows were counted: it is read once more, by several processes, to be decided."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ordain.api.cli.whole_tables.asks_file import count_rows
from ordain.engine.errors import MalformedRequest


@dataclass(frozen=True, slots=True)
class SeenTable:
    """`state` says which file it was, of how many bytes, and when it was written last, in nanoseconds."""

    path: Path
    state: tuple[int, ...]
    rows: int

    @classmethod
    def counted(cls, path: Path) -> SeenTable:
        """Raises as `count_rows` does."""
        state = _state(path)  # before it is read: a change meanwhile shows
        return cls(path, state, count_rows(path))

    def check(self, done: int | None = None) -> None:
        """Raises MalformedRequest unless it is as it was; after the last row `done` says how many were found.

        To be called after rows were read and before anything is made of them.
        """
        if _state(self.path) != self.state or done not in (None, self.rows):
            raise MalformedRequest(
                f"`{self.path}` was changed while it was being decided",
                "what was decided is of the table as it was: put it back and go on with --resume,"
                " or name another file with --out",
            )


def _state(path: Path) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
