"""Questions to the solver: whether something is true of every customer, and whom it is not true of if not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import Any

import z3

from ordain.engine.backends.smt.interruptible import checked
from ordain.engine.backends.smt.terms import Truth, as_bool
from ordain.engine.backends.smt.world import SCALE, NoValue, World
from ordain.engine.limits import LIMITS
from ordain.engine.values.types import Value


class Found(StrEnum):
    """How a question ended."""

    PROVED = "proved"
    FALSE = "false"
    UNKNOWN = "unknown"
    NOT_COVERED = "not covered"


@dataclass(frozen=True, slots=True)
class Customer:
    """Facts by name, and the day on which they are decided; `other` are those of the second of two customers."""

    facts: Mapping[str, Value]
    at: dt.datetime
    other: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """How it ended; with FALSE the customer, and what deciding for it said; with UNKNOWN why."""

    found: Found
    why: str = ""
    customer: Customer | None = None
    said: str = ""


Confirm = Callable[[Customer], str | None]
"""What deciding for a customer says, where that shows the same; None where it does not."""

_SHORT = 0.5
"""Seconds of one step in making a customer like an example: a hard step is left out."""

COPIES = ("", "'")
"""The names of the two customers of a question about two."""


def ask(
    world: World,
    broken: Truth,
    confirm: Confirm,
    *,
    seconds: float = LIMITS.proof_seconds,
    like: Iterable[Mapping[str, Value]] = (),
    tries: int = LIMITS.proof_tries,
) -> Reply:
    """Whether nobody is `broken`. A customer who is gets confirmed by deciding, and is made as much as one of `like`
    as that can be; without `tries` nobody is looked for. The time is shared by all that is asked for one answer."""
    asking = Asking(world, seconds)
    asking.add(broken)
    first = z3.unsat if broken is False else asking.check(most=_SHORT)
    if first == z3.unknown and tries:
        # It is not easily told of everybody; near an example, where much is known, it may be.
        said, customer = asking.shown(like, confirm)
        if said is not None:
            return Reply(Found.FALSE, customer=customer, said=said)
    if first == z3.unknown:
        first = asking.first()
    if first == z3.unsat:
        if asking.anybody():
            return Reply(Found.PROVED)
        return Reply(Found.UNKNOWN, "no customer can be within the declared ranges, so that nothing is said of any")
    if first == z3.unknown and asking.left <= 0:
        return Reply(Found.UNKNOWN, f"no answer within {round(seconds, 1):g} seconds")
    spurious = asking.solver.reason_unknown() if first == z3.unknown else ""
    for tried in range(tries):
        if tried and asking.first() != z3.sat:
            break
        said, customer = asking.shown(like, confirm)
        if said is not None:
            return Reply(Found.FALSE, customer=customer, said=said)
        if not asking.exclude():
            break
    if first == z3.unknown:
        return Reply(Found.UNKNOWN, f"the solver gives up: {spurious}")
    if asking.left <= 0:
        why = f"no customer was found within {round(seconds, 1):g} seconds; the claim may hold or not"
        return Reply(Found.UNKNOWN, why)
    return Reply(Found.UNKNOWN, "deciding does not confirm the solver's customer; the claim may hold or not")


_WAYS: tuple[dict[str, int], ...] = ({}, {"random_seed": 7}, {"arith.solver": 2})


def _solver(**ways: int) -> Any:
    """A solver for one question after another; the combined one of Z3 loses minutes where this one does not."""
    solver = z3.SimpleSolver()
    for name, value in ways.items():
        solver.set(name, value)
    return solver


class Asking:
    def __init__(self, world: World, seconds: float) -> None:
        self.world, self.until = world, monotonic() + seconds
        self.solver = _solver()
        self.model: Any = None
        self._always = 0

    @property
    def left(self) -> float:
        return self.until - monotonic()

    def add(self, *truths: Truth) -> None:
        self.solver.add(*(as_bool(each) for each in self.world.always[self._always :]))
        self._always = len(self.world.always)
        self.solver.add(*(as_bool(each) for each in truths))

    def anybody(self) -> bool:
        """Whether there may be a customer at all: of nobody everything is true."""
        solver = _solver()
        solver.add(*(as_bool(each) for each in self.world.always))
        return bool(checked(solver, 5) != z3.unsat)

    def first(self) -> Any:
        """What Z3 says of the question: it is asked in several ways in turns, since one may be slow where another is
        not, at first for a short time each."""
        told, answer = self.solver.assertions(), z3.unknown
        for share in (_SHORT, self.left / 4, self.left):
            for ways in _WAYS:
                if self.left > 0 and answer == z3.unknown:
                    self.solver = _solver(**ways)
                    self.solver.add(told)
                    answer = self.check(most=share)
        return answer

    def check(self, *truths: Truth, most: float = 1e6) -> Any:
        """What Z3 says, within the time that is left, and `most` seconds."""
        if self.left <= 0:
            return z3.unknown
        answer = checked(self.solver, min(self.left, most), *(as_bool(each) for each in truths))
        if answer == z3.sat:
            self.model = self.solver.model()
        return answer

    def shown(self, like: Iterable[Mapping[str, Value]], confirm: Confirm) -> tuple[str | None, Customer | None]:
        """What deciding says for a customer of whom the question is true; None where none is found."""
        model = self.model
        self.solver.push()
        self.add(*self.world.lifelike())
        customer = self.nearest(like)
        said = None if customer is None else confirm(customer)
        self.solver.pop()
        self.model = model if self.model is None else self.model
        return said, customer

    def nearest(self, like: Iterable[Mapping[str, Value]]) -> Customer | None:
        """A customer of whom the question is true: each fact is that of a known one, or left out, where that may be.

        None where nobody is found in a short time, and where the solver's values are none of the language.
        """
        self.until = max(self.until, monotonic() + LIMITS.nearest_seconds)
        best: Any = None
        for known in like:
            pins: list[Truth] = []
            for (name, _), variable in self.world.variables.items():
                pinned = self.world.pinned(variable.sym, known.get(name))
                if pinned is not None and pinned is not False:
                    pins.append(pinned)
            pins += self.world.usual_days()
            if self._with_few_digits(self._kept(pins, [])):
                best = self.model
                break
        if best is None and self._with_few_digits([]):
            best = self.model
        if best is None:
            return None
        self.model = best
        try:
            return Customer(self.world.customer(best), self.world.moment(best), self.world.customer(best, COPIES[1]))
        except (NoValue, OverflowError, ValueError):
            return None

    def _with_few_digits(self, kept: Sequence[Truth]) -> bool:
        """Whether there is a model with these pins; its numbers have as few digits as can be."""
        few = (self.world.few_digits(digits) for digits in (0, 2, 4, 9, SCALE))
        return any(self.check(*kept, *more, most=_SHORT) == z3.sat for more in (*few, []))

    def _kept(self, pins: Sequence[Truth], kept: list[Truth]) -> list[Truth]:
        """As many of the pins as go together with the question, found by halves."""
        if pins and self.check(*kept, *pins, most=_SHORT) == z3.sat:
            return [*kept, *pins]
        if len(pins) < 2:
            return kept
        middle = len(pins) // 2
        return self._kept(pins[middle:], self._kept(pins[:middle], kept))

    def exclude(self) -> bool:
        """Asks for another customer than that of the model; False where there is nothing to tell them by."""
        parts = []
        for variable in self.world.variables.values() if self.model is not None else ():
            for term in (variable.sym.term, *(item.value.term for item in variable.sym.items)):
                if z3.is_expr(term):
                    parts.append(term != self.model.eval(term, model_completion=True))
        if not parts:
            return False
        self.solver.add(z3.Or(*parts))
        return True
