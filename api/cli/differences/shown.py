"""Differences between two versions, as people read them."""

from __future__ import annotations

from rich import box as boxes
from rich.table import Table as RichTable
from rich.text import Text

from ordain.api.cli.terminal import OUT
from ordain.api.differences.told_difference import ARROW, change_text, notes
from ordain.engine.check.tables.in_words import value_text
from ordain.engine.compare.changes import ADDED, CHANGED, GONE, MOVED, RENAMED
from ordain.engine.compare.deciding import Difference, Otherwise
from ordain.engine.compare.difference import Differences, Regions
from ordain.engine.compare.example_customers import Customer
from ordain.engine.compare.region_text import region_text, result_text
from ordain.engine.compare.sampled import Sampled
from ordain.engine.errors import counted

_STYLES = {ADDED: "green", GONE: "red", CHANGED: "yellow", MOVED: "cyan", RENAMED: "cyan"}


def print_differences(found: Differences, old: str, new: str) -> None:
    """The changes of the text as lines, then who is decided otherwise as a table."""
    OUT.print(Text(f"{old}{ARROW}{new}", style="bold"))
    for change in found.changes:
        line = Text(f"  {change.sort}: ", style=_STYLES[change.sort])
        OUT.print(line.append(Text(change_text(change), style="not bold")))
    if not found.changes:
        OUT.print("  the texts say the same")
    OUT.print()
    if found.regions is not None:
        _print_regions(found, found.regions)
    for each in found.uncovered:
        where = f"{each.span.file}:{each.span.line}"
        OUT.print(Text(f"not covered: {each.what}, since {each.why} ({where})"))
    if found.sampled is not None:
        _print_sampled(found.sampled)


def _print_regions(found: Differences, regions: Regions) -> None:
    if not regions.count:
        OUT.print("every customer is decided as before")
    else:
        OUT.print(Text("decided otherwise: exactly these customers", style="bold"))
        _print_table(
            "customers",
            [(region_text(regions.space, each.box), each.difference, each.customer) for each in regions.found],
        )
        if regions.count > len(regions.found):
            OUT.print(f"and {counted(regions.count - len(regions.found), 'smaller region')} more")
    for note in notes(found, regions):
        OUT.print(Text(note))


def _print_sampled(sampled: Sampled) -> None:
    many = f"{counted(sampled.tried, 'customer')} tried at examples and borders"
    if not sampled.differing:
        OUT.print(f"{many}: all are decided as before. These are samples: others may not be")
        return
    OUT.print(Text(f"{many}: {sampled.differing} are decided otherwise. These are samples: there may be more", "bold"))
    _print_table("", [("", customer.difference, customer) for customer in sampled.found])


def _print_table(heading: str, rows: list[tuple[str, Difference, Customer | None]]) -> None:
    shown = RichTable(box=boxes.ROUNDED, show_lines=True)
    for title in ([heading] if heading else []) + ["output", "before", "now", "example"]:
        shown.add_column(title, overflow="fold")
    for region, difference, customer in rows:
        cells = [region] if heading else []
        for texts in zip(*(_line(each) for each in difference), strict=True):
            cells.append("\n".join(texts))
        cells.append(_customer_text(customer))
        shown.add_row(*(Text(cell) for cell in cells))
    OUT.print(shown, soft_wrap=False)


def _line(each: Otherwise) -> tuple[str, str, str]:
    return each.output, result_text(each.old), result_text(each.new)


def _customer_text(customer: Customer | None) -> str:
    if customer is None:
        return "none found"
    facts = [f"{name} {value_text(value)}" for name, value in customer.facts.items()]
    return ", ".join([*facts, f"at {customer.at.date()}"])
