"""Models as other tools write them: orders of priority, types, imports, and one bad piece that spoils nothing else."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dmn_models import AT, NAMESPACES, decision, document, feel, input_data, requirement, run, small

from ordain.engine.dmn.converting.convert import converted
from ordain.engine.dmn.reading.run_model import Ran, facts_of, load_model
from ordain.engine.errors import PolicyError
from ordain.engine.values.types import Value

LEVELS = """<itemDefinition name="tLevel"><typeRef>string</typeRef>
  <allowedValues><text>"red","amber","green"</text></allowedValues></itemDefinition>
<itemDefinition name="tLevels" isCollection="true"><typeRef>tLevel</typeRef></itemDefinition>
<itemDefinition name="tAlert"><itemComponent name="level"><typeRef>tLevel</typeRef></itemComponent>
  <itemComponent name="code"><typeRef>number</typeRef></itemComponent></itemDefinition>"""


def table(hit_policy: str, *rows: str, outputs: str = "<output/>", type: str = "") -> str:
    """A table without inputs; each row has its outputs with `|` between them."""
    rules = "".join(
        "<rule>" + "".join(f"<outputEntry><text>{part}</text></outputEntry>" for part in row.split("|")) + "</rule>"
        for row in rows
    )
    named = f' typeRef="{type}"' if type else ""
    return f'<decisionTable hitPolicy="{hit_policy}"{named}>{outputs}{rules}</decisionTable>'


def values_of(body: str, **more: str) -> tuple[dict[str, Any], list[str]]:
    model = small(body, **more)
    values, reasons = run(model)
    return values, [issue.message for issue in (*model.issues, *reasons)]


def knowledge(name: str, logic: str, type: str) -> str:
    variable = f'<variable name="{name}" typeRef="{type}"/>'
    inner = f"<encapsulatedLogic>{logic}</encapsulatedLogic>"
    return f'<businessKnowledgeModel id="{name}" name="{name}">{variable}{inner}</businessKnowledgeModel>'


def entry(logic: str, name: str, type: str) -> str:
    return f'<contextEntry><variable name="{name}" typeRef="{type}"/>{logic}</contextEntry>'


ROWS = ('"green"', '"red"')
BOTH = '<output name="level"/><output name="code"/>'


@pytest.mark.parametrize(
    "body",
    [
        decision("A", table("PRIORITY", *ROWS, outputs='<output typeRef="tLevel"/>')),
        decision("A", table("PRIORITY", *ROWS, type="tLevel")),
        decision("A", table("PRIORITY", *ROWS), type="tLevel"),
        decision("A", f"<context>{entry(table('PRIORITY', *ROWS), 'x', 'tLevel')}"
                      f"<contextEntry>{feel('x')}</contextEntry></context>"),
        decision("A", f"<context><contextEntry>{table('PRIORITY', *ROWS)}</contextEntry></context>", type="tLevel"),
        knowledge("pick", table("PRIORITY", *ROWS), "tLevel") + decision("A", "pick()", "knowledge:pick"),
        decision("A", f"<conditional><if>{feel('true')}</if><then>{table('PRIORITY', *ROWS)}</then>"
                      f"<else>{feel('null')}</else></conditional>", type="tLevel"),
    ],
    ids=["output", "table", "decision", "entry", "result of a context", "function", "branch"],
)  # fmt: skip
def test_the_order_of_priority_is_that_of_the_type_that_the_value_becomes(body: str) -> None:
    assert values_of(LEVELS + body)[0]["A"] == "red"


@pytest.mark.parametrize(
    ("logic", "type", "value"),
    [
        (table("OUTPUT ORDER", *ROWS), "tLevels", ("red", "green")),
        (table("OUTPUT ORDER", *ROWS, type="tLevels"), "", ("red", "green")),
        (table("OUTPUT ORDER", *ROWS, type="tLevel"), "", ("red", "green")),
        (
            table("PRIORITY", '"green"|1', '"red"|2', outputs=BOTH),
            "tAlert",
            {"level": "red", "code": Decimal(2)},
        ),
        (
            table("OUTPUT ORDER", '"green"|1', '"red"|2', outputs=BOTH, type="tAlert"),
            "",
            ({"level": "red", "code": Decimal(2)}, {"level": "green", "code": Decimal(1)}),
        ),
    ],
)
def test_several_rows_and_several_outputs_are_ordered_by_it_too(logic: str, type: str, value: Value) -> None:
    assert values_of(LEVELS + decision("A", logic, type=type))[0]["A"] == value


def test_what_the_output_itself_lists_comes_before_its_types() -> None:
    own = '<output typeRef="tLevel"><outputValues><text>"green","amber","red"</text></outputValues></output>'
    assert values_of(LEVELS + decision("A", table("PRIORITY", *ROWS, outputs=own)))[0]["A"] == "green"


def test_values_that_a_table_does_not_list_are_null_with_the_reason() -> None:
    column = (
        "<input><inputExpression><text>x</text></inputExpression><inputValues><text>1, 2</text></inputValues></input>"
    )
    output = '<output><outputValues><text>"p", "q"</text></outputValues></output>'
    rules = "".join(
        f"<rule><inputEntry><text>{cell}</text></inputEntry><outputEntry><text>{out}</text></outputEntry></rule>"
        for cell, out in (("1", '"p"'), ("2", '"z"'), ("3", '"q"'))
    )
    logic = f'<decisionTable hitPolicy="FIRST">{column}{output}{rules}</decisionTable>'
    model = small(input_data("x", "number") + decision("A", logic, "input:x"))
    found = [run(model, {"x": Decimal(x)}) for x in (1, 2, 3)]
    assert [values["A"] for values, _ in found] == ["p", None, None]
    assert [[issue.message for issue in reasons] for _, reasons in found] == [
        [],
        ["the value is not among the allowed ones"],
        ["an argument does not fit: the value is not among the allowed ones", "no rule of `A` applies"],
    ]


def test_a_tables_times_count_by_whole_seconds_too() -> None:
    column = "<input><inputExpression><text>t</text></inputExpression></input>"
    cells = ('@"09:15:30"', '&gt; @"12:00:00"', '[@"10:00:00"..@"11:00:00"]')
    rules = "".join(
        f"<rule><inputEntry><text>{cell}</text></inputEntry><outputEntry><text>{number}</text></outputEntry></rule>"
        for number, cell in enumerate(cells, start=1)
    )
    logic = f'<decisionTable hitPolicy="FIRST">{column}<output/>{rules}</decisionTable>'
    model = small(input_data("t", "time") + decision("A", logic, "input:t"))
    times = ("09:15:30.25", "12:00:00.5", "12:00:01", "11:00:00.5")
    given = (facts_of(model, {"t": time}) for time in times)
    assert [run(model, each)[0]["A"] for each in given] == [Decimal(1), None, Decimal(2), Decimal(3)]


def test_a_decision_with_what_a_policy_does_not_have_is_left_out_of_the_conversion_and_noted() -> None:
    body = (
        decision("A", "get or else(null, 1)", type="number") + decision("B", "1 +") + decision("C", "2", type="number")
    )
    conversion = converted(small(body))
    assert [name for name in "abc" if f"\n  {name}:" in conversion.files["small/v1.yaml"]] == ["c"]
    lost = [note.message for note in conversion.notes if "is left out" in note.message]
    assert lost == [
        "the decision `A` is left out: `get or else` is no function of DMN, and a policy does not have it",
        "the decision `B` is left out: the expression ends too early",
    ]


# --- types -------------------------------------------------------------------------------------------------------


def test_an_object_of_json_without_a_component_has_null_there_and_a_context_of_feel_does_not() -> None:
    types = '<itemDefinition name="tV"><itemComponent name="a"><typeRef>string</typeRef></itemComponent>'
    types += '<itemComponent name="b"><typeRef>string</typeRef></itemComponent></itemDefinition>'
    model = small(types + input_data("V", "tV") + decision("A", "V", "input:V") + decision("B", "{a: 1}", type="tV"))
    assert run(model, facts_of(model, {"V": {"a": "x"}}))[0] | {"V": None} == {
        "V": None,
        "A": {"a": "x", "b": None},
        "B": None,
    }


def test_a_function_may_have_the_type_of_its_result() -> None:
    double = f'<functionDefinition><formalParameter name="x" typeRef="number"/>{feel("2 * x")}</functionDefinition>'
    logic = f"<context>{entry(double, 'double', 'number')}<contextEntry>{feel('double(21)')}</contextEntry></context>"
    values, _ = values_of(
        decision("A", logic) + decision("F", double, type="number") + decision("B", "F(4)", "decision:F")
    )
    assert (values["A"], values["B"]) == (Decimal(42), Decimal(8))


def test_the_type_of_an_output_entry_and_of_a_bound_parameter_is_asked() -> None:
    typed = '<rule><outputEntry typeRef="number"><text>"a"</text></outputEntry></rule>'
    typed = f"<decisionTable><output/>{typed}</decisionTable>"
    bound = f'<invocation>{feel("function(a) a")}<binding><parameter name="a" typeRef="number"/>{feel("&quot;a&quot;")}'
    values, reasons = values_of(decision("A", typed) + decision("B", f"{bound}</binding></invocation>"))
    assert (values["A"], values["B"]) == (None, None)
    assert reasons == ["an argument does not fit: a text is not a number"] * 2


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("f instance of function&lt;number> -> number", True),
        ("f instance of function&lt;number> -> Any", True),
        ("f instance of function&lt;> -> number", False),
        ("f instance of function&lt;number, number> -> number", False),
        ("f instance of function&lt;string> -> number", False),
        ("f instance of function&lt;number> -> string", False),
        ("(function(a, b) a) instance of function&lt;string, string> -> string", True),
        ("string length instance of function&lt;string> -> number", True),
        ("string length instance of function&lt;number> -> number", False),
        ("sum instance of function&lt;number, number, number> -> number", True),
    ],
)
def test_a_function_is_of_a_type_by_what_it_takes_and_gives(text: str, holds: bool) -> None:
    takes = '<formalParameter name="x" typeRef="number"/>'
    f = f'<functionDefinition typeRef="number">{takes}{feel("x")}</functionDefinition>'
    assert values_of(decision("f", f) + decision("A", text, "decision:f"))[0]["A"] is holds


def test_a_service_typed_as_a_context_of_its_one_output_gives_that_context() -> None:
    part = '<itemComponent name="D"><typeRef>number</typeRef></itemComponent>'
    types = f'<itemDefinition name="tOut">{part}</itemDefinition>'
    inner = '<variable name="S" typeRef="tOut"/><outputDecision href="#D"/>'
    service = f'<decisionService id="s" name="S">{inner}</decisionService>'
    body = types + decision("D", "5", type="number") + service + decision("A", "S()", "knowledge:s")
    assert values_of(body, version="1.2")[0]["A"] == {"D": Decimal(5)}


def test_a_type_that_was_never_chosen_asks_nothing() -> None:
    assert values_of(decision("A", "1", type="&lt;Undefined>")) == ({"A": Decimal(1)}, [])


# --- names and pieces --------------------------------------------------------------------------------------------


def test_a_decision_without_a_name_has_that_of_its_variable_or_its_id() -> None:
    bare = f'<decision id="b">{feel("2")}</decision>'
    named = f'<decision id="a"><variable name="Sum"/>{feel("1")}</decision>'
    assert values_of(bare + named)[0] == {"b": Decimal(2), "Sum": Decimal(1)}


def test_a_function_may_call_itself_without_saying_that_it_requires_itself() -> None:
    logic = f'<formalParameter name="n" typeRef="number"/>{feel("if n &lt;= 1 then 1 else n * fac(n - 1)")}'
    assert values_of(knowledge("fac", logic, "number") + decision("A", "fac(5)", "knowledge:fac"))[0]["A"] == Decimal(
        120
    )


def test_an_unreadable_cell_output_or_entry_is_null_alone() -> None:
    column = "<input><inputExpression><text>x</text></inputExpression></input>"
    cells = (("1 2", '"a"'), ("2", '"b'), ("3", '"c"'))
    rules = "".join(
        f"<rule><inputEntry><text>{cell}</text></inputEntry><outputEntry><text>{out}</text></outputEntry></rule>"
        for cell, out in cells
    )
    logic = f'<decisionTable hitPolicy="FIRST">{column}<output/>{rules}</decisionTable>'
    boxed = f"<context>{entry(feel('1 +'), 'bad', '')}{entry(feel('2'), 'good', '')}</context>"
    model = small(input_data("x", "number") + decision("A", logic, "input:x") + decision("C", boxed))
    found = [run(model, {"x": Decimal(x)}) for x in (1, 2, 3)]
    assert [values["A"] for values, _ in found] == [None, None, "c"]
    assert found[0][0]["C"] == {"bad": None, "good": Decimal(2)}
    assert {issue.message for issue in model.issues} == {
        "`2` does not fit here",
        "this text has no closing quote",
        "the expression ends too early",
    }
    assert "`2` does not fit here" in [issue.message for issue in found[0][1]]


def test_a_row_that_is_too_short_and_a_column_that_asks_nothing_spoil_no_other_row() -> None:
    column = '<input><inputExpression><text>x</text></inputExpression></input><input label="y"/>'
    rule = "<rule><inputEntry><text>{}</text></inputEntry><outputEntry><text>{}</text></outputEntry>{}</rule>"
    full = rule.format("1", '"a"', '<outputEntry><text>"b"</text></outputEntry>')
    outputs = '<output name="r"/><output name="s"/>'
    logic = f'<decisionTable hitPolicy="FIRST">{column}{outputs}{full}{rule.format("2", "7", "")}</decisionTable>'
    model = small(input_data("x", "number") + decision("A", logic, "input:x"))
    assert run(model, {"x": Decimal(1)})[0]["A"] == {"r": "a", "s": "b"}
    assert run(model, {"x": Decimal(2)})[0]["A"] == {"r": Decimal(7), "s": None}


def test_a_field_of_several_words_is_read_from_data_without_a_type() -> None:
    model = small(input_data("Applicant") + decision("A", "Applicant.credit score > 600", "input:Applicant"))
    assert run(model, facts_of(model, {"Applicant": {"credit score": 700}}))[0]["A"] is True


def test_a_name_of_an_added_function_is_an_input_where_nothing_calls_it() -> None:
    model = small(decision("A", 'trim + trim(" a ")') + decision("put", "1") + decision("B", "put = null"))
    assert run(model, facts_of(model, {"trim": "b"}))[0]["A"] == "ba"
    assert run(model, {})[0]["B"] is True


def test_a_name_may_begin_with_a_question_mark() -> None:
    assert values_of(decision("?ok", "true") + decision("A", "not(?ok)", "decision:?ok"))[0]["A"] is False


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('expressionLanguage="https://www.omg.org/spec/DMN/20240513/B-FEEL/"', "this is written in B-FEEL"),
        ('expressionLanguage="http://www.omg.org/spec/FEEL/20140401"', ""),
        ('expressionLanguage="https://www.omg.org/spec/DMN/20230324/FEEL/"', ""),
    ],
)
def test_b_feel_is_not_run_as_feel(more: str, said: str) -> None:
    values, reasons = values_of(decision("A", "1 + null"), more=more)
    assert values["A"] is None
    assert (said in reasons) is bool(said)


@pytest.mark.parametrize("strange", ["text", "literalExpression"])
def test_logic_in_another_namespace_is_null_with_the_reason(strange: str) -> None:
    text = '<o:text xmlns:o="urn:o">1</o:text>'
    logic = f"<literalExpression>{text}</literalExpression>"
    if strange != "text":
        logic = '<o:literalExpression xmlns:o="urn:o"><o:text>1</o:text></o:literalExpression>'
    values, reasons = values_of(f'<decision id="A" name="A">{logic}</decision>')
    assert values["A"] is None
    assert set(reasons) == {f"`{strange}` stands in the namespace `urn:o`, so it is none of DMN's"}


def test_a_column_with_an_untrue_type_is_null_with_the_reason() -> None:
    column = '<input><inputExpression typeRef="string"><text>x</text></inputExpression></input>'
    rule = "<rule><inputEntry><text>&lt; 5</text></inputEntry><outputEntry><text>1</text></outputEntry></rule>"
    logic = f'<decisionTable hitPolicy="FIRST">{column}<output/>{rule}</decisionTable>'
    model = small(input_data("x") + decision("A", logic, "input:x"))
    values, reasons = run(model, facts_of(model, {"x": 3}))
    assert values["A"] is None
    assert reasons[0].message == "an argument does not fit: a number is not a text"


# --- namespaces and imports --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "namespace",
    [
        "https://www.omg.org/spec/DMN/20240513/MODEL/",
        "http://www.omg.org/spec/DMN/20151101",
        "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",
    ],
)
def test_root_namespaces_of_dmn_1_6_and_of_early_tools_are_read(namespace: str, tmp_path: Path) -> None:
    text = document(decision("A", "1")).replace(NAMESPACES["1.5"].encode(), namespace.encode())
    (tmp_path / "m.dmn").write_bytes(text)
    assert load_model(tmp_path / "m.dmn").run({}, AT).values["A"] == Decimal(1)


def imports(name: str, namespace: str, location: str = "", kind: str = NAMESPACES["1.5"]) -> str:
    return f'<import name="{name}" namespace="urn:{namespace}" locationURI="{location}" importType="{kind}"/>'


def ran(tmp_path: Path, files: dict[str, bytes], main: str, folders: tuple[str, ...] = (), **given: object) -> Ran:
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    runnable = load_model(tmp_path / main, [tmp_path / folder for folder in folders])
    return runnable.run(facts_of(runnable.model, given), AT)


BASE = document(decision("B", "5") + decision("C", "B + 1", "decision:B"), name="base")
USES = f'<decision id="A" name="A">{requirement("decision:B").replace("#B", "urn:base#B")}{feel("{} + 1")}</decision>'


@pytest.mark.parametrize(
    ("file", "place", "folders"),
    [
        ("lib/base.dmn", "../lib/base.dmn", ()),
        ("lib/deep/other.dmn", "", ("lib",)),
        ("main/base.dmn", "http://elsewhere/base.dmn", ()),
    ],
)
def test_an_import_is_found_where_it_says_beside_the_model_and_in_further_folders(
    tmp_path: Path, file: str, place: str, folders: tuple[str, ...]
) -> None:
    main = document(imports("base", "base", place) + USES.format("base.B"), name="main")
    assert ran(tmp_path, {file: BASE, "main/main.dmn": main}, "main/main.dmn", folders).values["A"] == Decimal(6)


def test_an_import_that_is_nowhere_is_an_error(tmp_path: Path) -> None:
    main = document(imports("base", "base", "/base.dmn") + USES.format("base.B"), name="main")
    with pytest.raises(PolicyError, match="`urn:base` is not there"):
        ran(tmp_path, {"lib/base.dmn": BASE, "main.dmn": main}, "main.dmn")


def test_an_import_type_that_is_like_dmns_will_do(tmp_path: Path) -> None:
    draft = imports("base", "base", kind="http://www.omg.org/spec/DMN1-2Alpha/20160929/MODEL")
    main = document(draft + USES.format("base.B"), name="main")
    assert ran(tmp_path, {"base.dmn": BASE, "main.dmn": main}, "main.dmn").values["A"] == Decimal(6)


def test_the_importing_models_element_keeps_a_name_that_an_import_without_a_name_has_too(tmp_path: Path) -> None:
    own = decision("B", "100") + decision("A", "B + 1", "decision:B")
    both = f'<decision id="D" name="D">{requirement("decision:C").replace("#C", "urn:base#C")}{feel("C")}</decision>'
    main = document(imports("", "base") + own + both, name="main")
    values = ran(tmp_path, {"base.dmn": BASE, "main.dmn": main}, "main.dmn").values
    assert (values["A"], values["D"], values["urn:base#B"]) == (Decimal(101), Decimal(6), Decimal(5))


def test_an_element_that_an_import_without_a_name_brings_may_be_required_as_if_it_stood_here(tmp_path: Path) -> None:
    main = document(imports("", "base") + decision("A", "B + 1", "decision:B"), name="main")
    assert ran(tmp_path, {"base.dmn": BASE, "main.dmn": main}, "main.dmn").values["A"] == Decimal(6)


def test_an_imported_input_may_stand_in_an_object_of_the_imports_name(tmp_path: Path) -> None:
    base = document(input_data("x", "number") + decision("B", "x * 2", "input:x"), name="base")
    main = document(imports("Model B", "base") + USES.format("Model B.B"), name="main")
    files = {"base.dmn": base, "main.dmn": main}
    assert ran(tmp_path, files, "main.dmn", **{"Model B": {"x": 4}}).values["A"] == Decimal(9)
    assert ran(tmp_path, files, "main.dmn", **{"Model B.x": 4}).values["A"] == Decimal(9)
