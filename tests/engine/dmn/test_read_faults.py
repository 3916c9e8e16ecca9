"""What is wrong with a file is an error with its place; what is wrong with one text is a fault of its decision."""

from __future__ import annotations

import pytest
from dmn_models import decision, feel, small

from ordain.engine.dmn.reading.read import read_model
from ordain.engine.errors import PolicyError
from ordain.engine.policy.model import Formula, Table


def refused(body: str, **more: str) -> str:
    with pytest.raises(PolicyError) as caught:
        small(body, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (decision("a", "b", "decision:b") + decision("b", "a", "decision:a"), "these require each other"),
        (decision("a", "1") + decision("a", "2"), "the id `a` appears twice; first in line 2"),
        (decision("a", "1") + '<decision id="b" name="a"/>', "`a` appears twice; first in line 2"),
        (decision("a", "1", "decision:c"), "there is no element with the id `c`"),
        ("<decision/>", "this `decision` has no name"),
        (
            '<import name="x" namespace="urn:x" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>',
            "the imported model `urn:x` is not there",
        ),
    ],
)
def test_a_fault_of_the_file_itself_is_an_error_with_its_place(body: str, said: str) -> None:
    found = refused(body)
    assert said in found
    assert found.startswith("small.dmn:2:")


def test_a_file_that_is_no_dmn_is_refused() -> None:
    with pytest.raises(PolicyError, match="this is not a DMN model"):
        read_model(b"<html/>", "page.html")
    with pytest.raises(PolicyError, match="this is not a DMN model"):
        read_model(b'<definitions xmlns="urn:other"/>', "x.dmn")


def test_a_table_that_does_not_fit_together_is_a_fault_of_its_decision() -> None:
    tables = {
        "<decisionTable/>": "has no output",
        '<decisionTable hitPolicy="BEST"><output/></decisionTable>': "`BEST` is no hit policy",
        '<decisionTable hitPolicy="COLLECT" aggregation="AVG"><output/></decisionTable>': "`AVG` is no aggregation",
        "<decisionTable><output/><rule><outputEntry/><outputEntry/></rule></decisionTable>": "0 inputs and 2 outputs",
    }
    for logic, said in tables.items():
        model = small(decision("d", logic))
        assert said in model.issues[0].message
        (found,) = model.policy.decisions
        assert isinstance(found, Formula)
        assert found.fault == model.issues[0]


def test_an_input_or_output_that_a_table_lacks_is_a_fault_of_that_piece() -> None:
    tables = {
        "<decisionTable><output/><rule/></decisionTable>": "0 inputs and 0 outputs",
        "<decisionTable><input/><output/></decisionTable>": "this input has no expression",
    }
    for logic, said in tables.items():
        model = small(decision("d", logic))
        assert said in model.issues[0].message
        assert isinstance(model.policy.decisions[0], Table)


def test_expressions_nested_without_end_are_a_fault_and_no_crash() -> None:
    deep = "<list>" * 95 + feel("1") + "</list>" * 95
    model = small(decision("d", deep))
    assert "nested more than" in model.issues[0].message
