"""What groups' rates say of fairness: demographic parity, disparate impact, equalised odds.

The intervals do not know that the two groups were picked as the extremes: with many groups they are too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ordain.engine.errors import counted, quoted
from ordain.models.limits import LIMITS
from ordain.models.monitoring.finding import Finding, Verdict, judged
from ordain.models.monitoring.intervals import difference
from ordain.models.monitoring.thresholds import Thresholds

NOT_KNOWN = "not known"
"""The group of those whose value of the attribute is missing."""


@dataclass(frozen=True, slots=True)
class Group:
    """`rate` is the share `hits` of `rows` with the favourable outcome, `low` to `high` its 95 % interval; `impact` the
    rate over the highest one of the groups that are large enough, None where nobody has that outcome.

    `true_positives` is the share of the `positives` with it, `false_positives` of all others; None where it is not
    known what was true.
    """

    name: str
    rows: int
    hits: int
    rate: float
    low: float
    high: float
    too_small: bool = False
    impact: float | None = None
    impact_low: float | None = None
    impact_high: float | None = None
    positives: int | None = None
    true_positives: float | None = None
    false_positives: float | None = None


def compared(attribute: str, groups: Sequence[Group], thresholds: Thresholds) -> tuple[Finding, ...]:
    """`demographic_parity` (the largest difference of two rates), `disparate_impact` (the least ratio of two, which is
    the demographic parity ratio) and, where truth is known, `equalised_odds` (the larger of the differences of true and
    of false positive rates). Groups that are too small take no part."""
    large = [each for each in groups if not each.too_small]
    if len(large) < 2:
        sentence = f"`{attribute}`: there are not two groups with {LIMITS.group_rows} rows, so nothing is compared"
        return (Finding("demographic_parity", attribute, math.nan, thresholds.parity[0], Verdict.NONE, sentence),)
    rates = [_Rate(each.name, each.hits, each.rows) for each in large]
    found = [_apart("demographic_parity", attribute, "rate", rates, thresholds), _impact(attribute, large, thresholds)]
    if odds := [each for each in (_odds(attribute, large, which, thresholds) for which in (True, False)) if each]:
        found.append(max(odds, key=lambda each: each.value))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Rate:
    name: str
    hits: int
    of: int

    @property
    def share(self) -> float:
        return self.hits / self.of


def _apart(measure: str, attribute: str, called: str, rates: Sequence[_Rate], thresholds: Thresholds) -> Finding:
    most, least = max(rates, key=lambda each: each.share), min(rates, key=lambda each: each.share)
    away = most.share - least.share
    low, high = difference(most.hits, most.of, least.hits, least.of)
    verdict, threshold = judged(away, thresholds.parity)
    sentence = (
        f"`{attribute}`: the {called} of {quoted(most.name)} is {most.share:.1%}, of {quoted(least.name)} "
        f"{least.share:.1%}: a difference of {away:.3f} ({low:.3f} to {high:.3f})"
    )
    if verdict is not Verdict.NONE and low <= 0:
        return Finding(measure, attribute, away, threshold, Verdict.NONE, f"{sentence}, which may be chance")
    advice = "" if verdict is Verdict.NONE else "find the feature or the rule that it comes from"
    return Finding(measure, attribute, away, threshold, verdict, sentence, advice)


def _odds(attribute: str, large: Sequence[Group], of_positives: bool, thresholds: Thresholds) -> Finding | None:
    """Of groups with enough rows of that truth; None where there are not two."""
    rates = []
    for each in large:
        rate = each.true_positives if of_positives else each.false_positives
        of = None if each.positives is None else each.positives if of_positives else each.rows - each.positives
        if rate is not None and of is not None and of >= LIMITS.group_rows:
            rates.append(_Rate(each.name, round(rate * of), of))
    called = "true positive rate" if of_positives else "false positive rate"
    return _apart("equalised_odds", attribute, called, rates, thresholds) if len(rates) > 1 else None


def _impact(attribute: str, large: Sequence[Group], thresholds: Thresholds) -> Finding:
    moderate, major = thresholds.impact
    most, least = max(large, key=lambda each: each.rate), min(large, key=lambda each: each.rate)
    if least.impact is None or least.impact_low is None or least.impact_high is None:
        sentence = f"`{attribute}`: nobody got the favourable outcome, so there is no ratio"
        return Finding("disparate_impact", attribute, math.nan, moderate, Verdict.NONE, sentence)
    verdict = Verdict.MAJOR if least.impact < major else Verdict.MODERATE if least.impact < moderate else Verdict.NONE
    threshold = major if verdict is Verdict.MAJOR else moderate
    sentence = (
        f"`{attribute}`: the rate of {quoted(least.name)} is {least.impact:.3f} of that of {quoted(most.name)} "
        f"({least.impact_low:.3f} to {least.impact_high:.3f})"
    )
    if verdict is Verdict.NONE:
        return Finding("disparate_impact", attribute, least.impact, threshold, verdict, sentence)
    if least.impact_high >= 1:
        said = f"{sentence}, which may be chance"
        return Finding("disparate_impact", attribute, least.impact, threshold, Verdict.NONE, said)
    said = f"{sentence}, below {threshold}" + ("; the four-fifths rule asks why" if threshold == moderate else "")
    advice = "find the feature or the rule that it comes from"
    return Finding("disparate_impact", attribute, least.impact, threshold, verdict, said, advice)


def left_out(groups: Sequence[Group]) -> tuple[str, ...]:
    """A sentence for each group, or part of one, that took no part."""
    notes = []
    for each in groups:
        if each.name == NOT_KNOWN:
            notes.append(f"the group of {counted(each.rows, 'row')} is not known: not compared")
        elif each.too_small:
            rows = counted(each.rows, "row")
            notes.append(f"{quoted(each.name)} has {rows}, too few to compare ({LIMITS.group_rows} at least)")
        elif each.positives is not None and min(each.positives, each.rows - each.positives) < LIMITS.group_rows:
            notes.append(f"{quoted(each.name)} has too few outcomes of one kind for all of equalised odds")
    return tuple(notes)
