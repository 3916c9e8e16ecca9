"""How often guardrails alarm while nothing is worse, and how soon when something is: beside a peer, in the same run.

`python -m bench guardrails`, or `python -m bench.guardrails [ROLLOUTS]`. Each roll-out is looked at once a day, 60 days
long. Who else looks stands in `bench/guardrail_peers.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median

import numpy as np

from bench.guardrail_peers import ville_alarm, ville_can, z_alarm
from bench.rollout_cases import A_DAY, AS_PLANNED, DAYS, MISUSED, NOT_AS_PLANNED, NOTHING_WORSE, SOMETHING_WORSE
from bench.rollouts import Course, Rollout, course, first_alarms
from bench.tables import OUT, Result
from ordain.engine.sequential.judging import Standing

ROLLOUTS = 2_000
SEED = 20261130

Judge = Callable[[Rollout, Course], int | None]
"""The first day on which somebody alarms."""


def run(rollouts: int = ROLLOUTS) -> Result:
    """False alarms, alarms, and alarms of the split. Where something is worse or lost a quarter of the roll-outs do."""
    rows: dict[str, dict[str, float]] = {}
    for title, several, times in (
        ("NOTHING IS WORSE", NOTHING_WORSE, rollouts),
        ("SOMETHING IS WORSE", SOMETHING_WORSE, rollouts // 4),
        ("NOTHING IS WORSE, MISUSED", MISUSED, rollouts // 4),
        ("THE SPLIT IS AS PLANNED", AS_PLANNED, rollouts),
        ("THE SPLIT IS NOT", NOT_AS_PLANNED, rollouts // 4),
    ):
        rows[title] = {}
        for number, (name, rollout) in enumerate(several.items()):
            rows[name] = _row(rollout, np.random.default_rng([SEED, len(title), number]), times)
    return Result(
        f"Guardrails in {rollouts:,} SYNTHETIC roll-outs each, looked at daily for {DAYS} days: percent that alarmed",
        {"ordain": "Ordain", "ordain day": "day", "ville": "ville", "ville day": "day", "z": "z test", "z day": "day"},
        rows,
        (
            f"{A_DAY:,} new customers a day, 5 % of them the challenger's if nothing else is said; alpha is 5 %.",
            f"Where something is worse, misused or lost: {rollouts // 4:,} each.",
            "Days are medians of the roll-outs that alarmed. Alpha of the split is 0.1 %.",
            "ville and the z test have the same one-sided alpha; ville's bounds are tight at the same time as ours.",
            "No figure: ville knows one share alone, and no margin in percent of a mean.",
        ),
    )


def _row(rollout: Rollout, rng: np.random.Generator, rollouts: int) -> dict[str, float]:
    judges: dict[str, Judge] = {"ordain": _ordain}
    if rollout.alarm is Standing.PAUSE:
        judges["z"] = lambda rollout, seen: z_alarm(rollout.plan, seen)
        if ville_can(rollout.plan, rollout.shares):
            judges["ville"] = lambda rollout, seen: ville_alarm(rollout.plan, seen)
    days: dict[str, list[int]] = {who: [] for who in judges}
    for _ in range(rollouts):
        seen = course(rollout, rng)
        for who, judge in judges.items():
            if (day := judge(rollout, seen)) is not None:
                days[who].append(day)
    shares = {who: 100 * len(each) / rollouts for who, each in days.items()}
    return shares | {f"{who} day": median(each) for who, each in days.items() if each}


def _ordain(rollout: Rollout, seen: Course) -> int | None:
    return first_alarms(rollout.plan, seen, rollout.alarm).get(rollout.alarm)


if __name__ == "__main__":
    OUT.print(run(int(sys.argv[1]) if sys.argv[1:] else ROLLOUTS).as_table())
