"""The quality of a table as one HTML page that stands alone: no script, no other file, all text escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from ordain.engine.errors import counted
from ordain.models.monitoring.finding import Finding
from ordain.models.monitoring.table_quality import Column, Quality

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #59636e; --line: #d1d9e0; --mark: #0550ae;
  --some: #fff3c4; --much: #ffd8d3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9198a1; --line: #3d444d;
  --mark: #79c0ff; --some: #3f3209; --much: #55231d; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 68rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } .wide { overflow-x: auto; }
th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); } .moderate { background: var(--some); } .major { background: var(--much); }
.synthetic { background: var(--some); padding: .5rem; }
svg { width: 144px; height: 32px; } svg rect { fill: var(--mark); }
"""
_WIDTH, _HEIGHT = 144, 32


def quality_page(quality: Quality, *, synthetic: bool = False) -> str:
    """The whole page. `synthetic` says so of invented customers."""
    title = f"Quality of {quality.table}"
    parts = [f"<h1>{escape(title)}</h1>"]
    if synthetic:
        parts.append('<p class="synthetic">SYNTHETIC data: invented, and evidence of no real customer.</p>')
    told = f"{counted(quality.rows, 'row')}, {counted(len(quality.columns), 'column')}; the gravest verdict is"
    parts.append(f'<p>{told} <span class="{quality.verdict}">{quality.verdict}</span>.</p>')
    if quality.steps:
        steps = "".join(f"<li>{escape(step)}</li>" for step in quality.steps)
        parts.append(f"<h2>What to do</h2><ol>{steps}</ol>")
    parts.append(f"<h2>Findings</h2>{_findings(quality.findings)}")
    parts.append(f"<h2>Columns</h2>{_columns(quality.columns)}")
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return "<p>None.</p>"
    rows = (
        f'<tr><td class="{each.verdict}">{each.verdict}</td><td>{escape(each.measure)}</td>'
        f'<td class="number">{_number(each.value)}</td><td class="number">{_number(each.threshold)}</td>'
        f"<td>{escape(each.sentence)}</td></tr>"
        for each in findings
    )
    return _table((("verdict", ""), ("measure", ""), ("value", "n"), ("threshold", "n"), ("what", "")), rows)


def _columns(columns: Sequence[Column]) -> str:
    rows = (
        f"<tr><td>{escape(each.name)}</td><td>{escape(each.kind)}</td>"
        + "".join(
            f'<td class="number">{count:,}</td>' for count in (each.known, each.missing, each.wrong, each.different)
        )
        + f"<td>{_picture(each)}</td></tr>"
        for each in columns
    )
    counts = tuple((name, "n") for name in ("known", "missing", "wrong", "different"))
    return _table((("column", ""), ("type", ""), *counts, ("shape", "")), rows)


def _table(headings: Sequence[tuple[str, str]], rows: Iterable[str]) -> str:
    heads = "".join(f'<th scope="col"{" class=number" if right else ""}>{name}</th>' for name, right in headings)
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _picture(column: Column) -> str:
    """Bars from left to right, the highest over the whole height; what each is stands in its title."""
    most = max((count for _, count in column.bars), default=0)
    if not most:
        return '<span class="soft">nothing known</span>'
    width = _WIDTH / len(column.bars)
    bars = []
    for at, (label, count) in enumerate(column.bars):
        high = _HEIGHT * count / most
        place = f'x="{at * width:.1f}" y="{_HEIGHT - high:.1f}" width="{max(width - 1, 1):.1f}" height="{high:.1f}"'
        bars.append(f"<rect {place}><title>{escape(label)}: {count:,}</title></rect>")
    said = f"{len(column.bars)} bars of {column.name}"
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(said)}">{"".join(bars)}</svg>'


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "–"
