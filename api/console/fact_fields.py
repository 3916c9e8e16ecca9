"""A service's facts as fields of a form, and what was typed there as the facts of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

Json = dict[str, Any]
PREFIX = "fact."
"""Before a fact's name, in a form."""
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)
_SIMPLE = ("number", "flag", "text", "date", "date and time")
_RANGE = re.compile(r"[\[(](-?[\d.]+)\.\.(-?[\d.]+)[\])]")


def fields_of(facts: list[Json], given: Mapping[str, Any]) -> list[Json]:
    """Of each fact what a field shows: its kind, its value as text, its choices, and whether a request must have it."""
    return [
        {
            "name": each["fact"],
            "kind": each["type"] if each["type"] in _SIMPLE else "list" if _is_list(each) else "json",
            "value": typed(given.get(each["fact"])),
            "values": each.get("values") or [],
            "needed": each["need"] == "required",
            "range": each.get("range", ""),
            "ends": ends(each.get("range", "")),
            "unit": each.get("unit", ""),
            "meaning": each["meaning"],
            "if_absent": each["if_absent"],
        }
        for each in facts
    ]


def typed(value: Any) -> str:
    """A value of JSON as somebody types it; nothing is an empty field."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case {"amount": amount, **rest} if set(rest) <= {"currency"}:
            return str(amount)
        case list() if all(isinstance(each, str | int) for each in value):
            return ", ".join(map(str, value))
        case dict() | list():
            return orjson.dumps(value).decode()
    return str(value)


def read_facts(fields: list[Json], form: Mapping[str, str]) -> Json:
    """The facts that were typed, as a request has them; empty fields are left out.

    What is no value of its type stays the text that it is: the refusal of the service says so in its own words.
    """
    told = {}
    for field in fields:
        text = form.get(PREFIX + field["name"], "").strip()
        if text:
            told[field["name"]] = value_of(field["kind"], text)
    return told


def value_of(kind: str, text: str) -> Any:
    """Of a field of that kind; numbers keep every digit."""
    if kind == "number" and _NUMBER.fullmatch(text):
        return orjson.Fragment(text)
    if kind == "flag" and text in ("true", "false"):
        return text == "true"
    if kind == "list" and not text.startswith("["):
        return [] if text == "none" else [each.strip() for each in text.split(",") if each.strip()]
    if kind in ("json", "list"):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
    return text


def ends(text: str) -> list[str] | None:
    """The two ends of a range that has both: `[0..1]` is 0 and 1."""
    found = _RANGE.fullmatch(text.replace(" ", ""))
    return None if found is None else [found[1], found[2]]


def _is_list(fact: Json) -> bool:
    return str(fact["type"]).startswith("list of text")
