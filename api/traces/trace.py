"""One request that is traced: noted while it is answered, and made into spans later, by another thread."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from time import perf_counter

_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
"""`traceparent` (https://www.w3.org/TR/trace-context-2/): version, trace, the caller's span, flags."""
_SAMPLED = 1


class Trace:
    """Ids are numbers, of 128 and 64 bits; `parent` is None where the trace begins here. Times are `perf_counter`'s.

    `steps` have a name, when it began, when it ended, and the model's name where it is a score, which is a part of the
    step that comes after it. `decision` is the id of the one that was put on record, if one was.
    """

    __slots__ = ("_at", "decision", "id", "parent", "span", "steps")

    def __init__(self, id: int, parent: int | None) -> None:
        self.id, self.parent, self.span = id, parent, new_id(64)
        self.decision = ""
        self.steps: list[tuple[str, float, float, str]] = []
        self._at = perf_counter()

    def step(self, name: str) -> None:
        """What was done since the last step has been this one."""
        now = perf_counter()
        self.steps.append((name, self._at, now, ""))
        self._at = now

    def scored(self, scores: Iterable[tuple[str, float, float]]) -> None:
        """Models have been asked within the step that is under way: which, from when to when."""
        self.steps += [("score", begun, ended, model) for model, begun, ended in scores]


def begun(traceparent: str | None, ratio: float) -> Trace | None:
    """A trace, or the next part of the caller's: its caller says whether it is sampled, else chance."""
    if traceparent is not None and (found := _PARENT.fullmatch(traceparent)) is not None:
        return Trace(int(found[1], 16), int(found[2], 16)) if int(found[3], 16) & _SAMPLED else None
    return Trace(new_id(128), None) if random.random() < ratio else None  # noqa: S311  # it is no secret


def new_id(bits: int) -> int:
    """Never 0, which is none."""
    return random.getrandbits(bits) or 1
