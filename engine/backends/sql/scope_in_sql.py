"""What expressions of one policy may read in SQL, and what has to hold before one of their parts is worked out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ordain.engine.backends.settled import Constants
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.faults import Faults
from ordain.engine.backends.sql.layers import Layers
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.backends.sql.sql_terms import Term, Value, all_of, negated
from ordain.engine.feel.syntax.tree import Function
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import Table


@dataclass(frozen=True, slots=True)
class Reached:
    """A part is worked out only where `test` is true, or where it is not, and where what is `around` it was reached."""

    around: Reached | None
    test: Term
    holds: bool


def is_reached(when: Reached | None) -> Term:
    """Whether a part is worked out; None: always."""
    tests: list[Term] = []
    while when is not None:
        tests.append(when.test if when.holds else negated(when.test))
        when = when.around
    return all_of(reversed(tests))


@dataclass(frozen=True, slots=True)
class Fired:
    """One table decided once: of each rule, in the table's order, whether it fired, and its reason where it has one.

    `unsure`: it was called where a missing fact ends the rule that calls it, so that nobody knows whether it was.
    """

    table: Table
    rules: Sequence[Term]
    reasons: Sequence[Term | None]
    unsure: bool = False


@dataclass(slots=True)
class Calls:
    """The tables that were called so far, in order, and how often something was written out in place of a call."""

    fired: list[Fired] = field(default_factory=list)
    written: int = 0

    def write(self, count: int = 1) -> None:
        """Counts what is written out. Raises Unsupported where that is too much for one statement."""
        self.written += count
        if self.written > LIMITS.statement_parts:
            most = f"{LIMITS.statement_parts:,}"
            raise Unsupported(
                f"loops and calls are written out one by one, and a statement has {most} of them at the most",
                "go over shorter lists, or decide a part under a name of its own",
            )

    def doubt(self, first: int) -> None:
        """Says of the tables called from `first` on that nobody knows whether they were."""
        self.fired[first:] = [replace(each, unsure=True) for each in self.fired[first:]]

    def taken(self) -> Iterator[Fired]:
        """The tables that were called since the last time."""
        fired, self.fired = self.fired, []
        yield from fired


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may read: terms by name, and, of a fact of few values, which those are.

    `functions` and `tables` are the policy's own, which it may call; `explained`: which rules fired is told, and why.
    """

    values: Mapping[str, Value]
    known: Mapping[str, Iterable[str]]
    at: dt.datetime
    dialect: Dialect
    faults: Faults
    layers: Layers
    constants: Constants = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    tables: Mapping[str, Callable[[Any, Sequence[Value]], Value]] = field(default_factory=dict)
    calls: Calls = field(default_factory=Calls)
    explained: bool = True
