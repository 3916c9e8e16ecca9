"""What a function takes and gives, written as one line that people read too.

    (string: text, start position: number, length?: number) -> text
    (list: list of T, precedes: function(T, T) -> flag) -> list of T
    (numbers: number...) -> number

A parameter has the name that DMN gives it, for calls by name. `?` after its name: it may be left out. `?` after a
type: null may stand there, or come out. `...`: the last parameter, any number of times, at least once. One capital
letter stands for any one type; `O` for one that has an order. `calendar` is a context, see `engine.values.calendar`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ordain.engine.values.calendar import CALENDAR
from ordain.engine.values.types import ANY, SIMPLE, Kind, Type, context_of, list_of, range_of


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: Type
    omittable: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """`python` gets the values by position, left-out last ones not at all, after the decision's time when `clock`.

    It raises ValueError or ArithmeticError with a message for people. `text` is the line it was read from. `prepared`
    gives `python` without its last parameter, for a value of that which is known beforehand; it raises as `python`.
    With `counted` it gets first of all the `Work` that it spends.
    """

    parameters: tuple[Parameter, ...]
    gives: Type
    python: Callable[..., Any]
    repeats: bool = False
    clock: bool = False
    text: str = ""
    prepared: Callable[[Any], Callable[..., Any]] | None = None
    counted: bool = False

    def parameter(self, position: int) -> Parameter | None:
        """The parameter that stands at a position, from 0; the last one again when it repeats."""
        if position < len(self.parameters):
            return self.parameters[position]
        return self.parameters[-1] if self.repeats else None

    @property
    def fewest(self) -> int:
        """How many arguments a call has at the least."""
        return sum(not parameter.omittable for parameter in self.parameters)

    def takes(self, count: int) -> bool:
        """Whether a call with so many arguments can be meant."""
        return self.fewest <= count and (self.repeats or count <= len(self.parameters))


def signature(
    text: str,
    python: Callable[..., Any],
    *,
    clock: bool = False,
    prepared: Callable[[Any], Callable[..., Any]] | None = None,
    counted: bool = False,
) -> Signature:
    """The signature that a line says. Raises ValueError for a line that is none."""
    words = _Words(text)
    words.take("(")
    parameters, repeats = [], False
    while not words.taken(")"):
        name = words.until(":")
        of = words.type()
        repeats = words.taken("...")
        parameters.append(Parameter(name.removesuffix("?"), of, name.endswith("?")))
        words.taken(",")
    words.take("->")
    gives = words.type()
    words.end()
    return Signature(tuple(parameters), gives, python, repeats, clock, text, prepared, counted)


class _Words:
    """Reads a line from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.rest = text, text.strip()

    def taken(self, sign: str) -> bool:
        """Whether the rest begins with the sign, which is read then, with the space after it."""
        if not self.rest.startswith(sign):
            return False
        self.rest = self.rest[len(sign) :].lstrip()
        return True

    def take(self, sign: str) -> None:
        """Reads a sign that must stand there. Raises ValueError."""
        if not self.taken(sign):
            raise ValueError(f"`{sign}` is expected before `{self.rest}` in `{self.text}`")

    def until(self, sign: str) -> str:
        """What stands before a sign; both are read. Raises ValueError when there is none."""
        word, sign_there, rest = self.rest.partition(sign)
        if not sign_there:
            raise ValueError(f"`{sign}` is expected in `{self.text}`")
        self.rest = rest.lstrip()
        return word.strip()

    def end(self) -> None:
        """Raises ValueError when something is left."""
        if self.rest:
            raise ValueError(f"`{self.rest}` is too much in `{self.text}`")

    def type(self) -> Type:
        """The type that stands next. Raises ValueError."""
        type = self._type()
        return replace(type, optional=True) if self.taken("?") else type

    def _type(self) -> Type:
        if self.taken("list of "):
            return list_of(self.type())
        if self.taken("range of "):
            return range_of(self.type())
        if self.taken("("):
            inner = self.type()
            self.take(")")
            return inner
        if self.taken("function("):
            parameters = []
            while not self.taken(")"):
                parameters.append(self.type())
                self.taken(",")
            self.take("->")
            return Type(Kind.FUNCTION, parameters=tuple(parameters), item=self.type())
        for name in sorted(SIMPLE, key=len, reverse=True):
            if re.match(rf"{name}\b", self.rest):
                self.taken(name)
                return SIMPLE[name]
        if self.taken("any"):
            return ANY
        if self.taken("calendar"):
            return CALENDAR
        if self.taken("context"):
            return context_of({})
        if (match := re.match(r"[A-Z]\b", self.rest)) is not None:
            self.taken(match.group())
            return replace(ANY, variable=match.group())
        raise ValueError(f"no type stands before `{self.rest}` in `{self.text}`")
