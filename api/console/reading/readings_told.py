"""Readings as pages show them: by what was done, and which of them told a person about a decision."""

from __future__ import annotations

from ordain.api.console.page_shape import Json

_LETTERS = {
    "http explanation": "letter",
    "explain": "letter",
    "http link": "link",
    "link opened": "opened",
    "package": "package",
}
"""Actions by which a letter to the person is made or read; what they are called in `texts.yaml`."""


def readings(told: Json) -> Json:
    """The answer of `.../readers`, each row with the kind of `letter` that it was, if it was one."""
    return {**told, "readers": [{**each, "letter": _LETTERS.get(each["action"], "")} for each in told["readers"]]}


def of_search(found: Json) -> Json:
    """The same of reading entries that a search found, which who may not read records gets without private parts."""
    rows = [
        {
            "entry_id": each["entry_id"],
            "recorded_at": each["recorded_at"],
            **each["about"],
            "actor": (each.get("private") or {}).get("actor"),
            "purpose": (each.get("private") or {}).get("purpose"),
        }
        for each in found["entries"]
    ]
    return readings({"readers": rows, "more": found["more"]})
