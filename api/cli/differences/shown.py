"""Differences between two versions, as people and programs read them."""

from __future__ import annotations

from typing import Any

from rich import box as boxes
from rich.table import Table as RichTable
from rich.text import Text

from ordain.api.cli.terminal import OUT
from ordain.engine.check.tables.in_words import value_text
from ordain.engine.compare.changes import ADDED, CHANGED, GONE, MOVED, RENAMED, Change
from ordain.engine.compare.deciding import Difference, Otherwise, Result
from ordain.engine.compare.difference import Differences, DifferentRegion, Regions
from ordain.engine.compare.example_customers import Customer
from ordain.engine.compare.region_text import conditions, region_text, result_text
from ordain.engine.compare.sampled import Sampled
from ordain.engine.errors import counted
from ordain.engine.values.types import plain

_STYLES = {ADDED: "green", GONE: "red", CHANGED: "yellow", MOVED: "cyan", RENAMED: "cyan"}
_ARROW = " → "


def print_differences(found: Differences, old: str, new: str) -> None:
    """The changes of the text as lines, then who is decided otherwise as a table."""
    OUT.print(Text(f"{old}{_ARROW}{new}", style="bold"))
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


def change_text(change: Change) -> str:
    """`rule x of offer, churn_risk: > 0.80 → > 0.85`."""
    what = f"{change.what}, {change.part}" if change.part else change.what
    if change.sort in (CHANGED, MOVED, RENAMED):
        return f"{what}: {change.before or '(nothing)'}{_ARROW}{change.after or '(nothing)'}"
    text = change.after or change.before
    return f"{what}: {text}" if text else what


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


def notes(found: Differences, regions: Regions) -> list[str]:
    """What has to be known to read the regions."""
    told = []
    for text in regions.terms if regions.count else ():
        told.append(f"`{text}` computes: regions say what it comes to, not for which facts")
    for name in dict.fromkeys(requirement.id for _, requirement in regions.ignored):
        told.append(f"`must hold` `{name}` compares computed values: whom it refuses is not among the regions")
    if any(not each.sure for region in regions.found for each in region.difference):
        told.append("where two formulas differ they may come to the same for some")
    if any(region.customer is None for region in regions.found):
        told.append("where no example was found there may be nobody")
    return told


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


# --- for programs -----------------------------------------------------------------------------------------------


def as_data(found: Differences, old: str, new: str) -> dict[str, Any]:
    """The same as JSON; numbers are decimal strings."""
    data: dict[str, Any] = {
        "old": old,
        "new": new,
        "same": found.same,
        "changes": [_change(change) for change in found.changes],
        "exact": found.regions is not None,
        "regions": None,
        "uncovered": [
            {"what": each.what, "why": each.why, "file": each.span.file, "line": each.span.line}
            for each in found.uncovered
        ],
        "samples": None,
    }
    if found.regions is not None:
        data["regions"] = [_region(found.regions, each) for each in found.regions.found]
        data["regions_in_all"] = found.regions.count
        data["notes"] = notes(found, found.regions)
    if found.sampled is not None:
        samples = [{**_differs(each.difference), **_customer(each)} for each in found.sampled.found]
        data["samples"] = {"tried": found.sampled.tried, "differing": found.sampled.differing, "found": samples}
    return data


def _change(change: Change) -> dict[str, Any]:
    told = {"sort": change.sort, "what": change.what, "part": change.part, "before": change.before}
    return {**told, "after": change.after, "line": change.line, "text": change_text(change)}


def _region(regions: Regions, each: DifferentRegion) -> dict[str, Any]:
    told = {"where": region_text(regions.space, each.box), "conditions": conditions(regions.space, each.box)}
    return {**told, **_differs(each.difference), **_customer(each.customer)}


def _differs(difference: Difference) -> dict[str, Any]:
    return {
        "outputs": [
            {"output": each.output, "before": _result(each.old), "now": _result(each.new), "sure": each.sure}
            for each in difference
        ]
    }


def _result(result: Result) -> dict[str, Any]:
    if result.refused:
        return {"refused": result.refused}
    return {"formula": result.text} if result.text else {"value": plain(result.value)}


def _customer(customer: Customer | None) -> dict[str, Any]:
    if customer is None:
        return {"example": None}
    real = _differs(customer.difference)["outputs"]
    return {"example": {"facts": plain(dict(customer.facts)), "at": customer.at.isoformat(), "outputs": real}}
