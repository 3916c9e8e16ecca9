"""The report of a backtest as one HTML page that stands alone: no script, no other file, all text escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from ordain.api.backtest.page_alone import cells_table, listed, page, table_head
from ordain.api.backtest.pictures import flow_picture, rate_picture
from ordain.api.backtest.sentences import headline, no_rates, not_known, percent, title

Json = dict[str, Any]


def page_of(data: Json) -> str:
    """The whole page of a backtest's data (`Tally.data`, with its source and versions)."""
    parts = [f"<h1>{escape(title(data))}</h1>"]
    if data["synthetic"]:
        parts.append('<p class="synthetic">SYNTHETIC data: invented, and evidence of no real customer.</p>')
    parts.append(listed(headline(data)))
    parts.append(f"<h2>What cannot be known</h2>{listed(not_known(data)) or '<p>Nothing was left out.</p>'}")
    parts += [_output(path, flow) for path, flow in data["outputs"].items()]
    parts += [_words(f"Rules of {table}", flow) for table, flow in data["rules"].items() if flow["changed"]]
    parts += [_segments(each) for each in data["segments"]]
    parts += [_groups(each) for each in data["groups"]]
    if data["groups_not_seen"]:
        named = ", ".join(data["groups_not_seen"])
        parts.append(f"<h2>Groups</h2><p>No decision had a value of {escape(named)}, so nothing is said of them.</p>")
    body = "\n".join(parts)
    return page(title(data), body)


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
    return f"<h2>{escape(path + unit)}</h2>{cells_table((), rows)}{_matrix(flow)}"


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
    table = f'<div class="wide"><table>{table_head(head)}{"".join(rows)}</table></div>'
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
    return f"<h2>By {escape(each['fact'])}</h2>{cells_table(head, rows)}"


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
        parts.append(f"<table>{table_head(head)}{body}</table>")
    return "".join(parts)


def _rates(group: Json) -> Iterator[str]:
    yield f"{group['decisions']:,}"
    yield f"{percent(group['old_rate'])} → {percent(group['new_rate'])}"
    small = " (too few)" if group["too_small"] else ""
    yield f"{group['old_ratio'] or '–'} → {group['new_ratio'] or '–'}{small}"
