"""A pattern ready to be searched for, with the work of a search counted before it or in it, and never timed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol

from ordain.engine.errors import InternalError
from ordain.engine.feel.patterns.counted import Program
from ordain.engine.feel.patterns.pattern_tree import Bound, Part, bound_of
from ordain.engine.limits import LIMITS

_SECONDS = LIMITS.pattern_seconds
_STEPS, _STEPS_PER_CHARACTER = LIMITS.pattern_steps, LIMITS.pattern_steps_per_character
_STEPS_PER_UNIT = 32
"""Of the package `regex`; a step of `Program`, which is written in Python, is a unit."""


class Counter(Protocol):
    """Who counts the work of a decision; see `Work`."""

    left: int

    def spend(self, units: int) -> None: ...


class Pattern:
    """`compiled` is the package `regex`'s own, `part` the same pattern as a tree, or None where its bound is known."""

    def __init__(self, compiled: Any, part: Part | None, bound: Bound | None = None) -> None:
        self.groups: int = compiled.groups
        self.matches_empty = compiled.search("", timeout=_SECONDS) is not None
        self._compiled, self._part = compiled, part
        self._bound = bound if part is None else bound_of(part)

    def search(self, text: str, work: Counter) -> Any:
        """The first match, or None."""
        return next(self.all_in(text, work), None)

    def all_in(self, text: str, work: Counter) -> Iterator[Any]:
        """All matches, one after the other, of a pattern that does not match the empty text. Raises ValueError.

        Which way it is searched depends on pattern and text alone, so that a decision made again comes out the same.
        """
        size = len(text) + 1
        steps = None if self._bound is None else self._bound.factor * size**self._bound.power
        if steps is None or (steps > _STEPS and steps > size * _STEPS_PER_CHARACTER and self._part is not None):
            yield from self._counted(text, work)
            return
        work.spend(1 + steps // _STEPS_PER_UNIT)
        try:
            yield from self._compiled.finditer(text, timeout=_SECONDS)
        except TimeoutError:
            raise InternalError(
                f"a search with a pattern took more than {_SECONDS} seconds, which its steps do not explain",
                "nothing was decided; the machine may be overloaded: try again",
            ) from None

    def _counted(self, text: str, work: Counter) -> Iterator[Any]:
        at = 0
        while True:
            match, taken = self._program.search(text, at, min(work.left, LIMITS.work))
            work.spend(taken)
            if match is None:
                if taken > LIMITS.work:  # apart from a decision nobody counts
                    raise ValueError("the pattern takes too much work")
                return
            yield match
            at = match.end()

    @cached_property
    def _program(self) -> Program:
        if self._part is None:
            raise TypeError("a pattern without a tree is searched by its bound")
        return Program(self._part, self.groups, self._compiled.flags)
