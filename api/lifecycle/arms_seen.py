"""What was decided while a version was rolled out: the customers of both versions, each counted once."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from uuid import UUID

from ordain.api.lifecycle.metrics import Json, measured
from ordain.audit.ledger.reader import Reader
from ordain.engine.errors import DataQualityIssue
from ordain.engine.lifecycle.assigned import Arm as Side
from ordain.engine.lifecycle.bucket import BUCKETS
from ordain.engine.lifecycle.change import Change
from ordain.engine.lifecycle.rollout import Action
from ordain.engine.lifecycle.turns import Turns
from ordain.engine.sequential.guardrail import Plan
from ordain.engine.sequential.sums import Arm, Cohort

_MARK = b'"rollouts":['
_LAST = b"\xff" * 16


@dataclass(frozen=True, slots=True)
class Run:
    """A roll-out from its start on: `entries` are all about it, the last one first."""

    entries: tuple[Change, ...]

    @property
    def first(self) -> Change:
        return self.entries[-1]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(each.id for each in self.entries)

    @property
    def raised(self) -> dict[str, str]:
        """The alarms on record: they stay, whatever comes after them."""
        told: dict[str, str] = {}
        for each in reversed(self.entries):
            if each.rollout is not None:
                told |= each.rollout.figures.get("raised", {})
        return told

    @property
    def was_resumed(self) -> bool:
        """Whether somebody has gone on after a pause."""
        return any(each.rollout is not None and each.rollout.action is Action.RESUME for each in self.entries)


def run_of(turns: Turns, on: Change) -> Run:
    """`on` is the last entry of a roll-out that is on."""
    entries: list[Change] = []
    for each in turns.rollouts[on.policy]:
        if each.recorded <= on.recorded:
            entries.append(each)
            if each.rollout is not None and each.rollout.action in (Action.START, Action.SHADOW):
                break
    return Run(tuple(entries))


@dataclass(slots=True)
class ArmsSeen:
    """Of one run. Who is asked about again counts no more: values of one customer are alike, and the bounds take each
    for one of its own. Those who came first at one share are a cohort.

    What cannot be read, and the restricted, are left out.
    """

    run: Run
    plan: Plan
    cohorts: dict[int, Cohort] = field(default_factory=dict)
    _next: int | None = None
    _customers: set[bytes] = field(default_factory=set)

    def look(self, reader: Reader) -> None:
        """Takes in what came since the last look. Raises LedgerUnavailable."""
        if self._next is None:
            self._next = reader.bounds(UUID(self.run.first.id).bytes, _LAST)[0]
        size = reader.size()
        for record in reader.marked(self._next, size, _MARK):
            if record.private is not None:
                self._count(record.private)
        self._next = size

    def _count(self, private: Json) -> None:
        ids = self.run.ids
        own = next((each for each in private["rollouts"] if each["of"] in ids), None)
        if own is None:
            return
        customer = blake2b(private["subject"].encode(errors="surrogatepass"), digest_size=8).digest()
        if customer in self._customers:
            return
        self._customers.add(customer)
        share = own["share"]
        cohort = self.cohorts.setdefault(share, Cohort(share / BUCKETS, Arm(), Arm()))
        arm = cohort.challenger if own["arm"] == Side.CHALLENGER else cohort.champion
        values = measured(private, (each.metric for each in self.plan.guardrails))
        try:
            arm.add(values)
        except DataQualityIssue:  # a number that no mean can be made of: the customer came all the same
            arm.add({})
