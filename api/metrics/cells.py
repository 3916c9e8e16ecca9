"""Numbers that several processes count, each in a part of its own of one piece of shared memory.

The server's process makes the memory, and the workers that it forks share it. It is no file, so no full disk and nobody
else gets at it. A part is leased by a lock, which the system releases however its process ends: who is started in the
place of a dead one goes on where that one stopped, and nothing that was counted is lost.

A part begins with its length in use and the id of its process. Then come the series: the length of the key and the
number of cells, the key, the cells. Whoever adds one writes the length in use last, so that readers need no lock.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import threading
import weakref
from collections.abc import Mapping

from ordain.api.limits import LIMITS

Key = tuple[str, ...]
"""The name of a metric, and the values of its labels."""
_HEAD, _SPARE = 8, 64
"""Words of a part's head, and of its end: what found no room is counted there, and nobody reads it."""
_USED, _PID, _LOST = 0, 1, 2
"""Words of the head."""
_BETWEEN = "\x1f"


class Part:
    """What one process counts. A series has one cell or several; each is written by one thread at a time."""

    def __init__(self, memory: memoryview) -> None:
        self._bytes = memory
        self._words = memory.cast("Q")
        self.cells = memory.cast("d")
        """The cells of all series, by the numbers that `at` gives."""
        self._end = len(self._words) - _SPARE
        self._found: dict[Key, int] = {}
        self._adding, self._reading = threading.Lock(), threading.Lock()
        self._series: dict[Key, tuple[int, int]] = {}
        self._read = _HEAD
        self._words[_USED] = self._words[_USED] or _HEAD

    @property
    def process(self) -> int:
        """The process whose part this is, or was."""
        return self._words[_PID]

    @property
    def lost(self) -> int:
        """Series for which there was no room."""
        return self._words[_LOST]

    def begin(self) -> None:
        """Makes it this process's own; what was counted before stays."""
        self._words[_PID] = os.getpid()
        self._found = {key: at for key, (at, _) in self.series().items()}

    def at(self, key: Key, cells: int = 1) -> int:
        """The number of the first cell of a series, which is added if there is none."""
        found = self._found.get(key)
        return self._added(key, cells) if found is None else found

    def add(self, key: Key, number: float = 1.0) -> None:
        """Counts."""
        self.cells[self.at(key)] += number

    def series(self) -> Mapping[Key, tuple[int, int]]:
        """Of each series the number of its first cell, and how many it has. A series stays where it is for ever."""
        with self._reading:
            used = self._words[_USED]
            while self._read < used:
                size, cells = divmod(self._words[self._read], 1 << 32)
                first = self._read + 1 - (-size // 8)
                text = bytes(self._bytes[8 * self._read + 8 : 8 * self._read + 8 + size]).decode()
                self._series[tuple(text.split(_BETWEEN))] = (first, cells)
                self._read = first + cells
        return self._series

    def _added(self, key: Key, cells: int) -> int:
        text = _BETWEEN.join(key).encode()
        words = -(-len(text) // 8)
        with self._adding:
            if (found := self._found.get(key)) is not None:
                return found
            used = self._words[_USED]
            first = used + 1 + words
            if first + cells > self._end:
                self._words[_LOST] += 1
                self._found[key] = self._end
                return self._end
            self._words[used] = (len(text) << 32) + cells
            self._bytes[8 * used + 8 : 8 * used + 8 + len(text)] = text
            self._found[key] = first
            self._words[_USED] = first + cells
        return first


class Cells:
    """The memory of `processes` processes and of those that come in the places of dead ones."""

    def __init__(self, processes: int = 1) -> None:
        parts = processes + LIMITS.metric_spare_parts
        size = LIMITS.metric_bytes
        self._memory = mmap.mmap(-1, parts * size)
        self._leases, name = tempfile.mkstemp(prefix="ordain-")  # locks stand on it as long as the process lives
        os.unlink(name)
        weakref.finalize(self, os.close, self._leases)
        view = memoryview(self._memory)
        self._parts = [Part(view[at : at + size]) for at in range(0, parts * size, size)]

    def lease(self) -> Part:
        """A part of this process's own; one that nobody reads when there is none left."""
        for number, part in enumerate(self._parts):
            try:
                fcntl.lockf(self._leases, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            except OSError:  # another process has it
                continue
            part.begin()
            return part
        return Part(memoryview(bytearray(LIMITS.metric_bytes)))

    def parts(self) -> list[Part]:
        """Those that somebody has counted in."""
        return [part for part in self._parts if part.process]

    def total(self, key: Key, cell: int = 0) -> float:
        """The sum of one cell of a series over all processes."""
        found = [(part, part.series().get(key)) for part in self.parts()]
        return sum(part.cells[where[0] + cell] for part, where in found if where is not None)


def runs(process: int) -> bool:
    """Whether there is a process of that id."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
