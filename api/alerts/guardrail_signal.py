"""The signal `guardrail`: roll-outs that were paused or ended by themselves, and nobody has done anything about it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from ordain.api.alerts.measured import Measured, Signal
from ordain.engine.lifecycle.change import Change
from ordain.engine.lifecycle.rollout import Action
from ordain.engine.lifecycle.turns import Turns


def stopped_rollouts(turns: Turns, heard: Collection[str]) -> Iterator[Measured]:
    """All such together, if there are any; `heard` are the entries of which somebody has acknowledged the alert.

    The last entry about a roll-out says so: whoever goes on with it, ends it, begins another or activates a version
    has done something about it.
    """
    found = [
        last
        for policy, (last, *_) in sorted(turns.rollouts.items())
        if _by_itself(last) and last.id not in heard and not _was_activated_after(turns, policy, last)
    ]
    if found:
        customers = sum(_customers(each) for each in found)
        yield Measured(Signal.GUARDRAIL, None, Decimal(len(found)), customers, tuple(each.id for each in found))


def _by_itself(change: Change) -> bool:
    """A person's step names no decision that it follows from (`api/lifecycle/guarding.py`)."""
    rollout = change.rollout
    return rollout is not None and rollout.action in (Action.PAUSE, Action.REVERT) and "decision" in rollout.figures


def _was_activated_after(turns: Turns, policy: str, last: Change) -> bool:
    return any((turn.recorded, turn.id) > (last.recorded, last.id) for turn in turns.of.get(policy, ()))


def _customers(change: Change) -> int:
    """How many it was measured of."""
    figures: Mapping[str, Any] = change.rollout.figures if change.rollout is not None else {}
    return int(figures["split"]["customers"])
