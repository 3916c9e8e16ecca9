"""Which version of a policy decides from when: on one axis the time that is decided for, on the other what was known.

A turn begins with an activation. The last one that began decides, whenever it was recorded, so what is recorded late
for a day in the past corrects what counts for that day. Of two that begin at one moment the one recorded later counts.
A rollback takes back what was planned: turns that were recorded before it and begin after it never begin.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ordain.engine.lifecycle.change import Change, Step
from ordain.engine.policy.model import Effective

Effectives = Callable[[int], Effective | None]
"""What the text of a version says of the days on which it is in force; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Turns:
    """`of` has the activations that count, by policy, the last to begin first; `void` those that never begin."""

    of: Mapping[str, tuple[Change, ...]]
    void: frozenset[str]
    changes: tuple[Change, ...]

    def known(self, by: dt.datetime) -> Turns:
        """What was known at a moment: as if nothing had been recorded after it."""
        return turns_of(change for change in self.changes if change.recorded <= by)

    def begun(self, policy: str, at: dt.datetime) -> list[Change]:
        """Those that have begun by then, the last one first."""
        return [turn for turn in self.of.get(policy, ()) if turn.starts <= at]

    def deciding(self, policy: str, at: dt.datetime, effective: Effectives) -> Change | None:
        """The turn that decides, if any has begun.

        A season decides on its days, by the calendar of `at`, also when another version begins on one of them, and
        then what would decide without it; a rollback ends it.
        """
        latest: Change | None = None
        for turn in self.begun(policy, at):
            days = effective(turn.version)
            if days is not None and days.season:
                if days.holds_on(at.date()):
                    return turn
            elif latest is None:
                latest = turn
            if turn.rollback:
                break
        return latest

    def versions(self, policy: str) -> frozenset[int]:
        """All that decide, have decided or will."""
        return frozenset(turn.version for turn in self.of.get(policy, ()))


def turns_of(changes: Iterable[Change]) -> Turns:
    """The fold: it depends on which changes there are, and not on the order in which they are read."""
    ordered = sorted(changes, key=lambda change: (change.recorded, change.id))
    going: dict[str, list[Change]] = {}
    void: set[str] = set()
    for change in ordered:
        if change.step is not Step.ACTIVATION:
            continue
        turns = going.setdefault(change.policy, [])
        if change.rollback:
            void.update(turn.id for turn in turns if turn.starts > change.starts)
            turns[:] = [turn for turn in turns if turn.id not in void]
        turns.append(change)
    for turns in going.values():
        turns.sort(key=lambda turn: (turn.starts, turn.recorded, turn.id), reverse=True)
    return Turns({policy: tuple(turns) for policy, turns in going.items()}, frozenset(void), tuple(ordered))


NO_TURNS = turns_of(())
