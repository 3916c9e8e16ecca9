"""Whether groups of customers are treated alike: by a model's predictions, or by what decisions gave them.

Rates are fairlearn's (`MetricFrame`); it is given 0 and 1 alone, because for texts such as yes and no it says that
there is no difference (seen with 0.15.0). A group with fewer rows than LIMITS.group_rows is told, and not compared.
A difference is no proof of discrimination, and none is no proof of its absence.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from fairlearn.metrics import MetricFrame, count, false_positive_rate, selection_rate, true_positive_rate
from numpy.typing import NDArray

from ordain.engine.errors import DataQualityIssue, quoted
from ordain.engine.values.types import Value
from ordain.models.limits import LIMITS
from ordain.models.monitoring.fairness_findings import NOT_KNOWN, Group, compared, left_out
from ordain.models.monitoring.finding import Finding, Verdict, told, worst
from ordain.models.monitoring.intervals import ratio, wilson
from ordain.models.monitoring.thresholds import THRESHOLDS, Thresholds

Flags = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fairness:
    """By one attribute. `notes` say what was left out."""

    attribute: str
    rows: int
    groups: tuple[Group, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        return worst(self.findings)

    def told(self) -> dict[str, object]:
        """The JSON form."""
        return {
            "attribute": self.attribute,
            "rows": self.rows,
            "verdict": str(self.verdict),
            "groups": [asdict(each) for each in self.groups],
            "findings": [told(each) for each in self.findings],
            "notes": list(self.notes),
        }


def favourable(outcomes: Sequence[Value], good: Collection[Value]) -> list[bool]:
    """Which outcomes of decisions are good for the customer: those listed in `good`, such as `{"permit"}`.

    Raises DataQualityIssue when none of the outcomes is listed, or an outcome is missing.
    """
    if any(outcome is None for outcome in outcomes):
        raise DataQualityIssue("an outcome is missing", "leave out decisions that gave none")
    flags = [outcome in good for outcome in outcomes]
    if outcomes and not any(flags):
        seen = ", ".join(quoted(each) for each in sorted({str(outcome) for outcome in outcomes})[: LIMITS.listed])
        raise DataQualityIssue(f"no outcome is one of the favourable ones; seen: {seen}", "check how they are written")
    return flags


def fairness(
    attribute: str,
    groups: Sequence[Value],
    selected: Sequence[object],
    happened: Sequence[object] | None = None,
    thresholds: Thresholds = THRESHOLDS,
) -> Fairness:
    """`groups` is the value of `attribute` of each row, `selected` whether it got the favourable outcome (a prediction
    or a decision), `happened` what was then true; with it, equalised odds (Hardt et al. 2016) are measured too.

    Raises DataQualityIssue for what is no flag (`yes`, "1", 0.7), for different lengths, for no rows, and for an
    attribute with more values than LIMITS.text_values.
    """
    chosen = _flags(selected, "selected")
    true = None if happened is None else _flags(happened, "happened")
    names = np.array([_named(value) for value in groups])
    if not len(chosen) or len(names) != len(chosen) or (true is not None and len(true) != len(chosen)):
        raise DataQualityIssue(f"`{attribute}`: a group and an outcome for each row are needed, of one row at least")
    if (many := len(np.unique(names))) > LIMITS.text_values:
        message = f"`{attribute}` has {many:,} different values, {LIMITS.text_values} at most are compared"
        raise DataQualityIssue(message, "put them into bands first, such as 18-29")
    found = _groups(names, chosen, true)
    findings = compared(attribute, found, thresholds)
    return Fairness(attribute, len(chosen), found, findings, left_out(found))


def _named(value: Value) -> str:
    if value is None:
        return NOT_KNOWN
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flags(values: Sequence[object], what: str) -> Flags:
    """0 and 1. Raises DataQualityIssue."""
    for value in values:
        if not isinstance(value, bool | np.bool_ | int | np.integer) or value not in (0, 1):
            raise DataQualityIssue(f"`{what}` holds {quoted(value)}", "give flags: true or false for each row")
    return np.array(values, dtype=np.int64)


def _groups(names: NDArray[np.str_], chosen: Flags, true: Flags | None) -> tuple[Group, ...]:
    metrics = {"rows": count, "rate": selection_rate}
    if true is not None:
        metrics |= {"true": true_positive_rate, "false": false_positive_rate}
    known = chosen if true is None else true
    table = MetricFrame(metrics=metrics, y_true=known, y_pred=chosen, sensitive_features=names).by_group
    made = []
    for name in table.index:
        own = names == name
        rows, hits = int(own.sum()), int(chosen[own].sum())
        low, high = wilson(hits, rows)
        group = Group(str(name), rows, hits, float(table["rate"][name]), low, high)
        if true is not None:
            positives = int(true[own].sum())
            rates = (float(table["true"][name]), float(table["false"][name]))
            group = replace(group, positives=positives, true_positives=rates[0], false_positives=rates[1])
        made.append(replace(group, too_small=rows < LIMITS.group_rows or group.name == NOT_KNOWN))
    return _with_impact(made)


def _with_impact(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Each large enough group's rate over the highest one."""
    large = [each for each in groups if not each.too_small]
    best = max(large, key=lambda each: each.rate, default=None)
    if best is None or not best.hits:
        return tuple(groups)
    return tuple(each if each.too_small else _beside(each, best) for each in groups)


def _beside(group: Group, best: Group) -> Group:
    low, high = (1.0, 1.0) if group is best else ratio(group.hits, group.rows, best.hits, best.rows)
    return replace(group, impact=group.rate / best.rate, impact_low=low, impact_high=high)
