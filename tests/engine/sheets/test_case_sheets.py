"""Test cases of policies in sheets: what a cell says, what comes back, and what goes into the policy's file."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sheet_cases import FORMS, findings

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import PolicyError
from ordain.engine.examples.run import decided, example_issues
from ordain.engine.policy.fmt import formatted
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.sheets.book import Book, Cell, Held
from ordain.engine.sheets.cases.adding import new_rows, with_examples
from ordain.engine.sheets.cases.case_cells import Misread, value_text, yaml_of
from ordain.engine.sheets.cases.case_rows import CaseRow, rows_of
from ordain.engine.sheets.cases.case_sheet import case_book, cases_of, verdict_of
from ordain.engine.text.source import parse
from ordain.engine.values.types import NUMBER, TEXT, context_of, type_named

ROOT = Path(__file__).parents[3]
CELLS = yaml.safe_load((ROOT / "tests/cases/case_cells.yaml").read_text(encoding="utf-8"))
FACTS = load_vocabulary((ROOT / "policies/facts.yaml").read_bytes(), "facts.yaml")
SHIPPED = sorted(file for file in (ROOT / "policies").glob("*/v1.yaml"))
OFFER = ROOT / "policies/retention-offer/v1.yaml"


def shipped(file: Path, change: tuple[str, str] = ("", "")) -> Policy:
    text = file.read_text(encoding="utf-8").replace(*change) if change[0] else file.read_text(encoding="utf-8")
    return load_policy(text.encode(), f"policies/{file.parent.name}/v1.yaml", FACTS)


def book_of_examples(policy: Policy) -> Book:
    compiled = compile_policy(policy)
    tried = [decided(compiled, example) for example in policy.examples]
    return case_book(policy, list(zip(cases_of(policy), tried, strict=True)))


def through(book: Book, form: str) -> Book:
    write, read = FORMS[form]
    return read(write(book), f"cases.{form}")


def with_row(book: Book, **cells: str | Cell) -> Book:
    """The book with one more row; names of columns have `__` for `: `."""
    (sheet,) = book.sheets
    texts = {name.replace("__", ": ").replace("_DOT_", "."): text for name, text in cells.items()}
    number = 2 + len(sheet.rows)
    row = []
    for heading in sheet.headings:
        said = texts.pop(heading.text, "")
        cell = Cell(said, 0, 0) if isinstance(said, str) else said
        row.append(replace(cell, row=number, column=heading.column))
    assert not texts
    return replace(book, sheets=(replace(sheet, rows=(*sheet.rows, tuple(row))),))


def read_rows(book: Book, policy: Policy) -> tuple[CaseRow, ...]:
    rows, notes = rows_of(book, policy, FACTS)
    assert not notes
    return rows


@pytest.mark.parametrize("case", CELLS, ids=lambda case: f"{case['type']} {case['cell']}")
def test_a_cell_says_what_its_fact_or_output_can_be(case: dict[str, Any]) -> None:
    kind = context_of({}) if case["type"] == "context" else type_named(case["type"])
    assert kind is not None
    type = replace(kind, unit=case.get("unit", ""))
    cell = Cell(case["cell"], 1, 1, Held(case.get("held", "text")))
    if "misread" in case:
        with pytest.raises(Misread, match=case["misread"].replace("$", r"\$")):
            yaml_of(cell, type, case.get("name", "x"))
        return
    said = yaml_of(cell, type, case.get("name", "x"), commas=case.get("commas", False))
    assert said == case["yaml"]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30))
def test_any_text_that_a_policy_gives_comes_back_from_its_cell(text: str) -> None:
    said = yaml_of(Cell(value_text(text), 1, 1), TEXT, "x")
    assert parse(f"k: {said}\n".encode(), "").data() == {"k": text}


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6))
def test_any_number_comes_back_digit_for_digit(number: Decimal) -> None:
    said = yaml_of(Cell(value_text(number), 1, 1), NUMBER, "x")
    assert said == format(number, "f")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_the_examples_of_each_shipped_policy_come_back_as_they_are(file: Path, form: str) -> None:
    policy = shipped(file)
    rows = read_rows(through(book_of_examples(policy), form), policy)
    compiled = compile_policy(policy)
    assert len(rows) == len(policy.examples) > 0
    for row, example in zip(rows, policy.examples, strict=True):
        assert (row.example.at, row.example.given) == (example.at, example.given)
        assert (row.example.expect, row.example.refused) == (example.expect, example.refused)
        assert verdict_of(row.case, decided(compiled, row.example)) == "ok"
    assert new_rows(rows, policy) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_row_that_a_person_adds_becomes_an_example_and_nothing_else_changes(form: str) -> None:
    policy = shipped(OFFER)
    book = with_row(
        book_of_examples(policy),
        at="2026-04-01",
        given__churn_risk="0.91",
        given__clv_tier="low",
        given__offers_last_90_days="0",
        expect__offer_DOT_discount_percent="10 %",
        comment="From the shop, =1 # two\nlines",
    )
    rows = read_rows(through(book, form), policy)
    (new,) = new_rows(rows, policy)
    raw = with_examples(policy, [new], "policies/retention-offer/v1.yaml", FACTS)
    assert raw == policy.text + (
        b"  # From the shop, =1 # two\n  # lines\n"
        b"  - given: {churn_risk: 0.91, clv_tier: low, offers_last_90_days: 0}\n"
        b"    at: 2026-04-01\n    expect: {offer.discount_percent: 10}\n"
    )
    changed = load_policy(raw, "policies/retention-offer/v1.yaml", FACTS)
    assert example_issues(compile_policy(changed)) == []
    assert formatted(raw, "x") == raw


def test_a_row_says_which_output_differs_and_a_row_without_expectation_only_what_is_decided() -> None:
    policy = shipped(OFFER)
    known = {"given__churn_risk": "0.91", "given__clv_tier": "low", "given__offers_last_90_days": "0"}
    book = with_row(book_of_examples(policy), **known, expect__offer_DOT_action="none")
    book = with_row(book, **known)
    book = with_row(book, **known, refused="NoRuleApplies")
    *_, wrong, open_case, decided_instead = read_rows(through(book, "csv"), policy)
    compiled = compile_policy(policy)
    verdicts = [verdict_of(row.case, decided(compiled, row.example)) for row in (wrong, open_case, decided_instead)]
    assert verdicts == [
        "differs: offer.action is e-mail, not none",
        "nothing expected",
        "differs: refused is decided, not NoRuleApplies",
    ]
    assert new_rows([open_case], policy) == []


def test_every_cell_that_cannot_be_read_is_named_at_once() -> None:
    policy = shipped(OFFER)
    book = with_row(
        book_of_examples(policy),
        at="30/03/2026",
        given__churn_risk="1.5E+3",
        given__clv_tier="low",
    )
    with pytest.raises(PolicyError) as shortened:
        rows_of(book, policy, FACTS)
    assert [one["message"] for one in findings(shortened.value)] == [
        "sheet `cases`, row 13, column B (given: churn_risk): `1.5E+3`: the spreadsheet has shortened this number"
    ]
    book = with_row(
        book_of_examples(policy),
        at="30/03/2026",
        given__churn_risk="much",
        given__clv_tier="lowest",
        expect__offer_DOT_discount_percent="some",
    )
    with pytest.raises(PolicyError) as wrong:
        rows_of(book, policy, FACTS)
    places = [one["message"].partition(": ")[0] for one in findings(wrong.value)]
    assert [place.partition("(")[0].strip() for place in places] == [
        "sheet `cases`, row 13, column B",
        "sheet `cases`, row 13, column C",
        "sheet `cases`, row 13, column H",
        "sheet `cases`, row 13, column A",
    ]


def test_digits_of_another_script_are_refused_at_their_cell() -> None:
    policy = shipped(OFFER)
    book = with_row(book_of_examples(policy), given__churn_risk="０.９", given__clv_tier="low")
    with pytest.raises(
        PolicyError, match=r"row 13, column B \(given: churn_risk\): .*the text `\"０.９\"` is not a number"
    ):
        rows_of(book, policy, FACTS)


def test_what_a_text_with_a_comma_was_taken_for_is_told_with_its_cell() -> None:
    policy = shipped(OFFER)
    known = {"given__clv_tier": "low", "given__offers_last_90_days": "0", "expect__offer_DOT_action": "e-mail"}
    rows, notes = rows_of(with_row(book_of_examples(policy), given__churn_risk="0,91", **known), policy, FACTS)
    assert rows[-1].example.given["churn_risk"] == Decimal("0.91")
    assert [note.message for note in notes] == [
        "sheet `cases`, row 13, column B (given: churn_risk): `0,91`: decimal commas stand beside decimal points",
        "sheet `cases`, row 13, column B (given: churn_risk): `0,91` is taken as 0.91",
    ]


def test_a_sheet_of_decimal_commas_is_read_as_one() -> None:
    policy = shipped(ROOT / "policies/price-bounds/v1.yaml")
    book = book_of_examples(policy)
    (sheet,) = book.sheets
    column = next(cell.column for cell in sheet.headings if cell.text == "given: proposed_price")
    row = tuple(replace(cell, text="1.600,5") if cell.column == column else cell for cell in sheet.rows[0])
    rows, notes = rows_of(replace(book, sheets=(replace(sheet, rows=(row,)),)), policy, FACTS)
    assert rows[0].example.given["proposed_price"] == Decimal("1600.5")
    assert [note.message.partition(": `")[2] for note in notes] == ["1.600,5` is taken as 1600.5"]


@pytest.mark.parametrize("form", FORMS)
def test_a_fact_left_empty_or_null_is_missing_and_decided_as_a_service_answers(form: str) -> None:
    policy = shipped(OFFER)
    book = with_row(book_of_examples(policy), given__churn_risk="0.91", given__clv_tier="low")
    book = with_row(book, given__churn_risk="0.91", given__clv_tier="null", expect__offer_DOT_action="none")
    book = with_row(book, given__churn_risk="0.91", given__clv_tier="low", refused="CustomerDataIncomplete")
    *_, asks, null, refused = read_rows(through(book, form), policy)
    compiled = compile_policy(policy)
    assert (asks.lacks, null.lacks) == (("offers_last_90_days",), ("clv_tier", "offers_last_90_days"))
    assert "needs `offers_last_90_days`, which is missing" in str(asks.decided(compiled).error)
    verdicts = [verdict_of(row.case, row.decided(compiled)) for row in (asks, null, refused)]
    assert verdicts == ["nothing expected", "differs: refused is CustomerDataIncomplete, not decided", "ok"]
    assert new_rows([asks, null, refused], policy) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_row_that_is_no_case_is_left_out_and_told(form: str) -> None:
    policy = shipped(OFFER)
    book = with_row(with_row(book_of_examples(policy), at="High value customers"), comment="a thought")
    rows, notes = rows_of(through(book, form), policy, FACTS)
    assert len(rows) == len(policy.examples)
    assert [note.message.partition(" is left out")[0].partition(": ")[2] for note in notes] == [
        "the row with `High value customers`",
        "the row with `a thought`",
    ]


def test_a_sheet_of_another_version_is_told_and_decided_all_the_same() -> None:
    policy = shipped(OFFER)
    book = replace(book_of_examples(policy), version="7")
    rows, notes = rows_of(book, policy, FACTS)
    assert len(rows) == len(policy.examples)
    said = "the sheet was written from `retention-offer@7`: its cases are decided by `retention-offer@1`"
    assert [note.message for note in notes] == [said]


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("given: churn", "there is no such column"),
        ("expect: offer.colour", "there is no such column"),
        ("given: clv_tier", "the column appears twice; first in column C"),
    ],
)
def test_headings_that_say_nothing_are_refused(heading: str, said: str) -> None:
    policy = shipped(OFFER)
    book = book_of_examples(policy)
    (sheet,) = book.sheets
    headings = (replace(sheet.headings[0]), replace(sheet.headings[1]), *sheet.headings[2:4])
    changed = replace(sheet, headings=(*headings, Cell(heading, 1, 9)), rows=(sheet.rows[0][:4],))
    with pytest.raises(PolicyError, match="row 1, column I") as wrong:
        rows_of(replace(book, sheets=(changed,)), policy, FACTS)
    assert said in wrong.value.message


def test_a_list_in_brackets_takes_new_examples_too() -> None:
    head = OFFER.read_text(encoding="utf-8").partition("examples:")[0]
    one = "{given: {churn_risk: 0.85, clv_tier: high, offers_last_90_days: 0}, expect: {offer.channel: phone}}"
    for text in (f"{head}examples: [{one}] # all\n", f"{head}examples: [\n    {one},\n  ]\n"):
        policy = load_policy(text.encode(), "x/v1.yaml", FACTS)
        book = with_row(
            book_of_examples(policy),
            given__churn_risk="0.1",
            given__clv_tier="medium",
            given__offers_last_90_days="0",
            expect__fired="[]",
        )
        new = new_rows(read_rows(book, policy), policy)
        raw = with_examples(policy, new, "x/v1.yaml", FACTS)
        assert [len(load_policy(raw, "x/v1.yaml", FACTS).examples), raw.count(b"# all")] == [2, text.count("# all")]
        assert raw.decode().startswith(text.partition("]")[0].rstrip(" ,\n"))


def test_line_breaks_of_windows_and_a_key_after_the_examples_stay() -> None:
    text = OFFER.read_text(encoding="utf-8")
    examples = text[text.index("examples:") :].rstrip("\n")
    moved = text[: text.index("otherwise:")] + examples + "  # last\n\n" + text[text.index("otherwise:") :]
    moved = moved[: moved.rindex("examples:")].rstrip("\n")
    policy = load_policy(moved.replace("\n", "\r\n").encode(), "x/v1.yaml", FACTS)
    book = with_row(
        book_of_examples(policy),
        given__churn_risk="0.1",
        given__clv_tier="medium",
        given__offers_last_90_days="0",
        expect__fired="[]",
    )
    raw = with_examples(policy, new_rows(read_rows(book, policy), policy), "x/v1.yaml", FACTS)
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert raw.replace(b"\r\n", b"\n").decode() == moved.replace(
        "  # last\n",
        "  # last\n  - given: {churn_risk: 0.1, clv_tier: medium, offers_last_90_days: 0}\n    expect: {fired: []}\n",
    )
