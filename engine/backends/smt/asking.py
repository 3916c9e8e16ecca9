"""Questions to the solver: whether something is true of every customer, and whom it is not true of if not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import Any

import z3

from ordain.engine.backends.smt.terms import Truth, as_bool
from ordain.engine.backends.smt.world import NoValue, World
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

COPIES = ("", "'")
"""The names of the two customers of a question about two."""


def ask(
    world: World,
    broken: Truth,
    confirm: Confirm,
    *,
    seconds: float = LIMITS.proof_seconds,
    like: Iterable[Mapping[str, Value]] = (),
    asserted: Iterable[Truth] = (),
) -> Reply:
    """Whether nobody is `broken`. A customer who is gets confirmed by deciding, and is made as much as one of `like`
    as that can be. The time is shared by all that is asked for one answer."""
    if broken is False:
        return Reply(Found.PROVED)
    asking = Asking(world, seconds)
    asking.add(*asserted, broken)
    first = asking.check()
    if first == z3.unsat:
        return Reply(Found.PROVED)
    if first == z3.unknown and asking.left <= 0:
        return Reply(Found.UNKNOWN, f"no answer within {seconds:g} seconds")
    spurious = asking.solver.reason_unknown() if first == z3.unknown else ""
    tried = 0
    for digits in (2, 4, 9, None):
        asking.solver.push()
        asking.add(world.at_noon, *(world.few_digits(digits) if digits is not None else ()))
        while tried < LIMITS.proof_tries * 4 and asking.check() == z3.sat:
            tried += 1
            asking.solver.push()
            customer = asking.nearest(like)
            said = None if customer is None else confirm(customer)
            asking.solver.pop()
            if said is not None:
                return Reply(Found.FALSE, customer=customer, said=said)
            if not asking.exclude() or tried % LIMITS.proof_tries == 0:
                break
        asking.solver.pop()
    if first == z3.unknown:
        return Reply(Found.UNKNOWN, f"the solver gives up: {spurious}")
    why = "the solver has a customer whom deciding does not confirm" if tried else "no customer of few digits was found"
    return Reply(Found.UNKNOWN, f"{why}; the claim may hold or not")


class Asking:
    def __init__(self, world: World, seconds: float) -> None:
        self.world, self.until = world, monotonic() + seconds
        self.solver = z3.Solver()
        self.model: Any = None
        self._always = 0

    @property
    def left(self) -> float:
        return self.until - monotonic()

    def add(self, *truths: Truth) -> None:
        self.solver.add(*(as_bool(each) for each in self.world.always[self._always :]))
        self._always = len(self.world.always)
        self.solver.add(*(as_bool(each) for each in truths))

    def check(self, *truths: Truth) -> Any:
        """What Z3 says, within the time that is left."""
        if self.left <= 0:
            return z3.unknown
        self.solver.set("timeout", max(1, int(self.left * 1000)))
        answer = self.solver.check(*(as_bool(each) for each in truths))
        if answer == z3.sat:
            self.model = self.solver.model()
        return answer

    def nearest(self, like: Iterable[Mapping[str, Value]]) -> Customer | None:
        """The customer of the model, each fact made that of a known one where the question still holds."""
        best, most = self.model, -1
        for known in like:
            kept: list[Truth] = []
            for (name, _), variable in self.world.variables.items():
                if name not in known:
                    continue
                pinned = self.world.pinned(variable.sym, known[name])
                if pinned is not None and self.check(*kept, pinned) == z3.sat:
                    kept.append(pinned)
            if len(kept) > most and self.check(*kept) == z3.sat:
                best, most = self.model, len(kept)
        self.model = best
        try:
            moment = dt.datetime.combine(self.world.day(best), dt.time(12), dt.UTC)
            return Customer(self.world.customer(best), moment, self.world.customer(best, COPIES[1]))
        except (NoValue, OverflowError, ValueError):
            return None

    def exclude(self) -> bool:
        """Asks for another customer than that of the model; False where there is nothing to tell them by."""
        parts = []
        for variable in self.world.variables.values():
            for term in (variable.sym.term, *(item.value.term for item in variable.sym.items)):
                if z3.is_expr(term):
                    parts.append(term != self.model.eval(term, model_completion=True))
        if not parts:
            return False
        self.solver.add(z3.Or(*parts))
        return True
