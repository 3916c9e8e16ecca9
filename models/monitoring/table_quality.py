"""Whether a table is fit to learn from or to decide by: what is missing, wrong, twice, far out, or not as before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind, Type
from ordain.models.monitoring.cells import Cells, read_cells
from ordain.models.monitoring.drift import drift
from ordain.models.monitoring.finding import Finding, Verdict, graver_first, told, worst
from ordain.models.monitoring.reference import Reference, reference_of
from ordain.models.monitoring.table_checks import of_column, of_rows
from ordain.models.monitoring.thresholds import THRESHOLDS, Thresholds

BARS = 12
"""Bars of a column's picture."""


@dataclass(frozen=True, slots=True)
class Column:
    """`different` counts the values that differ; `bars` are labels and counts, of equal widths from the first to the
    99th percentile for numbers (what lies outside is in the outer ones), of the most frequent for texts and flags."""

    name: str
    kind: str
    known: int
    missing: int
    wrong: int
    different: int
    bars: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """`findings` are the gravest first, each with what to do as `advice`. `reference` is what a later table of the same
    kind is compared with: no row is in it."""

    table: str
    rows: int
    columns: tuple[Column, ...]
    findings: tuple[Finding, ...]
    reference: Reference

    @property
    def verdict(self) -> Verdict:
        return worst(self.findings)

    @property
    def steps(self) -> tuple[str, ...]:
        """What to do about findings with a verdict, the gravest first, each once."""
        told_of = (each for each in self.findings if each.advice and each.verdict is not Verdict.NONE)
        return tuple(dict.fromkeys(f"`{each.of}`: {each.advice}" for each in told_of))

    def told(self) -> dict[str, object]:
        """The JSON form."""
        return {
            "table": self.table,
            "rows": self.rows,
            "verdict": str(self.verdict),
            "columns": [
                {name: getattr(each, name) for name in ("name", "kind", "known", "missing", "wrong", "different")}
                for each in self.columns
            ],
            "findings": [told(each) for each in self.findings],
            "steps": list(self.steps),
        }


def examine(
    table: str,
    rows: Sequence[Mapping[str, object]],
    *,
    facts: Iterable[Fact] = (),
    key: str = "",
    missing: Collection[str] = (),
    earlier: Reference | None = None,
    thresholds: Thresholds = THRESHOLDS,
) -> Quality:
    """`rows` are cells by column, texts as they stand in a file or values. Raises nothing.

    A column that is declared among `facts` is read as that fact; the type of another one is that of most of its cells.
    `key` is the column that names the customer. Texts listed in `missing` mean that nothing is there. `earlier` is the
    `reference` of an earlier table.
    """
    declared = {fact.name: fact for fact in facts}
    names = tuple(dict.fromkeys([*declared, *(name for row in rows for name in row)]))
    columns = [read_cells(name, [row.get(name) for row in rows], declared.get(name), missing) for name in names]
    features = [each for each in columns if each.name != key]
    findings = of_rows(rows, key, thresholds)
    for each in features:
        findings += of_column(each, thresholds)
    findings += _against(features, len(rows), earlier, thresholds)
    return Quality(
        table,
        len(rows),
        tuple(_column(each) for each in columns),
        graver_first(findings),
        _reference(features, len(rows)),
    )


def _reference(columns: Sequence[Cells], rows: int) -> Reference:
    facts = [Fact(each.name, Type(each.kind)) for each in columns]
    return reference_of(facts, [{each.name: each.values[at] for each in columns} for at in range(rows)])


def _against(columns: Sequence[Cells], rows: int, earlier: Reference | None, thresholds: Thresholds) -> list[Finding]:
    if earlier is None:
        return []
    values = [{each.name: each.values[at] for each in columns} for at in range(rows)]
    found = list(drift(earlier, values, thresholds=thresholds).findings)
    kinds = {each.name: each.kind for each in columns}
    for before in earlier.features:
        if before.name in kinds and before.is_number != (kinds[before.name] is Kind.NUMBER):
            was, now = ("numbers", "none") if before.is_number else ("no numbers", "numbers")
            sentence = f"`{before.name}` held {was} before, and holds {now} now"
            found.append(Finding("kind", before.name, 1.0, 0.0, Verdict.MAJOR, sentence, "bring it as it was before"))
    return found


def _column(cells: Cells) -> Column:
    known = cells.known
    different = len(set(known))
    return Column(
        cells.name, str(cells.kind), len(known), cells.missing, len(cells.wrong), different, _bars(cells.kind, known)
    )


def _bars(kind: Kind, known: Sequence[object]) -> tuple[tuple[str, int], ...]:
    if not known:
        return ()
    if kind is Kind.NUMBER:
        numbers = np.array([float(str(value)) for value in known])
        low, high = np.quantile(numbers, (0.01, 0.99)).tolist()
        counts, edges = np.histogram(
            numbers.clip(low, high), BARS, (low, high) if high > low else (low - 0.5, low + 0.5)
        )
        return tuple((f"{edge:.4g}", count) for edge, count in zip(edges[:-1].tolist(), counts.tolist(), strict=True))
    texts, numbers_of = np.unique(np.array([str(value) for value in known]), return_counts=True)
    order = np.argsort(-numbers_of, kind="stable")[:BARS]
    return tuple((str(texts[at]), int(numbers_of[at])) for at in order)
