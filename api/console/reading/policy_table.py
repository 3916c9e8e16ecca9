"""The tables of a version: as grids to be read, or as sheets whose cells are edited in place."""

from __future__ import annotations

from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.of_policy import of_policy


def policy_table(asked: Asked, names: Names, query: Query) -> Json:
    """`editable`: `tables` are sheets, and their rules can be changed; else they are grids. `digest` is the text's."""
    told = of_policy(asked, names, query)
    editable = bool(told["open"] and told["may"]["edit"])
    at = f"/v1/policies/{names['policy']}/versions/{told['version']['version']}/tables"
    answer = asked.get(at, form="sheets" if editable else "grids")
    if editable and not answer["tables"]:
        editable, answer = False, asked.get(at, form="grids")
    return {**told, "editable": editable, "tables": answer["tables"], "digest": answer["digest"], "at": at}
