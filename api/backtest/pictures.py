"""Plots of a backtest as SVG inside a page: plain shapes of our own, no script; all text is escaped here.

Positions are floats, which is what a picture is made of; every number that is told is the text it comes as.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any

Json = dict[str, Any]

_WIDTH, _NODE, _GAP, _LABEL = 640, 14, 8, 170
_HEIGHT = 260
_HUES = (210, 25, 140, 280, 50, 0, 180, 320, 95, 240, 65, 300)


def flow_picture(values: Sequence[str], flows: Sequence[Json]) -> str:
    """How many went from which value (left) to which (right): a band as wide as their number. Empty for none."""
    total = sum(flow["count"] for flow in flows)
    if not total:
        return ""
    left, right = (_stack(values, flows, side) for side in ("old", "new"))
    height = _HEIGHT + _GAP * max(len(left), len(right))
    out = [_opened(_WIDTH, height, "flows from old (left) to new (right)")]
    used: Counter[tuple[str, str]] = Counter()
    widths: dict[tuple[str, str], float] = {}
    x0, x1 = _LABEL + _NODE, _WIDTH - _LABEL - _NODE
    for flow in flows:
        old, new, thick = flow["old"], flow["new"], flow["count"] / total * _HEIGHT
        y0, y1 = left[old][0] + widths.get(("old", old), 0.0), right[new][0] + widths.get(("new", new), 0.0)
        widths["old", old] = widths.get(("old", old), 0.0) + thick
        widths["new", new] = widths.get(("new", new), 0.0) + thick
        used[old, new] += flow["count"]
        middle = (x0 + x1) / 2
        path = (
            f"M{x0} {y0:.1f} C{middle} {y0:.1f} {middle} {y1:.1f} {x1} {y1:.1f} L{x1} {y1 + thick:.1f} "
            f"C{middle} {y1 + thick:.1f} {middle} {y0 + thick:.1f} {x0} {y0 + thick:.1f} Z"
        )
        fade = "0.25" if old == new else "0.6"
        told = escape(f"{old} → {new}: {flow['count']:,}")
        out.append(f'<path d="{path}" fill="{_hue(values, old)}" fill-opacity="{fade}"><title>{told}</title></path>')
    out += _nodes(values, left, _LABEL, _LABEL - 6, "end")
    out += _nodes(values, right, x1, _WIDTH - _LABEL + 6, "start")
    return "".join([*out, "</svg>"])


def rate_picture(groups: Sequence[Json], label: str) -> str:
    """Of each group the rate of one outcome before (hollow) and after (full), on a scale from 0 to 100 %."""
    row, width, start = 26, _WIDTH, _LABEL
    length = width - start - 60
    height = row * len(groups) + 30
    out = [_opened(width, height, label)]
    for tick in range(0, 101, 20):
        x = start + length * tick / 100
        out.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{height - 22}"/>')
        out.append(f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{tick} %</text>')
    for number, group in enumerate(groups):
        y = row * number + row / 2 + 4
        out.append(f'<text x="{start - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(_short(group["group"]))}</text>')
        old, new = (start + length * float(Decimal(group[name] or "0")) for name in ("old_rate", "new_rate"))
        told = escape(f"{group['group']}: {group['old_rate']} → {group['new_rate']} of {group['decisions']:,}")
        out.append(f'<line class="change" x1="{old:.1f}" x2="{new:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<circle class="old" cx="{old:.1f}" cy="{y:.1f}" r="5"/>')
        out.append(f'<circle class="new" cx="{new:.1f}" cy="{y:.1f}" r="5"><title>{told}</title></circle>')
    return "".join([*out, "</svg>"])


def _stack(values: Sequence[str], flows: Sequence[Json], side: str) -> dict[str, tuple[float, float, int]]:
    """Of each value on that side the top, the height, and the count."""
    counts: Counter[str] = Counter()
    for flow in flows:
        counts[flow[side]] += flow["count"]
    total, top, stack = sum(counts.values()), _GAP / 2, {}
    for value in values:
        if counts[value]:
            height = counts[value] / total * _HEIGHT
            stack[value] = (top, height, counts[value])
            top += height + _GAP
    return stack


def _nodes(
    values: Sequence[str], stack: dict[str, tuple[float, float, int]], x: float, label_x: float, anchor: str
) -> list[str]:
    out = []
    for value, (top, height, count) in stack.items():
        told = escape(f"{_short(value)} {count:,}")
        out.append(
            f'<rect x="{x}" y="{top:.1f}" width="{_NODE}" height="{max(height, 1):.1f}" fill="{_hue(values, value)}"/>'
            f'<text x="{label_x}" y="{top + height / 2 + 4:.1f}" text-anchor="{anchor}">{told}</text>'
        )
    return out


def _opened(width: int, height: float, label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height:.0f}" '
        f'aria-label="{escape(label)}">'
    )


def _hue(values: Sequence[str], value: str) -> str:
    return f"hsl({_HUES[values.index(value) % len(_HUES)]} 60% 52%)"


def _short(text: str) -> str:
    return text if len(text) <= 18 else f"{text[:17]}…"
