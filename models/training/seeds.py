"""One training after the other with different splits: how much of a figure is luck of the draw."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from ordain.models.data.table import Table
from ordain.models.registry.card import Spread
from ordain.models.spec import Artifact, Progress, Report, Spec


def trained_with_seeds(
    spec: Spec, table: Table, seed: int, count: int, progress: Progress | None
) -> tuple[Artifact, tuple[Spread, ...]]:
    """What the first of `count` seeds from `seed` on gives, and the figures over all; none of these for one seed.

    `progress` hears of all trainings as one. Raises what the model's training raises.
    """
    artifacts = [spec.train(table, seed=seed + at, progress=_part(progress, at, count)) for at in range(count)]
    return artifacts[0], spreads([each.report for each in artifacts]) if count > 1 else ()


def spreads(reports: Sequence[Report]) -> tuple[Spread, ...]:
    """Of each figure that all reports have, in the order of the first. Standard deviations of a sample."""
    found = []
    for figure in reports[0].figures:
        values = [each.value for report in reports for each in report.figures if each.name == figure.name]
        if len(values) == len(reports) > 1:
            mean, deviation = statistics.fmean(values), statistics.stdev(values)
            found.append(Spread(figure=figure.name, mean=mean, deviation=deviation, low=min(values), high=max(values)))
    return tuple(found)


def _part(progress: Progress | None, at: int, count: int) -> Progress | None:
    if progress is None or count == 1:
        return progress

    def told(done: int, most: int, seen: str) -> None:
        progress(at * most + done, count * most, f"{at + 1} of {count}, {seen}" if seen else f"{at + 1} of {count}")

    return told
