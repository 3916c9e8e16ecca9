"""Which version of a policy decides from when: on one axis the time that is decided for, on the other what was known.

A turn begins with an activation. The last one that began decides, whenever it was recorded, so what is recorded late
for a day in the past corrects what counts for that day. Of two that begin at one moment the one recorded later counts.
A rollback takes back what was planned: turns that were recorded before it and begin after it never begin.

While a version is rolled out it decides for a part of the customers, and the one whose turn it is for all others. The
last entry about it counts, until it says that it is over, or until something begins that was activated after it. Once
it is over, what was planned of that version is taken back: it is not to begin for everybody by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ordain.engine.lifecycle.change import Change, Step, Text
from ordain.engine.lifecycle.rollout import Action
from ordain.engine.policy.model import Effective

Effectives = Callable[[int], Effective | None]
"""What the text of a version says of the days on which it is in force; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Turns:
    """`of` has the activations that count, by policy, the last to begin first; `void` those that never begin.

    `rollouts` are all entries about roll-outs, by policy, the last one first.
    """

    of: Mapping[str, tuple[Change, ...]]
    void: frozenset[str]
    changes: tuple[Change, ...]
    rollouts: Mapping[str, tuple[Change, ...]]

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

    def rolling(self, policy: str, at: dt.datetime) -> Change | None:
        """What is on record of the roll-out that is on at that time, if one is."""
        for place, change in enumerate(self.rollouts.get(policy, ())):
            if change.starts <= at:
                return None if self._is_over(policy, place, at) else change
        return None

    def _is_over(self, policy: str, place: int, at: dt.datetime) -> bool:
        """Whether the roll-out whose last entry stands in that place is."""
        last = self.rollouts[policy][place]
        if last.rollout is None or last.rollout.action is Action.REVERT:
            return True
        first = next((each for each in self.rollouts[policy][place:] if _begins(each)), last)
        after = (first.recorded, first.id)
        return any((turn.recorded, turn.id) > after for turn in self.begun(policy, at))

    def texts(self) -> Iterator[Text]:
        """Of all versions that decide, have decided or will, for all customers or for some, and of their parts."""
        for changes in (*self.of.values(), *self.rollouts.values()):
            for change in changes:
                yield from change.texts

    def versions(self, policy: str) -> frozenset[int]:
        """All that decide, have decided or will, for all customers or for some."""
        return frozenset(each.version for each in (*self.of.get(policy, ()), *self.rollouts.get(policy, ())))


def _begins(change: Change) -> bool:
    return change.rollout is not None and change.rollout.action in (Action.START, Action.SHADOW)


def turns_of(changes: Iterable[Change]) -> Turns:
    """The fold: it depends on which changes there are, and not on the order in which they are read."""
    ordered = sorted(changes, key=lambda change: (change.recorded, change.id))
    going: dict[str, list[Change]] = {}
    rolling: dict[str, list[Change]] = {}
    void: set[str] = set()
    for change in ordered:
        if change.step is Step.ROLLOUT:
            rolling.setdefault(change.policy, []).insert(0, change)
            if change.rollout is not None and change.rollout.action is Action.REVERT:
                own = going.get(change.policy, [])
                void.update(turn.id for turn in own if turn.version == change.version and turn.starts > change.starts)
                own[:] = [turn for turn in own if turn.id not in void]
        if change.step is not Step.ACTIVATION:
            continue
        turns = going.setdefault(change.policy, [])
        if change.rollback:
            void.update(turn.id for turn in turns if turn.starts > change.starts)
            turns[:] = [turn for turn in turns if turn.id not in void]
        turns.append(change)
    for turns in going.values():
        turns.sort(key=lambda turn: (turn.starts, turn.recorded, turn.id), reverse=True)
    of, rollouts = ({name: tuple(several) for name, several in each.items()} for each in (going, rolling))
    return Turns(of, frozenset(void), tuple(ordered), rollouts)


NO_TURNS = turns_of(())
