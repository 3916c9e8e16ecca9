"""Others who look at the same roll-outs on the same days, with the same one-sided alpha.

ville (PyPI, BSD) makes an asymptotic confidence sequence from customers one by one, weighted by the planned share. The
z test is a contrast: what many do by hand, a test for one look that is done again each day.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from ville import AsymptoticABTest

from bench.rollouts import Course
from ordain.engine.sequential.guardrail import Direction, Guardrail, Plan
from ordain.engine.sequential.sums import Arm, Sums

_LEAST_FOR_Z = 30


def ville_can(plan: Plan, shares: tuple[float, ...]) -> bool:
    """It knows one share alone, and no margin in percent of a mean that is estimated, too."""
    return len(set(shares)) == 1 and not any(each.pause.relative for each in plan.guardrails)


def ville_alarm(plan: Plan, seen: Course) -> int | None:
    """The first day (from 1) on which its lower bound of the harm is above the margin, of any guardrail."""
    share = seen.shares[0]
    tight_at = int(plan.tight_at / (share * (1 - share)))
    ends = np.searchsorted(seen.day, np.arange(len(seen.shares)), side="right") - 1
    days = []
    for each in plan.guardrails:
        test = AsymptoticABTest(alpha=2 * plan.alpha_of_each, propensity=share, t_opt=tight_at)
        test.update(_sign(each) * seen.values[each.metric], seen.given.astype(float))
        beyond = np.flatnonzero(test.lower_[ends] > each.pause.amount)
        days += [int(beyond[0]) + 1] if beyond.size else []
    return min(days, default=None)


def z_alarm(plan: Plan, seen: Course) -> int | None:
    """The first day (from 1) on which a one-sided z test of two means, as if it were the only one, says so."""
    beyond = NormalDist().inv_cdf(1 - plan.alpha_of_each)
    for day, cohorts in enumerate(seen.looks(), start=1):
        champion = sum((cohort.champion for cohort in cohorts), Arm())
        challenger = sum((cohort.challenger for cohort in cohorts), Arm())
        for each in plan.guardrails:
            of_both = (champion.metrics[each.metric], challenger.metrics[each.metric])
            if min(sums.n for sums in of_both) >= _LEAST_FOR_Z and _z(each, *of_both) > beyond:
                return day
    return None


def _z(guardrail: Guardrail, champion: Sums, challenger: Sums) -> float:
    margin = guardrail.pause.amount * (champion.mean if guardrail.pause.relative else 1)
    harm = _sign(guardrail) * (challenger.mean - champion.mean) - margin
    error = math.sqrt(champion.variance / champion.n + challenger.variance / challenger.n)
    return harm / error if error else 0.0


def _sign(guardrail: Guardrail) -> int:
    return 1 if guardrail.direction is Direction.RISE else -1
