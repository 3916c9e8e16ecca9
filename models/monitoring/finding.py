"""What watching finds: one value against its threshold, a verdict and a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    NONE = "none"
    MODERATE = "moderate"
    MAJOR = "major"


_ORDER = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class Finding:
    """`measure` is what was measured (`psi`, `missing`), `of` the feature, score, column or group that it is about.

    `threshold` is the bound that the verdict is by: the one that was passed or, with the verdict none, the first that
    was not. `advice` is what to do, where there is something.
    """

    measure: str
    of: str
    value: float
    threshold: float
    verdict: Verdict
    sentence: str
    advice: str = ""


def judged(value: float, bounds: tuple[float, float]) -> tuple[Verdict, float]:
    """Verdict and threshold for a value that is worse the higher it is: from the first bound on moderate, from the
    second on major. A bound of 0 is passed by what is above it."""
    moderate, major = bounds
    if _passes(value, major):
        return Verdict.MAJOR, major
    return (Verdict.MODERATE if _passes(value, moderate) else Verdict.NONE), moderate


def _passes(value: float, bound: float) -> bool:
    return value >= bound if bound > 0 else value > 0


def worst(findings: Iterable[Finding]) -> Verdict:
    """The gravest verdict; none of nothing."""
    return max((each.verdict for each in findings), key=_ORDER.index, default=Verdict.NONE)


def graver_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By verdict, then in their order."""
    return tuple(sorted(findings, key=lambda each: -_ORDER.index(each.verdict)))


def told(finding: Finding) -> dict[str, object]:
    """The JSON form; a value that is not finite is null."""
    value = round(finding.value, 6) if math.isfinite(finding.value) else None
    return {
        "measure": finding.measure,
        "of": finding.of,
        "value": value,
        "threshold": round(finding.threshold, 6),
        "verdict": str(finding.verdict),
        "sentence": finding.sentence,
        **({"advice": finding.advice} if finding.advice else {}),
    }
