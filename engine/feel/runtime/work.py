"""How much one decision may do, so that no text makes it run for hours or fill the memory.

Work is counted and not timed, so that a decision that is made again comes out the same. One unit is about a round of a
loop with a short body, a call of a function of the user's own, or a few items of a list that is gone through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ordain.engine.errors import CalculationFailed, Issue
from ordain.engine.feel.syntax import tree
from ordain.engine.limits import LIMITS
from ordain.engine.values.types import Interval, Value

MOST_CHARACTERS = LIMITS.text_characters
_MOST_PARTS = LIMITS.value_parts

TOO_MUCH_WORK = "it takes too much work"
"""As a lenient table may have it on record; as an error it is said to a person as OVER_THE_LIMIT."""
OVER_THE_LIMIT = "the calculation exceeded its work limit"
TOO_LONG = f"a text has at most {MOST_CHARACTERS:,} characters"

_PER_PART = 64
"""Characters of a text that count as one part."""
_CHARACTERS_PER_UNIT = 8
"""Of a text that is made: all that one decision makes takes some 160 MB at the most."""
_PARTS_PER_UNIT = 4
_NODES_PER_UNIT = 4
_NODES_OF_CALL = 6


class Work:
    """What is left to one decision. Anything spent beyond it raises CalculationFailed."""

    _sized: tuple[Value, int] = (None, 0)
    """What was gone through last, and its units: the rules of a table ask the same list again and again."""

    def __init__(self, work: int = LIMITS.work) -> None:
        self.left = work
        self.patterns: dict[tuple[str, str], Any] = {}
        """The patterns that were searched for, each by its text and flags."""

    def spend(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            raise CalculationFailed(Issue(TOO_MUCH_WORK, "loop over less, or end a recursion earlier"))

    def spent(self, items: Value, cost: int = 1) -> Value:
        """The list, which is about to be gone through at `cost` units an item."""
        if type(items) is tuple:
            self.spend(cost * len(items))
        return items

    def sized(self, value: Value) -> Value:
        """The value, which is about to be gone through with all that is in it. Raises ValueError."""
        if type(value) is tuple or type(value) is dict:
            last, units = self._sized
            if value is not last:
                try:
                    units = parts(value) // _PARTS_PER_UNIT
                except ValueError:
                    self.spend(_MOST_PARTS // _PARTS_PER_UNIT)
                    raise
                self._sized = value, units
            self.spend(units)
        elif type(value) is str:
            self.spend(len(value) >> 10)
        return value

    def made(self, value: Value) -> Value:
        """A text, or a list of texts, that was just made: each takes memory by its length, wherever it is kept."""
        if type(value) is str:
            self.spend(len(value) // _CHARACTERS_PER_UNIT)
        elif type(value) is tuple:
            self.spend((len(value) + sum(len(part) for part in value if type(part) is str)) // _CHARACTERS_PER_UNIT)
        return value

    def counted(self, python: Callable[..., Value], *given: Value) -> Value:
        """A call of a function that spends work itself."""
        return self.made(python(self, *given))


def cost(body: tree.Expr) -> int:
    """Units of one evaluation of `body`, what it goes through apart."""
    nodes = sum(_NODES_OF_CALL if isinstance(node, tree.Call) else 1 for node in tree.walk(body))
    return 1 + nodes // _NODES_PER_UNIT


def parts(value: Value, levels: int = LIMITS.walked_levels) -> int:
    """The number of parts of a value. Raises ValueError: too many, or nested too deeply.

    A list that stands in it twice counts twice, as it would when it is written.
    """
    count, level, here = 0, 0, [value]
    while here:
        count += len(here)
        if count > _MOST_PARTS:
            raise ValueError(f"a value has at most {_MOST_PARTS:,} parts")
        if level > levels:
            raise ValueError(f"a value is nested at most {levels} levels deep")
        below: list[Value] = []
        for part in here:
            kind = type(part)
            if kind is str:
                if len(part) >= _PER_PART:
                    count += len(part) // _PER_PART
                continue
            if kind is dict:
                below += part.values()
            elif kind is tuple:
                below += part
            elif kind is Interval:
                below += (part.low, part.high)
            else:
                continue
            if len(below) > _MOST_PARTS:
                break
        here, level = below, level + 1
    return count


def limited(text: str) -> str:
    """A text that was made. Raises ValueError for one that is too long."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(TOO_LONG)
    return text
