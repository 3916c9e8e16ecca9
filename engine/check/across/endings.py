"""What ends soon: versions whose last day comes, and promises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from ordain.engine.check.across.held import DAY, Held, held_versions
from ordain.engine.feel.syntax.tree import Literal
from ordain.engine.policy.model import Policy, Table


@dataclass(frozen=True, slots=True)
class Ending:
    """`day` is the last one. `promise` is the id of the promise that ends; "" for the version itself.

    `then` is the version that decides on the day after, such as `fee@2`; "" where there is none, or for a promise.
    """

    day: dt.date
    policy: Policy
    promise: str = ""
    then: str = ""


def endings(policies: Iterable[Policy], today: dt.date, days: int) -> list[Ending]:
    """Versions and promises whose last day is today or one of the `days` after it, the earliest first."""
    last = today + dt.timedelta(days=days)
    ordered = sorted(policies, key=lambda policy: policy.name)
    found = [
        ending
        for _, several in groupby(ordered, key=lambda policy: policy.name)
        for held in held_versions(list(several))
        if held.days is not None
        for ending in _of(held)
        if today <= ending.day <= last and held.days.holds_on(ending.day)
    ]
    return sorted(found, key=lambda ending: (ending.day, ending.policy.name, ending.policy.version, ending.promise))


def _of(held: Held) -> Iterator[Ending]:
    if held.days is not None and held.days.end is not None:
        after = held.replaced_by
        follows = held.replaced_on is not None and held.replaced_on <= held.days.end + DAY
        yield Ending(held.days.end, held.policy, then=after.label if follows and after is not None else "")
    table = next((decision for decision in held.policy.decisions if decision.name == "promise"), None)
    if held.policy.kind == "grandfathering" and isinstance(table, Table):
        for rule in table.rules:
            until = rule.gives[2].tree
            if isinstance(until, Literal) and type(until.value) is dt.date:
                yield Ending(until.value, held.policy, promise=rule.id)
