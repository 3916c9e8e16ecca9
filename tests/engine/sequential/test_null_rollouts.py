"""Roll-outs of versions that are no worse, simulated and looked at daily: false alarms stay below their alpha."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from long_runs import LONG

from bench.rollout_cases import AS_PLANNED, HARDER, NOT_AS_PLANNED, NOTHING_WORSE, SOMETHING_WORSE
from bench.rollouts import Rollout, course, first_alarms
from ordain.engine.sequential.judging import Standing

SEED = 15


def alarmed(rollout: Rollout, times: int) -> Counter[Standing]:
    """How many of so many roll-outs alarmed until the last day, by the alarm."""
    rng = np.random.default_rng(SEED)
    return Counter(
        alarm for _ in range(times) for alarm in first_alarms(rollout.plan, course(rollout, rng), Standing.VOID)
    )


def short(rollout: Rollout) -> Rollout:
    """Every third day, of 400 customers."""
    return replace(rollout, shares=rollout.shares[::3], drift=rollout.drift[::3], a_day=400)


@pytest.mark.parametrize("name", NOTHING_WORSE)
def test_few_of_100_roll_outs_are_stopped_for_nothing(name: str) -> None:
    """At a chance of 5 percent more than 10 of 100 would be one in a hundred; a z test each day stops some 25."""
    alarms = alarmed(short(NOTHING_WORSE[name]), 100)
    assert alarms[Standing.PAUSE] <= 10
    assert alarms[Standing.VOID] <= 1


@pytest.mark.parametrize("name", ["denied 10 to 15 %", "errors 0.5 to 5 %"])
def test_what_is_much_worse_is_stopped(name: str) -> None:
    assert alarmed(SOMETHING_WORSE[name], 20)[Standing.PAUSE] == 20


def test_lost_customers_void_the_verdict() -> None:
    assert alarmed(NOT_AS_PLANNED["a fifth is lost"], 20)[Standing.VOID] == 20


@LONG
@pytest.mark.parametrize("name", NOTHING_WORSE | HARDER)
def test_false_alarms_are_below_alpha_in_2000_roll_outs(name: str) -> None:
    rollout = (NOTHING_WORSE | HARDER)[name]
    alarms = alarmed(rollout, 2_000)
    assert alarms[Standing.PAUSE] <= rollout.plan.alpha * 2_000
    assert alarms[Standing.VOID] <= 8, "of which 2 are to be expected at the most"


@LONG
@pytest.mark.parametrize("name", AS_PLANNED)
def test_false_alarms_of_the_split_are_below_its_alpha(name: str) -> None:
    assert alarmed(AS_PLANNED[name], 2_000)[Standing.VOID] <= 8
