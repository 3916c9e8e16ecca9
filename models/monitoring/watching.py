"""A version watched: what it is asked now against what it learned from, what it said against what then happened, and
whom it picks out. The alarm is raised by what has changed far, and by any figure that is worse by a twentieth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ordain.engine.errors import counted
from ordain.engine.values.types import Value
from ordain.models.monitoring.drift import Drift, drift
from ordain.models.monitoring.fairness import Fairness, fairness
from ordain.models.monitoring.finding import Finding, Verdict, told, worst
from ordain.models.monitoring.performance import performance
from ordain.models.monitoring.reference import Reference
from ordain.models.monitoring.thresholds import THRESHOLDS, Thresholds

DROP, IMPACT = "drop", "disparate_impact"


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows of now, and of each row all else: `scores` what the version gave, by output, its own first; `happened` what
    then came true, None where that is not known; `groups` the values of attributes to compare."""

    rows: Sequence[Mapping[str, Value]]
    scores: Mapping[str, Sequence[Value]]
    happened: Sequence[bool | None] = ()
    groups: Mapping[str, Sequence[Value]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measures:
    """What a version's card says of it. `chance` is its output that is a probability of the label ("": it has none),
    `figures` are the card's by name, `threshold` is from which probability on it picks somebody out."""

    chance: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """`outcomes` is how many are known. `performance` is empty without any, and `notes` say what was not measured."""

    drift: Drift
    outcomes: int
    performance: tuple[Finding, ...]
    fairness: tuple[Fairness, ...]
    notes: tuple[str, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*self.drift.findings, *self.performance, *(each for one in self.fairness for each in one.findings))

    @property
    def verdict(self) -> Verdict:
        return worst(self.findings)

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """What somebody has to look at: major findings, and each figure that dropped, also where that may be chance."""
        return tuple(
            each
            for each in self.findings
            if each.verdict is Verdict.MAJOR or (each.measure == DROP and each.verdict is not Verdict.NONE)
        )

    @property
    def drop(self) -> float | None:
        """By which share of the card's the AUC is worse now; None where it was not measured."""
        found = (each.value for each in self.performance if each.measure == DROP)
        return next((value for value in found if math.isfinite(value)), None)

    @property
    def impact(self) -> float | None:
        """The least ratio of two groups' rates; None without one, and where one below the bound may be chance."""
        found = [each for one in self.fairness for each in one.findings if each.measure == IMPACT]
        known = [each.value for each in found if each.verdict is not Verdict.NONE or each.value >= each.threshold]
        return min((value for value in known if math.isfinite(value)), default=None)

    def told(self) -> dict[str, object]:
        """The JSON form."""
        return {
            "verdict": str(self.verdict),
            "alarms": [told(each) for each in self.alarms],
            "drift": self.drift.told(),
            "outcomes": self.outcomes,
            "performance": [told(each) for each in self.performance],
            "fairness": [each.told() for each in self.fairness],
            "notes": list(self.notes),
        }


def watched(reference: Reference, seen: Seen, card: Measures, thresholds: Thresholds = THRESHOLDS) -> Watched:
    """What there is to say of rows of now. Raises DataQualityIssue for a group that cannot be compared."""
    chances = list(seen.scores.get(card.chance, ())) if card.chance else []
    risk = [None if each is None else float(each) for each in chances]
    happened = list(seen.happened) or [None] * len(risk)
    known = [(each, at) for each, at in zip(happened, risk, strict=True) if each is not None and at is not None]
    measured: tuple[Finding, ...] = ()
    if known:
        names = {"auc": "AUC", "calibration_error": "calibration error"}
        figures = {name: card.figures[on_card] for name, on_card in names.items() if on_card in card.figures}
        measured = performance([each for each, _ in known], [at for _, at in known], figures, thresholds)
    groups, notes = _groups(seen, risk, happened, card.threshold, thresholds)
    if not known:
        notes.insert(0, "no outcome is known yet: AUC and calibration were not measured")
    return Watched(drift(reference, seen.rows, seen.scores, thresholds), len(known), measured, groups, tuple(notes))


def _groups(
    seen: Seen,
    risk: Sequence[float | None],
    happened: Sequence[bool | None],
    threshold: float | None,
    thresholds: Thresholds,
) -> tuple[tuple[Fairness, ...], list[str]]:
    """Who is picked out by groups; with the outcomes where all are known."""
    if not seen.groups:
        return (), []
    if threshold is None or not risk:
        return (), ["its card has no threshold from which on it picks somebody out: groups were not compared"]
    scored = [at for at, each in enumerate(risk) if each is not None]
    picked = [(risk[at] or 0.0) >= threshold for at in scored]
    true = [happened[at] for at in scored]
    found = tuple(
        fairness(name, [values[at] for at in scored], picked, None if None in true else true, thresholds)
        for name, values in seen.groups.items()
        if scored
    )
    notes = [] if scored else ["nobody was scored: groups were not compared"]
    if lacking := len(risk) - len(scored):
        notes.append(f"{counted(lacking, 'row')} got no score")
    return found, notes
