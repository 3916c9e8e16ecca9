"""Sheets in the layout of Camunda's converter, as policies that decide what each row says."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import PolicyError
from ordain.engine.policy.fmt import formatted
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.sheets.engines.camunda_sheet import camunda_table, is_camunda
from ordain.engine.sheets.engines.table_policy import policy_of_table
from ordain.engine.sheets.foreign.policy_text import Made, Named, with_facts
from ordain.engine.sheets.foreign.squares import read_foreign

FACTS = load_vocabulary(b"facts:\n  season: {type: text, meaning: the season}\n", "facts.yaml")
NAMED = Named("dishes", dt.date(2027, 1, 1), "kitchen", "dish")
NOON = dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)

DISHES: list[list[object]] = [
    [None, "Input", "Input", "Input", "Output", "Output", "Annotation"],
    [None, "Season", "Guests", "On", "Dish", "Price", "Why"],
    [None, "FEEL", "feel", None, None, None, None],
    [None, "season", "guestCount", "order.day", "dish", "pricePerHead", None],
    ["FIRST", "string", "integer", "date", "string", "double", None],
    [None, 'not("Fall", "Winter")', ">= 20", dt.datetime(2027, 2, 1), "Buffet, cold", 9.5, "a crowd"],
    [None, "Summer", "[5..20[", "-", "Light salad", 7.25, None],
    [None, '"Winter","Fall"', "< 5", '>= date("2027-01-01")', "Roastbeef", 21, "cold outside"],
    [None, "-", None, None, '"Stew"', "2 * 4.10", None],
]


def workbook(rows: list[list[object]]) -> bytes:
    book = Workbook()
    page = book.worksheets[0]
    page.title = "Dishes"
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            if value is not None:
                page.cell(number, column).value = value  # type: ignore[assignment]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def made_of(rows: list[list[object]]) -> Made:
    sheet = read_foreign(workbook(rows), "dishes.xlsx", numbers=False)
    return policy_of_table(camunda_table(sheet), sheet, FACTS, NAMED)


def decide(made: Made, given: Mapping[str, Any]) -> Any:
    known = load_vocabulary(with_facts(FACTS.text, made.facts), "facts.yaml")
    policy = load_policy(made.policy.encode(), "policies/dishes/v1.yaml", known)
    values: dict[str, Any] = dict(given)
    compile_policy(policy).run(values, NOON, [])
    return values["dish"]


def changed(row: int, column: int, value: object) -> list[list[object]]:
    rows = [list(each) for each in DISHES]
    rows[row - 1][column - 1] = value
    return rows


def test_the_marked_sheet_is_known_and_a_persons_own_is_not() -> None:
    assert is_camunda(read_foreign(workbook(DISHES), "x.xlsx", numbers=False))
    assert not is_camunda(read_foreign(workbook(DISHES[1:]), "x.xlsx", numbers=False))
    assert not is_camunda(read_foreign(workbook([["Input", "Output", "Price"], [1, 2, 3]]), "x.xlsx", numbers=False))


@pytest.mark.parametrize(
    ("season", "guests", "day", "dish", "price"),
    [
        ("Spring", "20", dt.date(2027, 2, 1), "Buffet, cold", "9.5"),
        ("Summer", "19.99", dt.date(2026, 1, 1), "Light salad", "7.25"),
        ("Summer", "5", dt.date(2026, 1, 1), "Light salad", "7.25"),
        ("Winter", "4", dt.date(2027, 1, 1), "Roastbeef", "21"),
        ("Fall", "4", dt.date(2026, 12, 31), "Stew", "8.2"),
        ("Fall", "20", dt.date(2027, 2, 1), "Stew", "8.2"),
        ("Summer", "20", dt.date(2027, 2, 2), "Stew", "8.2"),
    ],
)
def test_each_row_decides_what_it_says(season: str, guests: str, day: dt.date, dish: str, price: str) -> None:
    gave = decide(made_of(DISHES), {"season": season, "guest_count": Decimal(guests), "order_day": day})
    assert gave == {"dish": dish, "price_per_head": Decimal(price)}


def test_facts_that_are_known_are_not_added_again_and_annotations_are_reasons() -> None:
    made = made_of(DISHES)
    assert "season" not in made.facts
    assert "  guest_count:\n" in made.facts
    assert "  order_day:\n    type: date\n" in made.facts
    assert "because: cold outside" in made.policy
    assert "hit policy: first" in made.policy
    assert (made.policy.count("- given"), "owner: kitchen" in made.policy) == (4, True)
    assert 'effective: "2027-01-01"' in made.policy
    assert formatted(made.policy.encode(), "x").decode() == made.policy


@pytest.mark.parametrize(
    ("row", "column", "value", "place", "said"),
    [
        (3, 3, "javascript", "row 3, column C", "`javascript` cannot be read"),
        (5, 3, "money", "row 5, column C", "`money` is no type"),
        (5, 1, "LAST", "row 5, column A", "is no hit policy"),
        (7, 3, ">= twenty", "row 7, column C", "twenty"),
        (8, 6, "3 +", "row 8, column F", ""),
    ],
)
def test_what_cannot_be_said_is_named_by_its_cell(row: int, column: int, value: object, place: str, said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        made_of(changed(row, column, value))
    assert f"sheet `Dishes`, {place}: " in refused.value.message
    assert said in refused.value.message


def test_every_wrong_row_is_named_at_once() -> None:
    rows = changed(7, 3, "between 3 and")
    rows[8][5] = "3 +"
    with pytest.raises(PolicyError) as refused:
        made_of(rows)
    assert [str(issue.span) for issue in refused.value.issues] == ["dishes.xlsx:7:3", "dishes.xlsx:9:6"]


def test_the_simple_form_has_its_output_last() -> None:
    rows: list[list[object]] = [["season", "guests", "dish"], ["Summer", ">= 10", "Buffet"], ["Winter", 2, "Stew"]]
    made = made_of(rows)
    assert "hit policy" not in made.policy
    assert decide(made, {"season": "Summer", "guests": Decimal(10)}) == "Buffet"
    assert decide(made, {"season": "Winter", "guests": Decimal(2)}) == "Stew"
