"""Faults planted in the SQL reading are seen by what compares it with Python's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from one_policy import ROW, differs, formula, table
from sqlglot import exp

from ordain.engine.backends.sql import (
    called_in_sql,
    choices_in_sql,
    expressions_in_sql,
    lists_in_sql,
    loops_in_sql,
    numbers_in_sql,
    sql_terms,
    tables_in_sql,
)
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.functions_in_sql import EMITTERS
from ordain.engine.backends.sql.sql_terms import Items, Rows, Sql, Value

Plant = Callable[[pytest.MonkeyPatch], None]


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


def zeros_stay_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers_in_sql, "divided_by_written", lambda left, part, dialect: left)


def positions_from_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    real = lists_in_sql.at_position

    def shifted(items: Items, place: Sql, fails: int, dialect: Dialect) -> Value:
        return real(Items((*items.parts[1:], items.parts[0])), place, fails, dialect)

    monkeypatch.setattr(lists_in_sql, "at_position", shifted)


def null_is_told_as_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers_in_sql, "missing", lambda number: exp.false())


def all_calls_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(called_in_sql, "is_reached", lambda when: exp.true())


def arguments_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(called_in_sql, "_not_taken", lambda *given: None)


def filters_keep_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops_in_sql, "filtered", lambda writer, node: lists_in_sql.items_of(writer.of(node.base)))


def every_is_some(monkeypatch: pytest.MonkeyPatch) -> None:
    real = loops_in_sql.quantified
    monkeypatch.setattr(loops_in_sql, "quantified", lambda at, node: real(at, replace(node, quantifier="some")))


def what_is_not_there_is_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = lists_in_sql.total

    def total(rows: Rows, dialect: Dialect) -> Sql:
        return real(Rows([replace(row, when=exp.true()) for row in rows.rows]), dialect)

    monkeypatch.setattr(lists_in_sql, "total", total)


def no_first_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    real = expressions_in_sql.first_row
    monkeypatch.setattr(expressions_in_sql, "first_row", lambda *given: replace(real(*given), fault=None))


FEE = """\
functions:
  fee:
    takes: {a: number}
    gives: number
    hit policy: first
    rules:
      - {id: some, when: {a: "> 2"}, then: a}
    otherwise: 0
"""


def because(text: str) -> str:
    return table("first", f"{{id: a, when: {{}}, then: 1, because: '{text}'}}")


PLANTED_BESIDE: dict[str, tuple[Plant, str, str]] = {
    "zeros stand at the end of a number in a reason": (zeros_stay_at_the_end, because("It is {n}."), ""),
    "a month is called as the next one": (positions_from_zero, because("Since {d}."), ""),
    "a reason without a value is none": (null_is_told_as_nothing, because("It was {maybe_n}."), ""),
    "a call that does not come to pass is told": (all_calls_are_told, formula("if f then fee(n) else 1"), FEE),
    "an argument that is missing is no error": (arguments_are_not_held, formula("fee(maybe_n)"), FEE),
    "a filter keeps all": (filters_keep_all, formula("count([n + 0, 1][item > 2])"), ""),
    "`every` is `some`": (every_is_some, formula("every i in [n + 0, 1] satisfies i > 2", "flag"), ""),
    "what is not there counts in a sum": (what_is_not_there_is_summed, formula("sum([n + 0, 1][item > 2])"), ""),
    "the first of nothing is null": (
        no_first_is_null,
        table("collect", "{id: a, when: {f: 'true'}, then: 1}") + "  y:\n    gives: number\n    formula: x[1]\n",
        "",
    ),
}


@pytest.mark.parametrize("name", PLANTED_BESIDE)
def test_a_planted_fault_in_reasons_calls_and_lists_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, decides, before = PLANTED_BESIDE[name]
    gives = "y" if "  y:" in decides else "x"
    assert differs(decides, gives, before=before) == []
    plant(monkeypatch)
    assert differs(decides, gives, before=before) != []


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
