"""What differs between two versions: in words, for whom it would be decided otherwise, and rule by rule."""

from __future__ import annotations

from typing import Any

from ordain.api.console.asked import Asked, Refused
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.of_policy import of_policy


def policy_diff(asked: Asked, names: Names, query: Query) -> Json:
    """`v` against the one that the query calls `against`, or the one before; `difference` is None for a first one."""
    told = of_policy(asked, names, query)
    number = told["version"]["version"]
    others = [each["version"] for each in told["policy"]["versions"] if each["version"] != number]
    lower = [each for each in others if each < number]
    against = query.get("against", "") or str(max(lower) if lower else others[0] if others else "")
    if not against:
        return {**told, "others": [], "against": "", "difference": None, "tables": []}
    at = f"/v1/policies/{names['policy']}/versions"
    if against not in map(str, others):
        raise Refused(404, {"code": "UnknownPolicy", "message": f"there is no other version `{against[:20]}`"})
    difference = asked.get(f"{at}/{number}/diff", against=against)
    old, new = (asked.get(f"{at}/{each}/tables")["tables"] for each in (against, number))
    return {**told, "others": others, "against": against, "difference": difference, "tables": _tables(old, new)}


def _tables(old: list[Json], new: list[Json]) -> list[Json]:
    """Rules that are others, those that are gone and new ones; a cell has what it `was` where that is another text."""
    before, after = ({table["name"]: table for table in tables} for tables in (old, new))
    shown = []
    for name in dict.fromkeys((*after, *before)):
        was, now = before.get(name), after.get(name)
        headings = dict.fromkeys(_headings(now) + _headings(was))
        rows = [row for row in _rows(was, now, list(headings)) if row["how"] != "same"]
        shown.append({"name": name, "headings": list(headings), "rows": rows})
    return shown


def _headings(table: Json | None) -> list[str]:
    return [] if table is None else [each["text"] for each in table["columns"]]


def _rows(was: Json | None, now: Json | None, headings: list[str]) -> list[Json]:
    old, new = _by_rule(was), _by_rule(now)
    return [_row(old.get(rule), new.get(rule), headings) for rule in dict.fromkeys((*new, *old))]


def _row(was: Json | None, now: Json | None, headings: list[str]) -> Json:
    cells: list[dict[str, Any]] = []
    for heading in headings:
        before, after = (row.get(heading, "") if row else "" for row in (was, now))
        cells.append({"was": before if was and before != after else "", "now": after, "differs": before != after})
    how = "new" if was is None else "gone" if now is None else "changed" if was != now else "same"
    if how == "gone":
        cells = [{"was": (was or {}).get(heading, ""), "now": "", "differs": True} for heading in headings]
    return {"how": how, "cells": cells}


def _by_rule(table: Json | None) -> dict[str, Json]:
    """The rows by the id of their rule, which is their first text."""
    if table is None:
        return {}
    headings = _headings(table)
    rows = [*table["rows"], *([table["otherwise"]] if table["otherwise"] else [])]
    return {row[0]: dict(zip(headings, row, strict=True)) for row in rows}
