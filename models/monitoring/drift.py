"""Whether the customers of now are still those that a model was trained on: features and scores against a reference.

Three measures: the population stability index of ten bins, the Kolmogorov-Smirnov distance of the finer bins that the
reference keeps (numbers alone), and the share that is missing. What samples of these sizes show by chance in one of a
hundred cases is never told as drift, whatever the threshold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ordain.engine.errors import counted
from ordain.engine.values.types import Value
from ordain.models.limits import LIMITS
from ordain.models.monitoring.distances import ks, ks_by_chance, psi, psi_by_chance
from ordain.models.monitoring.finding import Finding, Verdict, graver_first, judged, told, worst
from ordain.models.monitoring.reference import Reference, Summary
from ordain.models.monitoring.thresholds import THRESHOLDS, Thresholds


@dataclass(frozen=True, slots=True)
class Drift:
    """`findings` are the gravest first: of each feature and score `psi`, `ks` for numbers, and `missing`."""

    reference_rows: int
    rows: int
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        return worst(self.findings)

    def told(self) -> dict[str, object]:
        """The JSON form."""
        return {
            "reference_rows": self.reference_rows,
            "rows": self.rows,
            "verdict": str(self.verdict),
            "findings": [told(each) for each in self.findings],
        }


def drift(
    reference: Reference,
    rows: Sequence[Mapping[str, Value]],
    scores: Mapping[str, Sequence[Value]] | None = None,
    thresholds: Thresholds = THRESHOLDS,
) -> Drift:
    """`rows` are the features of now, `scores` what the model gave, by output. Raises nothing.

    Scores that are not given are not looked at; a feature that no row has is missing in all.
    """
    findings: list[Finding] = []
    for each in reference.features:
        findings += _compared(each, [row.get(each.name) for row in rows], thresholds)
    for each in reference.scores:
        if scores is not None and each.name in scores:
            findings += _compared(each, scores[each.name], thresholds)
    return Drift(reference.rows, len(rows), graver_first(findings))


def _compared(before: Summary, values: Sequence[Value], thresholds: Thresholds) -> Iterator[Finding]:
    now, missing = before.counted(values)
    n, m = sum(before.counts), sum(now)
    if min(n, m) >= LIMITS.bin_rows:
        old, new = before.coarse(before.counts), before.coarse(now)
        by_chance = psi_by_chance(old, new, thresholds.chance)
        moved = _moved(before, now)
        yield _finding("psi", "PSI", before.name, psi(old, new), thresholds.psi, by_chance, moved)
        if before.is_number:
            by_chance = ks_by_chance(n, m, thresholds.chance)
            yield _finding(
                "ks",
                "Kolmogorov-Smirnov distance",
                before.name,
                ks(before.counts, now),
                thresholds.ks,
                by_chance,
                moved,
            )
    elif len(values) > missing or n:
        few = f"`{before.name}`: only {counted(min(n, m), 'value')} to compare, too few to tell"
        yield Finding("psi", before.name, float("nan"), thresholds.psi[0], Verdict.NONE, few)
    if before.rows and values:
        yield _missing(before, missing, len(values), thresholds)


def _finding(
    measure: str, called: str, name: str, value: float, bounds: tuple[float, float], by_chance: float, moved: str
) -> Finding:
    verdict, threshold = judged(value, bounds)
    if verdict is not Verdict.NONE and value < by_chance:
        sentence = f"`{name}`: {called} {value:.3f}, which so few rows reach by chance (up to {by_chance:.3f})"
        return Finding(measure, name, value, by_chance, Verdict.NONE, sentence)
    if verdict is Verdict.NONE:
        return Finding(measure, name, value, threshold, verdict, f"`{name}` is as before: {called} {value:.3f}")
    sentence = (
        f"`{name}` is distributed otherwise than before: {called} {value:.3f}, {verdict} from {threshold} on; {moved}"
    )
    return Finding(measure, name, value, threshold, verdict, sentence, "find out why; train again if it is to stay so")


def _missing(before: Summary, missing: int, rows: int, thresholds: Thresholds) -> Finding:
    old, new = before.missing / before.rows, missing / rows
    change = abs(new - old)
    verdict, threshold = judged(change, thresholds.missing_change)
    # Half a 99 % interval of a difference of two shares, with one more of each kind (Agresti and Caffo 2000).
    p, q = (before.missing + 1) / (before.rows + 2), (missing + 1) / (rows + 2)
    by_chance = 2.576 * (p * (1 - p) / (before.rows + 2) + q * (1 - q) / (rows + 2)) ** 0.5
    sentence = f"`{before.name}` is missing in {new:.1%} of the rows, before in {old:.1%}"
    if verdict is not Verdict.NONE and change < by_chance:
        return Finding(
            "missing", before.name, change, by_chance, Verdict.NONE, f"{sentence}: by chance, of so few rows"
        )
    advice = "" if verdict is Verdict.NONE else "ask where the values come from"
    return Finding("missing", before.name, change, threshold, verdict, sentence, advice)


def _moved(before: Summary, now: Sequence[int]) -> str:
    """Where the shares differ most, in words."""
    n, m = sum(before.counts), sum(now)
    if before.is_number:
        # The side of one edge on which most was gained: the place of the Kolmogorov-Smirnov distance.
        old = new = best = 0.0
        at, told_old, told_new = 0, 0.0, 0.0
        for place, (one, other) in enumerate(zip(before.counts[:-1], now[:-1], strict=True)):
            old, new = old + one / n, new + other / m
            if abs(new - old) > best:
                best, at, told_old, told_new = abs(new - old), place, old, new
        return f"{told_new:.0%} are at most {before.edges[at]:.6g}, before {told_old:.0%}"
    gains = [(abs(other / m - one / n), at) for at, (one, other) in enumerate(zip(before.counts, now, strict=True))]
    at = max(gains)[1]
    name = f"`{before.texts[at]}`" if at < len(before.texts) else "other texts"
    return f"{name} {now[at] / m:.0%}, before {before.counts[at] / n:.0%}"
