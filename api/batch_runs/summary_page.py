"""The summary of a run as one HTML page, with bars: plain shapes of our own; all text is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from ordain.api.backtest.page_alone import cells_table, listed, page

Json = dict[str, Any]
_WIDTH, _ROW, _LABEL, _COUNT, _HEIGHT = 640, 24, 240, 90, 120
_LETTERS = 34
"""Characters of a label that have room."""


def page_of(summary: Json) -> str:
    """The whole page of what `summary_of` gives, with what the run adds to it."""
    title = f"{summary['service']}: {summary['rows']:,} rows decided at once"
    parts = [f"<h1>{escape(title)}</h1>"]
    if summary["synthetic"]:
        parts.append('<p class="synthetic">SYNTHETIC data: invented, and evidence of no real customer.</p>')
    lines = [
        f"{summary['decided']:,} rows decided, {summary['rejected']:,} rejected, as of {summary['at']}",
        f"from {summary['input']} into {summary['output']}",
        f"on record as entry {summary['entry_id']}, run {summary['run']}",
        f"by {', '.join(summary['versions'])}",
    ]
    if summary["rejects"]:
        lines.append(f"what was rejected is in {summary['rejects']}; the first is row {summary['first_rejected_row']}")
    parts.append(listed(lines))
    if summary["rejects_told"]:
        parts.append(f"<h2>Why rows were rejected</h2>{bars(summary['rejects_told'], 'rows rejected, by reason')}")
    parts += [_outcome(name, told) for name, told in summary["outcomes"].items()]
    if summary["fired"]:
        parts.append(f"<h2>Rules that fired most</h2>{bars(summary['fired'], 'rules that fired most')}")
    return page(title, "\n".join(parts))


def _outcome(name: str, told: Json) -> str:
    head = f"<h2>{escape(name)}</h2>"
    null = f"<p class=soft>{told['null']:,} rows have none.</p>" if told["null"] else ""
    match told["kind"]:
        case "words":
            return f"{head}{bars(told['values'], name)}{null}"
        case "texts":
            return f"{head}<p>Some {told['different']:,} different texts.</p>{null}"
        case _ if "least" not in told:
            return f"{head}{null}"
    names = {"least": "least", "a quarter below": "quarter", "middle": "middle"}
    names |= {"a quarter above": "three_quarters", "greatest": "greatest"}
    rows = [[(label, False), (told[key], True)] for label, key in names.items()]
    return f"{head}{_histogram(told['bars'], name, told['least'], told['greatest'])}{cells_table((), rows)}{null}"


def bars(values: Sequence[Json], label: str) -> str:
    """A bar for each value, as long as its rows are many."""
    if not values:
        return ""
    most, length = max(each["rows"] for each in values), _WIDTH - _LABEL - _COUNT
    out = [_opened(_ROW * len(values) + 4, label)]
    for place, each in enumerate(values):
        y, text = _ROW * place, str(each["value"])
        shown = text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
        wide = max(each["rows"] / most * length, 1)
        out.append(
            f'<text x="{_LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(shown)}<title>{escape(text)}</title></text>'
            f'<rect class="new" x="{_LABEL}" y="{y + 4}" width="{wide:.1f}" height="{_ROW - 8}"/>'
            f'<text x="{_LABEL + wide + 6:.1f}" y="{y + 16}">{each["rows"]:,}</text>'
        )
    return "".join([*out, "</svg>"])


def _histogram(counts: Sequence[int], label: str, least: str, greatest: str) -> str:
    if not counts:
        return ""
    most, wide = max(counts), _WIDTH / len(counts)
    out = [_opened(_HEIGHT + 24, f"how {label} spreads")]
    for place, count in enumerate(counts):
        high = count / most * (_HEIGHT - 8)
        out.append(
            f'<rect class="new" x="{place * wide + 1:.1f}" y="{_HEIGHT - high:.1f}" width="{wide - 2:.1f}" '
            f'height="{high:.1f}"><title>{count:,}</title></rect>'
        )
    out.append(f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>')
    out.append(f'<text x="0" y="{_HEIGHT + 18}">{escape(least)}</text>')
    out.append(f'<text x="{_WIDTH}" y="{_HEIGHT + 18}" text-anchor="end">{escape(greatest)}</text>')
    return "".join([*out, "</svg>"])


def _opened(height: int, label: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">'
