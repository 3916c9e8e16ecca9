"""A backtest in the terminal: tables that read well, and what cannot be known below them."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ordain.api.backtest.sentences import headline, no_rates, not_known, percent, title
from ordain.api.cli.terminal import OUT, print_whole
from ordain.api.limits import LIMITS
from ordain.engine.errors import counted

Json = dict[str, Any]


def print_summary(data: Json) -> None:
    """Everything but what did not change; `--json` and `--html` have all."""
    OUT.print(f"[bold]{escape(title(data))}[/]")
    for line in headline(data):
        OUT.print(line, markup=False)
    unchanged = []
    for path, flow in data["outputs"].items():
        if not flow["changed"]:
            unchanged.append(path)
        elif flow["kind"] == "words":
            _print_flows(path, flow)
        else:
            _print_numbers(path, flow)
    for table, flow in data["rules"].items():
        if flow["changed"]:
            _print_flows(f"rules of {table}", flow)
    if unchanged and data["compared"]:
        OUT.print(f"\nunchanged: {', '.join(unchanged)}", markup=False)
    if data["changed"]:
        for segments in data["segments"]:
            _print_segments(segments)
    for groups in data["groups"]:
        _print_groups(groups)
    if data["groups_not_seen"]:
        named = ", ".join(data["groups_not_seen"])
        OUT.print(f"\nno decision had a value of {named}: nothing is said of these groups", markup=False)
    _print_unknown(data)


def _print_flows(name: str, flow: Json) -> None:
    """Changes first, as lines: a matrix with many values would be wider than a terminal."""
    table = Table(title=f"{name}: {flow['changed']:,} changed", title_justify="left", box=None, pad_edge=False)
    for heading in ("old", "", "new"):
        table.add_column(heading)
    table.add_column("decisions", justify="right")
    ordered = sorted(flow["flows"], key=lambda each: (each["old"] == each["new"], -each["count"]))
    for each in ordered[: LIMITS.listed_flows]:
        style = "dim" if each["old"] == each["new"] else ""
        cells = (each["old"], "→", each["new"], f"{each['count']:,}")
        table.add_row(*(Text(cell, style=style) for cell in cells))
    if rest := ordered[LIMITS.listed_flows :]:
        told = f"{counted(len(rest), 'further flow')}: see --json or --html"
        table.add_row(Text(told, style="dim"), "", "", Text(f"{sum(each['count'] for each in rest):,}", style="dim"))
    OUT.print()
    print_whole(table)


def _print_numbers(path: str, flow: Json) -> None:
    unit = f" ({flow['unit']})" if flow["unit"] else ""
    _print_flows(f"{path}{unit}", flow)
    lines = [
        f"{flow['up']:,} up, {flow['down']:,} down, {flow['same']:,} the same",
        f"total {flow['total_old']} → {flow['total_new']}",
        f"mean {flow['mean_old'] or '–'} → {flow['mean_new'] or '–'} (change {flow['mean_change'] or '–'})",
    ]
    for name, label in (("largest_up", "largest rise"), ("largest_down", "largest fall")):
        if (found := flow[name]) is not None:
            lines.append(f"{label} {found['old']} → {found['new']}: {found['decision']}")
    for name, said in (("appeared", "had no number before"), ("vanished", "has no number now")):
        if flow[name]:
            lines.append(f"{flow[name]:,}: it {said}")
    for line in lines:
        OUT.print(f"  {line}", markup=False)


def _print_segments(segments: Json) -> None:
    numbers = sorted({path for value in segments["values"] for path in value["numbers"]})
    table = Table(title=f"by {segments['fact']}", title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for heading in ("decisions", "changed", *(f"mean {path}" for path in numbers)):
        table.add_column(heading, justify="right")
    for value in segments["values"]:
        means = (value["numbers"].get(path, {}) for path in numbers)
        told = (f"{each.get('mean_old') or '–'} → {each.get('mean_new') or '–'}" for each in means)
        cells = (value["value"], f"{value['decisions']:,}", f"{value['changed']:,}", *told)
        table.add_row(*map(Text, cells))
    OUT.print()
    print_whole(table)


def _print_groups(groups: Json) -> None:
    if said := no_rates(groups):
        OUT.print(f"\ngroups of {groups['fact']}: {said}", markup=False)
        return
    table = Table(title=f"groups of {groups['fact']}", title_justify="left", box=None, pad_edge=False)
    for heading in ("outcome", "group"):
        table.add_column(heading)
    for heading in ("decisions", "rate", "ratio to the highest"):
        table.add_column(heading, justify="right")
    for rate in groups["rates"]:
        for group in rate["groups"]:
            ratio = f"{group['old_ratio'] or '–'} → {group['new_ratio'] or '–'}"
            ratio += " (too few)" if group["too_small"] else " *" if group["below_four_fifths"] else ""
            rates = f"{percent(group['old_rate'])} → {percent(group['new_rate'])}"
            cells = (f"{rate['output']} = {rate['value']}", group["group"], f"{group['decisions']:,}", rates, ratio)
            table.add_row(*map(Text, cells))
    OUT.print()
    print_whole(table)
    OUT.print(
        f"  * below four fifths of the highest rate ({groups['source']}): where to look, not that anything is wrong;"
        f" of groups below {groups['small_group']} decisions nothing is said",
        markup=False,
    )


def _print_unknown(data: Json) -> None:
    lines = not_known(data)
    if not lines:
        return
    OUT.print("\n[bold]What cannot be known[/]")
    for line in lines:
        OUT.print(f"  {line}", markup=False)
