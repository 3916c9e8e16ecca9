"""Faults planted in the SQL reading are seen by what compares it with Python's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from policies_for_sql import FACTS, GIVEN, HEAD, SERVICES
from sql_reading import by_python, differences, in_duckdb
from sqlglot import exp

from ordain.engine.backends.sql import choices_in_sql, numbers_in_sql, sql_terms, tables_in_sql
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.functions_in_sql import EMITTERS
from ordain.engine.backends.sql.sql_terms import Sql
from ordain.engine.catalog import plan_of
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.statements.statement import statement

AT = dt.datetime(2026, 3, 15, 21, 30, tzinfo=dt.UTC)
ROW: dict[str, Any] = {
    **GIVEN, "n": Decimal("2.5"), "whole": Decimal(3), "maybe_n": None, "rate": Decimal("1.5"), "price": Decimal("10.05"), "maybe_t": None,
    "f": False, "maybe_f": None, "d": dt.date(2024, 1, 31), "maybe_d": None, "tags": ("a",), "days_left": Decimal(1),
}  # fmt: skip
Plant = Callable[[pytest.MonkeyPatch], None]


def differs(decides: str, gives: str = "x", row: Mapping[str, Any] = ROW) -> list[str]:
    """In what the two readings of one policy differ for one customer."""
    known = ", ".join(f"{name}: {value}" for name, value in GIVEN.items())
    text = f"{HEAD}{decides}examples:\n  - given: {{{known}}}\n    refused: NotTried\n"
    plan = plan_of("act", FACTS, SERVICES % gives.encode(), [("sample@1", text.encode())])
    sql = statement(plan, AT, keep=["row"])
    return differences(by_python(plan, load_vocabulary(FACTS, "facts.yaml"), row, AT, sql), in_duckdb(sql, [row])[0])


def formula(text: str, gives: str = "number") -> str:
    return f"  x:\n    gives: {gives}\n    formula: '{text}'\n"


def table(hit_policy: str, *rules: str, gives: str = "number") -> str:
    lines = "".join(f"      - {rule}\n" for rule in rules)
    return f"  x:\n    gives: {gives}\n    hit policy: {hit_policy}\n    rules:\n{lines}"


def half_up_for_half_even(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMITTERS, "decimal", EMITTERS["round half up"])  # type: ignore[arg-type]


def sums_cut_to_no_decimals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers_in_sql, "_fits", lambda digits: type(digits)(digits.whole, 0))


def at_most_for_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(numbers_in_sql.COMPARED, "<", exp.LTE)


def no_fault_for_null(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_terms, "in_turn", lambda parts, keep: None)
    monkeypatch.setattr(choices_in_sql, "in_turn", lambda parts, keep: None)


def faults_of_all_operands(monkeypatch: pytest.MonkeyPatch) -> None:
    first_of = sql_terms.first_of
    monkeypatch.setattr(choices_in_sql, "in_turn", lambda parts, keep: first_of(fault for fault, _ in parts))


def last_rule_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    real = tables_in_sql.case
    monkeypatch.setattr(tables_in_sql, "case", lambda branches, otherwise=None: real(list(branches)[::-1], otherwise))


def months_without_the_last_day(monkeypatch: pytest.MonkeyPatch) -> None:
    later = Dialect.days_later

    def days(self: Dialect, day: exp.Expr, months: exp.Expr) -> exp.Expr:
        return later(self, day, exp.Mul(this=months, expression=exp.Literal.number(30)))

    monkeypatch.setattr(Dialect, "months_later", days)


def null_for_division_by_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numbers_in_sql.divided
    monkeypatch.setattr(numbers_in_sql, "divided", lambda *given: _without_fault(real(*given)))


def _without_fault(value: Sql) -> Sql:
    return Sql(value.value, None, value.digits, value.positive, value.written, value.quotient)


PLANTED: dict[str, tuple[Plant, str, dict[str, Any]]] = {
    "half is rounded up, not to even": (half_up_for_half_even, formula("decimal(n, 0)"), ROW),
    "a sum loses its decimals": (sums_cut_to_no_decimals, formula("n + 1"), ROW),
    "below is at most": (at_most_for_below, formula("price < 10.05", "flag"), ROW),
    "a missing fact is no error": (no_fault_for_null, formula("maybe_f and f", "flag"), ROW),
    "`and` is not tried from the left": (faults_of_all_operands, formula("f and maybe_f", "flag"), ROW),
    "the last rule that matches comes out": (
        last_rule_for_first,
        table("first", "{id: a, when: {f: 'false'}, then: 1}", "{id: b, when: {}, then: 2}"),
        ROW,
    ),
    "a month has thirty days": (months_without_the_last_day, formula("d + months(1 + whole - whole)", "date"), ROW),
    "division by zero gives null": (null_for_division_by_zero, formula("decimal(n / (whole - 3), 2)"), ROW),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, decides, row = PLANTED[name]
    assert differs(decides, row=row) == []
    plant(monkeypatch)
    assert differs(decides, row=row) != []


@pytest.mark.parametrize("hit_policy", ["collect", "rule order"])
def test_a_list_of_which_no_rule_fires_has_what_stands_under_otherwise(hit_policy: str) -> None:
    decides = table(hit_policy, "{id: a, when: {f: 'true'}, then: a}", gives="text") + "    otherwise: none\n"
    assert differs(decides) == []
    assert differs(decides, row={**ROW, "f": True}) == []


def test_a_list_of_which_no_rule_fires_lacks_what_otherwise_needs() -> None:
    decides = table("collect", "{id: a, when: {f: 'true'}, then: a}", gives="text") + "    otherwise: '= maybe_t'\n"
    assert differs(decides) == []
    assert differs(decides, row={**ROW, "f": True}) == []
    assert differs(decides, row={**ROW, "maybe_t": "high"}) == []


@pytest.mark.parametrize("text", ["(n * 0.00000001) * (n * 0.00000001)", "(n * 1.999999) * (n * 1.999999)"])
def test_a_product_has_room_for_all_its_digits(text: str) -> None:
    assert differs(formula(text), row={**ROW, "n": Decimal("49.99")}) == []
    assert differs(formula(text), row={**ROW, "n": Decimal("-50")}) == []
