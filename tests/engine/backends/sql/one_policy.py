"""One policy and one customer, decided by both readings; for tests that name a case."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from policies_for_sql import FACTS, GIVEN, HEAD, SERVICES
from sql_reading import Decided, by_python, differences, in_duckdb, in_postgresql

from ordain.engine.catalog import plan_of
from ordain.engine.evaluate import Plan
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.statements.statement import Statement, statement

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
ROW: dict[str, Any] = {
    **GIVEN, "n": Decimal("2.5"), "whole": Decimal(3), "maybe_n": None, "rate": Decimal("1.5"),
    "price": Decimal("10.05"), "maybe_t": None, "f": False, "maybe_f": None, "d": dt.date(2024, 1, 31),
    "maybe_d": None, "tags": ("a",), "days_left": Decimal(1), "balance": Decimal("-3.5"), "maybe_price": None,
    "share": Decimal("0.85"), "left": Decimal(1), "maybe_tags": None,
}  # fmt: skip


def planned(decides: str, gives: str = "x", before: str = "") -> Plan:
    """The plan of a policy with these decisions; `before` are its other sections."""
    body = before + decides
    known = ", ".join(f"{name}: {value}" for name, value in GIVEN.items() if re.search(rf"\b{name}\b", body))
    head = HEAD.replace("decides:\n", f"{before}decides:\n")
    text = f"{head}{decides}examples:\n  - given: {{{known}}}\n    refused: NotTried\n"
    return plan_of("act", FACTS, SERVICES % gives.encode(), [("sample@1", text.encode())])


def said(
    decides: str, gives: str = "x", before: str = "", *, dialect: str = "duckdb", explained: bool = True
) -> Statement:
    return statement(planned(decides, gives, before), AT, dialect=dialect, keep=["row"], explained=explained)


def both(
    decides: str, gives: str = "x", row: Mapping[str, Any] = ROW, before: str = "", url: str = ""
) -> tuple[Decided, Decided]:
    """What Python and what SQL makes of the customer; with `url` in PostgreSQL."""
    plan = planned(decides, gives, before)
    sql = statement(plan, AT, keep=["row"], dialect="postgres" if url else "duckdb")
    python = by_python(plan, load_vocabulary(FACTS, "facts.yaml"), row, AT, sql)
    return python, (in_postgresql(sql, [row], url) if url else in_duckdb(sql, [row]))[0]


def differs(decides: str, gives: str = "x", row: Mapping[str, Any] = ROW, before: str = "", url: str = "") -> list[str]:
    """In what the two readings of one policy differ for one customer."""
    return differences(*both(decides, gives, row, before, url))


def formula(text: str, gives: str = "number") -> str:
    return f"  x:\n    gives: {gives}\n    formula: '{text}'\n"


def table(hit_policy: str, *rules: str, gives: str = "number") -> str:
    lines = "".join(f"      - {rule}\n" for rule in rules)
    return f"  x:\n    gives: {gives}\n    hit policy: {hit_policy}\n    rules:\n{lines}"
