"""One policy and a few customers decided twice: by the Python reading and on Spark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from policies_for_sql import FACTS, GIVEN, HEAD, SERVICES
from sql_reading import by_python, differences, in_spark

from ordain.engine.catalog import plan_of
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.statements.statement import statement

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
ROW: dict[str, Any] = {
    **GIVEN,
    **dict.fromkeys(("maybe_n", "maybe_t", "maybe_f", "maybe_d")),
    **{"n": Decimal("2.5"), "whole": Decimal(3), "rate": Decimal("1.5"), "price": Decimal("10.05")},
    **{"f": False, "d": dt.date(2024, 1, 31), "tags": ("a",), "days_left": Decimal(1)},
}


def formula(text: str, gives: str = "number", name: str = "x") -> str:
    return f"  {name}:\n    gives: {gives}\n    formula: '{text}'\n"


def differs_in_spark(decides: str, *rows: Mapping[str, Any], gives: Sequence[str] = ("x",)) -> list[str]:
    """In what the two readings of one policy differ; each row is `ROW` but for what it says."""
    known = ", ".join(f"{name}: {value}" for name, value in GIVEN.items())
    text = f"{HEAD}{decides}examples:\n  - given: {{{known}}}\n    refused: NotTried\n"
    plan = plan_of("act", FACTS, SERVICES % ", ".join(gives).encode(), [("sample@1", text.encode())])
    sql = statement(plan, AT, dialect="spark", keep=["row"])
    customers = [{**ROW, **row} for row in rows or ({},)]
    vocabulary = load_vocabulary(FACTS, "facts.yaml")
    found = in_spark(sql, customers)
    return [
        f"{part} of {number}"
        for number, (row, other) in enumerate(zip(customers, found, strict=True))
        for part in differences(by_python(plan, vocabulary, row, AT, sql), other)
    ]
