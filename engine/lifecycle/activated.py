"""The version of a policy whose turn it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import NotInForce
from ordain.engine.lifecycle.turns import Turns
from ordain.engine.policy.model import Effective


def activated(name: str, at: dt.datetime, turns: Turns, versions: Sequence[CompiledPolicy]) -> CompiledPolicy:
    """Of `versions`, which are those of the policy. Raises NotInForce when none has its turn, or it has ended."""
    by_number = {compiled.policy.version: compiled for compiled in versions}

    def days(number: int) -> Effective | None:
        return by_number[number].policy.effective if number in by_number else None

    turn = turns.deciding(name, at, days)
    if turn is None:
        hint = f"a version decides once it is activated: see `ordain policy list` and `ordain policy history {name}`"
        if not turns.of:
            hint = "nothing was activated yet: see `ordain policy list`; `ordain policy adopt` takes over what there is"
        raise NotInForce(f"`{name}` has no active version at {at.isoformat(timespec='seconds')}", hint)
    compiled = by_number.get(turn.version)
    if compiled is None or not compiled.policy.effective.holds_on(at.date()):
        raise NotInForce(f"`{turn.text.label}` is not in force on {at.date()}", "see `effective` in its file")
    return compiled
