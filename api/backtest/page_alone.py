"""A page that stands alone: no script, no other file, all text escaped. Reports that people keep are made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #59636e; --line: #d1d9e0; --mark: #0550ae;
  --some: #fff3c4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9198a1; --line: #3d444d;
  --mark: #79c0ff; --some: #3f3209; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } .wide { overflow-x: auto; }
th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; } td.stays { color: var(--soft); }
.soft { color: var(--soft); } .flag { background: var(--some); } .synthetic { background: var(--some); padding: .5rem; }
svg { max-width: 42rem; width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
svg .axis { stroke: var(--line); } svg .change { stroke: var(--soft); stroke-width: 2; }
svg .old { fill: var(--paper); stroke: var(--mark); stroke-width: 2; } svg .new { fill: var(--mark); }
"""


def page(title: str, body: str) -> str:
    """The whole of it; `body` is HTML already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def cells_table(head: Sequence[tuple[str, bool]], rows: Iterable[Sequence[tuple[str, bool]]]) -> str:
    body = "".join(f"<tr>{''.join(_cell(*cell) for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table>{table_head(head) if head else ""}{body}</table></div>'


def table_head(cells: Sequence[tuple[str, bool]]) -> str:
    told = "".join(f"<th{' class=number' if right else ''}>{escape(text)}</th>" for text, right in cells)
    return f"<tr>{told}</tr>"


def _cell(text: str, right: bool) -> str:
    return f"<td{' class=number' if right else ''}>{escape(text)}</td>"


def listed(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line.strip())}</li>' for line in lines)}</ul>" if lines else ""
