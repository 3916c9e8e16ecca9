"""Decision tables of Drools in sheets, as policies that decide what each row says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from test_camunda_sheets import workbook

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import PolicyError
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.sheets.engines.drools import DroolsRules, fact_name, rule_table
from ordain.engine.sheets.engines.drools_sheet import chosen_table
from ordain.engine.sheets.engines.drools_snippets import Condition, Unsaid, conditions, settings
from ordain.engine.sheets.engines.table_policy import policy_of_table
from ordain.engine.sheets.foreign.policy_text import Made, Named
from ordain.engine.sheets.foreign.squares import ForeignSheet, read_foreign

ROOT = Path(__file__).parents[3]
SNIPPETS = yaml.safe_load((ROOT / "tests/cases/drools_snippets.yaml").read_text(encoding="utf-8"))
NAMED = Named("pricing", dt.date(2027, 1, 1), "pricing", "price")
NOON = dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)

Rows = list[list[object]]
PRICING: Rows = [
    [None, "RuleSet", "org.example.pricing"],
    [None, "Import", "org.example.Driver, org.example.Policy"],
    [None, "Sequential", True],
    [None, "ACTIVATION-GROUP", "price"],
    [None, None, None],
    ["for notes", "RuleTable Pricing bracket"],
    [None, "NAME", "CONDITION", "CONDITION", "CONDITION", "ACTION", "ACTION", "DESCRIPTION"],
    [None, None, "Driver", "Driver", "p: Policy", "p", None, None],
    [None, None, "age >= $1, age <= $2", "priorClaims", "type", "setBasePrice($param)", 'p.setReason("$param");', None],
    ["label", "Base", "Age bracket", "Claims", "Kind", "Price", "Why", "Note"],
    [None, "Young safe", "18, 24", "0", "COMPREHENSIVE", 450, "0 claims", "the youngest"],
    [None, "Young risky", "18, 24", "1", "FIRE_THEFT", 200.55, None, None],
    [None, "Mature", "25, 30", None, "COMPREHENSIVE", 300, "mature", None],
    [None, "Others", None, None, None, 999, "else", None],
]


def read(rows: Rows) -> ForeignSheet:
    return read_foreign(workbook(rows), "pricing.xlsx", numbers=False)


def taken(rows: Rows, table: str = "") -> tuple[DroolsRules, ForeignSheet]:
    sheet = read(rows)
    return rule_table(chosen_table(sheet, table), sheet), sheet


def made_of(rows: Rows) -> Made:
    rules, sheet = taken(rows)
    return policy_of_table(rules.table, sheet, None, NAMED)


def decide(made: Made, given: Mapping[str, Any]) -> Any:
    known = load_vocabulary(f"facts:\n{made.facts}".encode(), "facts.yaml")
    values: dict[str, Any] = dict(given)
    policy = load_policy(made.policy.encode(), "policies/pricing/v1.yaml", known)
    compile_policy(policy).run(values, NOON, [])
    return values["price"]


def changed(cells: Mapping[tuple[int, int], object], rows: Rows = PRICING) -> Rows:
    width = max(len(row) for row in rows) + 1
    wide = [[*row, *[None] * (width - len(row))] for row in rows]
    for (row, column), value in cells.items():
        wide[row - 1][column - 1] = value
    return wide


@pytest.mark.parametrize("case", SNIPPETS["conditions"], ids=lambda case: f"{case['snippet']} {case['cell']}")
def test_a_snippet_with_its_cell_is_conditions_on_fields(case: dict[str, Any]) -> None:
    if "unsaid" in case:
        with pytest.raises(Unsaid) as unsaid:
            conditions(case.get("object", ""), case["snippet"], case["cell"])
        assert case["unsaid"] in str(unsaid.value)
        return
    found = conditions(case.get("object", ""), case["snippet"], case["cell"])
    assert [_said(one) for one in found] == case["asks"]


def _said(condition: Condition) -> str:
    values = ", ".join(
        f"{value.text!r}{'?' * value.loose}" if value.kind == "string" else value.text for value in condition.values
    )
    return f"{condition.field} {condition.op} {values}"


_CODE = st.text(st.sampled_from("ab$1,|&(){}<>=!\"'\\ .;:P"), max_size=40)


@given(_CODE, _CODE, _CODE)
def test_any_snippet_is_taken_or_has_a_sentence(above: str, snippet: str, cell: str) -> None:
    assert _taken(conditions, above, snippet, cell)
    assert _taken(settings, above, snippet, cell)


def _taken(read: Callable[[str, str, str], object], *texts: str) -> object:
    """What is read, or the sentence why nothing is."""
    try:
        return read(*texts)
    except Unsaid as unsaid:
        return str(unsaid)


def test_brackets_and_lists_without_end_are_refused_at_once() -> None:
    for snippet, cell in (("(" * 9_000 + "a<$1" + ")" * 9_000, "1"), ("forall(||){a == $}" + " " * 900, "1," * 9_000)):
        with pytest.raises(Unsaid, match="too long"):
            conditions("P", snippet, cell)
    with pytest.raises(Unsaid):
        conditions("P", "(" * 4_000 + "a<$1" + ")" * 4_000, "1")


@pytest.mark.parametrize("case", SNIPPETS["actions"], ids=lambda case: f"{case['snippet']} {case['cell']}")
def test_a_snippet_with_its_cell_sets_outputs(case: dict[str, Any]) -> None:
    if "unsaid" in case:
        with pytest.raises(Unsaid) as unsaid:
            settings("", case["snippet"], case["cell"])
        assert case["unsaid"] in str(unsaid.value)
        return
    assert {
        each.name: each.value.feel(each.value.kind) for each in settings("", case["snippet"], case["cell"])
    } == case["sets"]


@pytest.mark.parametrize(
    ("age", "claims", "kind", "price", "reason"),
    [
        (18, 0, "COMPREHENSIVE", "450", "0 claims"),
        (24, 0, "COMPREHENSIVE", "450", "0 claims"),
        (24, 1, "FIRE_THEFT", "200.55", None),
        (25, 9, "COMPREHENSIVE", "300", "mature"),
        (31, 0, "COMPREHENSIVE", "999", "else"),
        (24, 1, "COMPREHENSIVE", "999", "else"),
    ],
)
def test_each_row_decides_what_it_says(age: int, claims: int, kind: str, price: str, reason: str | None) -> None:
    facts = {fact_name("age"): Decimal(age), "prior_claims": Decimal(claims), fact_name("type"): kind}
    assert decide(made_of(PRICING), facts) == {"base_price": Decimal(price), "reason": reason}


def test_names_and_descriptions_stay_and_a_range_is_one_test() -> None:
    made = made_of(PRICING)
    assert "- id: Young-safe\n" in made.policy
    assert "because: the youngest" in made.policy
    assert 'age: "[18..24]"' in made.policy
    assert "hit policy: first" in made.policy
    assert taken(PRICING)[0].lost == 0


def test_without_a_group_the_last_rule_that_fires_leaves_its_values() -> None:
    rows = changed({(4, 2): None, (4, 3): None, (12, 7): "one claim"})
    rules, _ = taken(rows)
    assert [row.id for row in rules.table.rows] == ["Others", "Mature", "Young-risky", "Young-safe"]
    assert any("so the last row stands first here" in note.message for note in rules.notes)
    facts = {fact_name("age"): Decimal(18), "prior_claims": Decimal(0), fact_name("type"): "COMPREHENSIVE"}
    assert decide(made_of(rows), facts)["base_price"] == Decimal(999)


def test_without_an_order_only_one_rule_may_match() -> None:
    rules, _ = taken(changed({(3, 3): False}))
    assert rules.table.hit_policy.text == "UNIQUE"
    assert any("here only one may match" in note.message for note in rules.notes)


def test_rules_with_priorities_stand_in_their_order() -> None:
    rows = changed({(3, 3): False, (7, 9): "PRIORITY", (11, 9): 1, (12, 9): 40, (13, 9): 30, (14, 9): 20})
    rules, _ = taken(rows)
    assert [row.id for row in rules.table.rows] == ["Young-risky", "Mature", "Others", "Young-safe"]


@pytest.mark.parametrize(
    ("cells", "place", "said"),
    [
        ({(9, 4): "priorClaims matches"}, "row 11, column D", "the whole rule is left out"),
        ({(11, 3): "18"}, "row 11, column C", "the cell has no part 2 for `$2`"),
        ({(8, 4): "not Driver", (9, 4): "claims"}, "row 11, column D", "asks about more than the fields of one object"),
        ({(11, 6): "base * 2"}, "row 11, column F", "this action is left out: `base * 2` is no number"),
        ({(9, 7): "System.out.println($param);"}, "row 11, column G", "sets no output"),
        ({(7, 8): "TIMER"}, "row 7, column H", "the column TIMER is left out, and the rules may decide otherwise"),
    ],
)
def test_what_cannot_be_said_is_listed_with_its_cell_and_the_rest_is_taken(
    cells: dict[tuple[int, int], object], place: str, said: str
) -> None:
    rules, sheet = taken(changed(cells))
    found = [note.message for note in rules.notes if place in note.message]
    assert [said in message for message in found] == [True]
    assert rules.lost > 0
    assert policy_of_table(rules.table, sheet, None, NAMED).policy.startswith("policy: pricing\n")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["a", "b"], [1, 2]], "no table is found"),
        ([["RuleTable x"]], "the table has no columns"),
        ([["RuleTable x"], ["QUESTION"]], "`QUESTION` is no kind of column"),
        ([["RuleTable x"], ["FOO"]], "`FOO` is no kind of column"),
        ([["RuleTable x"], ["Comment"]], "`Comment` is no kind of column"),
        ([["RuleTable x"], ["CONDITON", "ACTION"]], "`CONDITON` is no kind of column"),
        (
            [["RuleTable x"], ["CONDITION", "ACTION"], [None, None], ["P(a < $1)", "r.setB($1)"], ["a", "b"]],
            "no rule of the table",
        ),
        (
            [*PRICING, [None, "RuleTable second"], [None, "CONDITION", "ACTION"]],
            "has 2 tables, and a policy is made of one",
        ),
    ],
)
def test_a_sheet_without_a_table_that_can_be_one_is_refused(rows: Rows, said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        made_of(rows)
    assert said in refused.value.message


@pytest.mark.parametrize(
    "headings", [["N", "C", "C1", "C 2", "A", "a2", "I"], ["name", "Condition", "CONDITION 2", "C", "ACTION", "A", "i"]]
)
def test_a_kind_is_named_in_full_or_by_its_letter_with_a_number_behind_it(headings: list[str]) -> None:
    rows = [[None, *headings] if row[1:2] == ["NAME"] else row for row in PRICING]
    assert rows != PRICING
    by_name, by_letter = taken(PRICING)[0], taken(rows)[0]
    assert [row.gives for row in by_letter.table.rows] == [row.gives for row in by_name.table.rows]


def test_a_heading_nearly_right_is_told_what_was_meant() -> None:
    with pytest.raises(PolicyError) as refused:
        made_of([["RuleTable x"], ["CONDITON", "ACTION"]])
    assert refused.value.issues[0].hint == "did you mean `CONDITION`?"


def test_one_of_several_tables_is_chosen_by_its_name() -> None:
    below: Rows = [
        [None, "RuleTable Discount"],
        [None, "CONDITION", "ACTION"],
        [None, None, None],
        [None, "o : Order(itemsCount > $1)", "o.setDiscount($1);"],
        [None, "Items", "Discount"],
        [None, 3, 10],
    ]
    rules, _ = taken([*PRICING, [None], *below], "discount")
    assert [(row.tests[0].text, row.gives[0].text) for row in rules.table.rows] == [("> 3", "10")]
    rules, _ = taken([*PRICING, [None], *below], "Pricing bracket")
    assert len(rules.table.rows) == 4
