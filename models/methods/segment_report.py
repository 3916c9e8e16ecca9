"""What a card says of a segmentation: figures on held-out rows, and each segment's size, profile and performance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ordain.engine.errors import counted
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind, Value
from ordain.models.data.table import Table
from ordain.models.methods.binary_metrics import reliability
from ordain.models.methods.segment_assignment import Floats, Indices
from ordain.models.methods.segment_clustering import DENSE, Found
from ordain.models.methods.segment_model import usual_of
from ordain.models.methods.segment_scaling import scaling_of
from ordain.models.methods.segment_stability import NEAR, STABLE, Bootstrap, Tried, silhouettes
from ordain.models.spec import Figure, Plot, Report, Series

KEPT = 0.6
"""Jaccard index below which a segment counts as dissolved (Hennig 2007)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """`cells` and `places` (n, width) are all rows of `table`; `held_out` the numbers of those that took no part."""

    table: Table
    facts: tuple[Fact, ...]
    names: tuple[str, ...]
    method: str
    cells: Floats
    places: Floats
    held_out: Indices
    found: Found
    tried: tuple[Tried, ...]
    agreement: float | None
    bootstrap: Bootstrap


def report(evidence: Evidence, seed: int) -> Report:
    """Figures, notes and plots. Raises nothing."""
    labels = evidence.found.centres.segments(evidence.places)
    roles = performance(evidence.table)
    return Report(
        figures=tuple(_figures(evidence, labels, roles, seed)),
        baseline="customers put at random into as many segments of the same sizes",
        notes=tuple(_notes(evidence, labels, roles)),
        plots=tuple(_plots(evidence, labels, roles)),
    )


def performance(table: Table) -> dict[str, Floats]:
    """`revenue` and `label` (1 or 0) of each row, NaN where it is not known, of those that the table has."""
    found: dict[str, Floats] = {}
    for role in ("revenue", "label"):
        if role in table.roles:
            found[role] = np.array([np.nan if value is None else float(value) for value in table.roles[role]])
    return {role: values for role, values in found.items() if not np.isnan(values).all()}


def _figures(evidence: Evidence, labels: Indices, roles: Mapping[str, Floats], seed: int) -> list[Figure]:
    places, own = evidence.places[evidence.held_out], labels[evidence.held_out]
    random = np.random.default_rng(seed).permutation(own)
    each, of_random = silhouettes(places, own, seed), silhouettes(places, random, seed)
    error = 1.96 * float(each.std()) / len(each) ** 0.5
    mean = float(np.nan_to_num(each.mean()))
    agreements = evidence.bootstrap.agreements
    low, high = (float(np.quantile(agreements, share)) for share in (0.025, 0.975))
    figures = [
        Figure(
            "silhouette", mean, "how much nearer customers are to their segment than to the next one; -1 to 1",
            "higher", mean - error, mean + error, float(np.nan_to_num(of_random.mean())),
        ),
        Figure(
            "bootstrap_agreement", float(np.mean(agreements)),
            "adjusted Rand index of the segments found among drawn customers with these; 1 is the same, 0 chance",
            "higher", low, high, 0.0,
        ),
        Figure(
            "variance_explained", _explained(places, own), "share of the customers' differences that segments explain",
            "higher", baseline=_explained(places, random),
        ),
        Figure("smallest_share", float(np.bincount(labels).min() / len(labels)), "share of the smallest segment"),
    ]  # fmt: skip
    if evidence.agreement is not None:
        meaning = "adjusted Rand index between restarts, mean of all pairs; 1 is the same, 0 chance"
        figures.insert(1, Figure("restart_agreement", evidence.agreement, meaning, "higher", baseline=0.0))
    for role, values in roles.items():
        of_held_out = values[evidence.held_out]
        known = ~np.isnan(of_held_out)
        if known.any() and of_held_out[known].std() > 0:
            found, by_chance = (_explained(of_held_out[known, None], part[known]) for part in (own, random))
            meaning = f"share of the variance of the {role} that segments explain (eta squared)"
            figures.append(Figure(f"{role}_explained", found, meaning, "higher", baseline=by_chance))
    return figures


def _explained(values: Floats, labels: Indices) -> float:
    """1 less the share of the squared distances to the mean of all that is left to the means of the segments."""
    total = float(((values - values.mean(axis=0)) ** 2).sum())
    left = sum(
        float(((values[labels == each] - values[labels == each].mean(axis=0)) ** 2).sum()) for each in np.unique(labels)
    )
    return 1 - left / total if total > 0 else 0.0


def _notes(evidence: Evidence, labels: Indices, roles: Mapping[str, Floats]) -> list[str]:
    notes = [_how(evidence)]
    all_usual = _usual(evidence, np.full(len(labels), True))
    for segment, name in enumerate(evidence.names):
        own = labels == segment
        size = f"`{name}`: {counted(int(own.sum()), 'customer')} ({own.mean():.1%})"
        usual = _usual(evidence, own)
        told = ", ".join(f"{fact} {usual[fact]} ({all_usual[fact]})" for fact in usual)
        means = [_mean(role, values[own]) for role, values in roles.items() if _known(values, own)]
        notes.append("; ".join([f"{size}: usual {told}, in brackets of all", *means]))
    for name, kept in zip(evidence.names, evidence.bootstrap.kept, strict=True):
        if kept < KEPT:
            notes.append(f"`{name}` dissolves when other customers are drawn (Jaccard {kept:.2f}): do not build on it")
    notes.append(
        "The confidence is that of a mixture of equal round bells around the centres; the plot `confidence` "
        "shows how often drawn customers lead to the same segment. Segments describe: they cause nothing."
    )
    if protected := [f"`{fact.name}`" for fact in evidence.facts if fact.protected]:
        notes.append(f"The segments were found by protected features: {', '.join(protected)}")
    return notes


def _how(evidence: Evidence) -> str:
    found = evidence.found
    if evidence.method == "dbscan":
        return (
            f"DBSCAN found {len(evidence.names)} segments among {found.seen:,} customers (radius {found.radius:.3g}, "
            f"the {DENSE:.0%} quantile unless given) and put {found.noise:,} of them into none. Every customer is "
            "given the segment of the nearest core point, those too; the file keeps core points, scaled, without ids."
        )
    given = "the number was given"
    if len(evidence.tried) > 1:
        given = (
            f"of 2 to {evidence.tried[-1].count} segments the smallest number whose silhouette is {NEAR:.0%} of the "
            f"best among those on which restarts agree to {STABLE:.2f}"
        )
    if evidence.method == "ward":
        return (
            f"Ward's tree over a sample of customers, cut into {len(evidence.names)} ({given}). Every customer is "
            "given the segment of the nearest mean, which need not be the branch of the tree."
        )
    return f"k-means with {len(evidence.names)} segments ({given})"


def _mean(role: str, values: Floats) -> str:
    mean = float(np.nanmean(values))
    return f"{role} {mean:.1%}" if role == "label" else f"mean {role} {mean:,.2f}"


def _known(values: Floats, own: NDArray[np.bool_]) -> bool:
    return bool((~np.isnan(values[own])).any())


def _usual(evidence: Evidence, own: NDArray[np.bool_]) -> dict[str, Value]:
    return usual_of(evidence.facts, scaling_of(evidence.facts, evidence.cells[own]).usual.tolist())


def _plots(evidence: Evidence, labels: Indices, roles: Mapping[str, Floats]) -> list[Plot]:
    names = evidence.names
    owns = [labels == segment for segment in range(len(names))]
    shares = Series("share", names, tuple(float(own.mean()) for own in owns))
    plots = [
        Plot("sizes", "Size of the segments", "bars", "segment", "share of customers", (shares,)),
        _profile(evidence, owns),
    ]
    for role, values in roles.items():
        known = [(name, own) for name, own in zip(names, owns, strict=True) if _known(values, own)]
        means = tuple(float(np.nanmean(values[own])) for _, own in known)
        series = Series(f"mean {role}", tuple(name for name, _ in known), means)
        plots.append(Plot(role, f"Mean {role} by segment", "bars", "segment", f"mean {role}", (series,)))
    kept = Series("Jaccard index", names, evidence.bootstrap.kept)
    plots.append(Plot("kept", "How well each segment is found again", "bars", "segment", "Jaccard index", (kept,)))
    if len(evidence.tried) > 1:
        counts = tuple(float(each.count) for each in evidence.tried)
        lines = (
            Series("silhouette", counts, tuple(each.silhouette for each in evidence.tried)),
            Series("agreement of restarts", counts, tuple(each.agreement for each in evidence.tried)),
        )
        plots.append(Plot("choice", "How many segments", "line", "segments", "silhouette, agreement", lines))
    bins = reliability(evidence.bootstrap.same.astype(np.int64), evidence.bootstrap.confidences)
    line = Series("observed", tuple(each.predicted for each in bins), tuple(each.observed for each in bins))
    title = "Confidence, and how often drawn customers lead to the same segment"
    plots.append(Plot("confidence", title, "line", "confidence", "share that agrees", (line,)))
    return plots


def _profile(evidence: Evidence, owns: list[NDArray[np.bool_]]) -> Plot:
    """Standard deviations from the mean of all, cell by cell."""
    cells: list[str] = []
    for fact in evidence.facts:
        values = fact.type.values if fact.type.kind is Kind.TEXT else ()
        cells += [f"{fact.name} {value}" for value in values] or [fact.name]
    mean, spread = evidence.places.mean(axis=0), evidence.places.std(axis=0)
    series = tuple(
        Series(
            name,
            tuple(cells),
            tuple(((evidence.places[own].mean(axis=0) - mean) / np.where(spread > 0, spread, 1)).tolist()),
        )
        for name, own in zip(evidence.names, owns, strict=True)
        if own.any()
    )
    return Plot("profile", "What marks each segment", "bars", "feature", "standard deviations from the mean", series)
