"""A card's plots as pictures (SVG) that stand in a page: no script, no other file, the same bytes for the same card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from ordain.models.spec import Plot, Series

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 60, 14, 12, 44
ROW = 22
"""Height of a bar that lies, with its name."""
STEPS = 5
"""How many marks an axis has, about."""

Scale = tuple[float, float]


def picture(plot: Plot) -> str:
    """The plot as an `svg` element with its title for who does not see it. Raises nothing: an empty one is a frame."""
    names = any(isinstance(x, str) for series in plot.series for x in series.xs)
    body, height = _bars(plot) if plot.drawn == "bars" and names else _plane(plot)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(plot.title, quote=True)}">{body}</svg>'
    )


def legend(plot: Plot) -> str:
    """Which colour is which series; "" for one alone."""
    if len(plot.series) < 2:
        return ""
    parts = (f'<span class="key c{at % 6}">{escape(each.name)}</span>' for at, each in enumerate(plot.series))
    return f'<p class="legend">{" ".join(parts)}</p>'


def marks(low: float, high: float) -> tuple[float, ...]:
    """Round numbers from `low` to `high`, some five of them."""
    if not high > low:
        return (low,)
    raw = (high - low) / STEPS
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * times for times in (1, 2, 5, 10) if unit * times >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return tuple(round(at * step, 12) for at in range(first, math.floor(high / step + 1e-9) + 1))


def _plane(plot: Plot) -> tuple[str, int]:
    """Lines, points or standing bars between two axes."""
    places = _places(plot)
    across = _scale([x for xs in places for x in xs], pad=0.5 if plot.drawn == "bars" else 0.0)
    up = _scale([y for series in plot.series for y in series.ys], zero=plot.drawn == "bars")
    parts = [_axes(plot, across, up)]
    for number, (series, xs) in enumerate(zip(plot.series, places, strict=True)):
        at = [(_across(x, across), _up(y, up)) for x, y in zip(xs, series.ys, strict=True)]
        kept = [(x, y) for x, y in at if math.isfinite(x) and math.isfinite(y)]
        parts.append(_drawn(plot, number, kept, _up(0.0, up)))
    return "".join(parts), HEIGHT


def _drawn(plot: Plot, number: int, at: Sequence[tuple[float, float]], ground: float) -> str:
    colour = f"c{number % 6}"
    if plot.drawn == "line":
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        return f'<polyline class="{colour}" points="{path}"/>'
    if plot.drawn == "points":
        return "".join(f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in at)
    count = len(plot.series)
    wide = max(1.0, 0.8 * (WIDTH - LEFT - RIGHT) / max(len(at), 1) / count)
    return "".join(
        f'<rect class="{colour}" x="{x + (number - count / 2) * wide:.1f}" y="{min(y, ground):.1f}" '
        f'width="{wide:.1f}" height="{abs(ground - y):.1f}"/>'
        for x, y in at
    )


def _bars(plot: Plot) -> tuple[str, int]:
    """Named bars, which lie, so that long names can be read."""
    names = list(dict.fromkeys(str(x) for series in plot.series for x in series.xs))
    count = max(len(plot.series), 1)
    height = TOP + ROW * max(len(names), 1) + BOTTOM
    values = [y for series in plot.series for y in series.ys if math.isfinite(y)]
    low, high = min([0.0, *values]), max([0.0, *values]) or 1.0
    left = min(200, LEFT + 4 * max((len(name) for name in names), default=0))
    span = WIDTH - left - RIGHT

    def place(value: float) -> float:
        return left + span * (value - low) / (high - low)

    parts = []
    for mark in marks(low, high):
        there, end = place(mark), height - BOTTOM
        parts.append(f'<line class="grid" x1="{there:.1f}" y1="{TOP}" x2="{there:.1f}" y2="{end}"/>')
        parts.append(f'<text x="{there:.1f}" y="{end + 16}" text-anchor="middle">{mark:g}</text>')
    for row, name in enumerate(names):
        middle = TOP + ROW * (row + 0.5)
        parts.append(f'<text x="{left - 6}" y="{middle + 4:.1f}" text-anchor="end">{escape(_short(name, left))}</text>')
    thick = (ROW - 6) / count
    for number, series in enumerate(plot.series):
        for x, y in zip(series.xs, series.ys, strict=True):
            if math.isfinite(y):
                top = TOP + ROW * names.index(str(x)) + 3 + thick * number
                start, wide = min(place(0.0), place(y)), abs(place(y) - place(0.0))
                box = f'x="{start:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{thick:.1f}"'
                said = f"<title>{escape(str(x))}: {y:.4g}</title>"
                parts.append(f'<rect class="c{number % 6}" {box}>{said}</rect>')
    parts.append(f'<text class="axis" x="{left + span / 2:.0f}" y="{height - 6}" text-anchor="middle">')
    parts.append(f"{escape(plot.y)}</text>")
    return "".join(parts), height


def _short(name: str, room: int) -> str:
    most = max(6, (room - 8) // 7)
    return name if len(name) <= most else name[: most - 1] + "…"


def _places(plot: Plot) -> list[list[float]]:
    """Where each x stands: a number where it is, texts one after the other."""
    names = list(dict.fromkeys(x for series in plot.series for x in series.xs if isinstance(x, str)))
    return [[float(names.index(x)) if isinstance(x, str) else float(x) for x in series.xs] for series in plot.series]


def _scale(values: Sequence[float], pad: float = 0.0, zero: bool = False) -> Scale:
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min([*finite, 0.0] if zero else finite), max([*finite, 0.0] if zero else finite)
    return (low - pad, high + pad) if high + pad > low - pad else (low - 0.5, high + 0.5)


def _across(value: float, scale: Scale) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (value - scale[0]) / (scale[1] - scale[0])


def _up(value: float, scale: Scale) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - scale[0]) / (scale[1] - scale[0])


def _axes(plot: Plot, across: Scale, up: Scale) -> str:
    parts = []
    named: Series | None = next((each for each in plot.series if any(isinstance(x, str) for x in each.xs)), None)
    for mark in marks(*up):
        y = _up(mark, up)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{mark:g}</text>')
    ticks = [(mark, f"{mark:g}") for mark in marks(*across)] if named is None else _thin(named)
    for mark, text in ticks:
        x = _across(mark, across)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(text)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text class="axis" x="{middle:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(plot.x)}</text>')
    turned = f'transform="translate(13 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)"'
    parts.append(f'<text class="axis" {turned} text-anchor="middle">{escape(plot.y)}</text>')
    return "".join(parts)


def _thin(series: Series) -> list[tuple[float, str]]:
    """Six names at the most, so that none covers another."""
    every = max(1, math.ceil(len(series.xs) / 6))
    return [(float(at), str(x)[:14]) for at, x in enumerate(series.xs) if at % every == 0]
