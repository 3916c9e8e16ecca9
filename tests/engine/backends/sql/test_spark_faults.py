"""Faults planted in what Spark is told are seen by what compares it with the Python reading."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from spark_policy import differs_in_spark, formula
from sqlglot import exp

from ordain.engine.backends.sql import numbers_in_sql
from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.sql_terms import Term, binary, whole

Plant = Callable[[pytest.MonkeyPatch], None]


def products_with_room_as_for_duckdb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers_in_sql, "_PRODUCTS_BY_TYPE", ())


def half_even_never_odd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers_in_sql, "_is_odd", lambda *given: exp.false())


def quotients_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(over: Term, under: Term, kind: Any, dialect: Dialect, keep: Any) -> Term:
        return dialect.number(binary(exp.Div, over, under), kind)

    monkeypatch.setattr(numbers_in_sql, "_cut_quotient", cut)


def weeks_from_sunday(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Dialect.part_of_date

    def part(self: Dialect, part: str, day: Term) -> Term:
        return exp.Anonymous(this="dayofweek", expressions=[day]) if part == "weekday" else real(self, part, day)

    monkeypatch.setattr(Dialect, "part_of_date", part)


def days_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Dialect.days_between
    monkeypatch.setattr(Dialect, "days_between", lambda self, later, earlier: real(self, earlier, later))


def months_of_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    later = Dialect.days_later
    monkeypatch.setattr(
        Dialect,
        "months_later",
        lambda self, day, months: later(self, day, binary(exp.Mul, months, whole(30))),
    )


def lists_without_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Dialect.array
    monkeypatch.setattr(Dialect, "array", lambda self, parts: real(self, parts[:-1]))


def contained_by_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dialect, "contains", lambda self, array, item: binary(exp.EQ, self.length(array), whole(1)))


LISTED = (
    "  x:\n    gives: text\n    hit policy: collect\n    rules:\n"
    "      - {id: a, when: {f: 'true'}, then: a}\n      - {id: b, when: {f: 'false'}, then: b}\n"
)
PLANTED: dict[str, tuple[Plant, str, dict[str, Any]]] = {
    "a product loses its last decimals": (
        products_with_room_as_for_duckdb,
        formula("price * price * rate * rate * 123456.11"),
        {"rate": Decimal("8.999999"), "price": Decimal("99.99")},
    ),
    "half is never rounded to even": (half_even_never_odd, formula("decimal(n, 0)"), {}),
    "a quotient is rounded where it is cut": (
        quotients_as_they_come,
        formula("round down(n / whole, 0)"),
        {"n": Decimal("2.9"), "whole": Decimal(1)},
    ),
    "the week begins on Sunday": (weeks_from_sunday, formula("d.weekday"), {}),
    "days are counted backwards": (days_backwards, formula('(d - date("2024-01-01")).days'), {}),
    "a month has thirty days": (months_of_thirty_days, formula("d + months(whole - 2)", "date"), {}),
    "a list loses its last item": (lists_without_the_last, LISTED, {}),
    "a list holds whatever is alone": (contained_by_the_other, formula('list contains(tags, "b")', "flag"), {}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, decides, row = PLANTED[name]
    assert differs_in_spark(decides, row) == []
    plant(monkeypatch)
    assert differs_in_spark(decides, row) != []


@pytest.mark.parametrize(
    "text",
    [
        "(n * 0.00000001) * (n * 0.00000001)",
        "(n * 1.999999) * (n * 1.999999)",
        "decimal(rate * rate * 0.00000001 * 12345678, 20)",
        "decimal(price * price / (rate + 9.5), 6)",
        "round half even(rate * rate * rate * 1.000001, 23)",
        "round half up(100 * price / (whole + 0.0000001), 8)",
    ],
)
def test_numbers_of_many_digits_are_exact(text: str) -> None:
    rows = [{"n": n, "rate": rate, "price": price, "whole": whole}
            for n, rate, price, whole in [
                (Decimal("49.99"), Decimal("8.999999"), Decimal("999.99"), Decimal(0)),
                (Decimal("-50"), Decimal("-8.999999"), Decimal("0.01"), Decimal(20)),
                (Decimal("0.01"), Decimal("0.000001"), Decimal(1000), Decimal(7)),
            ]]  # fmt: skip
    assert differs_in_spark(formula(text), *rows) == []
