"""One decision as it was and as it would be: what every part of a backtest is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ordain.audit.entry.canonical import canonical
from ordain.engine.errors import CustomerDataIncomplete, OrdainError
from ordain.engine.evaluate import Outcome
from ordain.engine.policy.model import STATUS, Table, Verdict
from ordain.engine.values.types import Type

Json = dict[str, Any]
Fired = Mapping[str, tuple[str, ...]]
"""By `policy/table` the ids of the rules that fired."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one set of versions made of a decision's facts. `outcome` is its JSON, `gives` the types of its parts."""

    outcome: Json
    gives: Mapping[str, Type]
    verdict: str | None
    obligations: list[Json]
    fired: Fired

    @property
    def status(self) -> str:
        """What its answer says first: decided, refused or in_review."""
        return str(STATUS[None if self.verdict is None else Verdict(self.verdict)])

    def differs(self, other: Side) -> bool:
        """Whether a caller would notice: another outcome, verdict or obligation. Which rules fired is not looked at."""
        if self.verdict != other.verdict or self.outcome != other.outcome:
            return canonical([self.verdict, self.outcome]) != canonical([other.verdict, other.outcome])
        return _duties(self.obligations) != _duties(other.obligations)


@dataclass(frozen=True, slots=True)
class Failed:
    """Why one set of versions gives no outcome: the code and message of the error, and the facts that it lacked."""

    code: str
    message: str
    facts: tuple[str, ...] = ()

    @classmethod
    def by(cls, error: OrdainError) -> Failed:
        lacked = error.issues if isinstance(error, CustomerDataIncomplete) else ()
        return cls(error.code, error.message, tuple(dict.fromkeys(issue.fact for issue in lacked if issue.fact)))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why nothing is known of a recorded decision any more: `status` is erased, expired, restricted or not_restored."""

    status: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """The facts that the new versions read and that the old ones did not, so that nobody wrote them down."""

    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """`name` is the decision's id, or the number of a table's row; `facts` are JSON values by name."""

    name: str
    service: str
    at: str
    old: Side | Failed | Unreadable
    new: Side | Failed | Unrecorded | None
    facts: Json = field(default_factory=dict)
    policies: tuple[str, ...] = ()
    """The versions, as `name@version`, in the place of which others were tried."""
    by_itself: bool = False
    """Whether what was tried is what decided: the same versions, byte for byte."""


def side_of(outcome: Outcome, *, settled: bool = True) -> Side:
    """What was decided; amounts not `settled` have the digits that they were calculated with."""
    heads = outcome.plan.heads
    fired: dict[str, tuple[str, ...]] = {}
    for decision, _, positions, *_ in outcome.trail:
        if isinstance(decision, Table):
            where = f"{str(heads[id(decision)]['policy']).rpartition('@')[0]}/{decision.name}"
            fired[where] = fired.get(where, ()) + tuple([decision.rules[position].id for position in positions])
    verdict = None if outcome.verdict is None else str(outcome.verdict)
    return Side(outcome.given(settled=settled), outcome.plan.gives, verdict, outcome.obligations(), fired)


def recorded_side(private: Json, gives: Mapping[str, Type]) -> Side:
    """What was decided, by a record that has been made whole."""
    fired: dict[str, tuple[str, ...]] = {}
    for step in private["trace"]:
        if "fired" in step:
            where = f"{step['policy'].rpartition('@')[0]}/{step['decision']}"
            fired[where] = fired.get(where, ()) + tuple(step["fired"])
    return Side(private["outcome"], gives, private["verdict"], private["obligations"], fired)


def _duties(obligations: list[Json]) -> bytes:
    """What is asked for, whichever rule of whichever version asks."""
    return canonical([{name: duty[name] for name in duty if name not in ("policy", "rule")} for duty in obligations])
