"""Drift, fairness and the quality of a table as `rich` prints them. Texts of others are shown as they are, never read
as markup, and signs that would steer a terminal are left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ordain.engine.errors import counted
from ordain.models.monitoring.drift import Drift
from ordain.models.monitoring.fairness import Fairness
from ordain.models.monitoring.finding import Finding, Verdict, worst
from ordain.models.monitoring.table_quality import Column, Quality
from ordain.models.monitoring.watching import Watched

_STYLES = {Verdict.NONE: "green", Verdict.MODERATE: "yellow", Verdict.MAJOR: "bold red"}
_BLOCKS = " ▁▂▃▄▅▆▇█"


def drift_view(drift: Drift, *, every: bool = False) -> RenderableType:
    """The findings with a verdict; with `every` those without one, too."""
    head = f"{counted(drift.rows, 'row')} now, {drift.reference_rows:,} in training: "
    return Group(_head(head, drift.verdict), _findings(drift.findings, every=every))


def watched_view(watched: Watched, *, every: bool = False) -> RenderableType:
    """Drift, outcomes, groups, what was not measured, and last whether somebody has to look."""
    parts: list[RenderableType] = [drift_view(watched.drift, every=every)]
    if watched.performance:
        parts.append(_head(f"{counted(watched.outcomes, 'outcome')} known: ", worst(watched.performance)))
        parts.append(_findings(watched.performance, every=True))
    parts += [fairness_view(each) for each in watched.fairness]
    parts += [Text(_clean(note), style="dim") for note in watched.notes]
    alarm = "\n".join(f"ALARM: {_clean(each.sentence)}" for each in watched.alarms)
    return Group(*parts, Text(alarm, "bold red") if alarm else Text("no alarm", "green"))


def fairness_view(fairness: Fairness) -> RenderableType:
    """Rates by group with 95 % intervals, what they say, and who was left out."""
    table = Table(box=None)
    for heading in (fairness.attribute, "rows", "rate", "95 % interval", "of the highest"):
        table.add_column(Text(_clean(heading)), justify="left" if heading == fairness.attribute else "right")
    for each in fairness.groups:
        impact = "too small" if each.too_small else "–" if each.impact is None else f"{each.impact:.3f}"
        rate = (f"{each.rows:,}", f"{each.rate:.1%}", f"{each.low:.1%} to {each.high:.1%}", impact)
        table.add_row(Text(_clean(each.name)), *rate)
    head = _head(f"{counted(fairness.rows, 'row')} by {fairness.attribute}: ", fairness.verdict)
    notes = [Text(_clean(note), style="dim") for note in fairness.notes]
    return Group(head, table, _findings(fairness.findings, every=True), *notes)


def quality_view(quality: Quality) -> RenderableType:
    """Columns with their shape, then the findings, then what to do."""
    table = Table(box=None)
    for heading in ("column", "type", "known", "missing", "wrong", "different", "shape"):
        table.add_column(heading, justify="left" if heading in ("column", "type", "shape") else "right")
    for each in quality.columns:
        counts = (f"{count:,}" for count in (each.known, each.missing, each.wrong, each.different))
        table.add_row(Text(_clean(each.name)), each.kind, *counts, _shape(each))
    head = _head(f"{quality.table}, {counted(quality.rows, 'row')}: ", quality.verdict)
    steps = [Text(f"{number}. {_clean(step)}") for number, step in enumerate(quality.steps, start=1)]
    to_do = [Text("What to do", style="bold"), *steps] if steps else []
    return Group(head, table, _findings(quality.findings, every=False), *to_do)


def _head(text: str, verdict: Verdict) -> Text:
    return Text.assemble((_clean(text), "bold"), (str(verdict), _STYLES[verdict]))


def _findings(findings: Sequence[Finding], *, every: bool) -> RenderableType:
    shown = [each for each in findings if every or each.verdict is not Verdict.NONE]
    if not shown:
        return Text("nothing to tell", style="dim")
    table = Table(box=None)
    for heading, justify in (("", "left"), ("measure", "left"), ("value", "right"), ("what", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for each in shown:
        value = f"{each.value:.3f}" if math.isfinite(each.value) else "–"
        table.add_row(Text(str(each.verdict), _STYLES[each.verdict]), each.measure, value, Text(_clean(each.sentence)))
    return table


def _shape(column: Column) -> str:
    most = max((count for _, count in column.bars), default=0)
    return "".join(_BLOCKS[math.ceil(count / most * (len(_BLOCKS) - 1))] for _, count in column.bars) if most else ""


def _clean(text: str) -> str:
    return "".join(_printable(text))


def _printable(text: str) -> Iterable[str]:
    return (sign if sign.isprintable() else "?" for sign in text)
