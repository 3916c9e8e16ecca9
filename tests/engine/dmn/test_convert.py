"""A converted model says the same as a YAML policy, and its notes say what is lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import yaml
from dmn_models import AT, decision, feel, from_file, input_data, run, small

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.dmn.converting.convert import Converted, converted
from ordain.engine.dmn.reading.read import Model
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary

_UNUSED = "facts: {unused: {type: text, meaning: a vocabulary is never empty}}"


def strict(model: Model, given: dict[str, Any]) -> dict[str, Any]:
    """All values of the converted policy, loaded by the strict loader with an example that asks nothing of it."""
    found = converted(model)
    facts = load_vocabulary(found.files.get("facts.yaml", _UNUSED).encode(), "facts.yaml")
    (name,) = (name for name in found.files if name != "facts.yaml")
    policy = yaml.safe_load(found.files[name])
    policy["examples"] = [{"given": _raw(given), "refused": "NoRuleApplies"}]
    text = yaml.safe_dump(policy, sort_keys=False, allow_unicode=True)
    values = dict(given)
    compile_policy(load_policy(text.encode(), name, facts)).run(values, AT, [])
    return values


def _raw(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _raw(part) for name, part in value.items()}
    return float(value) if isinstance(value, Decimal) else value


def decides(found: Converted) -> dict[str, Any]:
    (text,) = (text for name, text in found.files.items() if name != "facts.yaml")
    decided: dict[str, Any] = yaml.safe_load(text)["decides"]
    return decided


def said(found: Converted) -> str:
    return "\n".join(map(str, found.notes))


@pytest.mark.parametrize(
    ("age", "income", "status", "amount"),
    [(30, 2000, "employed", 12000), (20, 2000, "employed", 12000), (30, 2000, "self-employed", 48000)],
)
def test_the_policy_decides_as_the_model(age: int, income: int, status: str, amount: int) -> None:
    model = from_file("loan.dmn")
    applicant = {"age": Decimal(age), "monthly income": Decimal(income), "status": status}
    lenient, _ = run(model, {"Applicant": applicant, "Loan Amount": Decimal(amount)})
    values = strict(model, {"applicant": applicant, "loan_amount": Decimal(amount)})
    assert {name: values[name.lower()] for name in model.decisions} == {name: lenient[name] for name in model.decisions}


def test_tables_stay_tables_wherever_they_stood() -> None:
    found = decides(converted(from_file("loan.dmn")))
    assert found["offer"]["hit policy"] == "priority"
    assert found["offer"]["gives"]["kind"] == {"type": "text", "values": ["none", "small", "full"]}
    assert found["offer"]["rules"][1] == {
        "id": "fair",
        "when": {"score": "[40..60)"},
        "then": {"kind": "small", "rate": 0.06},
        "because": "The score is fair.",
    }
    assert (found["score"]["hit policy"], found["score"]["aggregation"]) == ("collect", "sum")
    assert found["score"]["rules"][2]["when"] == {"applicant.status": 'not("without work")'}


def test_functions_are_put_in_place_of_their_calls() -> None:
    found = decides(converted(from_file("loan.dmn")))
    assert "decimal(per month / applicant.monthly income, 4)" in found["burden"]["formula"]
    assert "loan_amount / 24" in found["burden"]["formula"]
    assert "Monthly" not in found["burden"]["formula"]


def test_a_service_is_put_in_place_of_its_calls() -> None:
    model = small(
        input_data("a", "number")
        + decision("b", "a * 2", "input:a", type="number")
        + '<decisionService name="s" id="s"><outputDecision href="#b"/><inputData href="#a"/></decisionService>'
        + decision("c", "s(4) + a", "knowledge:s", "input:a", type="number")
    )
    assert strict(model, {"a": Decimal(3)})["c"] == run(model, {"a": Decimal(3)})[0]["c"] == Decimal(11)


def test_a_context_is_put_in_place_where_it_is_read() -> None:
    body = decision("box", "{x y: 2, z: 3}") + decision("whole", "box.x y + box.z", "decision:box", type="number")
    found = converted(small(body))
    assert "box" not in decides(found)
    assert "it is put in place where it is read" in said(found)
    assert strict(small(body), {})["whole"] == Decimal(5)


TABLE = (
    '<context><contextEntry><variable name="k"/><decisionTable hitPolicy="{hit}" {more}>'
    "<input><inputExpression><text>n</text></inputExpression></input>"
    '<output typeRef="number"><outputValues><text>3, 1, 2</text></outputValues></output>'
    "<rule><inputEntry><text>&gt; 0</text></inputEntry><outputEntry><text>1</text></outputEntry></rule>"
    "<rule><inputEntry><text>&gt; 5</text></inputEntry><outputEntry><text>2</text></outputEntry></rule>"
    "<rule><inputEntry><text>&gt; 9</text></inputEntry><outputEntry><text>3</text></outputEntry></rule>"
    "</decisionTable></contextEntry><contextEntry>"
    "<literalExpression><text>k</text></literalExpression></contextEntry></context>"
)


@pytest.mark.parametrize(
    ("hit", "more", "type"),
    [
        ("FIRST", "", "number"),
        ("PRIORITY", "", "number"),
        ("RULE ORDER", "", "tNumbers"),
        ("OUTPUT ORDER", "", "tNumbers"),
        ("COLLECT", 'aggregation="SUM"', "number"),
        ("COLLECT", 'aggregation="MAX"', "number"),
    ],
)
@pytest.mark.parametrize("n", [1, 7, 10])
def test_a_table_inside_an_expression_is_written_out(hit: str, more: str, type: str, n: int) -> None:
    numbers = '<itemDefinition name="tNumbers" isCollection="true"><typeRef>number</typeRef></itemDefinition>'
    logic = TABLE.format(hit=hit, more=more)
    model = small(numbers + input_data("n", "number") + decision("d", logic, "input:n", type=type))
    lenient, reasons = run(model, {"n": Decimal(n)})
    assert reasons == []
    assert strict(model, {"n": Decimal(n)})["d"] == lenient["d"]


def test_boxed_conditions_become_plain_ones() -> None:
    some = f'<some iteratorVariable="i"><in>{feel("[1, 2]")}</in><satisfies>{feel("i = 2")}</satisfies></some>'
    chosen = f"<conditional><if>{feel('s')}</if><then>{feel('1')}</then><else>{feel('2')}</else></conditional>"
    found = decides(converted(small(decision("s", some) + decision("c", chosen, "decision:s"))))
    assert found["s"] == {"gives": "flag", "formula": "some i in [1, 2] satisfies i = 2"}
    assert found["c"]["formula"] == "if s then 1 else 2"


def test_names_become_plain_and_stay_apart() -> None:
    body = input_data("Net Price", "number") + decision("net-price", "Net Price", "input:Net Price")
    found = converted(small(body + decision("sum", "1") + decision("2 more", "2")))
    assert list(decides(found)) == ["net_price_2", "the_sum", "the_2_more"]
    assert "`Net Price` is called `net_price`" in said(found)


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (decision("d", "1 +"), "the decision `d` is left out: the expression ends too early"),
        (decision("d", '"a" + 1'), "the decision `d` is left out"),
        (decision("d", '"a"', type="number"), "it gives a text, but a number is declared"),
        (input_data("x") + decision("d", "x", "input:x"), "`x` has no declared type: `text` is a guess"),
        (decision("d", "1"), "the policy has no examples yet"),
    ],
)
def test_what_is_lost_is_noted(body: str, note: str) -> None:
    assert note in said(converted(small(body)))


def test_functions_that_call_each_other_without_end_are_left_out() -> None:
    model = small(
        '<businessKnowledgeModel id="f" name="f"><variable name="f"/><encapsulatedLogic><formalParameter name="n"/>'
        f"{feel('if n = 0 then 1 else n * f(n - 1)')}</encapsulatedLogic>"
        '<knowledgeRequirement><requiredKnowledge href="#f"/></knowledgeRequirement></businessKnowledgeModel>'
        + decision("d", "f(5)", "knowledge:f")
    )
    assert "functions call functions without end" in said(converted(model))


def test_a_table_too_long_to_be_one_expression_is_left_out() -> None:
    rules = "".join(
        f"<rule><inputEntry><text>{n}</text></inputEntry><outputEntry><text>{n}</text></outputEntry></rule>"
        for n in range(1500)
    )
    table = (
        "<context><contextEntry><decisionTable><input><inputExpression><text>n + 1</text></inputExpression></input>"
        f"<output/>{rules}</decisionTable></contextEntry></context>"
    )
    wrapped = f"<list>{table}</list>"
    found = converted(small(input_data("n", "number") + decision("d", wrapped, "input:n")))
    assert "the decision `d` is left out" in said(found)


def test_an_input_without_a_type_is_a_number_where_it_is_calculated_with() -> None:
    found = converted(small(decision("d", "used / 2"), more='xmlns:o="urn:ordain" o:effective="2026-03-01"'))
    assert yaml.safe_load(found.files["facts.yaml"])["facts"]["used"]["type"] == "number"
    assert "effective: '2026-03-01'" in found.files["small/v1.yaml"]
    assert "`used` has no declared type: `number` is a guess" in said(found)


def test_an_input_that_is_a_list_of_contexts_becomes_such_a_fact() -> None:
    item = (
        '<itemDefinition name="tLoans" isCollection="true"><itemComponent name="amount"><typeRef>number</typeRef>'
        "</itemComponent></itemDefinition>"
    )
    model = small(item + input_data("Loans", "tLoans") + decision("Total", "sum(Loans.amount)", "input:Loans"))
    found = converted(model)
    assert yaml.safe_load(found.files["facts.yaml"])["facts"]["loans"] == {
        "type": "list of context",
        "fields": {"amount": "number"},
        "meaning": "Loans",
    }
    assert decides(found)["total"]["formula"] == "sum(loans.amount)"
