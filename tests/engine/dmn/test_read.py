"""A model becomes a policy whose decisions stand after what they require, and whose faults give null."""

from __future__ import annotations

from decimal import Decimal

import pytest
from dmn_models import NAMESPACES, decision, document, feel, from_file, input_data, run, small

from ordain.engine.dmn.reading.read import kebab, read_model
from ordain.engine.policy.model import HitPolicy, Table
from ordain.engine.values.types import Kind


@pytest.mark.parametrize("version", NAMESPACES)
def test_models_of_all_versions_are_read(version: str) -> None:
    model = small(input_data("a b", "number") + decision("c", "a b + 1", "input:a b"), version=version)
    assert run(model, {"a b": Decimal(2)})[0]["c"] == Decimal(3)


def test_decisions_come_after_all_that_they_require() -> None:
    model = from_file("loan.dmn")
    order = [decision.name for decision in model.policy.decisions]
    assert order.index("Points") < order.index("Score") < order.index("Offer")
    assert order.index("Monthly Rate") < order.index("Burden") < order.index("Offer")
    assert model.decisions == ("Offer", "Score", "Burden")
    assert tuple(model.inputs) == ("Applicant", "Loan Amount")
    assert model.functions == ("Monthly Rate", "Points")
    assert model.issues == ()


def test_a_policy_says_of_the_model_what_there_is_to_say() -> None:
    model = from_file("loan.dmn")
    assert (model.policy.name, model.policy.lenient, model.policy.owner) == ("loan-offer", True, "Credit desk")
    assert model.policy.purpose == "Whether a loan is offered, and what it costs a month."
    assert model.policy.types["tApplicant"].fields["monthly income"].kind is Kind.NUMBER
    assert model.values["Applicant"] == ()
    assert str(model.places["Score"]).startswith("loan.dmn:56:")
    assert [kebab(name) for name in ("Loan: Offer 2", "2 Loans", "")] == ["loan-offer-2", "model-2-loans", "model"]


def test_a_decision_table_is_read_with_columns_outputs_priorities_and_reasons() -> None:
    offer = next(part for part in from_file("loan.dmn").policy.decisions if part.name == "Offer")
    assert isinstance(offer, Table)
    assert offer.hit_policy is HitPolicy.PRIORITY
    assert [column.text for column in offer.columns] == ["Score", "Burden"]
    assert offer.outputs[0].order == ("none", "small", "full")
    assert offer.outputs[1].name == "rate"
    assert [rule.id for rule in offer.rules] == ["good", "fair", "burdened"]
    assert offer.rules[0].cells[1] is None
    assert offer.rules[1].because == "The score is fair."


def test_a_model_runs() -> None:
    applicant = {"age": Decimal(30), "monthly income": Decimal(2000), "status": "employed"}
    values, reasons = run(from_file("loan.dmn"), {"Applicant": applicant, "Loan Amount": Decimal(12000)})
    assert (values["Score"], values["Burden"], reasons) == (Decimal(65), Decimal("0.25"), [])
    assert values["Offer"] == {"kind": "full", "rate": Decimal("0.04")}
    values, _ = run(from_file("loan.dmn"), {"Applicant": applicant, "Loan Amount": Decimal(48000)})
    assert values["Offer"] == {"kind": "none", "rate": Decimal(0)}


def test_a_value_that_its_type_does_not_allow_becomes_null_with_the_reason() -> None:
    applicant = {"age": Decimal(30), "monthly income": Decimal(2000), "status": "asleep"}
    values, reasons = run(from_file("loan.dmn"), {"Applicant": applicant, "Loan Amount": Decimal(12000)})
    assert values["Score"] is None
    assert "allowed" in reasons[0].message


def test_what_is_not_required_is_not_known() -> None:
    model = small(input_data("a", "number") + decision("b", "a", "input:a") + decision("c", "a"))
    values, reasons = run(model, {"a": Decimal(1)})
    assert (values["b"], values["c"]) == (Decimal(1), None)
    assert "not required here" in reasons[0].message


def test_a_built_in_function_is_found_beside_a_decision_of_its_name() -> None:
    model = small(decision("count", "count([1, 2])") + decision("user", "count + 1", "decision:count"))
    values, _ = run(model)
    assert (values["count"], values["user"]) == (Decimal(2), Decimal(3))


def test_a_text_that_is_no_feel_makes_its_own_decision_null_and_no_other() -> None:
    model = small(decision("bad", "1 +") + decision("good", "[bad, 2]", "decision:bad"))
    values, reasons = run(model)
    assert values["bad"] is None
    assert values["good"] == (None, Decimal(2))
    (issue,) = model.issues
    assert str(issue.span).startswith("small.dmn:2:")
    assert reasons[0] == issue


def test_an_expression_in_another_language_is_null() -> None:
    logic = (
        '<literalExpression expressionLanguage="http://www.ecma-international.org"><text>1</text></literalExpression>'
    )
    model = small(decision("script", logic) + '<decision name="nothing" id="n"/>')
    values, _ = run(model)
    assert values["script"] is None
    assert values["nothing"] is None
    assert "only FEEL is read" in model.issues[0].hint


def java(owner: str, signature: str) -> str:
    """A function of two numbers that names a method of Java."""
    entries = "".join(
        f'<contextEntry><variable name="{name}"/>{feel(f"&quot;{text}&quot;")}</contextEntry>'
        for name, text in (("class", owner), ("method signature", signature))
    )
    parameters = "".join(f'<formalParameter name="{name}" typeRef="number"/>' for name in "xy")
    return f'<functionDefinition kind="Java">{parameters}<context>{entries}</context></functionDefinition>'


def test_a_function_may_name_a_known_method_of_java() -> None:
    logic = java("java.lang.Math", "max(double,double)")
    values, _ = run(small(decision("larger", logic) + decision("of", "larger(1.5, 2.5)", "decision:larger")))
    assert values["of"] == Decimal("2.5")


def test_any_other_function_outside_feel_is_not_run() -> None:
    logic = java("java.lang.Runtime", "exec(java.lang.String)")
    values, reasons = run(small(decision("it", logic) + decision("of", "it(1, 2)", "decision:it")))
    assert values["of"] is None
    assert any("none of the Java methods that are known here" in reason.message for reason in reasons)


@pytest.mark.parametrize(
    ("match", "gives"),
    [
        ("item > 1", (Decimal(2), Decimal(3))),
        ("null", ()),
        ("2", None),
        ("&quot;all&quot;", None),
        ("if item = 1 then true else &quot;no&quot;", None),
    ],
)
def test_a_boxed_filter_asks_for_flags(match: str, gives: object) -> None:
    logic = f"<filter><in>{feel('[1, 2, 3]')}</in><match>{feel(match)}</match></filter>"
    assert run(small(decision("kept", logic)))[0]["kept"] == gives


BOXED = {
    "list": (f"<list>{feel('1')}{feel('&quot;a&quot;')}</list>", (Decimal(1), "a")),
    "relation": (
        f'<relation><column name="x y"/><column name="z"/><row>{feel("1")}{feel("2")}</row></relation>',
        ({"x y": Decimal(1), "z": Decimal(2)},),
    ),
    "conditional": (
        f"<conditional><if>{feel('n &gt; 2')}</if><then>{feel('1')}</then><else>{feel('2')}</else></conditional>",
        Decimal(1),
    ),
    "conditional on no flag": (
        f"<conditional><if>{feel('n')}</if><then>{feel('1')}</then><else>{feel('2')}</else></conditional>",
        None,
    ),
    "filter": (
        f"<filter><in>{feel('[{a b: 1}, {a b: 5}]')}</in><match>{feel('item.a b &gt; n')}</match></filter>",
        ({"a b": Decimal(5)},),
    ),
    "for": (
        f'<for iteratorVariable="i"><in>{feel("[1, 2]")}</in><return>{feel("i * n")}</return></for>',
        (Decimal(3), Decimal(6)),
    ),
    "some": (
        f'<some iteratorVariable="i"><in>{feel("[1, 2]")}</in><satisfies>{feel("i = 2")}</satisfies></some>',
        True,
    ),
    "some of no flags": (
        f'<some iteratorVariable="i"><in>{feel("[1, 2]")}</in><satisfies>{feel("i")}</satisfies></some>',
        None,
    ),
    "every": (
        f'<every iteratorVariable="i"><in>{feel("[1, 2]")}</in><satisfies>{feel("i = 2")}</satisfies></every>',
        False,
    ),
    "context with a result": (
        f'<context><contextEntry><variable name="k m"/>{feel("n + 1")}</contextEntry>'
        f"<contextEntry>{feel('k m * 2')}</contextEntry></context>",
        Decimal(8),
    ),
    "context": (
        f'<context><contextEntry><variable name="k" typeRef="string"/>{feel("1")}</contextEntry>'
        f'<contextEntry><variable name="l" typeRef="number"/>{feel("[n]")}</contextEntry></context>',
        {"k": None, "l": Decimal(3)},
    ),
    "table in a context": (
        f'<context><contextEntry><variable name="k m"/>{feel("n")}</contextEntry><contextEntry><decisionTable>'
        "<input><inputExpression><text>k m</text></inputExpression></input><output/><rule><inputEntry><text>n"
        "</text></inputEntry><outputEntry><text>k m + n</text></outputEntry></rule></decisionTable></contextEntry>"
        "</context>",
        Decimal(6),
    ),
    "function": (
        f'<functionDefinition><formalParameter name="p q"/>{feel("p q + n")}</functionDefinition>',
        Decimal(10),
    ),
}


@pytest.mark.parametrize("kind", BOXED)
def test_a_boxed_expression_gives_its_value(kind: str) -> None:
    logic, expected = BOXED[kind]
    model = small(input_data("n", "number") + decision("d", logic, "input:n") + decision("f", "d(7)", "decision:d"))
    assert model.issues == ()
    values, _ = run(model, {"n": Decimal(3)})
    assert values["f" if kind == "function" else "d"] == expected


def test_a_service_decides_from_its_parameters_alone() -> None:
    model = from_file("service.dmn")
    assert model.services == {"Sized": ("Base", "Extra"), "Both": ("Base", "Extra")}
    values, reasons = run(model, {"Base": Decimal(1)})
    assert values["Asked"] == {
        "one": "small",
        "named": "large",
        "both": {"Size": "small", "The Sum": Decimal(3)},
        "outside": Decimal(1000),
    }
    assert (values["The Sum"], values["Size"], reasons) == (Decimal(1001), "large", [])


def test_imported_elements_and_types_have_the_imports_prefix() -> None:
    model = from_file("outer.dmn")
    assert tuple(model.inputs) == ("types.Share",)
    assert model.decisions == ("All",)
    assert model.names["urn:types", "Share"] == "types.Share"
    assert "types.tPercent" in model.policy.types
    values, reasons = run(model, {"types.Share": Decimal(30)})
    assert (values["All"], values["mid.Rest Twice"], reasons) == (
        (Decimal(30), Decimal(140), Decimal(15)),
        Decimal(140),
        [],
    )


def test_an_import_without_a_name_puts_everything_into_one_place() -> None:
    body = (
        '<import name="" namespace="urn:Other" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>'
        '<decision name="b" id="b"><informationRequirement><requiredDecision href="urn:Other#a"/>'
        f"</informationRequirement>{feel('a + 1')}</decision>"
    )
    other = document(decision("a", "1"), name="Other")
    model = read_model(document(body), "small.dmn", lambda namespace, location: other)
    assert run(model)[0]["b"] == Decimal(2)


def test_an_import_that_is_no_dmn_is_left_out_and_said() -> None:
    model = small('<import name="xsd" namespace="urn:x" importType="http://www.w3.org/2001/XMLSchema"/>')
    assert "the import `xsd` is not read" in model.issues[0].message


@pytest.mark.parametrize("hit_policy", ["UNIQUE", "U", "RULE ORDER", "R"])
def test_a_hit_policy_is_a_word_or_its_letter(hit_policy: str) -> None:
    rule = "<rule><outputEntry><text>1</text></outputEntry></rule>"
    model = small(decision("d", f'<decisionTable hitPolicy="{hit_policy}"><output/>{rule}</decisionTable>'))
    assert run(model)[0]["d"] == (Decimal(1) if hit_policy[0] == "U" else (Decimal(1),))


def test_a_default_output_stands_where_no_rule_matches() -> None:
    default = "<output><defaultOutputEntry><text>7</text></defaultOutputEntry></output>"
    cell = "<input><inputExpression><text>1</text></inputExpression></input>"
    rule = "<rule><inputEntry><text>2</text></inputEntry><outputEntry><text>1</text></outputEntry></rule>"
    assert run(small(decision("d", f"<decisionTable>{cell}{default}{rule}</decisionTable>")))[0]["d"] == Decimal(7)


def test_item_definitions_become_types() -> None:
    model = small(
        '<itemDefinition name="tPair"><itemComponent name="a"><typeRef>number</typeRef></itemComponent>'
        '<itemComponent name="all" isCollection="true"><typeRef>tPair</typeRef></itemComponent></itemDefinition>'
        '<itemDefinition name="tFew" isCollection="true"><typeRef>feel:string</typeRef><allowedValues><text>"x","y"'
        "</text></allowedValues><typeConstraint><text>count(?) &lt; 3</text></typeConstraint></itemDefinition>"
        '<itemDefinition name="tMap"><functionItem outputTypeRef="number"><parameters name="p" typeRef="tFew"/>'
        '</functionItem></itemDefinition><itemDefinition name="tA"><typeRef>tPair.a</typeRef></itemDefinition>'
    )
    types = model.policy.types
    assert types["tPair"].fields["all"].item is not None
    assert types["tPair"].fields["a"].kind is Kind.NUMBER
    assert types["tMap"].parameters == (types["tFew"],)
    assert types["tA"].kind is Kind.NUMBER
    few = types["tFew"]
    assert few.item is not None
    assert few.item.allowed is not None
    assert few.allowed is not None
    assert few.item.allowed("x") is True
    assert few.item.allowed("z") is not True
    assert few.allowed(("x", "x")) is True
    assert few.allowed(("x", "x", "x")) is not True


def test_a_type_of_an_import_may_be_named_by_its_xml_prefix() -> None:
    body = (
        f'<import name="" namespace="urn:Other" importType="{NAMESPACES["1.1"]}"/>'
        + decision("d", "5", type="o:tSmall")
        + decision("e", "50", type="o:tSmall")
        + decision("f", "5", type="f:number")
    )
    prefixes = 'xmlns:o="urn:Other" xmlns:f="http://www.omg.org/spec/FEEL/20140401"'
    small_numbers = (
        '<itemDefinition name="tSmall"><typeRef>number</typeRef>'
        "<allowedValues><text>&lt; 10</text></allowedValues></itemDefinition>"
    )
    other = document(small_numbers, name="Other", version="1.1")
    model = read_model(document(body, version="1.1", more=prefixes), "small.dmn", lambda namespace, location: other)
    values, _ = run(model)
    assert model.issues == ()
    assert (values["d"], values["e"], values["f"]) == (Decimal(5), None, Decimal(5))


def test_an_unknown_type_is_said_and_asks_nothing() -> None:
    model = small(decision("d", "1", type="nubmer"))
    assert "there is no type `nubmer`" in model.issues[0].message
    assert "number" in model.issues[0].hint
    assert run(model)[0]["d"] == Decimal(1)


def test_parameters_of_several_words_may_be_given_by_name() -> None:
    model = small(
        '<businessKnowledgeModel id="f" name="f"><variable name="f"/><encapsulatedLogic>'
        '<formalParameter name="base price"/><formalParameter name="share of it"/>'
        f"{feel('base price * share of it')}</encapsulatedLogic></businessKnowledgeModel>"
        + decision("d", "f(share of it: 0.5, base price: 8)", "knowledge:f")
    )
    assert run(model)[0]["d"] == Decimal(4)


def test_keys_of_contexts_in_other_texts_are_known_after_a_dot() -> None:
    box = decision("box", '{net price: 2, "tax rate": 3}')
    model = small(box + decision("d", "box.net price + box.tax rate", "decision:box"))
    assert run(model)[0]["d"] == Decimal(5)


def test_business_knowledge_models_may_call_themselves() -> None:
    model = small(
        '<businessKnowledgeModel id="f" name="f"><variable name="f"/><encapsulatedLogic><formalParameter name="n"/>'
        f"{feel('if n = 0 then 1 else n * f(n - 1)')}</encapsulatedLogic>"
        '<knowledgeRequirement><requiredKnowledge href="#f"/></knowledgeRequirement></businessKnowledgeModel>'
        + decision("d", "f(5)", "knowledge:f")
    )
    assert run(model)[0]["d"] == Decimal(120)


CAMUNDA = """
<decision id="advice" name="Advice for a plan">
  <informationRequirement><requiredDecision href="#usage_band"/></informationRequirement>
  <decisionTable hitPolicy="FIRST">
    <input><inputExpression typeRef="string"><text>usage_band</text></inputExpression></input>
    <input><inputExpression typeRef="string"><text>plan</text></inputExpression></input>
    <output name="advice" typeRef="string"/>
    <rule><inputEntry><text>"high"</text></inputEntry><inputEntry><text>"basic"</text></inputEntry>
      <outputEntry><text>"up"</text></outputEntry></rule>
    <rule><inputEntry><text>-</text></inputEntry><inputEntry><text></text></inputEntry>
      <outputEntry><text>band</text></outputEntry></rule>
  </decisionTable></decision>
<decision id="usage_band" name="How much is used">
  <decisionTable>
    <input><inputExpression typeRef="integer"><text>gb</text></inputExpression></input>
    <output name="band" typeRef="string"/>
    <rule><inputEntry><text>&lt; limit</text></inputEntry><outputEntry><text>"low"</text></outputEntry></rule>
    <rule><inputEntry><text>&gt;= limit</text></inputEntry><outputEntry><text>"high"</text></outputEntry></rule>
  </decisionTable></decision>
<inputData id="drawn" name="What the meter says"/>"""
"""As Camunda Modeler writes it: no variables, inputs that only a table names, a decision called by its id."""


def test_names_that_only_a_table_asks_for_are_inputs_and_decisions_are_known_by_their_ids_and_outputs() -> None:
    model = small(CAMUNDA)
    assert {name: str(type) for name, type in model.inputs.items()} == {
        "What the meter says": "any",
        "gb": "number",
        "limit": "any",
        "plan": "text",
    }
    assert model.unread == {"What the meter says"}
    for plan, advice in (("basic", "up"), ("premium", "high")):
        values, reasons = run(model, {"gb": Decimal(95), "limit": Decimal(90), "plan": plan})
        assert (values["Advice for a plan"], reasons) == (advice, [])


@pytest.mark.parametrize("text", ["nowhere(1)", "[{a: 1}][b = 1]", "for x in [1] return x", "other + 1"])
def test_functions_fields_and_names_of_the_model_itself_are_no_inputs(text: str) -> None:
    model = small(decision("d", text) + decision("other", "1"))
    assert model.inputs == {}
