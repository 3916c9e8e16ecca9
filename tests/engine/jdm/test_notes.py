"""What a policy cannot say is listed with node, row, column and text; where the languages differ is noted."""

from __future__ import annotations

import pytest
import yaml
from graphs import graph, lines, of, said, table, whys

from ordain.engine.jdm.imported import Imported, imported
from ordain.engine.jdm.result import trials


def decides(done: Imported) -> dict[str, object]:
    section: dict[str, object] = yaml.safe_load(done.files[f"{done.name}/v1.yaml"])["decides"]
    return section


def test_a_cell_without_words_is_listed_and_its_table_has_to_be_sent() -> None:
    done = of(
        table("grade", "code", "grade", [["fuzzyMatch($, 'a') > 0.5", "'A'"], ["", "'B'"]], passThrough=True),
        lines("text", ("text", "grade + '!'")),
        tests=[({"code": "a"}, {"text": "A!"})],
    )
    listed = said(done)
    assert "node `grade`, row 1, column `code`: `fuzzyMatch` has no words in a policy" in listed
    assert "\n    fuzzyMatch($, 'a') > 0.5" in listed
    facts = yaml.safe_load(done.files["facts.yaml"])["facts"]
    assert facts == {"grade": {"type": "text", "meaning": "what node `grade` gives"}}
    assert [(one.why, one.key) for one in done.trials[0].differences] == [(trials.UNSAID, "")]


def test_a_line_without_words_is_listed_with_its_key() -> None:
    done = of(lines("draw", ("luck", "rand(6)"), ("twice", "$.luck * 2")), tests=[({}, {"luck": 3, "twice": 6})])
    assert "node `draw`, line `luck` cannot be said in a policy: `rand` has no words in a policy\n    rand(6)" in said(
        done
    )
    (trial,) = done.trials  # decided with what the test itself says of `luck`
    assert [(one.key, one.why) for one in trial.differences] == [("luck", trials.UNSAID)]
    assert trial.example is not None
    assert trial.example["expect"] == {"twice": "6"}
    assert yaml.safe_load(done.files["facts.yaml"])["facts"]["luck"]["type"] == "number"


@pytest.mark.parametrize(
    ("value", "given", "output", "why"),
    [
        ("a / b", {"a": 1, "b": 0}, {}, trials.NO_NUMBER),
        ("a / b", {"a": 1, "b": 3}, {"x": 0.3333333333333333}, trials.ROUNDING),
        ("list[3]", {"list": [1]}, {}, trials.NO_ITEM),
        ("list == list", {"list": [1]}, {"x": False}, trials.LISTS),
        ("(0 - a) % 3", {"a": 1}, {"x": -1}, trials.REST),
        ("upper(a)", {"a": "x"}, {"x": "Y"}, trials.UNEXPLAINED),
    ],
)
def test_a_difference_is_explained_by_its_kind(value: str, given: object, output: dict[str, object], why: str) -> None:
    done = of(lines("sum", ("x", value), ("y", "1")), tests=[(given, {**output, "y": 1})])
    assert [one.why for one in done.trials[0].differences] == [why]
    assert all("x" not in example["expect"] for trial in done.trials if (example := trial.example))


def test_a_missing_value_equals_nothing_and_has_no_match_in_a_cell() -> None:
    done = of(
        table("size", "amount", "size", [["> 10", "'big'"], ["== null", "'none'"], ["", "'small'"]], passThrough=True),
        lines("tests", ("isTen", "amount == 10"), ("notTen", "amount != 10"), ("or5", "amount ?? 5"), passThrough=True),
        tests=[
            ({"amount": 11}, {"amount": 11, "size": "big", "isTen": False, "notTen": True, "or5": 11}),
            ({}, {"size": "none", "isTen": False, "notTen": True, "or5": 5}),
        ],
    )
    assert all(trial.passed for trial in done.trials)
    assert decides(done)["is_ten"] == {"gives": "flag", "formula": "amount != null and amount = 10"}


def test_a_row_that_asks_about_what_is_not_there_is_left_out_and_noted() -> None:
    done = of(
        lines("only", ("a", "1"), passThrough=False),
        table("t", "b", "x", [["> 1", "'yes'"], ["", "'no'"]]),
        tests=[({}, {"x": "no"})],
    )
    assert "node `t`, row 1 never holds" in said(done)
    assert done.trials[0].passed


def test_names_become_snake_case_at_every_level() -> None:
    done = of(
        lines("say", ("fullName", "buyer.firstName + buyer.lastName"), ("in", "buyer['odd key']")),
        tests=[({"buyer": {"firstName": "A", "lastName": "B", "odd key": 3}}, {"fullName": "AB", "in": 3})],
    )
    facts = yaml.safe_load(done.files["facts.yaml"])["facts"]
    assert facts["buyer"]["fields"] == {"first_name": "text", "last_name": "text", "odd_key": "number"}
    assert list(decides(done)) == ["full_name", "the_in"]
    assert done.trials[0].passed


def test_a_graph_without_tests_gets_an_example_that_is_said_to_be_made_up() -> None:
    done = of(lines("sum", ("x", "a + 1")))
    assert "the graph has no tests: the example is made up" in said(done)
    assert yaml.safe_load(done.files["small/v1.yaml"])["examples"] == [{"given": {"a": 1}, "expect": {"x": 2}}]


def test_a_schema_gives_types_values_and_what_may_be_missing() -> None:
    schema = {
        "type": "object",
        "required": ["plan"],
        "properties": {"plan": {"enum": ["a", "b"]}, "orders": {"type": "integer"}},
    }
    done = of(
        lines("sum", ("x", "(orders ?? 0) + 1"), ("y", "plan"), passThrough=True),
        table("t", "plan", "z", [["'a'", "1"], ["", "2"]]),
        schema=schema,
    )
    facts = yaml.safe_load(done.files["facts.yaml"])["facts"]
    assert facts["plan"] == {"type": "text", "values": ["a", "b"], "meaning": "plan"}
    assert facts["orders"] == {"type": "number", "optional": True, "meaning": "orders"}


def test_graphs_that_name_each_other_in_a_circle_are_listed() -> None:
    node = {"id": "sub", "name": "sub", "type": "decisionNode", "content": {"key": "self.json", "passThrough": True}}
    text = graph(node, lines("sum", ("x", "a + 1")), tests=[({"a": 1}, {"a": 1, "x": 2})])
    done = imported(text, "self.json", "", lambda key: text)
    assert "the graph `self.json` leads back into itself" in said(done)


def test_a_number_is_exact() -> None:
    done = of(lines("sum", ("x", "a + 0.2")), tests=[({"a": 0.1}, {"x": 0.3})])
    assert done.trials[0].passed


def test_a_dash_matches_nothing_as_in_the_graph_and_is_told() -> None:
    done = of(table("fee", "age", "fee", [["-", "1"], ["", "2"]]), tests=[({"age": 5}, {"fee": 2})])
    assert "node `fee`, row 1, column `age`: `-` matches nothing in a graph" in said(done)
    assert whys(done) == set()
    assert "row 1 never holds" not in said(done)


@pytest.mark.parametrize("asks", ["null", "$ == null", "null == $"])
def test_what_a_graph_compares_with_null_may_be_missing(asks: str) -> None:
    nodes = (table("fee", "age", "fee", [["> 5", "1"], [asks, "2"], ["", "3"]]),)
    done = of(*nodes, tests=[({"age": 9}, {"fee": 1}), ({"age": 1}, {"fee": 3})])
    assert "never holds" not in said(done)
    assert yaml.safe_load(done.files["facts.yaml"])["facts"]["age"]["optional"] is True
    assert [row["then"] for row in decides(done)["fee"]["rules"]] == [1, 2]  # type: ignore[index]
