"""What was decided while a version was rolled out: the customers of both versions, each counted once."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from ordain.api.lifecycle.metrics import Json, measured
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Reader
from ordain.engine.lifecycle.assigned import Arm as Side
from ordain.engine.lifecycle.bucket import BUCKETS
from ordain.engine.lifecycle.change import Change
from ordain.engine.lifecycle.rollout import Action
from ordain.engine.lifecycle.turns import Turns
from ordain.engine.sequential.guardrail import Plan
from ordain.engine.sequential.sums import Arm, Cohort, Sums

_MARK = b'"rollouts":['
_LAST = b"\xff" * 16
_TOO_LARGE = 1e100


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
        """Whether somebody has gone on after a pause that an alarm made."""
        was_alarmed = False
        for each in reversed(self.entries):
            if each.rollout is not None and each.rollout.action is Action.PAUSE:
                was_alarmed |= bool(each.rollout.figures.get("raised"))
            elif each.rollout is not None and each.rollout.action is Action.RESUME and was_alarmed:
                return True
        return False


def run_of(turns: Turns, on: Change) -> Run:
    """`on` is the last entry of a roll-out that is on."""
    entries: list[Change] = []
    for each in turns.rollouts[on.policy]:
        if (each.recorded, each.id) <= (on.recorded, on.id):
            entries.append(each)
            if each.rollout is not None and each.rollout.action in (Action.START, Action.SHADOW):
                break
    return Run(tuple(entries))


class _Seen(NamedTuple):
    """Of a customer: the share and arm at first, and the metrics that are known."""

    place: tuple[int, str]
    metrics: set[str]


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
    _customers: dict[bytes, _Seen] = field(default_factory=dict)

    def look(self, reader: Reader) -> None:
        """Takes in what came since the last look. Raises LedgerUnavailable."""
        if self._next is None:
            self._next = reader.bounds(UUID(self.run.first.id).bytes, _LAST)[0]
        size, ids = reader.size(), self.run.ids
        for record in reader.marked(self._next, size, _MARK):
            if record.private is not None and record.envelope["kind"] == Kind.DECISION:
                self._count(record.private, ids)
        self._next = size

    def _count(self, private: Json, ids: frozenset[str]) -> None:
        """A customer counts once for the split and, of each metric, with the first decision that has it."""
        assigned = private.get("rollouts")
        told = assigned if isinstance(assigned, list) else []
        own = next((each for each in told if each["of"] in ids), None)
        if own is None:
            return
        customer = blake2b(private["subject"].encode(errors="surrogatepass"), digest_size=8).digest()
        place = (own["share"], own["arm"])
        seen = self._customers.get(customer)
        if seen is not None and seen.place != place:
            return  # by the other version meanwhile, or at another share
        cohort = self.cohorts.setdefault(own["share"], Cohort(own["share"] / BUCKETS, Arm(), Arm()))
        arm = cohort.challenger if own["arm"] == Side.CHALLENGER else cohort.champion
        if seen is None:
            seen = self._customers[customer] = _Seen(place, set())
            arm.add({})
        wanted = [each.metric for each in self.plan.guardrails if each.metric not in seen.metrics]
        for metric, value in measured(private, wanted).items():
            number = float(value)
            if abs(number) < _TOO_LARGE:  # else no mean can be made of it
                seen.metrics.add(metric)
                arm.metrics.setdefault(metric, Sums()).add(number)
