"""Sheets as people make them: nothing is guessed without a word, and no row or table is lost."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook

from ordain.engine.errors import PolicyError
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.sheets.foreign.columns import columns_of
from ordain.engine.sheets.foreign.layout import layout_of
from ordain.engine.sheets.foreign.policy_text import Made, Named, policy_of
from ordain.engine.sheets.foreign.squares import read_foreign

SHIPPED = load_vocabulary((Path(__file__).parents[3] / "policies/facts.yaml").read_bytes(), "facts.yaml")
NAMED = Named("tariff", dt.date(2027, 1, 1), "pricing", "tariff")
Rows = list[list[Any]]


def made(text: str, **told: str) -> Made:
    """The policy of a CSV file."""
    return _made(text.encode(), "x.csv", told)


def _made(data: bytes, file: str, told: dict[str, str]) -> Made:
    layout = layout_of(read_foreign(data, file))
    columns, questions = columns_of(layout, SHIPPED, told)
    assert questions == ()
    return policy_of(layout, columns, SHIPPED, NAMED)


def of_workbook(rows: Rows, prepare: Callable[[Any], None] = lambda page: None, **told: str) -> Made:
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "Tariff"
    for row in rows:
        page.append(row)
    prepare(page)
    kept = io.BytesIO()
    book.save(kept)
    return _made(kept.getvalue(), "x.xlsx", told)


def rules(done: Made) -> list[tuple[Any, Any]]:
    table = yaml.safe_load(done.policy)["decides"]["tariff"]["rules"]
    return [(rule.get("when"), rule["then"]) for rule in table]


def notes(done: Made) -> str:
    return "\n".join(map(str, done.notes))


def test_two_tables_side_by_side_are_refused_and_a_column_of_notes_set_apart_is_not() -> None:
    with pytest.raises(PolicyError) as refused:
        made("Clv tier,Discount,,Usage,Surcharge\nhigh,5,,0-5,1\nlow,2,,6+,2\n,,,9+,3\n")
    assert refused.value.message == "sheet `CSV`, row 4: the empty column C divides two tables"
    done = made("Clv tier,Discount,,Notes\nhigh,5,,\nlow,2,,as before\n")
    assert len(rules(done)) == 2
    assert "what stands left and right of the empty column C is taken as one table" in notes(done)


def test_rows_of_which_only_what_is_left_out_has_something_are_no_rules() -> None:
    done = made("Clv tier,Discount,Extra\nhigh,5,a\n,,b\n,,c\n", Extra="leave out")
    assert rules(done) == [({"clv_tier": "high"}, {"discount": 5})]


def test_a_column_of_amounts_is_asked_about_though_a_fact_has_its_name() -> None:
    def asked(text: str) -> list[str]:
        _, questions = columns_of(layout_of(read_foreign(text.encode(), "x.csv")), SHIPPED, {})
        return [f"{each.heading.text}: {each.choices.split(', ')[0]}" for each in questions]

    assert asked("Clv tier,Price,Bonus\nhigh,100,5\nlow,200,6\n") == ["Price: when price"]
    assert asked("Clv tier,Price,Bonus\nhigh,> 100,5\nlow,<= 100,6\n") == []
    assert asked("Clv tier,Price,Bonus\nhigh,> $100,5\nlow,<= $100,6\n") == ["Price: when price"]
    assert asked("Clv tier,Tenure months\nhigh,2 years\nlow,5 years\n") == ["Tenure months: when tenure_months"]
    assert asked("Clv tier,Salary,Bonus\nhigh,10k+,5\nlow,> 5 lakh,6\n") == ["Salary: when FACT"]
    assert asked("Usage,Tenure months,Bonus\n0-5,12,5\n6+,24,6\n") == []


def test_a_row_of_totals_is_left_out_and_told() -> None:
    done = made("Customer,Usage,Discount\na,0-5,5\nb,6+,6\nTotal,,11\n", Customer="when customer_name")
    assert [when["customer_name"] for when, _ in rules(done)] == ["a", "b"]
    assert "row 4, `Total`, sums up the others and is left out" in notes(done)


def test_cells_left_empty_below_a_group_are_told() -> None:
    done = made("Clv tier,Usage,Discount\nhigh,0-5,5\n,6+,6\nlow,any,7\n")
    assert "x.csv:3:1: column A, `Clv tier`: empty in 1 row, which are taken" in notes(done).replace("rows", "row")
    whole = made("Clv tier,Usage,Discount\nhigh,0-5,5\nhigh,6+,6\nlow,any,7\n")
    assert notes(whole) == ""


def test_hidden_rows_and_columns_are_read_and_told() -> None:
    def hide(page: Any) -> None:
        page.row_dimensions[3].hidden = True
        page.column_dimensions["C"].hidden = True

    done = of_workbook([["Clv tier", "Discount", "Bonus"], ["high", 5, 1], ["low", 2, 2]], hide)
    assert len(rules(done)) == 2
    assert "sheet `Tariff`: row 3: hidden, and read all the same" in notes(done)
    assert "sheet `Tariff`: column C: hidden, and read all the same" in notes(done)


@pytest.mark.parametrize(
    ("text", "given", "told"),
    [
        ("Usage;Preis\n0 - 1.000;1.600\n> 1.000;2,500\n", [1600, 2.5], ""),
        ("Usage;Preis\n0 - 1.000;1.600,50\n> 1.000;2,5\n", [1600.5, 2.5], ""),
        ('Usage,Fee\n0 - 5,"1,600"\n> 5,2.5\n', [1600, 2.5], ""),
        ("Usage,Fee\n0 - 5,1.600\n> 5,3\n", [1.6, 3], "row 2, column B: `1.600` is read with a decimal point"),
        ('Usage,Fee\n0 - 5,"1,5"\n> 5,2.5\n', [1.5, 2.5], "decimal points and decimal commas"),
        ("Usage;Fee\n0 - 5;1.5\n> 5;01.11.2026\n", ["1.5", "01.11.2026"], "`01.11.2026` is no number"),
    ],
)
def test_points_and_commas_mean_what_they_mean_in_the_sheet(text: str, given: list[object], told: str) -> None:
    done = made(text)
    assert [next(iter(then.values())) for _, then in rules(done)] == given
    assert told in notes(done)
    assert told or notes(done) == ""


def test_texts_stay_as_they_stand_and_what_reads_as_more_than_one_is_told() -> None:
    done = made('Code,Offer\n"1,600",5 %\n"A, B",free month\n', Code="when code_of_plan")
    assert rules(done) == [
        ({"code_of_plan": '"1,600"'}, {"offer_percent": "5 %"}),
        ({"code_of_plan": '"A, B"'}, {"offer_percent": "free month"}),
    ]
    assert "row 2, column A: `1,600` is taken as one text, as it stands" in notes(done)
    assert "row 3, column B: `free month` is no number as others of this column are" in notes(done)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Clv tier,Discount %\nhigh,0.05\nlow,0.1\n", "column B, `Discount %`: 0.05 is taken as 0.05 percent"),
        ("Churn risk (%),Discount\n0.5,1\n0.2,2\n", "0.5 is taken as 0.5 of `churn_risk`, not as percent"),
        ("Since,Discount\n01/11/2026,1\n13/12/2026,2\n", "`01/11/2026` is taken as one text"),
        ("Since,Discount\n5 lakh - 10 lakh,1\n10k+,2\n", "`5 lakh - 10 lakh` is taken as one text"),
    ],
)
def test_what_may_be_meant_otherwise_is_told(text: str, said: str) -> None:
    told = {"Since": "when since_then"} if text.startswith("Since") else {}
    assert said in notes(made(text, **told))
