"""The text of a draft in a field to be typed in, with what the language knows beside it."""

from __future__ import annotations

from ordain.api.console.asked import Asked, Refused
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.of_policy import of_policy
from ordain.engine.feel.functions import FUNCTIONS


def policy_edit(asked: Asked, names: Names, query: Query) -> Json:
    """Raises Refused for a version whose text stays as it is, or for who may not edit."""
    told = of_policy(asked, names, query)
    number = told["version"]["version"]
    if not told["may"]["edit"]:
        said = "a draft is edited by who has the right `edit policies`, such as an editor"
        raise Refused(403, {"code": "NotPermitted", "message": said})
    if not told["open"]:
        said = f"version {number} is no draft here: its text stays as it is"
        raise Refused(409, {"code": "StepRefused", "message": said, "details": [{"hint": "begin a new version"}]})
    found = asked.text(f"/v1/policies/{names['policy']}/versions/{number}/text")
    return {**told, "digest": found.etag.strip('"'), "text": found.body, "functions": _functions()}


def _functions() -> list[Json]:
    """Each function of the language: what it means, and an example with its result."""
    return [
        {"name": name, "meaning": each.meaning, "example": each.example, "result": each.result}
        for name, each in sorted(FUNCTIONS.items())
    ]
