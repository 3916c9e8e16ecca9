"""Sheets that people made for people, as policies: what is found in them, and that they decide as they say."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import PolicyError
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.fmt import formatted
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.sheets.foreign.amounts import currency_in, number_of
from ordain.engine.sheets.foreign.columns import columns_of
from ordain.engine.sheets.foreign.layout import layout_of
from ordain.engine.sheets.foreign.policy_text import Made, Named, policy_of
from ordain.engine.sheets.foreign.square_tests import test_of as asked_in
from ordain.engine.sheets.foreign.squares import Square, read_foreign

ROOT = Path(__file__).parents[3]
CASES = yaml.safe_load((ROOT / "tests/cases/foreign_cells.yaml").read_text(encoding="utf-8"))
SHIPPED = load_vocabulary((ROOT / "policies/facts.yaml").read_bytes(), "facts.yaml")
SMALL = load_vocabulary(yaml.safe_dump({"facts": CASES["facts"]}).encode(), "facts.yaml")
NAMED = Named("tariff", dt.date(2027, 1, 1), "pricing", "tariff")
TIERS, USAGE = ("High", "Medium", "Low"), ((0, 100), (100, 250), (250, 500), (500, None))
RISK = ((0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1))


def square(text: str) -> Square:
    """A cell as it is read from a CSV file."""
    return read_foreign(f"a,b\n{_quoted(text)},1\n".encode(), "x.csv").rows[1][0]


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


@pytest.mark.parametrize("case", CASES["cells"], ids=lambda case: f"{case['fact']} {case['written']}")
def test_a_cell_is_a_test_of_its_fact(case: dict[str, Any]) -> None:
    asked = asked_in(square(case["written"]), SMALL[case["fact"]])
    assert (asked.text if asked else None) == case["test"]
    assert asked is None or asked.sample == case["sample"]


@pytest.mark.parametrize("case", CASES["numbers"], ids=lambda case: case["written"])
def test_numbers_as_people_write_them(case: dict[str, Any]) -> None:
    wanted = case["is"]
    assert number_of(case["written"]) == (None if wanted is None else Decimal(wanted))
    assert currency_in(case["written"]) == case.get("currency", "")


def workbook(rows: list[list[object]], merged: tuple[str, ...] = (), formats: dict[int, str] | None = None) -> bytes:
    """An XLSX file of one sheet; `formats` are those of whole columns, from 1."""
    book = Workbook()
    page = book.worksheets[0]
    page.title = "Tariff"
    for row in rows:
        page.append(row)
    for area in merged:
        page.merge_cells(area)
    for column, form in (formats or {}).items():
        for number in range(1, len(rows) + 9):  # the person formatted some rows below, too
            page.cell(number, column).number_format = form
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def made_of(data: bytes, told: dict[str, str] | None = None, vocabulary: Vocabulary = SHIPPED, most: int = 0) -> Made:
    layout = layout_of(read_foreign(data, "tariff.xlsx" if data[:2] == b"PK" else "tariff.csv"))
    columns, questions = columns_of(layout, vocabulary, told or {})
    assert len(questions) <= most, [question.text for question in questions]
    return policy_of(layout, columns, vocabulary, NAMED)


def tariff() -> bytes:
    """Sixty rows as a pricing manager makes them: titles, two rows of headings, sections, percent, currency, dates."""
    rows: list[list[object]] = [
        ["Broadband retention tariff 2027", *[None] * 8],
        ["Prices per month, without tax", *[None] * 8],
        [None] * 9,
        [
            "Tier",
            "Usage (GB)",
            None,
            "Churn risk from",
            "Churn risk to",
            "Valid until",
            "New price",
            "Discount",
            "Notes",
        ],
        [None, "from", "to", *[None] * 6],
    ]
    merged = ["A1:I1", "A2:I2", "B4:C4", *(f"{letter}4:{letter}5" for letter in "ADEFGHI")]
    for tier in TIERS:
        rows.append([f"{tier} value customers", *[None] * 8])
        merged.append(f"A{len(rows)}:I{len(rows)}")
        for step, (low, high) in enumerate(USAGE):
            for start, end in RISK:
                price, discount = 499.5 + 100 * step, round(start / 2, 3)
                until = dt.datetime(2027, 12, 31)
                rows.append([tier, low, high, start, end, until, price, discount, None if step else "checked"])
    rows += [[None] * 9, ["All prices are those of 2027.", *[None] * 8]]
    formats = {4: "0%", 5: "0%", 6: "dd/mm/yyyy", 7: '"₹"#,##0.00', 8: "0.0%"}
    return workbook(rows, tuple(merged), formats)


def test_a_tariff_of_sixty_rows_comes_in_without_a_question_and_decides_as_it_says() -> None:
    made = made_of(tariff())
    assert made.facts == ""
    assert [str(note.message) for note in made.notes] == [
        "the line `All prices are those of 2027.` below the rows is left out"
    ]
    policy = load_policy(made.policy.encode(), "policies/tariff/v1.yaml", SHIPPED)
    assert policy.purpose == "Broadband retention tariff 2027. Prices per month, without tax"
    assert len(policy.examples) == 60
    assert made.policy.count("# checked") == 15
    assert made.policy.count("# High value customers") == 1
    assert formatted(made.policy.encode(), "policies/tariff/v1.yaml").decode() == made.policy
    compiled = compile_policy(policy)
    tried = 0
    for tier in TIERS:
        for step, (low, high) in enumerate(USAGE):
            for start, end in RISK:
                for usage in (Decimal(low), Decimal(low) + Decimal("49.5"), Decimal(high or 900) - Decimal("0.01")):
                    for risk in (Decimal(str(start)), Decimal(str(end)) - Decimal("0.001")):
                        facts = {"clv_tier": tier.lower(), "usage_gb": usage, "churn_risk": risk}
                        values: dict[str, Any] = dict(facts)
                        compiled.run(values, dt.datetime(2027, 6, 1, tzinfo=dt.UTC), [])
                        assert values["tariff"] == {
                            "valid_until": dt.date(2027, 12, 31),
                            "new_price": Decimal("499.5") + 100 * step,
                            "discount_percent": Decimal(str(start)) * 50,
                        }
                        tried += 1
    assert tried == 360


SIMPLE = "Tier,Months,Discount\nHigh,12+,10 %\nLow,any,5 %\n"


@pytest.mark.parametrize(
    ("text", "told", "said"),
    [
        ("just a line\n", {}, "no table is found in the sheet `CSV`"),
        ("", {}, "nothing is written in the sheet `CSV`"),
        ("Tier,Discount\n", {}, "there are no rows below the headings in row 1"),
        ("Tier,Discount,Discount\nHigh,1,2\n", {}, "two columns have the heading `Discount`"),
        ("Tier,Discount,\nHigh,1,2\n", {}, "row 2, column C: this column has no heading"),
        (SIMPLE, {"Segment": "when clv_tier"}, "there is no column `Segment`"),
        (SIMPLE, {"Tier": "if clv_tier"}, "column A: `if clv_tier` says nothing about a column"),
        (SIMPLE, {"Tier": "when"}, "column A: `when` says nothing about a column"),
        (SIMPLE, {"Tier": "when Tier!"}, "column A: `Tier!` is no name for a fact or an output"),
        (SIMPLE, {"Tier": "when count"}, "column A: `count` is no name for a fact or an output"),
        (SIMPLE, {"Tier": "when churn_risk", "B": "comment"}, "`High` says nothing about `churn_risk`, a number"),
        (SIMPLE, {"B": "comment", "A": "comment"}, "no column asks about a fact"),
        (SIMPLE, {"B": "when usage_gb", "C": "comment"}, "no column is an output"),
        ("A,B,Fee\n9,5,1\n", {"A": "from usage_gb", "B": "to usage_gb"}, "it ends at 5, before it begins at 9"),
    ],
)  # fmt: skip
def test_what_cannot_become_a_policy_is_told(text: str, told: dict[str, str], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        made_of(text.encode(), told, most=9)
    assert said in caught.value.message


def test_what_a_heading_leaves_in_doubt_is_asked_and_an_answer_may_name_a_new_fact() -> None:
    layout = layout_of(read_foreign(SIMPLE.encode(), "x.csv"))
    columns, questions = columns_of(layout, SHIPPED, {})
    assert [column.said for column in columns] == ["when clv_tier", "then discount_percent"]
    assert [question.text for question in questions] == ["What is column B, `Months`?"]
    made = made_of(SIMPLE.encode(), {"Months": "when contract_months"})
    assert made.facts == "  contract_months:\n    type: number\n    meaning: Months\n"
    assert 'contract_months: ">= 12"' in made.policy


def test_a_row_that_another_takes_is_told_and_has_no_example() -> None:
    made = made_of(b"Tier,Discount\nany,5\nHigh,9\n")
    assert [note.message for note in made.notes] == ["row 3: the first case that it is for is taken by a row above it"]
    policy = load_policy(made.policy.encode(), "policies/tariff/v1.yaml", SHIPPED)
    assert len(policy.decisions[0].rules) == 2  # type: ignore[union-attr]
    assert len(policy.examples) == 1


def test_a_formula_without_a_result_and_an_error_are_named() -> None:
    data = workbook([["Tier", "Discount"], ["High", "=1+1"], ["Low", "#N/A"], ["Low", dt.timedelta(hours=2)]])
    with pytest.raises(PolicyError) as caught:
        made_of(data)
    assert [issue.message for issue in caught.value.issues] == [
        "sheet `Tariff`, row 2, column B: no result is stored of its formula",
        "sheet `Tariff`, row 3, column B: it holds the spreadsheet's error #N/A",
        "sheet `Tariff`, row 4, column B: it holds the span of time 2:00:00",
    ]


@given(
    st.lists(
        st.lists(
            st.one_of(st.none(), st.text(max_size=8), st.integers(-9, 9999), st.booleans(), st.floats(0, 1)),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_sheet_becomes_a_policy_that_loads_or_is_refused_in_words(rows: list[list[object]]) -> None:
    lines = "\n".join(",".join(_quoted("" if cell is None else str(cell)) for cell in row) for row in rows)
    try:
        layout = layout_of(read_foreign(lines.encode("utf-8", "replace"), "x.csv"))
        columns, questions = columns_of(layout, SHIPPED, {})
        told = {q.heading.letter: "when usage_gb" if n == 0 else "comment" for n, q in enumerate(questions)}
        columns, _ = columns_of(layout, SHIPPED, told)
        made = policy_of(layout, columns, SHIPPED, NAMED)
    except PolicyError:
        return  # in words; anything else fails here
    load_policy(made.policy.encode(), "policies/tariff/v1.yaml", SHIPPED)
