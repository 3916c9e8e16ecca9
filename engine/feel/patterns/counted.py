"""A search whose every step is counted: for patterns and texts for which no small number of steps is known beforehand.

It goes back like any search of its kind, in the same order, but comes to one place of the pattern at one place of the
text only once: what failed there fails again. So it takes at most as many steps as the pattern is long, for each
character, unless the pattern has references to groups; then the limit of work ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import regex  # type: ignore[import-untyped]

from ordain.engine.feel.patterns.pattern_tree import Choice, Edge, Group, One, Part, Reference, Repeat, Row
from ordain.engine.limits import LIMITS

_MOST_PLACES = LIMITS.pattern_places

Test = Callable[[str, int], bool]
"""Whether a text has at a place what is asked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """A match; `ends` are begin and end of the whole and of each group, -1 where a group found nothing."""

    text: str
    ends: tuple[int, ...]

    def start(self) -> int:
        return self.ends[0]

    def end(self) -> int:
        return self.ends[1]

    def __getitem__(self, group: int) -> str | None:
        start, end = self.ends[2 * group : 2 * group + 2]
        return None if end < 0 else self.text[start:end]


_ONE, _EDGE, _KEEP, _SAME, _SPLIT, _JUMP, _MOVED, _END = range(8)
Step = tuple[int, Any, int]
"""What to do and with what. `_SPLIT`: two places to go on, the first first; `_MOVED`: after a
round without a sign there is no other."""


class Program:
    """A pattern as steps. `groups`: how many it has."""

    def __init__(self, part: Part, groups: int, options: int) -> None:
        self._options, self._groups = options, groups
        self._tests: dict[str, Test] = {}
        self._refers = False
        self._steps: list[Step] = []
        self._slots = 2 * groups + 2
        self._write(part)
        self._steps.append((_END, None, 0))

    def search(self, text: str, start: int, most: int) -> tuple[Found | None, int]:
        """The first match from a place on, and the steps taken. None and more steps than `most`: given up.

        Raises ValueError when text and pattern are too long to remember what has been tried.
        """
        steps, size, taken = self._steps, len(text), 0
        tried: set[int] | None = None if self._refers else set()
        none = (-1,) * self._slots
        for begin in range(start, size + 1):
            waiting = [(0, begin, none)]
            while waiting:
                at, place, ends = waiting.pop()
                while True:
                    taken += 1
                    kind, what, other = steps[at]
                    if kind == _ONE:
                        if place >= size or not what(text, place):
                            break
                        place += 1
                    elif kind == _SPLIT:
                        if tried is not None:
                            key = at * (size + 1) + place
                            if key in tried:
                                break
                            tried.add(key)
                        waiting.append((other, place, ends))
                        at = what
                        continue
                    elif kind == _JUMP:
                        at = what
                        continue
                    elif kind == _KEEP:
                        ends = (*ends[:what], place, *ends[what + 1 :])
                    elif kind == _EDGE:
                        if not what(text, place):
                            break
                    elif kind == _MOVED:
                        if ends[what] == place:
                            at = other
                            continue
                    elif kind == _SAME:
                        first, last = ends[2 * what : 2 * what + 2]
                        if last < 0 or not self._same(text[first:last], text[place : place + last - first]):
                            break
                        taken += (last - first) >> 4
                        place += last - first
                    else:
                        return Found(text, (begin, place, *ends[2 : 2 * self._groups + 2])), taken
                    at += 1
                if taken > most:
                    return None, taken
                if tried is not None and len(tried) > _MOST_PLACES:
                    raise ValueError("the text is too long for a pattern that can match in so many ways")
        return None, taken

    def _same(self, one: str, other: str) -> bool:
        return one == other or bool(
            self._options & regex.IGNORECASE and regex.fullmatch(regex.escape(one), other, self._options)
        )

    # --- writing

    def _write(self, part: Part) -> None:
        match part:
            case One(text=text):
                self._steps.append((_ONE, self._sign(text), 0))
            case Edge(text=text):
                self._steps.append((_EDGE, self._edge(text), 0))
            case Reference(group=group):
                self._refers = True
                self._steps.append((_SAME, group, 0))
            case Group(number=0, body=body):
                self._write(body)
            case Group(number=number, body=body):
                self._steps.append((_KEEP, 2 * number, 0))
                self._write(body)
                self._steps.append((_KEEP, 2 * number + 1, 0))
            case Row(parts=parts):
                for each in parts:
                    self._write(each)
            case Choice(parts=parts):
                self._choice(parts)
            case Repeat():
                self._repeat(part)

    def _choice(self, parts: tuple[Part, ...]) -> None:
        jumps = []
        for each in parts[:-1]:
            split = self._later()
            self._write(each)
            jumps.append(self._later())
            self._steps[split] = (_SPLIT, split + 1, len(self._steps))
        self._write(parts[-1])
        for jump in jumps:
            self._steps[jump] = (_JUMP, len(self._steps), 0)

    def _repeat(self, part: Repeat) -> None:
        for _ in range(part.least):
            self._write(part.body)
        splits = []
        if part.most is None:
            slot, self._slots = self._slots, self._slots + 1
            splits.append(self._later())
            self._steps.append((_KEEP, slot, 0))
            self._write(part.body)
            self._steps.append((_MOVED, slot, len(self._steps) + 2))
            self._steps.append((_JUMP, splits[0], 0))
        else:
            for _ in range(part.most - part.least):
                splits.append(self._later())
                self._write(part.body)
        after = len(self._steps)
        for split in splits:
            ways = (split + 1, after) if part.greedy else (after, split + 1)
            self._steps[split] = (_SPLIT, *ways)

    def _later(self) -> int:
        """The place of a step that is written later."""
        self._steps.append((_JUMP, 0, 0))
        return len(self._steps) - 1

    def _sign(self, sign: str) -> Test:
        """A test of one character, which remembers its answers."""
        if sign not in self._tests:
            known: dict[str, bool] = {}
            asked = regex.compile(sign, self._options).fullmatch

            def test(text: str, place: int) -> bool:
                found = text[place]
                if (answer := known.get(found)) is None:
                    known[found] = answer = asked(found) is not None
                return answer

            self._tests[sign] = test
        return self._tests[sign]

    def _edge(self, sign: str) -> Test:
        asked = regex.compile(sign, self._options).match
        return lambda text, place: asked(text, place) is not None
