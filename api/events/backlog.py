"""The events of one endpoint that are not delivered yet: in lines, of each of which only the first may be tried.

It knows no network, no clock and no database. The leaves that it has taken up and not settled either hold the cursor,
or have a row in the state: an event gets one when it fails, and those behind it in its line with it.
"""

from __future__ import annotations

from heapq import heappop, heappush

from ordain.api.events.state import Changes, Waits


class Backlog:
    """`ahead` is the first leaf that has not been read yet; leaves are read, and taken in, in the order of the log."""

    def __init__(self, ahead: int) -> None:
        self.ahead = ahead
        self._waits: dict[int, Waits] = {}
        self._line_of: dict[int, bytes] = {}
        self._lines: dict[bytes, list[int]] = {}
        self._heads: list[tuple[float, int]] = []
        self._under_way: set[int] = set()
        self._fresh: set[int] = set()
        self._later: dict[int, Waits] = {}
        self._dead: set[int] = set()
        self._keep: dict[int, Waits] = {}
        self._drop: set[int] = set()

    def __len__(self) -> int:
        return len(self._waits)

    def restore(self, waits: Waits, line: bytes) -> None:
        """Takes in an event that has a row, before anything is read. One that is ahead waits until that is read."""
        if waits.dead:
            self._dead.add(waits.leaf)
        elif waits.leaf >= self.ahead:
            self._later[waits.leaf] = waits
        else:
            self._take(waits, line)

    def take(self, leaf: int, line: bytes) -> None:
        """Takes in an event that was read now."""
        if leaf in self._dead:
            return
        if leaf in self._later:
            self._take(self._later.pop(leaf), line)
            return
        self._take(Waits(leaf), line)
        if self._is_held_up(line):
            self._keep[leaf] = self._waits[leaf]
        else:
            self._fresh.add(leaf)

    def read_to(self, ahead: int) -> None:
        """All before `ahead` has been read, and what is wanted of it taken in."""
        self.ahead = ahead
        unwanted = [leaf for leaf in self._later if leaf < ahead]  # the endpoint asked for other types before
        for leaf in unwanted:
            del self._later[leaf]
            self._drop.add(leaf)

    def _take(self, waits: Waits, line: bytes) -> None:
        self._waits[waits.leaf], self._line_of[waits.leaf] = waits, line
        leaves = self._lines.setdefault(line, [])
        leaves.append(waits.leaf)  # in order: rows come first, and are before all that is read
        if leaves[0] == waits.leaf:
            heappush(self._heads, (waits.due, waits.leaf))

    def _is_held_up(self, line: bytes) -> bool:
        return self._waits[self._lines[line][0]].tries > 0

    def line(self, leaf: int) -> bytes:
        """The line that an event which is not settled stands in."""
        return self._line_of[leaf]

    def start(self, now: float) -> Waits | None:
        """The event to be tried now; it is under way then. None when nothing is due."""
        if self.due() > now:
            return None
        _, leaf = heappop(self._heads)
        self._under_way.add(leaf)
        return self._waits[leaf]

    def due(self) -> float:
        """When the next event may be tried; infinite when there is none."""
        while self._heads:
            due, leaf = self._heads[0]
            known = leaf in self._waits and leaf not in self._under_way and self._waits[leaf].due == due
            if known and self._lines[self._line_of[leaf]][0] == leaf:
                return due
            heappop(self._heads)  # it was tried meanwhile
        return float("inf")

    def delivered(self, leaf: int) -> None:
        """It is settled; the next of its line may go."""
        if leaf not in self._fresh:
            self._drop.add(leaf)
            self._keep.pop(leaf, None)
        self._settle(leaf)

    def failed(self, leaf: int, fault: str, due: float, tries: int) -> None:
        """It has failed so often, and is tried again, not before `due`; its line waits for it."""
        waits = Waits(leaf, tries, due, fault)
        self._waits[leaf] = waits
        self._under_way.discard(leaf)
        line = self._lines[self._line_of[leaf]]
        heappush(self._heads, (self._waits[line[0]].due, line[0]))
        self._keep[leaf] = waits
        for behind in self._fresh.intersection(line):
            self._keep[behind] = self._waits[behind]
            self._fresh.discard(behind)

    def gave_up(self, leaf: int, fault: str) -> None:
        """It is a dead letter; the next of its line may go."""
        self._keep[leaf] = Waits(leaf, self._waits[leaf].tries + 1, 0.0, fault, dead=True)
        self._dead.add(leaf)
        self._settle(leaf)

    def _settle(self, leaf: int) -> None:
        del self._waits[leaf]
        line = self._line_of.pop(leaf)
        leaves = self._lines[line]
        leaves.remove(leaf)
        self._under_way.discard(leaf)
        self._fresh.discard(leaf)
        if leaves:
            heappush(self._heads, (self._waits[leaves[0]].due, leaves[0]))
        else:
            del self._lines[line]

    def changes(self) -> Changes:
        """What is to be kept since the last call."""
        changes = Changes(min(self._fresh, default=self.ahead), list(self._keep.values()), sorted(self._drop))
        self._keep, self._drop = {}, set()
        return changes
