"""Tables as Markdown, as a page of HTML and as data."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from ordain.engine.errors import MalformedRequest, did_you_mean
from ordain.engine.policy.model import Policy, Table
from ordain.engine.tables.grid import Grid, Heading, grid_of

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #1c2530; }
table { border-collapse: collapse; margin: .5rem 0 2rem; }
th, td { border: 1px solid #c8d0da; padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: #e8edf3; }
th small { display: block; font-weight: normal; color: #5b6775; }
th.then, td.then { background: #f3f8f1; }
td { white-space: pre-wrap; overflow-wrap: anywhere; }
tr.otherwise td { color: #5b6775; font-style: italic; }
p { margin: 0; color: #5b6775; }
"""


def grids_in(policy: Policy, decision: str = "") -> list[Grid]:
    """The tables of a policy, those that it calls first; or the one called `decision`. Raises MalformedRequest."""
    called = [each.table for each in policy.functions if each.takes]
    tables = [*called, *(each for each in policy.decisions if isinstance(each, Table))]
    if not tables:
        raise MalformedRequest(f"`{policy.label}` has no tables, only formulas")
    known = [each.name for each in tables]
    if decision and decision not in known:
        raise MalformedRequest(f"`{policy.label}` has no table `{decision}`", did_you_mean(decision, known))
    return [grid_of(each) for each in tables if decision in ("", each.name)]


def as_markdown(grids: Sequence[Grid], title: str) -> str:
    lines = [f"# {_plain(title)}", ""]
    for grid in grids:
        lines += [f"## {_plain(grid.name)}", "", _plain(_notes(grid)), ""]
        lines.append(_row([_headed(heading) for heading in grid.headings]))
        lines.append("|" + "---|" * len(grid.headings))
        lines += [_row([_plain(square.text) for square in row]) for row in grid.all_rows]
        lines.append("")
    return "\n".join(lines)


def _row(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _headed(heading: Heading) -> str:
    about = f" ({heading.about})" if heading.about else ""
    return _plain(f"{heading.text}{about}")


def _plain(text: str) -> str:
    """A text that Markdown takes for nothing but itself, in one line."""
    for sign in "\\`*_[]<>|#~":
        text = text.replace(sign, f"\\{sign}")
    return "<br>".join(text.splitlines())


def as_html(grids: Sequence[Grid], title: str) -> str:
    """One page that needs no other file."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
    ]
    for grid in grids:
        parts += [f"<h2>{escape(grid.name)}</h2>", f"<p>{escape(_notes(grid))}</p>", "<table><thead><tr>"]
        for heading in grid.headings:
            about = f"<small>{escape(heading.about)}</small>" if heading.about else ""
            parts.append(f'<th class="{heading.part}">{escape(heading.text)}{about}</th>')
        parts.append("</tr></thead><tbody>")
        for row in grid.all_rows:
            sign = ' class="otherwise"' if row is grid.otherwise else ""
            pairs = zip(grid.headings, row, strict=True)
            cells = (f'<td class="{heading.part}">{escape(square.text)}</td>' for heading, square in pairs)
            parts.append(f"<tr{sign}>{''.join(cells)}</tr>")
        parts.append("</tbody></table>")
    return "\n".join([*parts, "</body></html>", ""])


def as_data(grid: Grid) -> dict[str, Any]:
    """JSON data: `columns` are part and text of each heading, `rows` texts in their order."""
    columns = [{"part": each.part, "text": each.text, "about": each.about} for each in grid.headings]
    rows = [[square.text for square in row] for row in grid.rows]
    last = [square.text for square in grid.otherwise] if grid.otherwise is not None else None
    return {"name": grid.name, "notes": dict(grid.notes), "columns": columns, "rows": rows, "otherwise": last}


def _notes(grid: Grid) -> str:
    return "; ".join(f"{name}: {text}" for name, text in grid.notes)
