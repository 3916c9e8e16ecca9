"""Rows of a table decided twice: by the versions in force, and by these with others in the place of some.

Both go the way of `ordain decide --table` (`api.batch`), models included, for one moment; nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from ordain.api.ask import Ask
from ordain.api.backtest.pair import Failed, Pair, Side, side_of
from ordain.api.batch import decide_many
from ordain.api.decide import Decision
from ordain.api.limits import LIMITS
from ordain.api.services import Rules
from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import OrdainError
from ordain.engine.policy.model import Policy

Row = tuple[int, Ask | OrdainError]


def customer_pairs(
    rows: Iterable[Row], use: Rules, service: str, chosen: Mapping[str, CompiledPolicy]
) -> Iterator[Pair]:
    """A pair for each row, in their order. What is wrong with a row is the error of both its sides."""
    now = use.now()
    old = replace(use, now=lambda: now)
    new = replace(old, catalog=replace(use.catalog, chosen=chosen))
    waiting = iter(rows)
    while window := list(islice(waiting, LIMITS.batch)):
        asks = [ask if isinstance(ask, OrdainError) else replace(ask, on_trial=True) for _, ask in window]
        sides = (decide_many(asks, old), decide_many(asks, new))
        for (number, ask), before, after in zip(window, *sides, strict=True):
            facts = {} if isinstance(ask, OrdainError) else dict(ask.facts)
            replaced = _replaced(before, chosen)
            policies, by_itself = tuple(policy.label for policy in replaced), _is_chosen(replaced, chosen)
            at = before.entry.at.isoformat() if isinstance(before, Decision) else ""
            yield Pair(f"row {number}", service, at, _side(before), _side(after), facts, policies, by_itself)


def _side(came: Decision | OrdainError) -> Side | Failed:
    return Failed.by(came) if isinstance(came, OrdainError) else side_of(came.entry.outcome)


def _replaced(came: Decision | OrdainError, chosen: Mapping[str, CompiledPolicy]) -> tuple[Policy, ...]:
    if isinstance(came, OrdainError):
        return ()
    policies = (compiled.policy for compiled in came.entry.outcome.plan.policies)
    return tuple(policy for policy in policies if policy.name in chosen)


def _is_chosen(replaced: tuple[Policy, ...], chosen: Mapping[str, CompiledPolicy]) -> bool:
    """Whether each row was decided by what is tried, in the place of itself."""
    return bool(replaced) and all(policy.digest == chosen[policy.name].policy.digest for policy in replaced)
