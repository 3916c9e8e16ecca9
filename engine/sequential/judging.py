"""Whether a new version makes something worse, by what was seen of it so far: one function, without clock or ledger."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ordain.engine.errors import counted
from ordain.engine.sequential.confidence import Comparison, compared, precision, radius
from ordain.engine.sequential.guardrail import Direction, Guardrail, Margin, Plan
from ordain.engine.sequential.sample_ratio import log_evidence_of_all
from ordain.engine.sequential.sums import Cohort, Sums

RATIO = "sample ratio"
"""What `Verdict.raised` calls the alarm of the split; no guardrail has such a name."""


class Standing(StrEnum):
    """In the order of urgency. `watch`: too few values yet. `void`: customers were not split as planned."""

    FINE = "fine"
    WATCH = "watch"
    PAUSE = "pause"
    REVERT = "revert"
    VOID = "void"


_ORDER = list(Standing)
_ALARMS = (Standing.PAUSE, Standing.REVERT)


@dataclass(frozen=True, slots=True)
class Finding:
    """Of one guardrail. `low` and `high` bound the true difference (challenger less champion): at any look each fails
    with chance `alpha_of_each` of the plan at the most. `before` says that the alarm was made at an earlier look, and
    that these figures alone would not."""

    guardrail: Guardrail
    standing: Standing
    seen: Comparison | None
    low: float
    high: float
    before: bool
    says: str


@dataclass(frozen=True, slots=True)
class Split:
    """How the customers came: `expected` is the number for the challenger by the plan. `evidence` is the natural
    logarithm of what speaks against the plan; an alarm needs that of 1 / `ratio_alpha`."""

    customers: int
    challenger: int
    expected: float
    evidence: float
    alarm: bool
    says: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and why. While it is void no finding means anything: who is compared with whom is not known."""

    standing: Standing
    findings: tuple[Finding, ...]
    split: Split
    says: str

    @property
    def raised(self) -> dict[str, str]:
        """All alarms so far, to be kept and given to the next look: an alarm stays, whatever comes after it."""
        alarms = {each.guardrail.name: str(each.standing) for each in self.findings if each.standing in _ALARMS}
        return alarms | ({RATIO: str(Standing.VOID)} if self.split.alarm else {})

    def as_json(self) -> dict[str, Any]:
        """For a record: numbers with six digits, null where there is no bound."""
        return {
            "standing": str(self.standing),
            "says": self.says,
            "guardrails": [_finding_json(each) for each in self.findings],
            "split": {
                "customers": self.split.customers,
                "challenger": self.split.challenger,
                "expected": _rounded(self.split.expected),
                "log_evidence": _rounded(self.split.evidence),
                "says": self.split.says,
            },
            "raised": self.raised,
        }


def judge(plan: Plan, cohorts: Sequence[Cohort], raised: Mapping[str, str] | None = None) -> Verdict:
    """The verdict at this look. `cohorts` hold all customers since the roll-out began; `raised` is that of the verdict
    before."""
    before = raised or {}
    split = _split(plan, cohorts, before)
    findings = tuple(_finding(plan, guardrail, cohorts, before) for guardrail in plan.guardrails)
    if split.alarm:
        return Verdict(Standing.VOID, findings, split, split.says)
    standing = max((each.standing for each in findings), key=_ORDER.index)
    if standing is Standing.FINE:
        return Verdict(standing, findings, split, "Nothing is worse for certain.")
    return Verdict(
        standing, findings, split, " ".join(dict.fromkeys(each.says for each in findings if each.standing is standing))
    )


# --- one guardrail ----------------------------------------------------------------------------------------------


def _finding(plan: Plan, guardrail: Guardrail, cohorts: Sequence[Cohort], before: Mapping[str, str]) -> Finding:
    none = Sums()
    pairs = [
        (cohort.champion.metrics.get(guardrail.metric, none), cohort.challenger.metrics.get(guardrail.metric, none))
        for cohort in cohorts
    ]
    seen = compared(pairs)
    earlier = Standing(before[guardrail.name]) if guardrail.name in before else Standing.FINE
    if seen is None or min(seen.champion_n, seen.challenger_n) < plan.least:
        standing, low, high = Standing.WATCH, -math.inf, math.inf
    else:
        alpha = plan.alpha_of_each
        precise = precision(plan.tight_at, alpha)
        far = radius(seen, precise, alpha)
        low, high = seen.difference - far, seen.difference + far
        standing = Standing.FINE
        for level, margin in ((Standing.PAUSE, guardrail.pause), (Standing.REVERT, guardrail.revert)):
            if not _is_beyond(guardrail.direction, margin, pairs, seen, precise, alpha):
                break
            standing = level
    if is_before := _ORDER.index(earlier) > _ORDER.index(standing):
        standing = earlier
    finding = Finding(guardrail, standing, seen, low, high, is_before, "")
    return replace(finding, says=_says(plan, finding))


def _is_beyond(
    direction: Direction,
    margin: Margin,
    pairs: Sequence[tuple[Sums, Sums]],
    seen: Comparison,
    precise: float,
    alpha: float,
) -> bool:
    """Whether it is worse by more than the margin, for certain. A part of the champion's mean is not taken for known:
    the challenger's mean is compared with that mean and the part together, whose chance errors are in the bounds."""
    sign = 1 if direction is Direction.RISE else -1
    if not margin.relative:
        return sign * seen.difference - radius(seen, precise, alpha) > margin.amount
    factor = 1 + sign * math.copysign(margin.amount, seen.champion)
    beyond = compared(pairs, factor)
    return beyond is not None and sign * beyond.difference - radius(beyond, precise, alpha) > 0


def _says(plan: Plan, finding: Finding) -> str:
    guardrail, seen = finding.guardrail, finding.seen
    metric, rises = guardrail.metric, guardrail.direction is Direction.RISE
    if seen is None:
        figures = f"`{metric}` has not been seen of both versions yet"
    else:
        figures = (
            f"`{metric}` is {_plain(seen.challenger)} for {counted(seen.challenger_n, 'customer')} of the new version "
            f"and {_plain(seen.champion)} for {counted(seen.champion_n, 'customer')} of the present one"
        )
    if finding.before:
        return f"{figures}; an earlier look has made the alarm `{finding.standing}`, which stays."
    if finding.standing is Standing.WATCH:
        return f"{figures}; it is judged once each has {plan.least:,}."
    if finding.standing is Standing.FINE:
        return f"{figures}: not worse by more than {guardrail.pause} for certain."
    margin = guardrail.revert if finding.standing is Standing.REVERT else guardrail.pause
    moved = f"rose by at least {_plain(finding.low)}" if rises else f"fell by at least {_plain(-finding.high)}"
    return f"{figures}: it {moved}, and beyond {margin} the roll-out is to {finding.standing}."


# --- the split --------------------------------------------------------------------------------------------------


def _split(plan: Plan, cohorts: Sequence[Cohort], before: Mapping[str, str]) -> Split:
    counts = [((cohort.challenger.customers, cohort.champion.customers), cohort.share) for cohort in cohorts]
    evidence = log_evidence_of_all((both, (share, 1 - share)) for both, share in counts)
    customers = sum(sum(both) for both, _ in counts)
    challenger = sum(both[0] for both, _ in counts)
    expected = sum(sum(both) * share for both, share in counts)
    alarm = RATIO in before or evidence >= -math.log(plan.ratio_alpha)
    figures = (
        f"Of {counted(customers, 'customer')} {challenger:,} got the new version, where the plan makes "
        f"{expected:,.0f} likely"
    )
    if not alarm:
        return Split(customers, challenger, expected, evidence, alarm, f"{figures}.")
    says = (
        f"{figures}: the split is not as planned, so whom the figures compare is not known and none of them counts. "
        "Find the reason, and begin a new roll-out."
    )
    return Split(customers, challenger, expected, evidence, alarm, says)


# --- numbers ----------------------------------------------------------------------------------------------------


def _finding_json(finding: Finding) -> dict[str, Any]:
    seen = finding.seen
    numbers = (
        {}
        if seen is None
        else {
            "champion": {"customers": seen.champion_n, "mean": _rounded(seen.champion)},
            "challenger": {"customers": seen.challenger_n, "mean": _rounded(seen.challenger)},
            "difference": _rounded(seen.difference),
            "low": _rounded(finding.low),
            "high": _rounded(finding.high),
        }
    )
    return {
        "guardrail": finding.guardrail.name,
        "standing": str(finding.standing),
        **numbers,
        "before": finding.before,
        "says": finding.says,
    }


def _rounded(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _plain(value: float) -> str:
    """With four digits, as people write it: no exponent for what they can read without."""
    return f"{float(f'{value:.4g}'):,.10g}"
