"""Roll-outs that never were: SYNTHETIC customers come day by day, get one of two versions by chance, and are looked at.

Used by `bench/guardrails.py` and, in short, by tests. Each look is one call of `judge`, as a server makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ordain.engine.sequential.guardrail import Direction, Guardrail, Margin, Plan
from ordain.engine.sequential.judging import Standing, judge
from ordain.engine.sequential.sums import Arm, Cohort, Sums

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, Floats], Floats]
"""A value for each of so many customers; the numbers say how much their day differs from the usual, which is 1."""


def yes(rate: float) -> Draw:
    """1 at that rate, else 0."""
    return lambda rng, drift: (rng.random(drift.size) < rate * drift).astype(float)


def amount(spread: float, mean: float = 100.0) -> Draw:
    """Lognormal, as prices and revenues are; `spread` is the standard deviation of the logarithm."""
    centre = np.log(mean) - spread * spread / 2
    return lambda rng, drift: rng.lognormal(centre, spread, drift.size) * drift


def some_pay(rate: float, spread: float, mean: float = 100.0) -> Draw:
    """0 for most, lognormal for those who buy."""
    bought, paid = yes(rate), amount(spread, mean)
    return lambda rng, drift: bought(rng, drift) * paid(rng, np.ones(drift.size))


def guardrail(
    metric: str, direction: str, pause: float = 0.0, revert: float | None = None, *, relative: bool = False
) -> Guardrail:
    """`revert` is the same as `pause` if it is not said."""
    margins = Margin(pause, relative), Margin(pause if revert is None else revert, relative)
    return Guardrail(metric, Direction(direction), *margins)


def stepwise(*shares: float, days: int) -> tuple[float, ...]:
    """Each share for so many days."""
    return tuple(share for share in shares for _ in range(days))


@dataclass(frozen=True, slots=True)
class Rollout:
    """What is planned, and what is true. `shares` (planned) and `drift` are by day; `kept` is the part of the
    challenger's customers that are counted: 1 unless something is broken. `times` is how often each is counted, which
    is wrong unless it is 1. `alarm` is the one that is looked for."""

    plan: Plan
    champion: Mapping[str, Draw]
    challenger: Mapping[str, Draw]
    shares: tuple[float, ...]
    a_day: int
    drift: tuple[float, ...] = ()
    kept: float = 1.0
    times: int = 1
    alarm: Standing = Standing.PAUSE


@dataclass(frozen=True, slots=True)
class Course:
    """One course of a roll-out: the day (from 0) of each customer who was counted, whether the challenger decided for
    them, and their values."""

    shares: tuple[float, ...]
    day: NDArray[np.int64]
    given: NDArray[np.bool_]
    values: Mapping[str, Floats]

    def looks(self) -> Iterator[list[Cohort]]:
        """What is known at the end of each day."""
        cell = self.day * 2 + self.given
        done: list[Cohort] = []
        by_day = {name: _by_day(cell, len(self.shares), values) for name, values in self.values.items()}
        counts = np.bincount(cell, minlength=2 * len(self.shares)).reshape(-1, 2)
        for share, days in groupby(range(len(self.shares)), key=self.shares.__getitem__):
            since = list(days)
            whole = counts[since].cumsum(axis=0)
            running = {name: parts[since].cumsum(axis=0) for name, parts in by_day.items()}
            for day in range(len(since)):
                arms = [
                    Arm(
                        int(whole[day, which]),
                        {
                            name: _sums(int(whole[day, which]), *map(float, parts[day, which]))
                            for name, parts in running.items()
                        },
                    )
                    for which in (0, 1)
                ]
                yield [*done, Cohort(share, *arms)]
            done.append(Cohort(share, *arms))


def _by_day(cell: NDArray[np.int64], days: int, values: Floats) -> Floats:
    """Sums of values and of their squares: by day, arm, and which of both."""
    parts = [np.bincount(cell, part, 2 * days).reshape(-1, 2) for part in (values, values**2)]
    return np.stack(parts, axis=-1)


def _sums(n: int, total: float, squared: float) -> Sums:
    return Sums(n, total / n, max(squared - total * total / n, 0.0)) if n else Sums()


def course(rollout: Rollout, rng: np.random.Generator) -> Course:
    """By chance, one of all that could be."""
    day = np.repeat(np.arange(len(rollout.shares)), rollout.a_day)
    drift = np.array(rollout.drift or (1.0,) * len(rollout.shares))[day]
    given = rng.random(day.size) < np.array(rollout.shares)[day]
    values = {
        name: np.where(given, rollout.challenger[name](rng, drift), draw(rng, drift))
        for name, draw in rollout.champion.items()
    }
    if rollout.kept < 1:
        kept = ~given | (rng.random(day.size) < rollout.kept)
        day, given, values = day[kept], given[kept], {name: each[kept] for name, each in values.items()}
    if rollout.times > 1:
        day, given = np.repeat(day, rollout.times), np.repeat(given, rollout.times)
        values = {name: np.repeat(each, rollout.times) for name, each in values.items()}
    return Course(rollout.shares, day, given, values)


def first_alarms(plan: Plan, seen: Course, until: Standing) -> dict[Standing, int]:
    """The day, from 1, of the first look that said so: `pause` or worse, `revert`, `void`. `until` ends it."""
    alarms: dict[Standing, int] = {}
    for day, cohorts in enumerate(seen.looks(), start=1):
        verdict = judge(plan, cohorts)
        standings = {finding.standing for finding in verdict.findings}
        if standings & {Standing.PAUSE, Standing.REVERT}:
            alarms.setdefault(Standing.PAUSE, day)
        if Standing.REVERT in standings:
            alarms.setdefault(Standing.REVERT, day)
        if verdict.split.alarm:
            alarms.setdefault(Standing.VOID, day)
        if until in alarms:
            break
    return alarms
