"""The examples of a version as a grid, what it decides for each, and which of them reach each rule."""

from __future__ import annotations

from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.of_policy import of_policy

_GIVEN, _EXPECT, _ACTUAL = "given: ", "expect: ", "actual: "


def policy_tests(asked: Asked, names: Names, query: Query) -> Json:
    """Each example: its facts, each output with what is expected and what comes out, and whether all is as expected."""
    told = of_policy(asked, names, query)
    found = asked.get(f"/v1/policies/{names['policy']}/versions/{told['version']['version']}/examples")
    rows = [dict(zip(found["headings"], row, strict=True)) for row in found["rows"]]
    facts = [each.removeprefix(_GIVEN) for each in found["headings"] if each.startswith(_GIVEN)]
    paths = [each.removeprefix(_EXPECT) for each in found["headings"] if each.startswith(_EXPECT)]
    asked_for = [path for path in paths if any(row[f"{_EXPECT}{path}"] for row in rows)]
    return {
        **told,
        "facts": [fact for fact in facts if any(row[f"{_GIVEN}{fact}"] for row in rows)],
        "outputs": asked_for,
        "examples": [
            {
                "number": number,
                "at": row["at"],
                "given": {fact: row[f"{_GIVEN}{fact}"] for fact in facts},
                "outputs": {path: [row[f"{_EXPECT}{path}"], row[f"{_ACTUAL}{path}"]] for path in asked_for},
                "refused": row["refused"],
                "verdict": row["verdict"],
            }
            for number, row in enumerate(rows, start=1)
        ],
        "rules": found["rules"],
        "percent": found["percent"],
        "failed": found["failed"],
    }
