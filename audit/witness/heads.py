"""What a witness remembers: of each log the largest tree that it cosigned. A SQLite file, durable before it signs."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from ordain.audit.limits import LIMITS
from ordain.engine.errors import SettingsError

_TABLES = """
CREATE TABLE IF NOT EXISTS head (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL)
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS conflict (id INTEGER PRIMARY KEY, origin TEXT NOT NULL, known BLOB NOT NULL,
  note BLOB NOT NULL, time INTEGER NOT NULL, UNIQUE (origin, note));
"""


@dataclass(frozen=True, slots=True)
class Head:
    """`size` entries with this root (32 bytes); `note` is the checkpoint as the log signed it."""

    size: int
    root: bytes
    note: bytes


class Heads:
    """The file of a witness. Several threads and processes may use it.

    It must never go back: a witness whose file was put back from a backup would cosign a second history. Who loses it
    makes a new key.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_TABLES)
        except sqlite3.Error as error:
            raise SettingsError(
                f"the witness's file `{path}` cannot be used: {error}", "check the folder, its rights and the disk"
            ) from None

    def latest(self, origin: str) -> Head | None:
        """The newest of that log. Raises sqlite3.Error."""
        with self._lock:
            return self._latest(origin)

    def advance(self, origin: str, head: Head, allowed: Callable[[Head | None], bool]) -> bool:
        """Goes on to `head`, in one step with asking `allowed` of what was there; whether it did.

        It is on the disk when this returns. Raises sqlite3.Error.
        """
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                if not allowed(self._latest(origin)):
                    return False
                row = (origin, head.size, head.root, head.note)
                self._connection.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?)", row)
                self._connection.execute("COMMIT")
                return True
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def keep_conflict(self, origin: str, known: bytes, note: bytes, time: int) -> None:
        """Keeps two checkpoints of one log that do not go together, `LIMITS.conflicts` of a log at most.

        Two of one size prove two histories, and take the place of what only lacked a proof: whoever has a checkpoint
        can send it with none.
        """
        with self._lock, suppress(sqlite3.Error):
            select = "SELECT id, known, note FROM conflict WHERE origin = ? ORDER BY id"
            kept = self._connection.execute(select, (origin,)).fetchall()
            if len(kept) >= LIMITS.conflicts and _size(known) == _size(note):
                weaker = [row for row, before, after in kept if _size(before) != _size(after)][:1]
                self._connection.executemany("DELETE FROM conflict WHERE id = ?", [(row,) for row in weaker])
                kept = kept[len(weaker) :]
            if len(kept) < LIMITS.conflicts:
                row = (origin, known, note, time)
                self._connection.execute(
                    "INSERT OR IGNORE INTO conflict (origin, known, note, time) VALUES (?, ?, ?, ?)", row
                )

    def conflicts(self) -> list[tuple[str, bytes, bytes, int]]:
        """Each log's origin, the checkpoint that was cosigned, the one that was refused, and when."""
        with self._lock:
            return self._connection.execute("SELECT origin, known, note, time FROM conflict ORDER BY id").fetchall()

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock, closing(self._connection):
            pass

    def _latest(self, origin: str) -> Head | None:
        row = self._connection.execute("SELECT size, root, note FROM head WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else Head(*row)


def _size(note: bytes) -> bytes:
    return note.split(b"\n")[1]
