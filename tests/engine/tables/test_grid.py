"""A table as a grid: what every kind of policy becomes, in texts with their places."""

from __future__ import annotations

from pathlib import Path

import pytest
from policy_cases import HEAD, loaded

from ordain.engine.catalog import read_texts
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy, Table
from ordain.engine.tables.grid import Grid, grid_of

TEXTS = read_texts(Path(__file__).parents[3] / "policies")
VOCABULARY = load_vocabulary(TEXTS.vocabulary, "policies/facts.yaml")
RULES = """\
decides:
  offer:
    gives: {action: {type: text, values: [call, mail], optional: true}, percent: number}
    hit policy: first
    rules:
      - id: one
        when: {risk: "> 0.80", tier: [not listed]}
        then: {action: call, percent: 10 + 20}
      - {id: two, if: vip, then: {action: null, percent: 0}, because: A guest.}
    otherwise: {action: '= if vip then "call" else "mail"', percent: 0}
examples:
  - given: {risk: 0.9, tier: high, vip: true}
    expect: {offer.percent: 30}
""".replace("[not listed]", "not(low)")


def grids(policy: Policy) -> list[Grid]:
    return [grid_of(table) for table in policy.decisions if isinstance(table, Table)]


def test_a_grid_has_rules_in_rows_and_what_they_ask_and_give_in_columns() -> None:
    (grid,) = grids(loaded(HEAD.format(kind="decision") + RULES))
    assert [(heading.part, heading.text, heading.about) for heading in grid.headings] == [
        ("rule", "rule", ""),
        ("when", "risk", ""),
        ("when", "tier", ""),
        ("if", "if", ""),
        ("then", "action", "text, or null"),
        ("then", "percent", "number"),
        ("because", "because", ""),
    ]
    assert [[square.text for square in row] for row in grid.all_rows] == [
        ["one", "> 0.80", 'not("low")', "", "call", "10 + 20", ""],
        ["two", "", "", "vip", "null", "0", "A guest."],
        ["otherwise", "", "", "", '= if vip then "call" else "mail"', "0", ""],
    ]
    assert grid.notes == (("hit policy", "first"), ("action", "call, mail"))


def test_each_text_of_a_grid_knows_its_place() -> None:
    (grid,) = grids(loaded(HEAD.format(kind="decision") + RULES))
    places = {square.text: (square.span.line, square.span.column) for row in grid.rows for square in row if square.span}
    assert places["one"] == (12, 13)
    assert places["> 0.80"][0] == 13
    assert places["call"] == (14, 24)


@pytest.mark.parametrize("file", TEXTS.policies)
def test_every_table_of_every_shipped_policy_has_its_grid(file: str) -> None:
    policy = load_policy(TEXTS.policies[file], file, VOCABULARY)
    for grid in grids(policy):
        assert {len(row) for row in grid.all_rows} <= {len(grid.headings)}
    names = [grid.name for grid in grids(policy)]
    expected = {
        "retention-offer": ["offer"],
        "contact-law-eu": ["findings"],
        "grandfathering": ["promise"],
        "price-proposal": [],
    }
    assert names == expected.get(policy.name, names)
    if policy.name == "price-bounds":
        assert "bounded_price after floor" in names
