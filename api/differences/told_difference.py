"""Differences between two versions as programs read them, and the sentences that people are told, too."""

from __future__ import annotations

from typing import Any

from ordain.engine.compare.changes import CHANGED, MOVED, RENAMED, Change
from ordain.engine.compare.deciding import Difference, Result
from ordain.engine.compare.difference import Differences, DifferentRegion, Regions
from ordain.engine.compare.example_customers import Customer
from ordain.engine.compare.region_text import conditions, region_text
from ordain.engine.values.types import plain

ARROW = " → "


def as_data(found: Differences, old: str, new: str) -> dict[str, Any]:
    """All that differs, as JSON; numbers are decimal strings."""
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


def change_text(change: Change) -> str:
    """`rule x of offer, churn_risk: > 0.80 → > 0.85`."""
    what = f"{change.what}, {change.part}" if change.part else change.what
    if change.sort in (CHANGED, MOVED, RENAMED):
        return f"{what}: {change.before or '(nothing)'}{ARROW}{change.after or '(nothing)'}"
    text = change.after or change.before
    return f"{what}: {text}" if text else what


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
