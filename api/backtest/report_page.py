"""The report of a backtest as one HTML page that stands alone: no script, no other file, all text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from ordain.api.backtest.pictures import flow_picture, rate_picture
from ordain.api.backtest.sentences import headline, no_rates, not_known, percent, title

Json = dict[str, Any]

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


def page_of(data: Json) -> str:
    """The whole page of a backtest's data (`Tally.data`, with its source and versions)."""
    parts = [f"<h1>{escape(title(data))}</h1>"]
    if data["synthetic"]:
        parts.append('<p class="synthetic">SYNTHETIC data: invented, and evidence of no real customer.</p>')
    parts.append(_list(headline(data)))
    parts.append(f"<h2>What cannot be known</h2>{_list(not_known(data)) or '<p>Nothing was left out.</p>'}")
    parts += [_output(path, flow) for path, flow in data["outputs"].items()]
    parts += [_words(f"Rules of {table}", flow) for table, flow in data["rules"].items() if flow["changed"]]
    parts += [_segments(each) for each in data["segments"]]
    parts += [_groups(each) for each in data["groups"]]
    if data["groups_not_seen"]:
        named = ", ".join(data["groups_not_seen"])
        parts.append(f"<h2>Groups</h2><p>No decision had a value of {escape(named)}, so nothing is said of them.</p>")
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title(data))}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _output(path: str, flow: Json) -> str:
    if flow["kind"] == "words":
        return _words(path, flow)
    unit = f" ({flow['unit']})" if flow["unit"] else ""
    rows = [
        [("up", False), (f"{flow['up']:,}", True)],
        [("down", False), (f"{flow['down']:,}", True)],
        [("same", False), (f"{flow['same']:,}", True)],
    ]
    rows += [[(name, False), (f"{flow[name]:,}", True)] for name in ("appeared", "vanished") if flow[name]]
    rows += [
        [("total", False), (f"{flow['total_old']} → {flow['total_new']}", True)],
        [("mean", False), (f"{flow['mean_old'] or '–'} → {flow['mean_new'] or '–'}", True)],
        [("mean change", False), (flow["mean_change"] or "–", True)],
    ]
    for name, label in (("largest_up", "largest rise"), ("largest_down", "largest fall")):
        if (found := flow[name]) is not None:
            told = f"{found['old']} → {found['new']} ({found['decision']})"
            rows.append([(label, False), (told, True)])
    return f"<h2>{escape(path + unit)}</h2>{_table((), rows)}{_matrix(flow)}"


def _words(name: str, flow: Json) -> str:
    return f"<h2>{escape(name)}</h2><p>{flow['changed']:,} changed.</p>{_matrix(flow)}"


def _matrix(flow: Json) -> str:
    """Old values down, new ones across, and the picture of the same."""
    values, counts = flow["values"], {(each["old"], each["new"]): each["count"] for each in flow["flows"]}
    head = [("old ↓ new →", False), *((value, True) for value in values)]
    rows = []
    for old in values:
        cells = "".join(_count(counts.get((old, new), 0), stays=old == new) for new in values)
        rows.append(f"<tr><th>{escape(old)}</th>{cells}</tr>")
    table = f'<div class="wide"><table>{_head(head)}{"".join(rows)}</table></div>'
    return f"{flow_picture(values, flow['flows'])}{table}"


def _count(count: int, *, stays: bool) -> str:
    return f'<td class="number{" stays" if stays else ""}">{f"{count:,}" if count else ""}</td>'


def _segments(each: Json) -> str:
    numbers = sorted({path for value in each["values"] for path in value["numbers"]})
    head = [("", False), ("decisions", True), ("changed", True), *((f"mean {path}", True) for path in numbers)]
    rows = []
    for value in each["values"]:
        row = [(value["value"], False), (f"{value['decisions']:,}", True), (f"{value['changed']:,}", True)]
        for path in numbers:
            sums = value["numbers"].get(path, {"mean_old": None, "mean_new": None})
            row.append((f"{sums['mean_old'] or '–'} → {sums['mean_new'] or '–'}", True))
        rows.append(row)
    return f"<h2>By {escape(each['fact'])}</h2>{_table(head, rows)}"


def _groups(each: Json) -> str:
    parts = [
        f"<h2>Groups of {escape(each['fact'])}</h2><p>The rate of each outcome by group, and its ratio to the highest "
        f"rate of a group. A ratio below four fifths is marked ({escape(each['source'])}): it says where to look, not "
        f"that anything is wrong. Of groups with fewer than {each['small_group']} decisions nothing is said; that "
        "number is this report's, not the rule's.</p>"
    ]
    if said := no_rates(each):
        parts = [f"<h2>Groups of {escape(each['fact'])}</h2><p>{escape(said)}</p>"]
    for rate in each["rates"]:
        label = f"{rate['output']} = {rate['value']}"
        parts.append(f"<h3>{escape(label)}</h3>{rate_picture(rate['groups'], label)}")
        body = "".join(
            f"<tr{' class=flag' if group['below_four_fifths'] else ''}><td>{escape(group['group'])}</td>"
            + "".join(f'<td class="number">{escape(cell)}</td>' for cell in _rates(group))
            + "</tr>"
            for group in rate["groups"]
        )
        head = [("", False), ("decisions", True), ("rate", True), ("ratio to the highest", True)]
        parts.append(f"<table>{_head(head)}{body}</table>")
    return "".join(parts)


def _rates(group: Json) -> Iterator[str]:
    yield f"{group['decisions']:,}"
    yield f"{percent(group['old_rate'])} → {percent(group['new_rate'])}"
    small = " (too few)" if group["too_small"] else ""
    yield f"{group['old_ratio'] or '–'} → {group['new_ratio'] or '–'}{small}"


def _table(head: Sequence[tuple[str, bool]], rows: Iterable[Sequence[tuple[str, bool]]]) -> str:
    body = "".join(f"<tr>{''.join(_cell(*cell) for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table>{_head(head) if head else ""}{body}</table></div>'


def _head(cells: Sequence[tuple[str, bool]]) -> str:
    told = "".join(f"<th{' class=number' if right else ''}>{escape(text)}</th>" for text, right in cells)
    return f"<tr>{told}</tr>"


def _cell(text: str, right: bool) -> str:
    return f"<td{' class=number' if right else ''}>{escape(text)}</td>"


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line.strip())}</li>' for line in lines)}</ul>" if lines else ""
