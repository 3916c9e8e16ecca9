"""docs/readings.md says of each function and operator which readings know it. `ORDAIN_WRITE_TABLE=1` writes it anew."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ordain.engine.backends.smt import smt_functions, smt_operations
from ordain.engine.backends.smt.unsupported import Unsupported
from ordain.engine.backends.sql import functions_in_sql, operations_in_sql
from ordain.engine.backends.sql.not_in_sql import Unsupported as NotInSql
from ordain.engine.feel.functions import FUNCTIONS, GROUPS
from ordain.engine.feel.functions.operators import OPERATIONS

PAGE = Path(__file__).parents[2] / "docs" / "readings.md"
HEAD = """\
# What each reading knows

A policy has three readings: Python decides one request, [SQL](sql.md) decides a table, and a solver
[proves](prove.md) what is true of everybody. Python knows all of the language. What another reading does not know it
refuses, with the place in the policy and the reason below; it never says something that is nearly the same.

What depends on the clock alone, or in SQL on one fact with declared values, is worked out beforehand by Python: then it
does not matter that the function itself is not known.

| of the language | SQL | proofs |
|---|---|---|
| `for`, `some`, `every`, filters; `sum`, `min`, `mean` and the like | over a list that is written, a constant, \
`1..12`, what a table or a loop gives; \
not over a list that is a column | lists of facts with four items at the most; not `1..12` |
| functions and tables that are called | yes, where they are called by their names | yes |
| reasons with `{...}` | yes, where the value has a text | not asked about |
"""
TITLE = "\n## {}\n\n| {} | SQL | proofs |\n|---|---|---|\n"


def standing(entry: object) -> str:
    """A word for one that is known, the reason for one that is not."""
    return f"no: {entry.reason}" if isinstance(entry, NotInSql | Unsupported) else "yes"


def rows(names: Mapping[str, object], sql: Mapping[str, object], smt: Mapping[str, object]) -> Iterator[str]:
    for name in names:
        yield f"| `{name}` | {standing(sql[name])} | {standing(smt[name])} |\n"


def page() -> str:
    parts = [HEAD]
    for group, names in GROUPS.items():
        parts.append(TITLE.format(group, "function"))
        parts.extend(rows(names, functions_in_sql.EMITTERS, smt_functions.FUNCTIONS))
    parts.append(TITLE.format("Operators and properties", "operation"))
    parts.extend(rows(OPERATIONS, operations_in_sql.EMITTERS, smt_operations.EMITTERS))
    return "".join(parts)


def test_the_page_tells_of_each_function_and_operator() -> None:
    if os.environ.get("ORDAIN_WRITE_TABLE"):
        PAGE.write_text(page(), encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    assert text == page()
    assert all(f"| `{name}` |" in text for name in (*FUNCTIONS, *OPERATIONS))
