"""Metrics in Prometheus' text format, version 0.0.4.

https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from ordain.api.metrics.catalogue import HISTOGRAM, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[str, ...]
Series = Mapping[Labels, Sequence[float]]
"""By the values of the labels: one number, or of a histogram those in each bucket and then the sum of what it saw."""


def text_of(metrics: Iterable[tuple[Metric, Series]]) -> bytes:
    """The page. A metric without series has its two lines of comment alone."""
    return "".join(line + "\n" for metric, series in metrics for line in _lines(metric, series)).encode()


def _lines(metric: Metric, series: Series) -> Iterator[str]:
    meaning = metric.meaning.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {metric.name} {meaning}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for values, cells in sorted(series.items()):
        labels = tuple(zip(metric.labels, values, strict=True))
        if metric.kind == HISTOGRAM:
            yield from _histogram(metric, labels, cells)
        else:
            yield f"{metric.name}{_braces(labels)} {_number(cells[0])}"


def _histogram(metric: Metric, labels: tuple[tuple[str, str], ...], cells: Sequence[float]) -> Iterator[str]:
    *counts, total = cells
    bounds = [*(_number(bound) for bound in metric.bounds), "+Inf"]
    sums = list(accumulate(counts))
    for bound, count in zip(bounds, sums, strict=True):
        yield f"{metric.name}_bucket{_braces((*labels, ('le', bound)))} {_number(count)}"
    yield f"{metric.name}_sum{_braces(labels)} {_number(total)}"
    yield f"{metric.name}_count{_braces(labels)} {_number(sums[-1])}"


def _braces(labels: tuple[tuple[str, str], ...]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
