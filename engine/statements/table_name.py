"""The name of the table that a statement reads: a name and nothing else, whatever stands in it."""

from __future__ import annotations

import re

from sqlglot import exp

from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.errors import MalformedRequest

_PARTS = 3
"""Database, schema, table."""


def table_named(text: str, dialect: Dialect) -> exp.Table:
    """The table of `facts`, `shop.facts`, `"My facts"`; what is in quotes is taken as it stands.

    Raises MalformedRequest for anything that is no name: a query, a function, a file, two statements.
    """
    mark = "`" if dialect.name in ("spark", "bigquery") else '"'
    inner = f"{mark}((?:[^{mark}\0]|{mark}{mark})+){mark}"
    plain = r"[^\W\d][\w$]*" if dialect.name != "bigquery" else r"[^\W\d][\w$-]*"
    part = re.compile(f"{inner}|({plain})")
    parts: list[exp.Identifier] = []
    place = 0
    while (found := part.match(text, place)) is not None:
        quoted, bare = found.groups()
        if quoted is not None:
            parts.append(exp.to_identifier(quoted.replace(mark * 2, mark), quoted=True))
        else:
            parts.append(exp.parse_identifier(bare, dialect=dialect.name))
        place = found.end()
        if place == len(text) or text[place] != ".":
            break
        place += 1
    if not parts or place != len(text) or text.endswith(".") or len(parts) > _PARTS:
        raise MalformedRequest(
            f"`{text}` is not the name of a table in {dialect.title}",
            f"for example customers, shop.customers, or {mark}My customers{mark} where it is no plain word; "
            "make a view of anything else",
        )
    names = ("catalog", "db", "this")[-len(parts) :]
    return exp.Table(**dict(zip(names, parts, strict=True)))
